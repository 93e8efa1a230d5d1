//! Templates as paths of OpenAPI, whose parameters are names alone: a variable with a pattern becomes the segments of
//! its pattern, with a parameter for each `*` and `**` in it.

use crate::rules::Rule;
use crate::rules::encoding::encode;
use crate::rules::template::Segment;
use prost_reflect::FieldDescriptor;

/// A template taken apart.
pub(super) struct Place<'r> {
    parts: Vec<Part<'r>>,
    verb: Option<&'r str>,
}

enum Part<'r> {
    Literal(&'r str),
    Parameter(Parameter<'r>),
}

/// A parameter of a path.
pub(super) struct Parameter<'r> {
    pub name: String,
    /// Whether it is `**`: its value may hold slashes, which OpenAPI has no word for.
    pub many: bool,
    /// The field that it is the whole value of.
    pub whole: Option<&'r FieldDescriptor>,
    /// The variable that it is a part of, and the pattern of that.
    pub part_of: Option<(String, String)>,
}

impl<'r> Place<'r> {
    pub fn new(rule: &'r Rule) -> Place<'r> {
        let template = &rule.template;
        let mut parts: Vec<Part<'_>> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for (at, segment) in template.segments().iter().enumerate() {
            let many = match segment {
                Segment::Literal(text) => {
                    parts.push(Part::Literal(text));
                    continue;
                }
                Segment::One => false,
                Segment::Many => true,
            };
            let mut variables = template.variables().iter().zip(&rule.variables);
            let variable = variables.find(|(variable, _)| variable.segments.contains(&at));
            let (name, whole, part_of) = match variable {
                None => (format!("segment_{}", at + 1), None, None),
                Some((variable, fields)) if variable.segments.len() == 1 => {
                    (variable.path.join("."), fields.last(), None)
                }
                Some((variable, _)) => {
                    let pattern = pattern(&template.segments()[variable.segments.clone()]);
                    let before = match parts.last() {
                        Some(Part::Literal(text)) => format!("{}_id", identifier(text)),
                        _ => format!("{}_{}", variable.path.join("."), at + 1),
                    };
                    (before, None, Some((variable.path.join("."), pattern)))
                }
            };
            let mut unique = name.clone();
            let mut count = 1;
            while names.contains(&unique) {
                count += 1;
                unique = format!("{name}_{count}");
            }
            names.push(unique.clone());
            parts.push(Part::Parameter(Parameter { name: unique, many, whole, part_of }));
        }
        Place { parts, verb: template.verb() }
    }

    /// `/v1/things/{things_id}:verb`.
    pub fn path(&self) -> String {
        self.write(|parameter| parameter.name.as_str())
    }

    /// The path without its names.
    pub fn shape(&self) -> String {
        self.write(|_| "")
    }

    pub fn names(&self) -> Vec<String> {
        self.parameters().map(|parameter| parameter.name.clone()).collect()
    }

    pub fn parameters(&self) -> impl Iterator<Item = &Parameter<'r>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Parameter(parameter) => Some(parameter),
        })
    }

    fn write<'s>(&'s self, name: impl Fn(&'s Parameter<'r>) -> &'s str) -> String {
        let mut path = String::new();
        for part in &self.parts {
            path.push('/');
            match part {
                Part::Literal(text) => encode(text, false, &mut path),
                Part::Parameter(parameter) => {
                    path.push('{');
                    path.push_str(name(parameter));
                    path.push('}');
                }
            }
        }
        if let Some(verb) = self.verb {
            path.push(':');
            encode(verb, false, &mut path);
        }
        path
    }
}

fn identifier(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn pattern(segments: &[Segment]) -> String {
    let parts = segments.iter().map(|segment| match segment {
        Segment::Literal(text) => text.as_str(),
        Segment::One => "*",
        Segment::Many => "**",
    });
    parts.collect::<Vec<_>>().join("/")
}
