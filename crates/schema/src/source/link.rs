//! Compiles parsed files into one pool, in the order of their imports, so that one that is wrong takes down only
//! what cannot do without it. Knows neither folders nor where the files came from.

use super::{
    lenient,
    names::Names,
    parse::{self, Parsed},
    pool::{Failure, Pool},
};
use crate::{
    edition,
    problem::{Problems, from_diagnostic, from_fault, place_of_span},
};
use prost::bytes::Bytes;
use prost_reflect::DescriptorPool;
use std::{collections::HashSet, fmt::Write};
use wirelab_model::{Problem, ProblemKind, Span};

/// A file to compile.
pub(super) struct Unit {
    /// As imports name it; no two units share it.
    pub(super) name: String,
    /// How problems name it; none when it comes from no file.
    pub(super) shown: Option<String>,
    /// One entry an import, in order.
    pub(super) imports: Vec<Import>,
    /// What to compile.
    pub(super) content: Content,
    /// Not the source's own: what is wrong with it is nobody's concern but its importers'.
    pub(super) builtin: bool,
    /// Reads the text once more, to tell places of what is wrong.
    pub(super) text: Option<Text>,
}

impl Unit {
    /// A built-in file.
    pub(super) fn builtin(name: &str, parsed: Parsed, imports: Vec<Import>) -> Unit {
        Unit {
            name: name.to_owned(),
            shown: None,
            imports,
            content: Content::Parsed(Box::new(parsed)),
            builtin: true,
            text: None,
        }
    }
}

/// Reads a text.
pub(super) type Text = Box<dyn Fn() -> Option<String>>;

/// An import of a unit.
#[derive(Clone, Debug, Default)]
pub(super) struct Import {
    /// Where it stands.
    pub(super) span: Option<Span>,
    /// Index of the unit that it means; none when nothing satisfies it, which has been reported.
    pub(super) target: Option<usize>,
}

/// What a unit consists of.
pub(super) enum Content {
    /// From text: names and options are not resolved.
    Parsed(Box<Parsed>),
    /// From a descriptor set, serialized, because options that are extensions survive only so.
    Encoded(Bytes),
    /// It did not parse, which has been reported.
    Broken,
}

/// What compiled.
pub(super) struct Linked {
    /// All of it.
    pub(super) pool: DescriptorPool,
    /// Names of the files that are not built in.
    pub(super) own: HashSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the way from the first unit to the present one.
    Open,
    Compiled,
    Failed,
}

