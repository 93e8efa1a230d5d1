//! Definitions as `.proto` text with their comments, made from descriptors, so that what came by reflection reads
//! like what came from a file. Types of the same package are written without it.

mod options;

use crate::{
    catalog,
    docs::Docs,
    edition::{self, Edition},
};
use options::{quoted, set_options};
use prost_reflect::{
    DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor, MethodDescriptor, OneofDescriptor, ServiceDescriptor, Syntax,
};
use prost_types::{FieldDescriptorProto, field_descriptor_proto::Label};
use wirelab_model::Description;

/// The largest field number: `max` in ranges.
const MAX_NUMBER: u32 = 536_870_911;

/// A service with its methods.
pub(crate) fn service(service: &ServiceDescriptor) -> Description {
    let mut printer = Printer::new(&service.parent_file());
    printer.service(service);
    printer.finish(service.full_name(), "service")
}

/// A method.
pub(crate) fn method(method: &MethodDescriptor) -> Description {
    let mut printer = Printer::new(&method.parent_file());
    printer.method(method);
    printer.finish(&catalog::path(method), "method")
}

/// A message with what is nested in it.
pub(crate) fn message(message: &MessageDescriptor) -> Description {
    let mut printer = Printer::new(&message.parent_file());
    printer.message(message);
    printer.finish(message.full_name(), "message")
}

/// An enum.
pub(crate) fn enumeration(e: &EnumDescriptor) -> Description {
    let mut printer = Printer::new(&e.parent_file());
    printer.enumeration(e);
    printer.finish(e.full_name(), "enum")
}

struct Printer {
    file: FileDescriptor,
    edition: Option<Edition>,
    docs: Docs,
    text: String,
    depth: usize,
}

impl Printer {
    fn new(file: &FileDescriptor) -> Printer {
        let edition = edition::edition(file);
        let mut printer = Printer {
            file: file.clone(),
            edition,
            docs: Docs::default(),
            text: String::new(),
            depth: 0,
        };
        // Without these two, nobody could tell which fields have presence and which enums are open.
        if let Some(edition) = edition {
            printer.line(&format!("edition = \"{}\";", edition.name()));
            let mut set = set_options(&file.options());
            set.retain(|(name, _)| name.starts_with("features."));
            printer.options(&set);
            printer.gap();
        }
        printer
    }

    fn finish(self, name: &str, kind: &str) -> Description {
        Description {
            name: name.to_owned(),
            kind: kind.to_owned(),
            file: self.file.name().to_owned(),
            text: self.text,
        }
    }

    fn line(&mut self, line: &str) {
        for (i, part) in line.split('\n').enumerate() {
            if i > 0 || !line.is_empty() {
                for _ in 0..self.depth {
                    self.text.push_str("  ");
                }
            }
            self.text.push_str(part);
            self.text.push('\n');
        }
    }

