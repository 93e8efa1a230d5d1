//! The five shapes that transcoding is measured with, each as a message of made-up values that are the same in
//! every run, and the compiled peer: prost's types with pbjson's serde.
//!
//! | shape | JSON | what it holds |
//! |---|---|---|
//! | a | 190 B | an order: strings, integers, an enum, a timestamp |
//! | b | 949 B | a profile: nested messages, repeated fields, a map |
//! | c | 115 KB | a list of 500 nested items |
//! | d | 138 KB | 10,000 packed numbers, half of them double, half int64 |
//! | e | 2 MB | long text and bytes |

mod forms;
mod make;
mod plans;

pub use forms::{pretty, shuffled};
pub use plans::thousand_messages;

use prost::Message;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::LazyLock;

/// What prost and pbjson generate.
#[allow(missing_docs)]
pub mod types {
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
    include!(concat!(env!("OUT_DIR"), "/shapes.serde.rs"));
}

/// The descriptors of [`types`] and of what they import, a `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/shapes.binpb"));

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).expect("protox made them"));

/// One message in both of its forms, with the compiled way between them.
#[derive(Clone, Debug)]
pub struct Shape {
    /// `a` to `e`.
    pub name: &'static str,
    /// Its type.
    pub message: MessageDescriptor,
    /// Compact canonical ProtoJSON.
    pub json: Vec<u8>,
    /// The same message on the wire, fields by number.
    pub wire: Vec<u8>,
    /// pbjson into a message, prost out of it; appends.
    pub compiled_json_to_wire: fn(&[u8], &mut Vec<u8>),
    /// prost into a message, pbjson out of it; appends.
    pub compiled_wire_to_json: fn(&[u8], &mut Vec<u8>),
}

impl Shape {
    fn new<T>(name: &'static str, type_name: &str, value: &T) -> Shape
    where
        T: Message + Default + Serialize + DeserializeOwned,
    {
        let message = POOL.get_message_by_name(type_name).expect("a type of shapes.proto");
        let wire = value.encode_to_vec();
        let json = serde_json::to_string(value).expect("it has a JSON form");
        // pbjson writes UTC as an offset, where the canonical form is Z.
        let json = json.replace("+00:00\"", "Z\"").into_bytes();
        Shape {
            name,
            message,
            json,
            wire,
            compiled_json_to_wire: compiled_json_to_wire::<T>,
            compiled_wire_to_json: compiled_wire_to_json::<T>,
        }
    }
}

fn compiled_json_to_wire<T: Message + DeserializeOwned>(json: &[u8], wire: &mut Vec<u8>) {
    let value: T = serde_json::from_slice(json).expect("the shape's JSON");
    value.encode(wire).expect("a vector grows");
}

fn compiled_wire_to_json<T: Message + Default + Serialize>(wire: &[u8], json: &mut Vec<u8>) {
    let value = T::decode(wire).expect("the shape's wire");
    serde_json::to_writer(json, &value).expect("a vector grows");
}

/// a: an order.
pub fn a() -> Shape {
    Shape::new("a", "shapes.Order", &make::order())
}

/// b: a profile.
pub fn b() -> Shape {
    Shape::new("b", "shapes.Profile", &make::profile())
}

/// c: a list of `items` items; the shape has 500.
pub fn c(items: usize) -> Shape {
    Shape::new("c", "shapes.Catalog", &make::catalog(items))
}

/// d: `numbers` numbers, half of them double, half int64; the shape has 10,000.
pub fn d(numbers: usize) -> Shape {
    Shape::new("d", "shapes.Series", &make::series(numbers))
}

/// e: about as many kB of JSON as `parts` times 200; the shape has 10 parts.
pub fn e(parts: usize) -> Shape {
    Shape::new("e", "shapes.Document", &make::document(parts))
}

/// All five in the sizes that are measured.
pub fn all() -> [Shape; 5] {
    [a(), b(), c(500), d(10_000), e(10)]
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_shapes_have_their_sizes() {
        let sizes = super::all().map(|shape| shape.json.len());
        let wanted = [190, 949, 115_000, 138_000, 2_000_000];
        let off = |size: usize, wanted: usize| size.abs_diff(wanted) as f64 / wanted as f64;
        assert!(
            sizes.iter().zip(wanted).all(|(size, wanted)| off(*size, wanted) < 0.01),
            "{sizes:?}"
        );
    }

    #[test]
    fn the_other_forms_say_the_same() {
        let json = super::b().json;
        let value = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
        for other in [super::pretty(&json), super::shuffled(&json)] {
            assert_ne!(other, json);
            assert_eq!(value(&other), value(&json));
        }
    }
}
