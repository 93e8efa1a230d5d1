//! Wires at random: everything that a reader has to take, in any order.

use super::Choices;
use prost_reflect::{
    Cardinality, DescriptorPool, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};

/// What the records of a wire are.
#[derive(Clone, Copy, PartialEq)]
pub enum Known {
    /// All of them are of the type: nothing gets lost on the way to JSON.
    All,
    /// Some are of no field, or no value of a closed enum.
    Some,
}

/// The records of a message in any order: singular ones several times, lists packed and not, map entries with the
/// same key, several members of a oneof. Well-known types hold what JSON has a form for.
pub fn wire(choices: &mut Choices<'_>, message: &MessageDescriptor, known: Known) -> Vec<u8> {
    Maker { choices, known, pool: message.parent_pool().clone() }.message(message, 0)
}

struct Maker<'a, 'b> {
    choices: &'a mut Choices<'b>,
    known: Known,
    pool: DescriptorPool,
}

/// What fields and extensions have in common.
struct Field {
    number: u32,
    kind: Kind,
    list: bool,
    map: bool,
    group: bool,
    required: bool,
    packable: bool,
}

impl Field {
    fn own(field: &FieldDescriptor) -> Field {
        Field {
            number: field.number(),
            kind: field.kind(),
            list: field.is_list(),
            map: field.is_map(),
            group: field.is_group(),
            required: is_required(field),
            packable: is_packable(&field.kind()),
        }
    }

    fn extension(field: &ExtensionDescriptor) -> Field {
        Field {
            number: field.number(),
            kind: field.kind(),
            list: field.is_list(),
            map: false,
            group: field.is_group(),
            required: false,
            packable: is_packable(&field.kind()),
        }
    }
}

/// A lowered field of an edition says so by its label as well.
fn is_required(field: &FieldDescriptor) -> bool {
    field.cardinality() == Cardinality::Required
}

