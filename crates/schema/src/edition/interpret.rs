//! Features as a parser leaves them: options of a name and a value. Those of `google.protobuf.FeatureSet` are
//! understood here; what languages add, `features.(pb.cpp)`, is left to the pool, which knows extensions.

use super::{
    Edition, Fault, MAX_FAULTS,
    features::{FEATURES, FeatureSet, Target},
    options::{put, take},
};
use crate::lex::{Kind, Token, tokens};
use prost::{DecodeError, Message};
use prost_types::{UninterpretedOption, uninterpreted_option::NamePart};

/// Where every kind of options holds those that are not interpreted.
pub(super) const UNINTERPRETED: u32 = 999;

/// Options with their features taken out.
pub(super) struct Interpreted {
    /// The options without them.
    pub(super) rest: Vec<u8>,
    /// The features; none when nothing set any.
    pub(super) own: Option<FeatureSet>,
    /// Where each uninterpreted option went.
    pub(super) moved: Vec<Option<usize>>,
}

/// Takes the features out of serialized `options` at `path`.
pub(super) fn interpret(
    options: &[u8],
    (edition, target): (Edition, Target),
    path: &[i32],
    faults: &mut Vec<Fault>,
) -> Result<Interpreted, DecodeError> {
    let (mut rest, uninterpreted) = take(options, UNINTERPRETED)?;
    let mut moved = Vec::with_capacity(uninterpreted.len());
    let mut own: Option<FeatureSet> = None;
    let (mut kept, mut added) = (vec![], vec![]);
    let mut is_set = false;
    for (index, option) in uninterpreted.iter().enumerate() {
        let option = UninterpretedOption::decode(option.as_slice())?;
        let mut fault = |message: String, help: String| {
            if faults.len() < MAX_FAULTS {
                let mut path = path.to_vec();
                path.extend([UNINTERPRETED as i32, i32::try_from(index).unwrap_or(i32::MAX)]);
                faults.push(Fault { path, message, help });
            }
        };
        if let Some((message, help)) = not_allowed(&option, edition, target) {
            fault(message.to_owned(), help.to_owned());
        }
        let is_feature = matches!(option.name.first(), Some(first) if !first.is_extension && first.name_part == "features");
        if is_feature && is_set && option.name.len() == 1 {
            let help = "Put them all into the braces, or in front of the single ones";
            fault("some features are set already".to_owned(), help.to_owned());
        }
        is_set |= is_feature;
        let settings = match Setting::of(&option) {
            Some(settings) => settings,
            None => {
                moved.push(Some(kept.len()));
                kept.push(option);
                continue;
            }
        };
        moved.push(None);
        let set = own.get_or_insert_with(FeatureSet::default);
        for setting in settings {
            match setting {
                Setting::Standard { name, value } => {
                    if let Err((message, help)) = assign(set, &name, &value, edition, target) {
                        fault(message, help);
                    }
                }
                Setting::Added(option) => added.push(option),
                Setting::Bad => fault(
                    "cannot make sense of these features".to_owned(),
                    "Write `name: VALUE` for each".to_owned(),
                ),
            }
        }
    }
    for option in kept.iter().chain(&added) {
        put(&mut rest, UNINTERPRETED, option);
    }
    Ok(Interpreted { rest, own, moved })
}

/// Options that proto2 has and editions replace.
fn not_allowed(
    option: &UninterpretedOption,
    edition: Edition,
    target: Target,
) -> Option<(&'static str, &'static str)> {
    let [NamePart { name_part, is_extension: false }] = option.name.as_slice() else { return None };
    let removed = |since: Edition| edition >= since;
    Some(match (target, name_part.as_str()) {
        (Target::Field, "packed") => (
            "the option `packed` is not used in editions",
            "Set `features.repeated_field_encoding` instead",
        ),
        (Target::Field, "ctype") if removed(Edition::E2024) => (
            "the option `ctype` is not used since edition 2024",
            "Set `features.(pb.cpp).string_type` instead",
        ),
        (Target::File, "java_string_check_utf8") => (
            "the option `java_string_check_utf8` is not used in editions",
            "Set `features.(pb.java).utf8_validation` instead",
        ),
        (Target::File, "java_multiple_files") if removed(Edition::E2024) => (
            "the option `java_multiple_files` is not used since edition 2024, which always has it",
            "Remove it; `features.(pb.java).nest_in_file_class` is the opposite",
        ),
        _ => return None,
    })
}

/// One feature that an option sets.
enum Setting {
    Standard {
        name: String,
        value: String,
    },
    /// What a language or tool added, as an option for the pool.
    Added(UninterpretedOption),
    Bad,
}

