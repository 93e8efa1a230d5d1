//! Sizes of panes and the theme, as remembered.

use serde::{Deserialize, Serialize};

/// Pane sizes, CSS pixels unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// Width of the sidebar.
    pub side_width: f64,
    /// Whether the sidebar shows.
    pub side_open: bool,
    /// The request pane's part of the width it shares with the response, 0 to 1.
    pub request_share: f64,
    /// Height of the wire panel.
    pub wire_height: f64,
    /// Height of the detail below a list of messages.
    pub detail_height: f64,
    /// Width of the detail beside the list of History.
    pub history_detail_width: f64,
    /// Height of the Sources panel, at most.
    pub sources_height: f64,
}

impl Default for Layout {
    fn default() -> Self {
        Layout {
            side_width: 272.0,
            side_open: true,
            request_share: 0.5,
            wire_height: 250.0,
            detail_height: 150.0,
            history_detail_width: 480.0,
            sources_height: 220.0,
        }
    }
}

impl Layout {
    /// Keeps every size where it can still be seen and grabbed.
    #[must_use]
    pub fn clamped(self) -> Self {
        let clamp = |value: f64, low: f64, high: f64, default: f64| {
            if value.is_finite() { value.clamp(low, high) } else { default }
        };
        let default = Layout::default();
        Layout {
            side_width: clamp(self.side_width, 180.0, 640.0, default.side_width),
            side_open: self.side_open,
            request_share: clamp(self.request_share, 0.2, 0.8, default.request_share),
            wire_height: clamp(self.wire_height, 34.0, 700.0, default.wire_height),
            detail_height: clamp(self.detail_height, 60.0, 700.0, default.detail_height),
            history_detail_width: clamp(
                self.history_detail_width,
                300.0,
                1_200.0,
                default.history_detail_width,
            ),
            sources_height: clamp(self.sources_height, 60.0, 600.0, default.sources_height),
        }
    }
}

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The next one in the switch.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Auto,
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "Auto",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        }
    }

    /// The value of `data-theme`.
    pub fn attribute(self, system_is_dark: bool) -> &'static str {
        match self {
            Theme::Dark => "dark",
            Theme::Auto if system_is_dark => "dark",
            _ => "light",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_usable() {
        let wild = Layout {
            side_width: 9.0,
            request_share: f64::NAN,
            wire_height: 1e9,
            ..Layout::default()
        }
        .clamped();
        assert_eq!((wild.side_width, wild.request_share, wild.wire_height), (180.0, 0.5, 700.0));
        assert_eq!(Layout::default().clamped(), Layout::default());
    }

    #[test]
    fn theme_goes_round() {
        let mut theme = Theme::Auto;
        let names: Vec<_> = (0..4)
            .map(|_| {
                theme = theme.next();
                theme.name()
            })
            .collect();
        assert_eq!(names, ["Light", "Dark", "Auto", "Light"]);
        assert_eq!(Theme::Auto.attribute(true), "dark");
        assert_eq!(Theme::Light.attribute(true), "light");
    }
}
