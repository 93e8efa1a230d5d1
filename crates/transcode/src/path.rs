//! Paths of values, written the same way for JSON texts and wires: `items[2].price`, `labels["tier"]`.

use std::fmt::Write;

/// Appends a field to a path.
pub(crate) fn push_field(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Appends an element of a list.
pub(crate) fn push_index(path: &mut String, index: usize) {
    let _ = write!(path, "[{index}]");
}

/// Appends an entry of a map; the key is written as JSON text would have it.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let _ = write!(path, "[{key:?}]");
}
