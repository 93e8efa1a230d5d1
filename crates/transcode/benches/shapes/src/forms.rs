//! The same JSON text laid out differently.

use serde_json::{Map, Value};

fn parse(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("JSON")
}

/// Indented by two spaces.
pub fn pretty(json: &[u8]) -> Vec<u8> {
    serde_json::to_vec_pretty(&parse(json)).expect("a vector grows")
}

/// The members of every object in another order, in each object its own.
pub fn shuffled(json: &[u8]) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(4);
    serde_json::to_vec(&shuffle(parse(json), &mut random)).expect("a vector grows")
}

fn shuffle(value: Value, random: &mut fastrand::Rng) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| shuffle(item, random)).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            random.shuffle(&mut members);
            let members = members.into_iter().map(|(name, value)| (name, shuffle(value, random)));
            Value::Object(members.collect::<Map<String, Value>>())
        }
        scalar => scalar,
    }
}