/// Compiles `units`.
pub(super) fn link(mut units: Vec<Unit>, problems: &mut Problems) -> Linked {
    let (mut pool, mut own) = (Pool::default(), HashSet::new());
    let mut states = vec![State::New; units.len()];
    // Options resolve against the pool's own `descriptor.proto` when it is there, against an older one when not.
    let options = units.iter().position(|unit| unit.name == "google/protobuf/descriptor.proto");
    for start in options.into_iter().chain(0..units.len()) {
        // Depth first without recursion: each entry is a unit and the import to look at next.
        let mut way = vec![(start, 0)];
        while let Some((index, next)) = way.pop() {
            let Some(state) = states.get(index).copied() else { continue };
            if matches!(state, State::Compiled | State::Failed) {
                continue;
            }
            let imports = units.get(index).map_or(&[][..], |unit| &unit.imports);
            if let Some(import) = imports.get(next) {
                let target = import.target;
                let span = import.span;
                set(&mut states, index, State::Open);
                way.push((index, next + 1));
                match target.map(|t| (t, states.get(t).copied())) {
                    Some((target, Some(State::New))) => way.push((target, 0)),
                    Some((target, Some(State::Open))) => {
                        let cycle = cycle(&way, target);
                        report_cycle(&units, &cycle, span, problems);
                        for member in cycle {
                            set(&mut states, member, State::Failed);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            let compiled = compile(&mut units, index, &states, &mut pool, problems);
            if compiled && let Some(unit) = units.get(index).filter(|unit| !unit.builtin) {
                own.insert(unit.name.clone());
            }
            set(&mut states, index, if compiled { State::Compiled } else { State::Failed });
        }
    }
    Linked { pool: pool.into_inner(), own }
}

fn set(states: &mut [State], index: usize, state: State) {
    if let Some(slot) = states.get_mut(index) {
        *slot = state;
    }
}

/// The units on the way from `target` to the present one.
fn cycle(way: &[(usize, usize)], target: usize) -> Vec<usize> {
    let start = way.iter().position(|(index, _)| *index == target).unwrap_or(0);
    way.iter().skip(start).map(|(index, _)| *index).collect()
}

fn report_cycle(units: &[Unit], cycle: &[usize], span: Option<Span>, problems: &mut Problems) {
    const MAX_SHOWN: usize = 12;
    let mut message = String::from("import cycle: ");
    for index in cycle.iter().take(MAX_SHOWN) {
        let _ = write!(message, "`{}` → ", units.get(*index).map_or("", |u| &u.name));
    }
    if cycle.len() > MAX_SHOWN {
        message += "… → ";
    }
    let first = cycle.first().and_then(|i| units.get(*i)).map_or("", |u| &u.name);
    let _ = write!(message, "`{first}`");
    let last = cycle.last().and_then(|i| units.get(*i)).and_then(|unit| unit.shown.clone());
    let help = "Move what they share into a file of its own that all of them import";
    let problem = Problem::new(ProblemKind::ImportCycle, message).help(help);
    problems.cause(Problem { span, path: last, ..problem });
}

/// Adds one unit, whose imports have been dealt with, to the pool.
fn compile(
    units: &mut [Unit],
    index: usize,
    states: &[State],
    pool: &mut Pool,
    problems: &mut Problems,
) -> bool {
    let is_compiled =
        |i: &Import| i.target.is_some_and(|t| states.get(t) == Some(&State::Compiled));
    let Some(unit) = units.get(index) else { return false };
    let lost: Vec<usize> = (0..unit.imports.len())
        .filter(|i| !unit.imports.get(*i).is_some_and(is_compiled))
        .collect();
    let names: Vec<Option<String>> =
        unit.imports.iter().map(|import| Some(units.get(import.target?)?.name.clone())).collect();
    let Some(unit) = units.get_mut(index) else { return false };
    let added = match std::mem::replace(&mut unit.content, Content::Broken) {
        Content::Broken => return false,
        Content::Parsed(mut parsed) => {
            let file = &mut parsed.descriptor;
            file.name = Some(unit.name.clone());
            for (dependency, name) in file.dependency.iter_mut().zip(names.iter().flatten()) {
                dependency.clone_from(name);
            }
            if !lost.is_empty() {
                lenient::drop_imports(file, &lost);
                lenient::drop_unknown_options(file, pool.get());
            }
            // The check is for what is probably broken only; the pool does it for the rest.
            if lost.is_empty() || lenient::names_are_defined(file, pool.get()) {
                Some(add(*parsed, pool))
            } else {
                None
            }
        }
        Content::Encoded(bytes) if lost.is_empty() => {
            Some(pool.add(|pool| pool.decode_file_descriptor_proto(bytes)))
        }
        Content::Encoded(bytes) => match lenient::without_imports(&bytes, &lost) {
            Some(bytes) => {
                Some(pool.add(|pool| pool.decode_file_descriptor_proto(bytes.as_slice())))
            }
            None => return false,
        },
    };
    let Some(unit) = units.get(index) else { return false };
    let error = match added {
        Some(Ok(())) => return true,
        Some(Err(error)) => Some(error),
        None => None,
    };
    let broken = lost.iter().find_map(|i| unit.imports.get(*i).filter(|i| i.target.is_some()));
    match (broken, error) {
        _ if unit.builtin => {}
        (Some(broken), _) => problems.consequence(depends(unit, units, broken)),
        (None, Some(error)) if lost.is_empty() => {
            problems.extend(invalid(unit, &names, &error, pool));
        }
        // A missing import has been reported; what follows from it would only repeat that.
        _ => {}
    }
    false
}

/// Adds what came from text.
fn add(parsed: Parsed, pool: &mut Pool) -> Result<(), Failure> {
    let file = parsed.descriptor;
    let Some(edition) = parsed.edition else {
        return pool.add(|pool| pool.add_file_descriptor_proto(file));
    };
    let (edition, said) = *edition;
    let names = Names::new(&file, pool.get());
    match edition::lower_parsed(&file, edition, &said, &names) {
        Ok(bytes) => pool.add(|pool| pool.decode_file_descriptor_proto(bytes)),
        Err(edition::Failure::Faults(faults)) => Err(Failure::Faults(faults)),
        // It was serialized a moment ago, and its edition is known.
        Err(_) => Err(Failure::Panic),
    }
}

fn depends(unit: &Unit, units: &[Unit], broken: &Import) -> Problem {
    let name = broken.target.and_then(|t| units.get(t)).map_or("", |u| &u.name);
    let subject = if unit.text.is_some() { String::new() } else { format!("`{}` ", unit.name) };
    let message =
        format!("{subject}not compiled because `{name}`, which it imports, did not compile");
    let problem = Problem::new(ProblemKind::Invalid, message).help(format!("Fix `{name}` first"));
    Problem { span: broken.span, path: unit.shown.clone(), ..problem }
}

/// What is wrong with a unit that parsed but did not compile.
fn invalid(
    unit: &Unit,
    names: &[Option<String>],
    failure: &Failure,
    pool: &mut Pool,
) -> Vec<Problem> {
    let plain = || {
        let mut problems = match failure {
            Failure::Invalid(error) => {
                from_diagnostic(ProblemKind::Invalid, error, None, "", |at| at)
            }
            Failure::Faults(faults) => faults.iter().map(|f| from_fault(f, &[], "")).collect(),
            Failure::Panic => {
                let problem = Problem::new(ProblemKind::Invalid, "not a valid file descriptor");
                vec![problem.help("Compile it with protoc or buf to see what is wrong")]
            }
        };
        for problem in &mut problems {
            problem.span = None;
            // Only a descriptor set holds several files.
            if unit.text.is_none() {
                problem.message = format!("`{}`: {}", unit.name, problem.message);
            }
        }
        problems
    };
    let problems = again(unit, names, pool).unwrap_or_else(plain);
    let at = |problem| Problem { path: unit.shown.clone(), ..problem };
    problems.into_iter().map(at).collect()
}

/// Compiles a unit once more with every place, which are not kept otherwise, to tell where it is wrong.
fn again(unit: &Unit, names: &[Option<String>], pool: &mut Pool) -> Option<Vec<Problem>> {
    let text = unit.text.as_ref()?()?;
    let mut parsed = parse::parse_whole(&unit.name, &text).ok()?;
    for (dependency, name) in parsed.descriptor.dependency.iter_mut().zip(names.iter().flatten()) {
        dependency.clone_from(name);
    }
    let places = match &parsed.edition {
        Some(_) => parsed.descriptor.source_code_info.clone().unwrap_or_default().location,
        None => vec![],
    };
    let error = match add(parsed, pool) {
        Err(Failure::Invalid(error)) => error,
        Err(Failure::Faults(faults)) => {
            return Some(faults.iter().map(|f| from_fault(f, &places, &text)).collect());
        }
        _ => return None,
    };
    let span = match (error.line(), error.column()) {
        (Some(line), Some(column)) => {
            place_of_span(&text, &[i32::try_from(line).ok()?, i32::try_from(column).ok()?])
        }
        _ => None,
    };
    let error = error.with_source_code(&text);
    Some(from_diagnostic(ProblemKind::Invalid, &error, span, &text, |at| at))
}
