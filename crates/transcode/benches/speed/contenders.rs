//! Who converts: this crate and its peers, all from the same bytes into buffers that they keep.

use crate::corpus::Case;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde::de::IgnoredAny;
use std::fmt;
use std::hint::black_box;
use wirelab_transcode::{Codec, Options};

pub const OURS: &str = "ours";
const PROST_REFLECT: &str = "prost-reflect";
const PBJSON: &str = "pbjson";
const SKIP: &str = "skip";
pub const PEERS: [&str; 3] = [PROST_REFLECT, PBJSON, SKIP];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    JsonToWire,
    WireToJson,
}

impl Direction {
    pub const ALL: [Direction; 2] = [Direction::JsonToWire, Direction::WireToJson];

    pub fn name(self) -> &'static str {
        match self {
            Direction::JsonToWire => "json_to_wire",
            Direction::WireToJson => "wire_to_json",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Appends the other form of its first argument.
type Convert<'a> = Box<dyn FnMut(&[u8], &mut Vec<u8>) + 'a>;

pub struct Contender<'a> {
    pub name: &'static str,
    direction: Direction,
    case: &'a Case,
    convert: Convert<'a>,
    output: Vec<u8>,
}

impl Contender<'_> {
    /// Converts once.
    pub fn run(&mut self) {
        let input = match self.direction {
            Direction::JsonToWire => &self.case.json,
            Direction::WireToJson => &self.case.shape.wire,
        };
        self.output.clear();
        (self.convert)(black_box(input), &mut self.output);
        black_box(&self.output);
    }

    /// # Panics
    /// When the result is not the message.
    pub fn check(&mut self) {
        self.run();
        if self.name == SKIP {
            return;
        }
        let message = &self.case.shape.message;
        let result = match self.direction {
            Direction::JsonToWire => decode(message, &self.output),
            Direction::WireToJson => parse(message, &self.output),
        };
        let same = result == decode(message, &self.case.shape.wire);
        assert!(same, "{} {} {}: another message", self.direction, self.case.name, self.name);
    }
}

/// All that go in this direction, ours first.
pub fn of(direction: Direction, case: &Case) -> Vec<Contender<'_>> {
    let message = &case.shape.message;
    let codec = Codec::new(message);
    let mut list: Vec<(&'static str, Convert<'_>)> = Vec::new();
    match direction {
        Direction::JsonToWire => {
            list.push((OURS, Box::new(move |json, wire| codec.json_to_wire(json, wire).unwrap())));
            list.push((
                PROST_REFLECT,
                Box::new(|json, wire| parse(message, json).encode(wire).unwrap()),
            ));
            list.push((PBJSON, Box::new(case.shape.compiled_json_to_wire)));
            list.push((SKIP, Box::new(|json, _| skip(json))));
        }
        Direction::WireToJson => {
            let options = Options::default();
            list.push((
                OURS,
                Box::new(move |wire, json| codec.wire_to_json(wire, json, &options).unwrap()),
            ));
            list.push((PROST_REFLECT, Box::new(|wire, json| write(&decode(message, wire), json))));
            list.push((PBJSON, Box::new(case.shape.compiled_wire_to_json)));
        }
    }
    list.into_iter()
        .map(|(name, convert)| Contender { name, direction, case, convert, output: Vec::new() })
        .collect()
}

fn decode(message: &MessageDescriptor, wire: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(message.clone(), wire).expect("the wire of the message")
}

fn parse(message: &MessageDescriptor, json: &[u8]) -> DynamicMessage {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = DynamicMessage::deserialize(message.clone(), &mut reader);
    reader.end().expect("nothing follows");
    value.expect("the JSON of the message")
}

fn write(value: &DynamicMessage, json: &mut Vec<u8>) {
    let mut writer = serde_json::Serializer::new(json);
    value.serialize_with_options(&mut writer, &SerializeOptions::new()).expect("a vector grows");
}

/// What reading the text as JSON costs when nothing is made of it.
fn skip(json: &[u8]) {
    black_box(serde_json::from_slice::<IgnoredAny>(json).expect("JSON"));
}
