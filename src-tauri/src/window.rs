//! The window: opened as large as it was when it was closed.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tauri::{App, LogicalSize, WebviewUrl, WebviewWindowBuilder, WindowEvent};

const FILE: &str = "window.json";

/// Below this the screens do not fit.
const SMALLEST: (f64, f64) = (800.0, 560.0);

/// Larger than any screen; what a file says beyond it is not believed.
const LARGEST: f64 = 16_384.0;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Layout {
    /// Logical pixels, when not maximized.
    width: f64,
    height: f64,
    maximized: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Layout { width: 1440.0, height: 900.0, maximized: false }
    }
}

impl Layout {
    /// As it was left; the default where that is not known or makes no sense.
    fn read(folder: Option<&Path>) -> Layout {
        folder
            .and_then(|folder| std::fs::read_to_string(folder.join(FILE)).ok())
            .and_then(|text| serde_json::from_str::<Layout>(&text).ok())
            .filter(|layout| {
                (SMALLEST.0..=LARGEST).contains(&layout.width)
                    && (SMALLEST.1..=LARGEST).contains(&layout.height)
            })
            .unwrap_or_default()
    }

    /// Best effort: a size that cannot be kept is no reason to disturb anybody who closes a window.
    fn write(self, folder: &Path) {
        if let Ok(text) = serde_json::to_string(&self) {
            let _ = std::fs::create_dir_all(folder);
            let _ = std::fs::write(folder.join(FILE), text);
        }
    }
}

/// Opens the window; its size is kept in `folder`.
pub fn open(app: &App, folder: Option<PathBuf>) -> tauri::Result<()> {
    let layout = Layout::read(folder.as_deref());
    let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title("Wirelab")
        .inner_size(layout.width, layout.height)
        .min_inner_size(SMALLEST.0, SMALLEST.1)
        .maximized(layout.maximized)
        .build()?;
    let Some(folder) = folder else { return Ok(()) };
    let current = Mutex::new(layout);
    let observed = window.clone();
    window.on_window_event(move |event| {
        let Ok(mut layout) = current.lock() else { return };
        match event {
            WindowEvent::Resized(size) => {
                layout.maximized = observed.is_maximized().unwrap_or(false);
                if !layout.maximized {
                    let scale = observed.scale_factor().unwrap_or(1.0);
                    let LogicalSize { width, height } = size.to_logical::<f64>(scale);
                    (layout.width, layout.height) = (width, height);
                }
            }
            WindowEvent::CloseRequested { .. } => layout.write(&folder),
            _ => {}
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_kept_and_nonsense_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Layout { width: 1000.0, height: 700.0, maximized: true };
        kept.write(&folder.path().join("new"));
        assert_eq!(Layout::read(Some(&folder.path().join("new"))), kept);
        for text in ["", "{", "{\"width\": 3}", "{\"width\": 1e99, \"height\": 700}", "[]", "{}"] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(Layout::read(Some(folder.path())), Layout::default(), "{text}");
        }
        assert_eq!(Layout::read(None), Layout::default());
    }
}