    /// A blank line between definitions, none after an opening brace.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("{\n") && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn comment(&mut self, path: &[i32]) {
        let docs = self.docs.of(&self.file, path);
        for line in docs.lines() {
            self.line(
                if line.is_empty() { "//".to_owned() } else { format!("// {line}") }.as_str(),
            );
        }
    }

    fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
    }

    /// Closes a brace; an empty body goes on one line.
    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.text.ends_with("{\n") {
            self.text.pop();
            self.text.push_str("}\n");
        } else {
            self.line("}");
        }
    }

    fn options(&mut self, options: &[(String, String)]) {
        for (name, value) in options {
            self.line(&format!("option {name} = {value};"));
        }
    }

    fn service(&mut self, service: &ServiceDescriptor) {
        self.comment(service.path());
        self.open(&format!("service {}", service.name()));
        if service.service_descriptor_proto().options.is_some() {
            self.options(&set_options(&service.options()));
        }
        for method in service.methods() {
            self.gap();
            self.method(&method);
        }
        self.close();
    }

    fn method(&mut self, method: &MethodDescriptor) {
        let side = |streams: bool, message: &MessageDescriptor| {
            let name = self.type_name(message.full_name());
            if streams { format!("stream {name}") } else { name }
        };
        let head = format!(
            "rpc {}({}) returns ({})",
            method.name(),
            side(method.is_client_streaming(), &method.input()),
            side(method.is_server_streaming(), &method.output())
        );
        self.comment(method.path());
        let has_options = method.method_descriptor_proto().options.is_some();
        let options = if has_options { set_options(&method.options()) } else { vec![] };
        if options.is_empty() {
            self.line(&format!("{head};"));
        } else {
            self.open(&head);
            self.options(&options);
            self.close();
        }
    }

    fn message(&mut self, message: &MessageDescriptor) {
        self.comment(message.path());
        let options = message.descriptor_proto().options.as_ref().map(|_| message.options());
        self.open(&format!("{}message {}", visibility(options), message.name()));
        self.body(message);
        self.close();
    }

    fn body(&mut self, message: &MessageDescriptor) {
        if message.descriptor_proto().options.is_some() {
            self.options(&set_options(&message.options()));
        }
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        let mut printed = vec![];
        for field in fields {
            match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
                None => self.field(&field),
                Some(oneof) if !printed.contains(&oneof.path().to_vec()) => {
                    printed.push(oneof.path().to_vec());
                    self.oneof(&oneof);
                }
                Some(_) => {}
            }
        }
        let may_be_group = |field: &FieldDescriptor| self.edition.is_none() && field.is_group();
        let groups: Vec<_> = message.fields().filter(may_be_group).collect();
        let is_group = |nested: &MessageDescriptor| {
            groups.iter().any(|g| g.kind().as_message() == Some(nested))
        };
        for nested in message.child_messages().filter(|m| !m.is_map_entry() && !is_group(m)) {
            self.gap();
            self.message(&nested);
        }
        for nested in message.child_enums() {
            self.gap();
            self.enumeration(&nested);
        }
        for extension in message.child_extensions() {
            self.gap();
            self.extension(&extension);
        }
        let ranges = |ranges: Vec<std::ops::Range<u32>>| {
            let ranges =
                ranges.into_iter().map(|r| range(i64::from(r.start), i64::from(r.end) - 1));
            ranges.collect::<Vec<_>>().join(", ")
        };
        if message.extension_ranges().len() > 0 {
            self.gap();
            self.line(&format!("extensions {};", ranges(message.extension_ranges().collect())));
        }
        let names: Vec<_> = message.reserved_names().map(|name| self.reserved_name(name)).collect();
        self.reserved(ranges(message.reserved_ranges().collect()), names);
    }

    /// Editions take identifiers for reserved names, proto2 and proto3 strings.
    fn reserved_name(&self, name: &str) -> String {
        if self.edition.is_some() { name.to_owned() } else { quoted(name) }
    }

    fn reserved(&mut self, numbers: String, names: Vec<String>) {
        if !numbers.is_empty() || !names.is_empty() {
            self.gap();
        }
        for list in [numbers, names.join(", ")] {
            if !list.is_empty() {
                self.line(&format!("reserved {list};"));
            }
        }
    }

    fn oneof(&mut self, oneof: &OneofDescriptor) {
        self.comment(oneof.path());
        self.open(&format!("oneof {}", oneof.name()));
        if oneof.oneof_descriptor_proto().options.is_some() {
            self.options(&set_options(&oneof.options()));
        }
        let mut fields: Vec<_> = oneof.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        for field in fields {
            self.field(&field);
        }
        self.close();
    }

    fn field(&mut self, field: &FieldDescriptor) {
        let kind = field.kind();
        // A group is written where its message is defined, beside the field. A descriptor may claim otherwise.
        let beside =
            |m: &&MessageDescriptor| m.parent_message().as_ref() == Some(field.parent_message());
        let is_group = field.is_group() && self.edition.is_none();
        let group = kind.as_message().filter(|_| is_group).filter(beside);
        self.comment(group.map_or(field.path(), MessageDescriptor::path));
        let proto = field.field_descriptor_proto();
        let label = if field.is_map() || field.containing_oneof().is_some_and(|o| !o.is_synthetic())
        {
            ""
        } else {
            self.label(proto)
        };
        let set = if proto.options.is_some() { set_options(&field.options()) } else { vec![] };
        let options = brackets(proto, set);
        if let Some(group) = group {
            self.open(&format!("{label}group {} = {}{options}", group.name(), field.number()));
            self.body(group);
            self.close();
            return;
        }
        let ty = match &kind {
            Kind::Message(entry) if field.is_map() => {
                let key = self.kind(&entry.map_entry_key_field().kind());
                format!("map<{key}, {}>", self.kind(&entry.map_entry_value_field().kind()))
            }
            kind => self.kind(kind),
        };
        self.line(&format!("{label}{ty} {} = {}{options};", field.name(), field.number()));
    }

    fn extension(&mut self, extension: &ExtensionDescriptor) {
        let target = self.type_name(extension.containing_message().full_name());
        self.open(&format!("extend {target}"));
        self.comment(extension.path());
        let proto = extension.field_descriptor_proto();
        let set = if proto.options.is_some() { set_options(&extension.options()) } else { vec![] };
        let ty = self.kind(&extension.kind());
        let (label, options) = (self.label(proto), brackets(proto, set));
        self.line(&format!("{label}{ty} {} = {}{options};", extension.name(), extension.number()));
        self.close();
    }

    fn label(&self, field: &FieldDescriptorProto) -> &'static str {
        let proto2 = self.file.syntax() == Syntax::Proto2;
        match field.label() {
            Label::Required | Label::Optional if self.edition.is_some() => "",
            Label::Repeated => "repeated ",
            Label::Required => "required ",
            Label::Optional if proto2 || field.proto3_optional() => "optional ",
            Label::Optional => "",
        }
    }

    fn enumeration(&mut self, e: &EnumDescriptor) {
        self.comment(e.path());
        let options = e.enum_descriptor_proto().options.as_ref().map(|_| e.options());
        self.open(&format!("{}enum {}", visibility(options), e.name()));
        if e.enum_descriptor_proto().options.is_some() {
            self.options(&set_options(&e.options()));
        }
        let mut values: Vec<_> = e.values().collect();
        values.sort_by_key(|value| value.path().last().copied());
        for value in values {
            self.comment(value.path());
            let has_options = value.enum_value_descriptor_proto().options.is_some();
            let set = if has_options { set_options(&value.options()) } else { vec![] };
            self.line(&format!("{} = {}{};", value.name(), value.number(), bracketed(&set)));
        }
        let ranges = e.reserved_ranges().map(|r| match (*r.start(), *r.end()) {
            (start, i32::MAX) if start < i32::MAX => format!("{start} to max"),
            (start, end) => range(i64::from(start), i64::from(end)),
        });
        let (numbers, names) = (
            ranges.collect::<Vec<_>>().join(", "),
            e.reserved_names().map(|name| self.reserved_name(name)).collect(),
        );
        self.reserved(numbers, names);
        self.close();
    }

    fn kind(&self, kind: &Kind) -> String {
        match kind {
            Kind::Message(message) => self.type_name(message.full_name()),
            Kind::Enum(e) => self.type_name(e.full_name()),
            scalar => format!("{scalar:?}"),
        }
    }

    fn type_name(&self, full: &str) -> String {
        let package = self.file.package_name();
        let own = full.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
        own.filter(|_| !package.is_empty()).unwrap_or(full).to_owned()
    }
}

