//! The tree of packages, services and methods as a flat list of rows, folded and filtered.

use std::collections::BTreeSet;
use wirelab_model::{Catalog, Endpoint, MethodInfo, ServiceInfo, SourceSpec};

/// One row of the tree; indices point into the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The package of the services that follow.
    Package {
        /// Index of its first service.
        service: usize,
    },
    /// A service.
    Service {
        /// Its index.
        service: usize,
        /// Whether its methods follow.
        open: bool,
    },
    /// A method.
    Method {
        /// Index of its service.
        service: usize,
        /// Its index there.
        method: usize,
    },
}

/// The rows to show. With a filter every match shows, folded or not.
pub fn rows(catalog: &Catalog, folded: &BTreeSet<String>, filter: &str) -> Vec<Row> {
    let words = words(filter);
    let mut rows = Vec::new();
    let mut package = None;
    for (service, info) in catalog.services.iter().enumerate() {
        let name = info.name.to_lowercase();
        let own = words.iter().all(|word| name.contains(word));
        let methods: Vec<usize> = info
            .methods
            .iter()
            .enumerate()
            .filter(|(_, method)| own || matches(&words, &name, method))
            .map(|(i, _)| i)
            .collect();
        if !own && methods.is_empty() {
            continue;
        }
        if package != Some(&info.package) {
            package = Some(&info.package);
            rows.push(Row::Package { service });
        }
        let open = !words.is_empty() || !folded.contains(&info.name);
        rows.push(Row::Service { service, open });
        if open {
            rows.extend(methods.into_iter().map(|method| Row::Method { service, method }));
        }
    }
    rows
}

fn words(filter: &str) -> Vec<String> {
    filter.to_lowercase().split_whitespace().map(str::to_owned).collect()
}

fn matches(words: &[String], service: &str, method: &MethodInfo) -> bool {
    let name = method.name.to_lowercase();
    words.iter().all(|word| {
        name.contains(word.as_str())
            || service.contains(word.as_str())
            || method.http.iter().any(|rule| rule.path.to_lowercase().contains(word.as_str()))
            || format!("{service}/{name}").contains(word.as_str())
    })
}

/// The service of `pkg.Service/Method`; services are sorted by name.
pub fn service<'a>(catalog: &'a Catalog, path: &str) -> Option<&'a ServiceInfo> {
    let name = path.split('/').next()?;
    let at = catalog.services.binary_search_by(|s| s.name.as_str().cmp(name)).ok()?;
    catalog.services.get(at)
}

/// The method `pkg.Service/Method`.
pub fn method<'a>(catalog: &'a Catalog, path: &str) -> Option<&'a MethodInfo> {
    service(catalog, path)?.methods.iter().find(|method| method.path == path)
}

/// The server whose reflection told of a method.
pub fn reflected_from<'a>(catalog: &'a Catalog, path: &str) -> Option<&'a Endpoint> {
    let id = &service(catalog, path)?.source;
    let source = catalog.sources.iter().find(|source| source.id == *id)?;
    match &source.spec {
        SourceSpec::Reflection { endpoint, .. } => Some(endpoint),
        _ => None,
    }
}

/// What the tree shows beside a method: the HTTP verb, or `WS` where both sides stream over a binding.
pub fn verb(method: &MethodInfo) -> Option<String> {
    let rule = method.http.first()?;
    Some(match method.kind {
        wirelab_model::CallKind::Bidi => "WS".to_owned(),
        _ => rule.verb.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{CallKind, HttpRule};

    fn catalog() -> Catalog {
        let method = |service: &str, name: &str| MethodInfo {
            path: format!("{service}/{name}"),
            name: name.into(),
            kind: CallKind::Unary,
            input: String::new(),
            output: String::new(),
            docs: String::new(),
            deprecated: false,
            http: vec![HttpRule {
                verb: "GET".into(),
                path: format!("/v1/{}", name.to_lowercase()),
                body: String::new(),
                response_body: String::new(),
            }],
        };
        let service = |package: &str, name: &str, methods: &[&str]| {
            let full = if package.is_empty() { name.into() } else { format!("{package}.{name}") };
            ServiceInfo {
                methods: methods.iter().map(|m| method(&full, m)).collect(),
                name: full,
                package: package.into(),
                source: "1".into(),
                file: String::new(),
                docs: String::new(),
                deprecated: false,
            }
        };
        Catalog {
            services: vec![
                service("", "Greeter", &["SayHello"]),
                service("shop.v1", "Orders", &["Create", "Track"]),
                service("shop.v1", "Stock", &["Get"]),
            ],
            ..Catalog::default()
        }
    }

    fn show(catalog: &Catalog, rows: &[Row]) -> String {
        let text = |row: &Row| match *row {
            Row::Package { service } => format!("[{}]", catalog.services[service].package),
            Row::Service { service, open } => {
                format!(
                    "{}{}",
                    if open { "-" } else { "+" },
                    catalog.services[service].short_name()
                )
            }
            Row::Method { service, method } => {
                catalog.services[service].methods[method].name.clone()
            }
        };
        rows.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn folds_and_filters() {
        let catalog = catalog();
        let folded: BTreeSet<String> = ["shop.v1.Orders".to_owned()].into();
        for (filter, expected) in [
            ("", "[] -Greeter SayHello [shop.v1] +Orders -Stock Get"),
            ("track", "[shop.v1] -Orders Track"),
            ("ORDERS", "[shop.v1] -Orders Create Track"),
            ("shop get", "[shop.v1] -Stock Get"),
            ("stock/get", "[shop.v1] -Stock Get"),
            ("/v1/sayhello", "[] -Greeter SayHello"),
            ("nothing", ""),
        ] {
            assert_eq!(show(&catalog, &rows(&catalog, &folded, filter)), expected, "{filter}");
        }
    }

    #[test]
    fn finds_by_path() {
        let catalog = catalog();
        assert_eq!(method(&catalog, "shop.v1.Stock/Get").unwrap().name, "Get");
        for absent in ["shop.v1.Stock/Put", "shop.v1.Stoc/Get", "", "/"] {
            assert_eq!(method(&catalog, absent), None, "{absent}");
        }
    }
}
