//! Takes out of a file what refers to imports that are not there, so that the rest may still compile: often they
//! bring nothing but options of other tools.

use super::names::{Names, join, scopes};
use crate::edition::Names as _;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, Value};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    UninterpretedOption,
};
use std::collections::HashSet;

/// Removes the imports at the indices `lost`, which ascend.
pub(super) fn drop_imports(file: &mut FileDescriptorProto, lost: &[usize]) {
    file.public_dependency = renumber(&file.public_dependency, lost);
    file.weak_dependency = renumber(&file.weak_dependency, lost);
    for index in lost.iter().rev() {
        if *index < file.dependency.len() {
            file.dependency.remove(*index);
        }
    }
}

fn renumber(indices: &[i32], lost: &[usize]) -> Vec<i32> {
    let kept = indices.iter().filter_map(|index| usize::try_from(*index).ok());
    kept.filter(|index| !lost.contains(index))
        .map(|index| index - lost.iter().filter(|l| **l < index).count())
        .filter_map(|index| i32::try_from(index).ok())
        .collect()
}

/// As [`drop_imports`], on a serialized file, keeping what prost's types would not.
pub(super) fn without_imports(bytes: &[u8], lost: &[usize]) -> Option<Vec<u8>> {
    let mut file =
        DynamicMessage::decode(FileDescriptorProto::default().descriptor(), bytes).ok()?;
    let mut plain = FileDescriptorProto::decode(bytes).ok()?;
    drop_imports(&mut plain, lost);
    let numbers = |list: &[i32]| Value::List(list.iter().map(|n| Value::I32(*n)).collect());
    let names = plain.dependency.into_iter().map(Value::String).collect();
    file.set_field_by_name("dependency", Value::List(names));
    file.set_field_by_name("public_dependency", numbers(&plain.public_dependency));
    file.set_field_by_name("weak_dependency", numbers(&plain.weak_dependency));
    Some(file.encode_to_vec())
}

/// Removes options whose extension neither `pool` nor the file defines.
pub(super) fn drop_unknown_options(file: &mut FileDescriptorProto, pool: &DescriptorPool) {
    let own = file.extension.iter().filter_map(|e| e.name.clone()).collect();
    let known = Known { pool, package: file.package().to_owned(), own };
    macro_rules! clean {
        ($($options:expr),*) => {
            $(if let Some(options) = &mut $options {
                options.uninterpreted_option.retain(|option| known.has(option));
            })*
        };
    }
    clean!(file.options);
    file.message_type.iter_mut().for_each(|message| known.clean_message(message));
    file.enum_type.iter_mut().for_each(|e| known.clean_enum(e));
    file.extension.iter_mut().for_each(|field| known.clean_field(field));
    for service in &mut file.service {
        clean!(service.options);
        for method in &mut service.method {
            clean!(method.options);
        }
    }
}

/// Whether every type that the file names is defined, by itself or in `pool`: if not, compiling it is in vain, and
/// taking a failed attempt back costs time with everything that the pool holds.
pub(super) fn names_are_defined(file: &FileDescriptorProto, pool: &DescriptorPool) -> bool {
    let names = Names::new(file, pool);
    let is_defined = |scope: &str, name: &str| names.resolve(scope, name).is_some();
    let mut todo: Vec<_> =
        file.message_type.iter().map(|m| (join(file.package(), m.name()), m)).collect();
    let field_is_defined = |scope: &str, field: &FieldDescriptorProto| {
        [&field.type_name, &field.extendee]
            .into_iter()
            .flatten()
            .all(|name| is_defined(scope, name))
    };
    while let Some((scope, message)) = todo.pop() {
        let mut fields = message.field.iter().chain(&message.extension);
        if !fields.all(|field| field_is_defined(&scope, field)) {
            return false;
        }
        todo.extend(message.nested_type.iter().map(|m| (join(&scope, m.name()), m)));
    }
    let methods = file.service.iter().flat_map(|service| &service.method);
    file.extension.iter().all(|field| field_is_defined(file.package(), field))
        && methods.into_iter().all(|method| {
            [method.input_type(), method.output_type()]
                .into_iter()
                .all(|name| is_defined(file.package(), name))
        })
}

struct Known<'a> {
    pool: &'a DescriptorPool,
    package: String,
    own: HashSet<String>,
}

impl Known<'_> {
    fn has(&self, option: &UninterpretedOption) -> bool {
        let extensions = option.name.iter().filter(|part| part.is_extension);
        extensions.into_iter().all(|part| self.has_extension(&part.name_part))
    }

    fn has_extension(&self, name: &str) -> bool {
        if let Some(full) = name.strip_prefix('.') {
            return self.pool.get_extension_by_name(full).is_some();
        }
        let known = |scope| self.pool.get_extension_by_name(&join(scope, name)).is_some();
        if scopes(&self.package).any(known) {
            return true;
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        self.own.contains(last)
    }

    /// Descends no deeper than the parser lets messages nest.
    fn clean_message(&self, message: &mut DescriptorProto) {
        if let Some(options) = &mut message.options {
            options.uninterpreted_option.retain(|option| self.has(option));
        }
        message.field.iter_mut().for_each(|field| self.clean_field(field));
        message.extension.iter_mut().for_each(|field| self.clean_field(field));
        message.enum_type.iter_mut().for_each(|e| self.clean_enum(e));
        message.nested_type.iter_mut().for_each(|nested| self.clean_message(nested));
        for oneof in &mut message.oneof_decl {
            if let Some(options) = &mut oneof.options {
                options.uninterpreted_option.retain(|option| self.has(option));
            }
        }
        for range in &mut message.extension_range {
            if let Some(options) = &mut range.options {
                options.uninterpreted_option.retain(|option| self.has(option));
            }
        }
    }

    fn clean_field(&self, field: &mut FieldDescriptorProto) {
        if let Some(options) = &mut field.options {
            options.uninterpreted_option.retain(|option| self.has(option));
        }
    }

    fn clean_enum(&self, e: &mut EnumDescriptorProto) {
        if let Some(options) = &mut e.options {
            options.uninterpreted_option.retain(|option| self.has(option));
        }
        for value in &mut e.value {
            if let Some(options) = &mut value.options {
                options.uninterpreted_option.retain(|option| self.has(option));
            }
        }
    }
}
