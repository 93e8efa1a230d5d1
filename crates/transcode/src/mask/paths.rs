//! Reads the paths of masks: names with dots between them, `*` for every element or value, keys of maps, backticks
//! around what holds dots (<https://google.aip.dev/161#map-fields>).

use super::{Key, Node};
use crate::Error;
use crate::canonical::canonical;
use crate::plan::{Arity, Field, Kind, MessageId, MessagePlan, Plans};

/// A part of a path.
#[derive(Debug, PartialEq)]
struct Segment {
    text: String,
    /// In backticks: a key, even if it is `*`.
    quoted: bool,
}

impl Segment {
    fn is_wildcard(&self) -> bool {
        self.text == "*" && !self.quoted
    }
}

/// What a part of a path is applied to.
enum Place<'a> {
    Message(MessageId),
    List(&'a Field),
    Map(&'a Field),
    Scalar(&'a Field),
}

impl Place<'_> {
    fn of(field: &Field) -> Place<'_> {
        match field.arity {
            Arity::Map => Place::Map(field),
            Arity::Expanded | Arity::Packed => Place::List(field),
            Arity::Singular { .. } => Place::value(field),
        }
    }

    fn value(field: &Field) -> Place<'_> {
        if field.kind.is_message() { Place::Message(field.message) } else { Place::Scalar(field) }
    }
}

/// The node of the paths in `text`, which commas separate, in snake case or lowerCamelCase.
pub(super) fn read(plans: &Plans, root: MessageId, text: &str) -> Result<Node, Error> {
    let mut node = Node::default();
    for path in split(text)? {
        let found = compile(plans, Place::Message(root), &path);
        node.add(found.map_err(|message| Error::new(message).path_if_any(joined(&path)))?);
    }
    Ok(node)
}

fn joined(path: &[Segment]) -> String {
    let text = |part: &Segment| match part.quoted {
        true => format!("`{}`", part.text),
        false => part.text.clone(),
    };
    path.iter().map(text).collect::<Vec<_>>().join(".")
}

/// The paths of a text, each as its parts.
fn split(text: &str) -> Result<Vec<Vec<Segment>>, Error> {
    let (mut paths, mut path) = (Vec::new(), Vec::new());
    let mut part = Segment { text: String::new(), quoted: false };
    let mut letters = text.chars();
    loop {
        let letter = letters.next();
        match letter {
            Some(quote @ ('`' | '[')) if part.text.is_empty() && !part.quoted => {
                let end = if quote == '[' { ']' } else { quote };
                let (inside, rest) = letters.as_str().split_once(end).ok_or_else(|| {
                    Error::new(format!("the mask {text:?} has a {quote} without its {end}"))
                })?;
                part = match quote {
                    '[' => Segment { text: format!("[{inside}]"), quoted: false },
                    _ => Segment { text: inside.to_owned(), quoted: true },
                };
                letters = rest.chars();
            }
            Some('.' | ',') | None => {
                let ended =
                    std::mem::replace(&mut part, Segment { text: String::new(), quoted: false });
                let blank = ended.text.trim().is_empty() && !ended.quoted;
                if blank && (letter == Some('.') || !path.is_empty()) {
                    return Err(Error::new(format!("the mask {text:?} has an empty name")));
                }
                if !blank {
                    let text = match ended.quoted {
                        true => ended.text,
                        false => ended.text.trim().to_owned(),
                    };
                    path.push(Segment { text, quoted: ended.quoted });
                }
                if letter != Some('.') && !path.is_empty() {
                    paths.push(std::mem::take(&mut path));
                }
                if letter.is_none() {
                    return Ok(paths);
                }
            }
            Some(letter) => part.text.push(letter),
        }
    }
}

/// What the rest of a path means of a value; an error says why that part of the value cannot be.
fn compile(plans: &Plans, place: Place<'_>, path: &[Segment]) -> Result<Node, String> {
    let Some((part, rest)) = path.split_first() else { return Ok(Node::whole()) };
    match place {
        Place::Message(_) if part.is_wildcard() => match rest {
            [] => Ok(Node::whole()),
            _ => Err("only lists and maps have more after a *".to_owned()),
        },
        Place::Message(id) => {
            let plan = plans.message(id);
            if plan.message_set {
                return Err(format!("{} is a message set, which has no parts to name", plan.name));
            }
            let field = find(plan, &part.text)
                .ok_or_else(|| format!("{} has no field {:?}", plan.name, part.text))?;
            let inner = compile(plans, Place::of(field), rest)?;
            Ok(Node { fields: [(field.number, inner)].into(), ..Node::default() })
        }
        Place::List(field) if part.is_wildcard() => {
            let inner = compile(plans, Place::value(field), rest)?;
            Ok(each(inner))
        }
        Place::List(field) => {
            let name = &field.original_name;
            Err(match part.text.parse::<u64>() {
                Ok(_) => format!("elements of a list cannot be named; {name}.* means all of them"),
                Err(_) => format!("{name} is a list: {name}.*.{} means each one's", part.text),
            })
        }
        Place::Map(field) => {
            let [key, value] = field.entry.as_deref().expect("maps have entries");
            if part.is_wildcard() {
                return Ok(each(compile(plans, Place::value(value), rest)?));
            }
            let key = self::key(key.kind, &part.text).ok_or_else(|| match key.kind {
                Kind::Bool => "keys that are true or false cannot be named".to_owned(),
                kind => format!("{:?} is no key of type {}", part.text, kind.name()),
            })?;
            let inner = compile(plans, Place::value(value), rest)?;
            Ok(Node { keys: [(key, inner)].into(), ..Node::default() })
        }
        Place::Scalar(field) => Err(format!(
            "{} is of type {}, which has no parts",
            field.original_name,
            field.kind.name()
        )),
    }
}

/// Every element or value: all of the list or map when it is all of each.
fn each(inner: Node) -> Node {
    match inner.whole {
        true => inner,
        false => Node { each: Some(Box::new(inner)), ..Node::default() },
    }
}

/// A field by its name in the `.proto`, its JSON name, or its name in lowerCamelCase.
fn find<'a>(plan: &'a MessagePlan, name: &str) -> Option<&'a Field> {
    let found = plan.names.find(name.as_bytes()).or_else(|| {
        let mut snake = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
        }
        plan.names.find(snake.as_bytes())
    });
    found.map(|index| &plan.fields[usize::from(index)])
}

/// The key that is written so.
fn key(kind: Kind, text: &str) -> Option<Key> {
    let signed = |bits: u32| {
        let number: i64 = text.parse().ok()?;
        let low = number >> (bits - 1);
        (low == 0 || low == -1).then_some(number)
    };
    let zigzag = |number: i64| ((number << 1) ^ (number >> 63)).cast_unsigned();
    let number = match kind {
        Kind::String => return Some(Key::Text(text.as_bytes().to_vec())),
        Kind::Bool => return None,
        Kind::Int32 => signed(32)?.cast_unsigned(),
        Kind::Int64 | Kind::Sfixed64 => signed(64)?.cast_unsigned(),
        Kind::Sint32 => zigzag(signed(32)?),
        Kind::Sint64 => zigzag(signed(64)?),
        Kind::Sfixed32 => u64::from((signed(32)? as i32).cast_unsigned()),
        Kind::Uint32 | Kind::Fixed32 => u64::from(text.parse::<u32>().ok()?),
        _ => text.parse().ok()?,
    };
    Some(Key::Number(canonical(kind, number)))
}
