//! Which types a file may name: its own and those of a pool.

use crate::edition;
use prost_reflect::DescriptorPool;
use prost_types::{DescriptorProto, FileDescriptorProto};
use std::collections::HashMap;

/// The types that a file defines, over those of a pool.
pub(super) struct Names<'a> {
    pool: &'a DescriptorPool,
    /// Full names of the file's own, and whether they are enums.
    own: HashMap<String, bool>,
}

impl<'a> Names<'a> {
    pub(super) fn new(file: &FileDescriptorProto, pool: &'a DescriptorPool) -> Names<'a> {
        let mut own = HashMap::new();
        for message in &file.message_type {
            define(file.package(), message, &mut own);
        }
        own.extend(file.enum_type.iter().map(|e| (join(file.package(), e.name()), true)));
        Names { pool, own }
    }

    fn kind(&self, full: &str) -> Option<bool> {
        self.own.get(full).copied().or_else(|| {
            let is_message = self.pool.get_message_by_name(full).is_some();
            let is_enum = || self.pool.get_enum_by_name(full).is_some();
            if is_message { Some(false) } else { is_enum().then_some(true) }
        })
    }
}

impl edition::Names for Names<'_> {
    fn resolve(&self, scope: &str, name: &str) -> Option<(String, bool)> {
        let known = |full: String| Some((self.kind(&full)?, full)).map(|(kind, full)| (full, kind));
        match name.strip_prefix('.') {
            Some(full) => known(full.to_owned()),
            None => scopes(scope).find_map(|scope| known(join(scope, name))),
        }
    }

    fn is_closed(&self, full: &str) -> bool {
        self.pool.get_enum_by_name(full).is_some_and(|e| edition::is_closed(&e))
    }
}

fn define(scope: &str, message: &DescriptorProto, own: &mut HashMap<String, bool>) {
    let full = join(scope, message.name());
    own.extend(message.enum_type.iter().map(|e| (join(&full, e.name()), true)));
    for nested in &message.nested_type {
        define(&full, nested, own);
    }
    own.insert(full, false);
}

/// `name` in `scope`.
pub(super) fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// A scope and those around it, down to the one without a name.
pub(super) fn scopes(scope: &str) -> impl Iterator<Item = &str> {
    let outer = scope.rmatch_indices('.').filter_map(|(i, _)| scope.get(..i));
    std::iter::once(scope).chain(outer).chain((!scope.is_empty()).then_some(""))
}