fn is_packable(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = vec![];
    while value > 0x7F {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn tag(number: u32, wire_type: u8) -> Vec<u8> {
    varint(u64::from(number) << 3 | u64::from(wire_type))
}

fn delimited(bytes: Vec<u8>) -> Vec<u8> {
    [varint(bytes.len() as u64), bytes].concat()
}

fn len(number: u32, bytes: Vec<u8>) -> Vec<u8> {
    [tag(number, 2), delimited(bytes)].concat()
}

fn wire_type(kind: &Kind) -> u8 {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
        Kind::String | Kind::Bytes | Kind::Message(_) => 2,
        _ => 0,
    }
}

impl Maker<'_, '_> {
    fn message(&mut self, message: &MessageDescriptor, depth: usize) -> Vec<u8> {
        if let Some(name) = message.full_name().strip_prefix("google.protobuf.")
            && let Some(wire) = self.well_known(name, depth)
        {
            return wire;
        }
        let own = message.fields().map(|field| Field::own(&field));
        let extensions = message.extensions();
        let fields = own.chain(extensions.map(|field| Field::extension(&field)));
        let mut records = vec![];
        let is_set = message
            .descriptor_proto()
            .options
            .as_ref()
            .is_some_and(|o| o.message_set_wire_format());
        for field in fields {
            let deep = matches!(field.kind, Kind::Message(_)) && depth > 3;
            let count = match self.choices.below(8) {
                _ if deep => 0,
                0..=2 => 0,
                3..=5 => 1,
                count => count - 4,
            };
            for _ in 0..count.max(usize::from(field.required)) {
                records.push(match is_set {
                    true => self.item(&field, depth),
                    false => self.record(&field, depth),
                });
            }
        }
        if self.known == Known::Some && self.choices.once_in(4) {
            records.push(self.unknown());
        }
        self.choices.shuffle(&mut records);
        records.concat()
    }

    /// An item of a message set, its parts in any order, or what writers make of it that know none.
    fn item(&mut self, field: &Field, depth: usize) -> Vec<u8> {
        let Kind::Message(message) = &field.kind else { unreachable!("sets hold messages") };
        let content = self.message(message, depth + 1);
        let mut parts =
            vec![[tag(2, 0), varint(field.number.into())].concat(), len(3, content.clone())];
        match self.choices.below(4) {
            0 => return len(field.number, content),
            1 => parts.push(len(3, vec![0xFF])),
            2 => parts.reverse(),
            _ => parts.push([tag(2, 0), varint(4)].concat()),
        }
        [tag(1, 3), parts.concat(), tag(1, 4)].concat()
    }

    fn unknown(&mut self) -> Vec<u8> {
        let number = 300_000 + u32::from(self.choices.byte());
        match self.choices.below(4) {
            0 => [tag(number, 0), varint(self.choices.u64())].concat(),
            1 => len(number, self.choices.text().into_bytes()),
            2 => [tag(number, 3), tag(1, 0), varint(5), tag(number, 4)].concat(),
            _ => [tag(number, 5), vec![1, 2, 3, 4]].concat(),
        }
    }

    fn record(&mut self, field: &Field, depth: usize) -> Vec<u8> {
        match &field.kind {
            Kind::Message(entry) if field.map => {
                let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
                let mut parts = vec![];
                // Either may be missing and may come twice, but there is no JSON for a Value without a kind, and
                // none that is read for a message without its required fields.
                for field in [Field::own(&key), Field::own(&value)] {
                    let least = field.kind.as_message().is_some_and(|message| {
                        message.full_name() == "google.protobuf.Value"
                            || message.fields().any(|field| is_required(&field))
                    });
                    let least = usize::from(least);
                    for _ in 0..self.choices.pick(&[1, 1, 1, 1, 1, 2, 0]).max(least) {
                        parts.push(self.record(&field, depth + 1));
                    }
                }
                self.choices.shuffle(&mut parts);
                len(field.number, parts.concat())
            }
            Kind::Message(message) if field.group => {
                let content = self.message(message, depth + 1);
                [tag(field.number, 3), content, tag(field.number, 4)].concat()
            }
            Kind::Message(message) => len(field.number, self.message(message, depth + 1)),
            kind if field.list && field.packable && self.choices.once_in(2) => {
                let count = self.choices.below(5);
                len(field.number, (0..count).flat_map(|_| self.scalar(kind)).collect())
            }
            kind => [tag(field.number, wire_type(kind)), self.scalar(kind)].concat(),
        }
    }

    fn scalar(&mut self, kind: &Kind) -> Vec<u8> {
        match kind {
            Kind::Double => {
                let mut value = match self.choices.below(3) {
                    0 => self.choices.pick(&[
                        0.0,
                        -0.0,
                        0.1,
                        1e21,
                        1e-7,
                        f64::MAX,
                        5e-324,
                        f64::INFINITY,
                        -1.5,
                    ]),
                    1 => f64::from(self.choices.byte()),
                    _ => f64::from_bits(self.choices.u64()),
                };
                if value.is_nan() {
                    value = f64::NAN;
                }
                value.to_le_bytes().to_vec()
            }
            Kind::Float => {
                let mut value = match self.choices.below(3) {
                    0 => self.choices.pick(&[
                        0.0,
                        -0.0,
                        0.1,
                        1e21,
                        1e-7,
                        f32::MAX,
                        1e-45,
                        f32::NEG_INFINITY,
                    ]),
                    1 => f32::from(self.choices.byte()),
                    _ => f32::from_bits(self.choices.u64() as u32),
                };
                if value.is_nan() {
                    value = f32::NAN;
                }
                value.to_le_bytes().to_vec()
            }
            Kind::Fixed32 | Kind::Sfixed32 => (self.choices.u64() as u32).to_le_bytes().to_vec(),
            Kind::Fixed64 | Kind::Sfixed64 => self.choices.u64().to_le_bytes().to_vec(),
            Kind::Int32 => varint(i64::from(self.choices.u64() as i32).cast_unsigned()),
            Kind::Uint32 | Kind::Sint32 => varint(u64::from(self.choices.u64() as u32)),
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 => varint(self.choices.u64()),
            Kind::Bool => varint(u64::from(self.choices.once_in(2))),
            Kind::Enum(kind) => {
                let any = self.known == Known::Some && self.choices.once_in(4);
                let number = if any {
                    self.choices.u64() as i32
                } else {
                    let numbers: Vec<i32> = kind.values().map(|value| value.number()).collect();
                    self.choices.pick(&numbers)
                };
                varint(i64::from(number).cast_unsigned())
            }
            Kind::String => delimited(self.choices.text().into_bytes()),
            Kind::Bytes => {
                let count = self.choices.below(20);
                delimited((0..count).map(|_| self.choices.byte()).collect())
            }
            Kind::Message(_) => unreachable!("messages are no scalars"),
        }
    }

    /// The types that JSON has no form for whatever they hold; none where any content will do.
    fn well_known(&mut self, name: &str, depth: usize) -> Option<Vec<u8>> {
        let both = |seconds: i64, nanos: i32| {
            // Both, so that a later one replaces an earlier one as a whole.
            let nanos = varint(i64::from(nanos).cast_unsigned());
            [tag(1, 0), varint(seconds.cast_unsigned()), tag(2, 0), nanos].concat()
        };
        let nanos = [0, 1, 999_999_999, 500_000_000, 120_000, 7_000];
        Some(match name {
            "Timestamp" => {
                let seconds = [0, -62_135_596_800, 253_402_300_799, 1_700_000_000, -1, 951_782_400];
                both(self.choices.pick(&seconds), self.choices.pick(&nanos))
            }
            "Duration" => {
                let seconds = self.choices.pick(&[0, 1, 315_576_000_000, 60]);
                let nanos = if seconds > 60 { 0 } else { self.choices.pick(&nanos) };
                match self.choices.once_in(2) {
                    true => both(-seconds, -nanos),
                    false => both(seconds, nanos),
                }
            }
            "FieldMask" => {
                let paths = ["a", "a_b", "a_b.c_d", "x1", "a.b.c"];
                let count = self.choices.below(4);
                (0..count).flat_map(|_| len(1, self.choices.pick(&paths).into())).collect()
            }
            "Value" => match self.choices.below(if depth > 4 { 4 } else { 6 }) {
                0 => [tag(1, 0), vec![0]].concat(),
                1 => {
                    let number: f64 = self.choices.pick(&[0.0, -0.0, 0.5, -1e300, 3.0, 1e20]);
                    [tag(2, 1), number.to_le_bytes().to_vec()].concat()
                }
                2 => len(3, self.choices.text().into_bytes()),
                3 => [tag(4, 0), vec![u8::from(self.choices.once_in(2))]].concat(),
                4 => len(5, self.message(&self.named("google.protobuf.Struct"), depth + 1)),
                _ => len(6, self.message(&self.named("google.protobuf.ListValue"), depth + 1)),
            },
            "Any" => {
                let name = self.choices.pick(&[
                    "r.M0",
                    "google.protobuf.Duration",
                    "google.protobuf.Value",
                ]);
                let name = if depth > 2 { "google.protobuf.Empty" } else { name };
                let inner = self.named(name);
                let content = self.message(&inner, depth + 1);
                let url = self.choices.pick(&["type.googleapis.com/", "example.com/a/b/"]);
                // As it would be made of JSON, which shows nothing of the form that it had.
                let mut canonical = vec![];
                let codec = wirelab_transcode::Codec::new(&inner);
                codec.normalize(&content, &mut canonical).expect("what was made is valid");
                [len(1, format!("{url}{name}").into_bytes()), len(2, canonical)].concat()
            }
            _ => return None,
        })
    }

    fn named(&self, name: &str) -> MessageDescriptor {
        self.pool.get_message_by_name(name).expect("imported")
    }
}
