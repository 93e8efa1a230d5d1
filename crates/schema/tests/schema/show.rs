//! Schemas as text for snapshots.

use std::fmt::Write;
use wirelab_model::{
    Cardinality, FieldShape, FieldType, FormTypes, HttpRule, Problem, ServiceInfo, WellKnown,
};
use wirelab_schema::Source;

/// State, counts, problems and services of a source.
pub fn source(source: &Source, services: &[ServiceInfo]) -> String {
    let mut text = format!(
        "{:?}: {} files, {} services\n",
        source.state(),
        source.files(),
        source.service_count()
    );
    text += &problems(source.problems());
    for service in services {
        let _ = writeln!(
            text,
            "service {} in {}{}",
            service.name,
            service.file,
            deprecated(service.deprecated)
        );
        text += &docs(&service.docs, "  ");
        for method in &service.methods {
            let _ = writeln!(
                text,
                "  {} {:?} {} -> {}{}",
                method.name,
                method.kind,
                method.input,
                method.output,
                deprecated(method.deprecated)
            );
            text += &docs(&method.docs, "    ");
            for HttpRule { verb, path, body, response_body } in &method.http {
                let _ = writeln!(
                    text,
                    "    {verb} {path} body={body:?} response_body={response_body:?}"
                );
            }
        }
    }
    text
}

/// One line a problem, with its kind; paths start from the folder of the tests.
pub fn problems(problems: &[Problem]) -> String {
    let root = format!("{}/tests/cases/", env!("CARGO_MANIFEST_DIR"));
    problems.iter().map(|p| format!("{:?} {p}\n", p.kind).replace(&root, "…/")).collect()
}

fn docs(docs: &str, indent: &str) -> String {
    docs.lines().map(|line| format!("{indent}| {line}\n")).collect()
}

fn deprecated(yes: bool) -> &'static str {
    if yes { " (deprecated)" } else { "" }
}

/// A form tree, one line a field.
pub fn form(form: &FormTypes) -> String {
    let mut text = format!("root {}\n", form.root);
    for (name, message) in &form.messages {
        assert_eq!(name, &message.name);
        let known = message.well_known.map(|known| match known {
            WellKnown::Wrapper(scalar) => format!(" wraps {}", scalar.name()),
            known => format!(" is {known:?}"),
        });
        let _ = writeln!(text, "message {name}{}", known.unwrap_or_default());
        text += &docs(&message.docs, "  ");
        for field in &message.fields {
            text += &line(field);
            text += &docs(&field.docs, "      ");
        }
    }
    for (name, e) in &form.enums {
        let _ = writeln!(text, "enum {name}{}", if e.closed { " (closed)" } else { "" });
        text += &docs(&e.docs, "  ");
        for value in &e.values {
            let _ = writeln!(
                text,
                "  {} = {}{}",
                value.name,
                value.number,
                deprecated(value.deprecated)
            );
            text += &docs(&value.docs, "      ");
        }
    }
    text
}

fn line(field: &FieldShape) -> String {
    let ty = match &field.ty {
        FieldType::Scalar(scalar) => scalar.name(),
        FieldType::Enum(name) | FieldType::Message(name) => name,
    };
    let cardinality = match field.cardinality {
        Cardinality::Map(key) => format!("map by {}", key.name()),
        other => format!("{other:?}").to_lowercase(),
    };
    let mut line = format!("  {} = {} {cardinality} {ty}", field.name, field.number);
    if field.json_name != field.name {
        let _ = write!(line, " json={:?}", field.json_name);
    }
    if let Some(oneof) = &field.oneof {
        let _ = write!(line, " in {oneof}");
    }
    if field.behavior_required {
        line += " must be set";
    }
    line + deprecated(field.deprecated) + "\n"
}
