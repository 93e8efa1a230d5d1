//! Line icons on a 24 by 24 grid, drawn in the colour of their text.

use leptos::prelude::*;

/// Which icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Explore,
    History,
    Compare,
    Bridge,
    Close,
    Plus,
    Reload,
    Trash,
    Copy,
    Search,
    Sidebar,
    Info,
    Warning,
    Check,
    Undo,
    Redo,
    Lock,
    Terminal,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Icon::Explore => "M4 6h7M4 12h7M4 18h7M15 6l5 6-5 6",
            Icon::History => "M12 7v5l3 2M4 12a8 8 0 1 0 3-6.2L4 8M4 4v4h4",
            Icon::Compare => "M5 20V10M10 20V4M15 20v-8M20 20V7",
            Icon::Bridge => "M3 9c4 0 4 6 9 6s5-6 9-6M3 17h18M7 13v4M17 13v4",
            Icon::Close => "M6 6l12 12M18 6L6 18",
            Icon::Plus => "M12 5v14M5 12h14",
            Icon::Reload => "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
            Icon::Trash => "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
            Icon::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Icon::Search => "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4 4",
            Icon::Sidebar => "M4 5h16v14H4zM10 5v14",
            Icon::Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5M12 8v.01",
            Icon::Warning => "M12 4l9 16H3zM12 10v5M12 17.5v.01",
            Icon::Check => "M5 12l5 5 9-10",
            Icon::Undo => "M8 5L4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
            Icon::Lock => "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
            Icon::Terminal => "M4 5h16v14H4zM8 9l3 3-3 3M13 15h3",
            Icon::Redo => "M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
        }
    }

    /// The icon; hidden from screen readers, which read the label of its button.
    pub fn view(self) -> impl IntoView {
        view! {
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
                <path d=self.path()/>
            </svg>
        }
    }
}
