//! The address of what is shown, as the page's fragment, so that views can be linked to and Back works.

use wirelab_model::{BenchId, CallId};

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `#/explore` or `#/explore/pkg.Service/Method`
    Explore(Option<String>),
    /// `#/history` or `#/history/12`
    History(Option<CallId>),
    /// `#/compare` or `#/compare/3`
    Compare(Option<BenchId>),
    /// `#/bridge` or `#/bridge/pkg.Service/Method`
    Bridge(Option<String>),
}

impl Route {
    /// Reads a fragment; what is not understood is Explore.
    pub fn parse(fragment: &str) -> Route {
        let path = fragment.trim_start_matches('#').trim_start_matches('/');
        let (view, rest) = path.split_once('/').unwrap_or((path, ""));
        match view {
            "history" => Route::History(rest.parse().ok()),
            "compare" => Route::Compare(rest.parse().ok()),
            "bridge" => Route::Bridge((!rest.is_empty()).then(|| rest.to_owned())),
            "explore" if !rest.is_empty() => Route::Explore(Some(rest.to_owned())),
            _ => Route::Explore(None),
        }
    }

    /// The fragment, with its `#`.
    pub fn fragment(&self) -> String {
        match self {
            Route::Explore(None) => "#/explore".to_owned(),
            Route::Explore(Some(method)) => format!("#/explore/{method}"),
            Route::History(None) => "#/history".to_owned(),
            Route::History(Some(id)) => format!("#/history/{id}"),
            Route::Compare(None) => "#/compare".to_owned(),
            Route::Compare(Some(id)) => format!("#/compare/{id}"),
            Route::Bridge(None) => "#/bridge".to_owned(),
            Route::Bridge(Some(method)) => format!("#/bridge/{method}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Route::{self, *};

    #[test]
    fn fragments_name_routes() {
        for (fragment, route) in [
            ("#/explore", Explore(None)),
            ("#/explore/shop.v1.Stock/Get", Explore(Some("shop.v1.Stock/Get".into()))),
            ("#/history", History(None)),
            ("#/history/-7", History(Some(-7))),
            ("#/compare/3", Compare(Some(3))),
            ("#/bridge", Bridge(None)),
            ("#/bridge/shop.v1.Stock/Get", Bridge(Some("shop.v1.Stock/Get".into()))),
        ] {
            assert_eq!(Route::parse(fragment), route);
            assert_eq!(route.fragment(), fragment);
        }
    }

    #[test]
    fn anything_else_is_a_view_still() {
        for (fragment, route) in [
            ("", Explore(None)),
            ("#", Explore(None)),
            ("#/", Explore(None)),
            ("#/explore/", Explore(None)),
            ("#/nowhere/x", Explore(None)),
            ("#/history/x", History(None)),
            ("#/bridge/", Bridge(None)),
            ("#/compare/99999999999999999999", Compare(None)),
        ] {
            assert_eq!(Route::parse(fragment), route, "{fragment}");
        }
    }
}
