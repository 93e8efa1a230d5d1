//! What frames every view: the rail, the tabs, the status bar, what lies over the screen, and the keys.

pub mod keys;
mod overlays;
mod palette;
mod rail;
mod save;
mod status;
mod tabs;
mod toasts;

pub use overlays::Overlays;
pub use rail::Rail;
pub use status::StatusBar;
pub use tabs::Tabs;
pub use toasts::Toasts;
