//! Takes out of a file what refers to imports that are not there, so that the rest may still compile: often they
//! bring nothing but options of other tools.

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
        let mut scope = self.package.as_str();
        loop {
            if self.pool.get_extension_by_name(&format!("{scope}.{name}")).is_some() {
                return true;
            }
            match scope.rsplit_once('.') {
                Some((outer, _)) => scope = outer,
                None => break,
            }
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        self.pool.get_extension_by_name(name).is_some() || self.own.contains(last)
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