/// `export` or `local`, where a file says so.
fn visibility(options: Option<DynamicMessage>) -> &'static str {
    options.and_then(|options| edition::written(&options)).map_or("", |said| said.keyword())
}

fn range(first: i64, last: i64) -> String {
    if first == last {
        first.to_string()
    } else if last >= i64::from(MAX_NUMBER) {
        format!("{first} to max")
    } else {
        format!("{first} to {last}")
    }
}

/// What stands in brackets after a field: default, name in JSON, options.
fn brackets(field: &FieldDescriptorProto, mut set: Vec<(String, String)>) -> String {
    if let Some(name) = field.json_name.as_ref().filter(|n| **n != json_name(field.name())) {
        set.insert(0, ("json_name".to_owned(), quoted(name)));
    }
    if let Some(default) = &field.default_value {
        use prost_types::field_descriptor_proto::Type;
        let value = match field.r#type() {
            Type::String => quoted(default),
            // Escaped already, as descriptors keep it.
            Type::Bytes => format!("\"{default}\""),
            _ => default.clone(),
        };
        set.insert(0, ("default".to_owned(), value));
    }
    bracketed(&set)
}

fn bracketed(set: &[(String, String)]) -> String {
    if set.is_empty() {
        return String::new();
    }
    let set: Vec<_> = set.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!(" [{}]", set.join(", "))
}

/// The name in JSON unless the file says otherwise: an underscore goes and makes the next letter a capital.
fn json_name(name: &str) -> String {
    let mut json = String::new();
    let mut capital = false;
    for c in name.chars() {
        match c {
            '_' => capital = true,
            c if capital => {
                json.push(c.to_ascii_uppercase());
                capital = false;
            }
            c => json.push(c),
        }
    }
    json
}
