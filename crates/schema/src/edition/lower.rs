//! Rewrites a file of an edition as the proto2 file that means the same. proto2 has what an edition may ask for:
//! presence of every kind, groups, packing field by field, defaults and closed enums. What it has no word for
//! (implicit presence, open enums, checked strings) is in the resolved features, which go into the options of every
//! file, message, field, oneof and enum under the official numbers; what the file itself said goes beside them.

use super::{
    Edition, Failure, Fault, MAX_FAULTS, Names, check,
    features::{
        EnumType, FeatureSet, FieldPresence, MessageEncoding, RepeatedFieldEncoding, Target,
    },
    interpret::{UNINTERPRETED, interpret},
    options::{keep, put, take},
    raw::{Enum, Field, File, Msg, Options, field, tag},
    rewrite::Said,
    written::{WRITTEN, Written},
};
use prost::{DecodeError, Message, bytes::Bytes};
use prost_types::{FileDescriptorProto, SourceCodeInfo, UninterpretedOption};
use std::collections::{HashMap, HashSet};

/// `FieldOptions.packed`.
const PACKED: u32 = 2;

/// The first number of `google.protobuf.FeatureSet` that is for languages and tools.
const FIRST_ADDED: u32 = 1000;

/// Lowers a serialized `google.protobuf.FileDescriptorProto` of syntax `editions`. Of the files that it imports for
/// their options alone those for which `has` holds become imports.
pub(crate) fn lower_set(bytes: &[u8], has: impl Fn(&str) -> bool) -> Result<Bytes, Failure> {
    let mut file = File::decode(bytes)?;
    let edition = Edition::from_number(file.edition.unwrap_or_default())?;
    let imported: HashSet<String> = file.dependency.iter().cloned().collect();
    let options = std::mem::take(&mut file.option_dependency).into_iter();
    file.dependency.extend(options.filter(|name| !imported.contains(name) && has(name)));
    // What a compiler let pass is not judged again.
    Lowerer::new(edition, None).file(&mut file)?;
    Ok(file.encode_to_vec().into())
}

/// Lowers what protox made of the rewritten text of a file. `names` knows the types that the file may use.
pub(crate) fn lower_parsed(
    file: &FileDescriptorProto,
    edition: Edition,
    said: &Said,
    names: &dyn Names,
) -> Result<Bytes, Failure> {
    let mut file = File::decode(file.encode_to_vec().as_slice())?;
    let mut lowerer = Lowerer::new(edition, Some((said, names)));
    lowerer.file(&mut file)?;
    if lowerer.faults.is_empty() {
        Ok(file.encode_to_vec().into())
    } else {
        Err(Failure::Faults(lowerer.faults))
    }
}

/// Where a file of proto2 or proto3 sets features, which only editions have.
pub(crate) fn features_without_edition(file: &FileDescriptorProto) -> Option<Fault> {
    let mut file = File::decode(file.encode_to_vec().as_slice()).ok()?;
    let said = Said::default();
    let mut lowerer = Lowerer::new(Edition::E2023, Some((&said, &NoNames)));
    lowerer.file(&mut file).ok()?;
    Some(check::no_edition(lowerer.moved.into_keys().min()?))
}

/// Where types do not matter.
struct NoNames;

impl Names for NoNames {
    fn resolve(&self, _: &str, _: &str) -> Option<(String, bool)> {
        None
    }

    fn is_closed(&self, _: &str) -> bool {
        false
    }
}

struct Lowerer<'a> {
    edition: Edition,
    /// Of a file from text.
    parsed: Option<(&'a Said, &'a dyn Names)>,
    faults: Vec<Fault>,
    package: String,
    /// Path of the present definition.
    path: Vec<i32>,
    /// Enums of the file by full name, and whether they are closed.
    enums: HashMap<String, bool>,
    /// Fields with implicit presence whose type is an enum: path and full name.
    implicit: Vec<(Vec<i32>, String)>,
    /// Where the uninterpreted options at a path went.
    moved: HashMap<Vec<i32>, Vec<Option<usize>>>,
}

/// The entry of a map.
struct Entry {
    /// Types of key and value.
    types: [Option<i32>; 2],
    /// Name of the value's type, when it has one.
    value: Option<String>,
}

/// The features of a definition.
#[derive(Clone, Copy)]
struct Resolved {
    own: FeatureSet,
    all: FeatureSet,
}

