//! What the compiler makes of the descriptors of the test schema, one line a field.

use super::*;
use std::fmt::Write;

fn pool() -> DescriptorPool {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let set = protox::compile(["everything.proto", "older.proto"], [root]).unwrap();
    DescriptorPool::from_file_descriptor_set(set).unwrap()
}

fn line(plans: &Plans, field: &Field) -> String {
    let mut line = format!("{} {:?} {:?}", field.number, field.kind, field.arity);
    let flags = [(field.utf8, "utf8"), (field.required, "required")];
    for (_, flag) in flags.iter().filter(|(set, _)| *set) {
        let _ = write!(line, " {flag}");
    }
    if field.oneof != NONE {
        let _ = write!(line, " oneof {}", field.oneof);
    }
    if field.kind.is_message() {
        let _ = write!(line, " {}", plans.descriptor(field.message).full_name());
    }
    if let Some(kind) = &field.enumeration {
        let _ = write!(line, " {}{}", kind.name, if kind.closed { " closed" } else { "" });
    }
    let _ =
        write!(line, " tag {:02x?} key {}", field.tag(), String::from_utf8_lossy(&field.json_key));
    line
}

#[test]
fn plans_of_the_test_schema() {
    let plans = Plans::new(pool());
    let mut text = String::new();
    for message in plans.pool().clone().all_messages().filter(|message| !message.is_map_entry()) {
        let plan = plans.message(plans.id(&message));
        let _ = writeln!(text, "{} {:?} oneofs {:?}", plan.name, plan.form, plan.oneofs);
        for (field, index) in plan.fields.iter().zip(0..) {
            assert_eq!(plan.by_number(field.number), Some(index), "{}", field.json_name);
            assert!(plan.names.find(field.json_name.as_bytes()).is_some(), "{}", field.json_name);
            assert!(plan.names.find(field.original_name.as_bytes()).is_some());
            let _ = writeln!(text, "  {}", line(&plans, field));
            if let Some(entry) = &field.entry {
                for part in &**entry {
                    let _ = writeln!(text, "    {}", line(&plans, part));
                }
            }
        }
    }
    insta::assert_snapshot!(text);
}
