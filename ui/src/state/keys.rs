//! Which command a key stands for.

/// What keys ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Invoke, or send the next message.
    Go,
    /// The command palette.
    Palette,
    /// Switch to a method.
    Methods,
    /// Edit the address.
    Address,
    /// Show or hide the connection settings.
    Connection,
    /// Save the request.
    Save,
    /// Show or hide the sidebar.
    Sidebar,
    /// Close the tab.
    CloseTab,
    /// Find in the response.
    Find,
    /// Close what lies over the screen, else cancel the call.
    Escape,
}

/// The command of a key; `key` as the browser names it, `control` also for the Mac's command key.
pub fn command(key: &str, control: bool, alt: bool, shift: bool) -> Option<Command> {
    match (key.to_lowercase().as_str(), control, alt, shift) {
        ("enter", true, false, false) => Some(Command::Go),
        ("k", true, false, false) => Some(Command::Palette),
        ("p", true, false, false) => Some(Command::Methods),
        ("l", true, false, false) => Some(Command::Address),
        ("l", true, false, true) => Some(Command::Connection),
        ("s", true, false, false) => Some(Command::Save),
        ("b", true, false, false) => Some(Command::Sidebar),
        // Browsers keep Ctrl+W to themselves; the desktop window does not.
        ("w", true, false, false) | ("w", false, true, false) => Some(Command::CloseTab),
        ("f", true, false, false) => Some(Command::Find),
        ("escape", false, false, false) => Some(Command::Escape),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_for_commands() {
        for (key, control, alt, shift, expected) in [
            ("Enter", true, false, false, Some(Command::Go)),
            ("Enter", false, false, false, None),
            ("K", true, false, false, Some(Command::Palette)),
            ("k", true, false, true, None),
            ("L", true, false, true, Some(Command::Connection)),
            ("w", false, true, false, Some(Command::CloseTab)),
            ("w", true, false, false, Some(Command::CloseTab)),
            ("w", true, true, false, None),
            ("Escape", false, false, false, Some(Command::Escape)),
            ("f", false, false, false, None),
        ] {
            assert_eq!(command(key, control, alt, shift), expected, "{key}");
        }
    }
}
