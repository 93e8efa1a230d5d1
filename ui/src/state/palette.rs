//! What the command palette offers and how a few letters find it.

use super::keys::Command;
use wirelab_model::{CallKind, Catalog, SavedId, SavedRequest};

/// What an entry does.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Opens a method.
    Method(String),
    /// Opens a saved request.
    Saved(SavedId),
    /// Shows a view, by its fragment.
    View(&'static str),
    /// What a key does too.
    Command(Command),
    /// Switches the theme.
    Theme,
    /// Reads every source again.
    Reload,
    /// Fills the example in.
    FillExample,
    /// Opens the request once more.
    Duplicate,
    /// Opens the tab that was closed last.
    Reopen,
    /// Copies the request as a command line.
    CopyCommand,
    /// Opens the command line that was typed instead of a query.
    OpenCommand,
}

/// One line of the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it does.
    pub target: Target,
    /// Its name.
    pub title: String,
    /// What stands beside it: where it is, or its keys.
    pub note: String,
    /// The kind of a method.
    pub kind: Option<CallKind>,
    /// A glyph for what has no kind.
    pub mark: &'static str,
    /// What a query is matched with, in lower case.
    key: String,
}

impl Entry {
    fn new(target: Target, title: &str, note: &str, mark: &'static str) -> Self {
        Entry {
            target,
            title: title.to_owned(),
            note: note.to_owned(),
            kind: None,
            mark,
            key: title.to_lowercase(),
        }
    }
}

/// Everything there is to find, in the order shown without a query.
pub fn entries(catalog: &Catalog, saved: &[SavedRequest], methods: bool, tab: bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    if !methods {
        let view = |title, fragment| Entry::new(Target::View(fragment), title, "view", "◱");
        entries.extend([
            view("Explore", "#/explore"),
            view("History", "#/history"),
            view("Compare", "#/compare"),
            view("Bridge", "#/bridge"),
        ]);
        if tab {
            let key = |title, command, keys| Entry::new(Target::Command(command), title, keys, "›");
            entries.extend([
                key("Invoke or send", Command::Go, "Ctrl ⏎"),
                key("Save request", Command::Save, "Ctrl S"),
                key("Edit address", Command::Address, "Ctrl L"),
                key("Connection settings", Command::Connection, "Ctrl Shift L"),
                key("Close tab", Command::CloseTab, "Alt W"),
                Entry::new(Target::FillExample, "Fill example", "", "›"),
                Entry::new(Target::Duplicate, "Duplicate tab", "", "›"),
                Entry::new(Target::CopyCommand, "Copy as grpcurl", "", "›"),
            ]);
        }
        entries.extend([
            Entry::new(Target::Command(Command::Sidebar), "Show or hide sidebar", "Ctrl B", "›"),
            Entry::new(Target::Reopen, "Reopen closed tab", "", "›"),
            Entry::new(Target::Theme, "Switch theme", "", "›"),
            Entry::new(Target::Reload, "Reload all sources", "", "›"),
        ]);
        entries.extend(saved.iter().map(|saved| {
            Entry::new(Target::Saved(saved.id), &saved.name, &saved.spec.method, "★")
        }));
    }
    for service in &catalog.services {
        entries.extend(service.methods.iter().map(|method| Entry {
            kind: Some(method.kind),
            key: format!("{}/{}", service.name, method.name).to_lowercase(),
            ..Entry::new(Target::Method(method.path.clone()), &method.name, &service.name, "")
        }));
    }
    entries
}

/// What a command line in place of a query offers.
pub fn open_command(line: &str) -> Entry {
    Entry::new(Target::OpenCommand, "Open this command as a request", line, "›")
}

/// The best matches, best first; all in order without a query.
pub fn rank(entries: &[Entry], query: &str, limit: usize) -> Vec<Entry> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut found: Vec<(u32, usize)> = entries
        .iter()
        .enumerate()
        .filter_map(|(i, entry)| {
            let score = words.iter().map(|word| score(entry, word)).sum::<Option<u32>>()?;
            Some((score + entry.key.len() as u32, i))
        })
        .collect();
    if !words.is_empty() {
        found.sort_unstable();
    }
    found.truncate(limit);
    found.into_iter().filter_map(|(_, i)| entries.get(i).cloned()).collect()
}

/// How badly a word fits: 0 at the start of the title, more elsewhere, none when its letters do not even occur in order.
fn score(entry: &Entry, word: &str) -> Option<u32> {
    let title = entry.title.to_lowercase();
    if title.starts_with(word) {
        return Some(0);
    }
    if title.contains(word) {
        return Some(100);
    }
    if let Some(at) = entry.key.find(word) {
        let boundary = at == 0 || entry.key[..at].ends_with(['.', '/', ' ', '_']);
        return Some(if boundary { 200 } else { 300 });
    }
    let initials = entry.title.chars().filter(|c| c.is_uppercase()).flat_map(char::to_lowercase);
    if initials.collect::<String>().starts_with(word) {
        return Some(150);
    }
    let mut letters = title.chars();
    word.chars().all(|c| letters.any(|l| l == c)).then_some(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_model::{MethodInfo, ServiceInfo};

    fn catalog() -> Catalog {
        let service = |name: &str, methods: &[&str]| ServiceInfo {
            name: name.into(),
            package: String::new(),
            source: String::new(),
            file: String::new(),
            docs: String::new(),
            deprecated: false,
            methods: methods
                .iter()
                .map(|method| MethodInfo {
                    path: format!("{name}/{method}"),
                    name: (*method).into(),
                    kind: CallKind::Unary,
                    input: String::new(),
                    output: String::new(),
                    docs: String::new(),
                    deprecated: false,
                    http: Vec::new(),
                })
                .collect(),
        };
        Catalog {
            services: vec![
                service("shop.InventoryService", &["GetStock", "WatchStock"]),
                service("shop.OrderService", &["CreateOrder", "TrackOrders"]),
            ],
            ..Catalog::default()
        }
    }

    #[test]
    fn a_few_letters_find_it() {
        let all = entries(&catalog(), &[], false, true);
        for (query, first) in [
            ("getst", "GetStock"),
            ("stock", "GetStock"),
            ("ws", "WatchStock"),
            ("order track", "TrackOrders"),
            ("order cr", "CreateOrder"),
            ("theme", "Switch theme"),
            ("grpcurl", "Copy as grpcurl"),
            ("hist", "History"),
            ("gtstk", "GetStock"),
        ] {
            assert_eq!(
                rank(&all, query, 5).first().map(|e| e.title.as_str()),
                Some(first),
                "{query}"
            );
        }
        assert!(rank(&all, "zzz", 5).is_empty());
        assert_eq!(rank(&all, "", 3).len(), 3);
        assert_eq!(rank(&all, "", 1)[0].title, "Explore");
    }

    #[test]
    fn methods_only_when_asked() {
        let all = entries(&catalog(), &[], true, true);
        assert!(all.iter().all(|entry| matches!(entry.target, Target::Method(_))));
        assert_eq!(all.len(), 4);
    }
}