impl<'a> Lowerer<'a> {
    fn new(edition: Edition, parsed: Option<(&'a Said, &'a dyn Names)>) -> Lowerer<'a> {
        Lowerer {
            edition,
            parsed,
            faults: vec![],
            package: String::new(),
            path: vec![],
            enums: HashMap::new(),
            implicit: vec![],
            moved: HashMap::new(),
        }
    }

    /// Does `work` on each of `items`, the field `number` of the present definition.
    fn each<T>(
        &mut self,
        number: i32,
        items: &mut [T],
        mut work: impl FnMut(&mut Self, &mut T) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        for (index, item) in items.iter_mut().enumerate() {
            self.path.extend([number, i32::try_from(index).unwrap_or(i32::MAX)]);
            work(self, item)?;
            self.path.truncate(self.path.len() - 2);
        }
        Ok(())
    }

    fn file(&mut self, file: &mut File) -> Result<(), DecodeError> {
        file.syntax = None;
        file.edition = None;
        let written = Written { edition: Some(self.edition.number()), ..Written::default() };
        let around = FeatureSet::of_edition(self.edition);
        let resolved = self.resolve(&mut file.options, Target::File, around, Some(written))?;
        self.faults.extend(check::file(resolved.own));
        let around = resolved.all;
        let package = file.package.clone().unwrap_or_default();
        self.package.clone_from(&package);
        self.each(tag::FILE_MESSAGE, &mut file.message_type, |this, message| {
            this.message(message, &package, around)
        })?;
        self.each(tag::FILE_ENUM, &mut file.enum_type, |this, e| {
            this.enumeration(e, &package, around)
        })?;
        self.each(tag::FILE_EXTENSION, &mut file.extension, |this, field| {
            this.field(field, &package, around, Place::Extension)
        })?;
        self.each(tag::FILE_SERVICE, &mut file.service, |this, service| {
            let around = this.resolve(&mut service.options, Target::Service, around, None)?.all;
            this.each(tag::SERVICE_METHOD, &mut service.method, |this, method| {
                this.resolve(&mut method.options, Target::Method, around, None).map(drop)
            })
        })?;
        self.implicit_enums();
        self.renumber(&mut file.source_code_info)
    }

    /// Checks fields against enums that may stand behind them.
    fn implicit_enums(&mut self) {
        let Some((_, names)) = self.parsed else { return };
        for (path, target) in std::mem::take(&mut self.implicit) {
            let own = self.enums.get(&target).copied();
            if own.unwrap_or_else(|| names.is_closed(&target)) {
                self.path = path;
                self.fault(check::closed());
            }
        }
    }

    /// Replaces the features in `options` by the resolved ones and puts what was written beside them. Without
    /// `written`, options that set no features stay as they are.
    fn resolve(
        &mut self,
        options: &mut Options,
        target: Target,
        around: FeatureSet,
        written: Option<Written>,
    ) -> Result<Resolved, DecodeError> {
        // What came with them under our own number is nobody's.
        let (mut rest, _) = take(&options.concat(), WRITTEN)?;
        let set;
        (rest, set) = take(&rest, target.features())?;
        // Settings that stand in parts are one message.
        let set = (!set.is_empty()).then(|| set.concat());
        let mut own = set.as_deref().map(FeatureSet::decode).transpose()?;
        if self.parsed.is_some() {
            let mut path = self.path.clone();
            path.push(target.options());
            let context = (self.edition, target);
            let interpreted = interpret(&rest, context, &path, &mut self.faults)?;
            if interpreted.own.is_some() {
                self.moved.insert(path, interpreted.moved);
            }
            (rest, own) = (interpreted.rest, interpreted.own);
        }
        // Those of languages alone settle nothing.
        own = own.filter(|own| *own != FeatureSet::default());
        let resolved =
            Resolved { own: own.unwrap_or_default(), all: around.with(own.unwrap_or_default()) };
        let Some(mut written) = written.or_else(|| own.map(|_| Written::default())) else {
            if self.parsed.is_some() && !options.is_empty() {
                *options = vec![rest.into()];
            }
            return Ok(resolved);
        };
        let mut features = resolved.all.encode_to_vec();
        features.extend(keep(set.as_deref().unwrap_or_default(), |number, _, _| {
            Ok(number >= FIRST_ADDED)
        })?);
        prost::encoding::bytes::encode(target.features(), &features, &mut rest);
        written.features = own;
        if written != Written::default() {
            put(&mut rest, WRITTEN, &written);
        }
        *options = vec![rest.into()];
        Ok(resolved)
    }

    /// Descends no deeper than prost decodes.
    fn message(
        &mut self,
        message: &mut Msg,
        scope: &str,
        around: FeatureSet,
    ) -> Result<(), DecodeError> {
        let full = join(scope, message.name.as_deref().unwrap_or_default());
        let visibility = self.visibility(&full, message.visibility.take());
        let written = Some(Written { visibility, ..Written::default() });
        let is_entry = message.is_map_entry();
        let around = self.resolve(&mut message.options, Target::Message, around, written)?.all;
        let mut oneofs = Vec::with_capacity(message.oneof_decl.len());
        self.each(tag::MESSAGE_ONEOF, &mut message.oneof_decl, |this, oneof| {
            let written = Some(Written::default());
            oneofs.push(this.resolve(&mut oneof.options, Target::Oneof, around, written)?.all);
            Ok(())
        })?;
        let entries = self.entries(message, &full)?;
        self.each(tag::MESSAGE_FIELD, &mut message.field, |this, field| {
            let index = field.oneof_index.and_then(|index| usize::try_from(index).ok());
            let oneof = index.and_then(|index| oneofs.get(index)).copied();
            let entry = field.local_type(&full).and_then(|name| entries.get(name));
            if let Some(value) = entry.and_then(|entry| entry.value.as_ref()) {
                this.value_of_map(&full, value, around);
            }
            let place = match entry {
                Some(entry) => Place::Map(entry.types),
                None if is_entry => Place::Entry,
                None if oneof.is_some() => Place::Oneof,
                None => Place::Message,
            };
            this.field(field, &full, oneof.unwrap_or(around), place)
        })?;
        self.each(tag::MESSAGE_EXTENSION, &mut message.extension, |this, field| {
            this.field(field, &full, around, Place::Extension)
        })?;
        self.each(tag::MESSAGE_RANGE, &mut message.extension_range, |this, range| {
            this.resolve(&mut range.options, Target::ExtensionRange, around, None).map(drop)
        })?;
        self.each(tag::MESSAGE_ENUM, &mut message.enum_type, |this, e| {
            this.enumeration(e, &full, around)
        })?;
        self.each(tag::MESSAGE_NESTED, &mut message.nested_type, |this, nested| {
            this.message(nested, &full, around)
        })
    }

    /// The entries of maps that are nested in a message. In text, features are set
    /// on the map, and hold for both.
    fn entries(
        &self,
        message: &mut Msg,
        full: &str,
    ) -> Result<HashMap<String, Entry>, DecodeError> {
        let mut entries = HashMap::new();
        for nested in message.nested_type.iter().filter(|nested| nested.is_map_entry()) {
            let type_of = |index: usize| nested.field.get(index).and_then(|field| field.r#type);
            let entry = Entry {
                types: [type_of(0), type_of(1)],
                value: nested.field.get(1).and_then(|field| field.type_name.clone()),
            };
            entries.insert(nested.name.clone().unwrap_or_default(), entry);
        }
        if self.parsed.is_none() || entries.is_empty() {
            return Ok(entries);
        }
        let mut set: HashMap<String, Vec<u8>> = HashMap::new();
        for field in &message.field {
            if let Some(name) = field.local_type(full).filter(|name| entries.contains_key(*name)) {
                let (_, options) = take(&field.options.concat(), UNINTERPRETED)?;
                let mut features = vec![];
                for option in options {
                    let option = UninterpretedOption::decode(option.as_slice())?;
                    let first = option.name.first();
                    if first.is_some_and(|part| !part.is_extension && part.name_part == "features")
                    {
                        put(&mut features, UNINTERPRETED, &option);
                    }
                }
                set.insert(name.to_owned(), features);
            }
        }
        for nested in &mut message.nested_type {
            let features = nested.name.as_ref().and_then(|name| set.get(name));
            if let Some(features) = features.filter(|features| !features.is_empty()) {
                for field in &mut nested.field {
                    field.options.push(features.clone().into());
                }
            }
        }
        Ok(entries)
    }

    fn field(
        &mut self,
        field: &mut Field,
        scope: &str,
        around: FeatureSet,
        place: Place,
    ) -> Result<(), DecodeError> {
        let mut target = None;
        if let (None, Some(name), Some((_, names))) = (field.r#type, &field.type_name, self.parsed)
        {
            let known = names.resolve(scope, name);
            let number = |is_enum| if is_enum { field::ENUM } else { field::MESSAGE };
            field.r#type = known.as_ref().map(|(_, is_enum)| number(*is_enum));
            target = known.map(|(full, _)| full);
        }
        let written = Some(Written::default());
        let known = self.faults.len();
        let resolved = self.resolve(&mut field.options, Target::Field, around, written)?;
        if place == Place::Entry {
            // Told of the map already.
            self.faults.truncate(known);
        } else if let Some(fault) = check::field(field, place, resolved.own, resolved.all) {
            self.fault(fault);
        }
        let is_repeated = field.label == Some(field::REPEATED);
        let is_implicit = !is_repeated && resolved.all.field_presence() == FieldPresence::Implicit;
        if let Some(target) = target
            .filter(|_| is_implicit && place == Place::Message && field.r#type == Some(field::ENUM))
        {
            self.implicit.push((self.path.clone(), target));
        }
        if !is_repeated && matches!(place, Place::Message | Place::Entry) {
            let required = resolved.all.field_presence() == FieldPresence::LegacyRequired;
            field.label = Some(if required { field::REQUIRED } else { field::OPTIONAL });
        }
        let delimited = resolved.all.message_encoding() == MessageEncoding::Delimited;
        // Maps and what is in them are never delimited.
        let of_map = matches!(place, Place::Map(_) | Place::Entry);
        if field.r#type == Some(field::MESSAGE) && delimited && !of_map {
            field.r#type = Some(field::GROUP);
        }
        let packed = resolved.all.repeated_field_encoding() == RepeatedFieldEncoding::Packed;
        if is_repeated && field.is_packable() && packed {
            let mut options = field.options.concat();
            prost::encoding::bool::encode(PACKED, &true, &mut options);
            field.options = vec![options.into()];
        }
        Ok(())
    }

    /// Notes the type of a map's values, for which the presence around the map counts.
    fn value_of_map(&mut self, scope: &str, name: &str, around: FeatureSet) {
        let Some((_, names)) = self.parsed else { return };
        if around.field_presence() == FieldPresence::Implicit
            && let Some((full, true)) = names.resolve(scope, name)
        {
            self.implicit.push((self.path.clone(), full));
        }
    }

    fn enumeration(
        &mut self,
        e: &mut Enum,
        scope: &str,
        around: FeatureSet,
    ) -> Result<(), DecodeError> {
        let full = join(scope, e.name.as_deref().unwrap_or_default());
        let visibility = self.visibility(&full, e.visibility.take());
        let written = Some(Written { visibility, ..Written::default() });
        let resolved = self.resolve(&mut e.options, Target::Enum, around, written)?;
        if let Some(fault) = check::enumeration(e, resolved.all) {
            self.fault(fault);
        }
        if self.parsed.is_some() {
            let is_closed = resolved.all.enum_type() == EnumType::Closed;
            self.enums.insert(full, is_closed);
        }
        self.each(tag::ENUM_VALUE, &mut e.value, |this, value| {
            this.resolve(&mut value.options, Target::EnumValue, resolved.all, None).map(drop)
        })
    }

    /// Adds a fault whose path starts from the present definition.
    fn fault(&mut self, mut fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            fault.path.splice(..0, self.path.iter().copied());
            self.faults.push(fault);
        }
    }

    /// What the text or a descriptor said of the visibility of a definition.
    fn visibility(&self, full: &str, known: Option<i32>) -> Option<i32> {
        let said = self.parsed.and_then(|(said, _)| {
            let name = full.strip_prefix(self.package.as_str())?;
            said.visibility.get(name.strip_prefix('.').unwrap_or(name)).copied()
        });
        known.or(said)
    }

    /// Moves places of options to where these are since features were taken out from among them.
    fn renumber(&self, info: &mut Vec<Bytes>) -> Result<(), DecodeError> {
        if self.moved.is_empty() || info.is_empty() {
            return Ok(());
        }
        let mut decoded = SourceCodeInfo::decode(info.concat().as_slice())?;
        decoded.location.retain_mut(|location| {
            let path = &location.path;
            let found = (0..path.len().saturating_sub(1)).find_map(|at| {
                let is_option = path.get(at) == Some(&(UNINTERPRETED as i32));
                let moved = self.moved.get(path.get(..at)?).filter(|_| is_option)?;
                let index = usize::try_from(*path.get(at + 1)?).ok()?;
                Some((at + 1, *moved.get(index)?))
            });
            match found {
                None => true,
                Some((_, None)) => false,
                Some((at, Some(index))) => {
                    if let Some(slot) = location.path.get_mut(at) {
                        *slot = i32::try_from(index).unwrap_or(i32::MAX);
                    }
                    true
                }
            }
        });
        *info = vec![decoded.encode_to_vec().into()];
        Ok(())
    }
}

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Message,
    Oneof,
    Extension,
    /// In the entry of a map.
    Entry,
    /// It is a map; the types of key and value.
    Map([Option<i32>; 2]),
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}