impl Setting {
    /// The settings in an option; none when it is no feature, or one that is for the pool as it is.
    fn of(option: &UninterpretedOption) -> Option<Vec<Setting>> {
        let [features, path @ ..] = option.name.as_slice() else { return None };
        if features.is_extension || features.name_part != "features" {
            return None;
        }
        match path {
            [] => Some(aggregate(option)),
            [NamePart { name_part, is_extension: false }] => {
                let value = option.identifier_value.clone();
                Some(vec![match value {
                    Some(value) => Setting::Standard { name: name_part.clone(), value },
                    None => Setting::Standard { name: name_part.clone(), value: String::new() },
                }])
            }
            _ => None,
        }
    }
}

/// The settings of `features = { field_presence: IMPLICIT [pb.cpp] { string_type: VIEW } }`.
fn aggregate(option: &UninterpretedOption) -> Vec<Setting> {
    let Some(text) = option.aggregate_value.as_deref() else { return vec![Setting::Bad] };
    let tokens: Vec<Token> = tokens(text).collect();
    let word = |token: &Token| text.get(token.start..token.end).unwrap_or_default();
    let mut settings = vec![];
    let mut left = tokens.as_slice();
    loop {
        left = match left {
            [] => return settings,
            [Token { kind: Kind::Punctuation(b',' | b';'), .. }, rest @ ..] => rest,
            [
                name @ Token { kind: Kind::Word, .. },
                colon,
                value @ Token { kind: Kind::Word, .. },
                rest @ ..,
            ] if colon.kind == Kind::Punctuation(b':') => {
                let (name, value) = (word(name).to_owned(), word(value).to_owned());
                settings.push(Setting::Standard { name, value });
                rest
            }
            [Token { kind: Kind::Punctuation(b'['), .. }, rest @ ..] => {
                let Some((added, rest)) = extension(text, rest) else {
                    settings.push(Setting::Bad);
                    return settings;
                };
                settings.push(Setting::Added(added));
                rest
            }
            _ => {
                settings.push(Setting::Bad);
                return settings;
            }
        };
    }
}

/// `pb.cpp] { string_type: VIEW }` as `features.(pb.cpp) = { string_type: VIEW }`, and what is behind it.
fn extension<'t>(text: &str, left: &'t [Token]) -> Option<(UninterpretedOption, &'t [Token])> {
    let is = |token: &Token, byte| token.kind == Kind::Punctuation(byte);
    let end = left.iter().position(|token| is(token, b']'))?;
    let name: String =
        left.get(..end)?.iter().filter_map(|token| text.get(token.start..token.end)).collect();
    let body = left.iter().position(|token| is(token, b'{'))?;
    let mut open = 0_usize;
    let close = left.iter().enumerate().skip(body).find_map(|(index, token)| {
        open += usize::from(is(token, b'{'));
        open -= usize::from(is(token, b'}'));
        (open == 0).then_some(index)
    })?;
    let inner = text.get(left.get(body)?.end..left.get(close)?.start)?;
    let part = |name: &str, is_extension| NamePart { name_part: name.to_owned(), is_extension };
    let option = UninterpretedOption {
        name: vec![part("features", false), part(&name, true)],
        aggregate_value: Some(inner.to_owned()),
        ..UninterpretedOption::default()
    };
    Some((option, left.get(close + 1..)?))
}

/// Sets one feature, or tells why not and what to do.
fn assign(
    set: &mut FeatureSet,
    name: &str,
    value: &str,
    edition: Edition,
    target: Target,
) -> Result<(), (String, String)> {
    let list = |words: Vec<&str>| words.join(", ");
    let Some(feature) = FEATURES.iter().find(|feature| feature.name == name) else {
        let known = FEATURES.iter().filter(|f| f.since <= edition && f.targets.contains(&target));
        return Err((
            format!("`{name}` is no feature"),
            format!("Set one of {}", list(known.map(|feature| feature.name).collect())),
        ));
    };
    if feature.since > edition {
        return Err((
            format!("the feature `{name}` is not known before edition {}", feature.since.name()),
            format!("Remove it, or use edition {}", feature.since.name()),
        ));
    }
    if !feature.targets.contains(&target) {
        let places = feature.targets.iter().map(|target| target.name()).collect();
        return Err((
            format!("the feature `{name}` cannot be set on {}", target.name()),
            format!("Set it on {}", list(places).replace(", ", " or ")),
        ));
    }
    let Some((_, number)) = feature.values.iter().find(|(known, _)| *known == value) else {
        let known = feature.values.iter().map(|(value, _)| *value).collect();
        let what = if value.is_empty() { "this" } else { &format!("`{value}`") };
        return Err((
            format!("{what} is no value of the feature `{name}`"),
            format!("Set it to one of {}", list(known)),
        ));
    };
    if (feature.of)(set).replace(*number).is_some() {
        return Err((
            format!("the feature `{name}` is set twice"),
            "Remove one of them".to_owned(),
        ));
    }
    Ok(())
}
