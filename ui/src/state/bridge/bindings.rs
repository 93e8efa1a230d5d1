//! Bindings as rows of a list, and what is said of one.

use wirelab_model::{Binding, CallKind};

/// A row of the bindings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Begins a service.
    Service {
        /// Its full name.
        name: String,
        /// How many bindings follow.
        count: usize,
    },
    /// A binding, by its place.
    Binding(usize),
}

/// The bindings that match, by service. Every word of the filter must be in the method, the verb or the template.
pub fn rows(bindings: &[Binding], filter: &str) -> Vec<Row> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut rows = Vec::new();
    let mut head = None;
    for (at, binding) in bindings.iter().enumerate() {
        let text = format!("{} {} {}", binding.verb, binding.template, binding.method);
        let text = text.to_lowercase();
        if !words.iter().all(|word| text.contains(word)) {
            continue;
        }
        let service = service(&binding.method);
        let known = head.and_then(|head: usize| match rows.get_mut(head) {
            Some(Row::Service { name, count }) if name == service => Some(count),
            _ => None,
        });
        match known {
            Some(count) => *count += 1,
            None => {
                head = Some(rows.len());
                rows.push(Row::Service { name: service.to_owned(), count: 1 });
            }
        }
        rows.push(Row::Binding(at));
    }
    rows
}

/// `pkg.Service` of `pkg.Service/Method`.
pub fn service(method: &str) -> &str {
    method.rsplit_once('/').map_or("", |(service, _)| service)
}

/// The binding that shows first for a method: its rule, else the one that every method has.
pub fn first_of(bindings: &[Binding], method: &str) -> Option<usize> {
    bindings.iter().position(|binding| binding.method == method)
}

/// A template in parts, variables apart.
pub fn parts(template: &str) -> Vec<(bool, String)> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        let end = from.find('}').map_or(from.len(), |end| end + 1);
        let (variable, after) = from.split_at(end);
        if !before.is_empty() {
            parts.push((false, before.to_owned()));
        }
        parts.push((true, variable.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push((false, rest.to_owned()));
    }
    parts
}

/// What a binding says beside its path: its body, what of the answer it gives, and how it came.
pub fn note(binding: &Binding) -> String {
    if binding.implicit {
        return "no rule".to_owned();
    }
    let body = match binding.body.as_str() {
        "" => None,
        "*" => Some("body: all".to_owned()),
        field => Some(format!("body: {field}")),
    };
    let answer =
        (!binding.response_body.is_empty()).then(|| format!("answer: {}", binding.response_body));
    let came = binding.additional.then(|| "additional".to_owned());
    [body, answer, came].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// How an answer of this kind of call travels by REST.
pub fn answer(kind: CallKind) -> &'static str {
    match kind.server_streams() {
        true => "answers as a JSON array, NDJSON or server-sent events, as Accept says",
        false => "answers with one JSON document",
    }
}
