//! `wirelab grpcurl`: grpcurl's arguments, turned into those of `list`, `describe` or `call`.

use crate::args::Args;
use clap::{Command, CommandFactory};
use wirelab_model::{Problem, ProblemKind};
use wirelab_studio::command::flags::{Word, is_on, word};

/// What grpcurl does.
const VERBS: [&str; 3] = ["call", "list", "describe"];

/// The same as arguments of `wirelab`.
///
/// # Errors
/// Flags that grpcurl does not have, values that are missing, and too few or too many arguments.
pub fn translate(args: &[String]) -> Result<Vec<String>, Problem> {
    let (mut flags, mut words) = (Vec::new(), Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match word(arg) {
            Word::Flag(flag, value) => {
                let name = flag.names.first().copied().unwrap_or_default();
                let value = match (flag.value, value) {
                    (true, Some(value)) => Some(value.to_owned()),
                    (true, None) => {
                        let next = args.next().cloned();
                        Some(next.ok_or_else(|| wrong(format!("{arg} needs a value")))?)
                    }
                    (false, value) => match is_on(value) {
                        Some(true) => None,
                        Some(false) => continue,
                        None => return Err(wrong(format!("{arg} is neither true nor false"))),
                    },
                };
                flags.push((name, value));
            }
            Word::Unknown if arg == "--" => words.extend(args.by_ref().cloned()),
            Word::Unknown => return Err(wrong(format!("{arg} is no flag of grpcurl's"))),
            Word::Argument => words.push(arg.clone()),
        }
    }
    let is_verb =
        |word: Option<&String>| word.is_some_and(|word| word == "list" || word == "describe");
    // The address comes first, and only `list` and `describe` do without.
    let verb = (0..2).find(|at| is_verb(words.get(*at))).map(|at| words.remove(at));
    let most = if verb.is_none() { 2..=2 } else { 0..=2 };
    if !most.contains(&words.len()) {
        return Err(wrong("expected [ADDRESS] list, [ADDRESS] describe or ADDRESS METHOD"));
    }
    let verb = verb.unwrap_or_else(|| "call".to_owned());
    secure(&mut flags);

    let mut program = Args::command();
    program.build();
    if let Some((name, _)) = flags.iter().find(|(name, _)| {
        !VERBS
            .iter()
            .any(|verb| program.find_subcommand(verb).is_some_and(|verb| knows(verb, name)))
    }) {
        return Err(wrong(format!("-{name} is not supported")));
    }
    let command = program.find_subcommand(&verb);
    let mut line = vec!["wirelab".to_owned(), verb];
    for (name, value) in flags {
        // grpcurl passes over flags that say nothing to the verb, too.
        if command.is_some_and(|command| knows(command, name)) {
            let dashes = if name.len() == 1 || name == "vv" { "-" } else { "--" };
            line.push(match value {
                Some(value) => format!("{dashes}{name}={value}"),
                None => format!("{dashes}{name}"),
            });
        }
    }
    line.push("--".to_owned());
    line.extend(words);
    Ok(line)
}

/// grpcurl has TLS unless it is told otherwise, and verifies the server by its authority.
fn secure(flags: &mut Vec<(&str, Option<String>)>) {
    let given = |wanted: &str| flags.iter().find(|(name, _)| *name == wanted).cloned();
    if given("plaintext").is_some() {
        return;
    }
    let tls = given("tls").is_none().then_some(("tls", None));
    let authority = given("authority").filter(|_| given("servername").is_none());
    flags.extend(authority.map(|(_, authority)| ("servername", authority)));
    flags.extend(tls);
}

fn knows(command: &Command, name: &str) -> bool {
    command.get_arguments().any(|arg| {
        arg.get_long() == Some(name)
            || arg.get_all_aliases().unwrap_or_default().contains(&name)
            || arg.get_short().is_some_and(|short| {
                // `-vv` is `-v` twice.
                !name.is_empty() && (name.len() == 1 || name == "vv") && name.starts_with(short)
            })
    })
}

fn wrong(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Mismatch, message).help("`wirelab grpcurl --help` shows examples")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirelab_studio::command::flags::FLAGS;

    #[test]
    fn lines() {
        let cases = [
            ("-plaintext h:1 list", "list --plaintext -- h:1"),
            ("h:1 list a.B", "list --tls -- h:1 a.B"),
            ("-protoset x list", "list --protoset=x --tls --"),
            ("-plaintext -d {} -v h:1 describe a.B", "describe --plaintext -- h:1 a.B"),
            ("-plaintext -d @ -vv h:1 a.B/C", "call --plaintext -d=@ -vv -- h:1 a.B/C"),
            ("-plaintext=true -emit-defaults=false h:1 a.B/C", "call --plaintext -- h:1 a.B/C"),
            ("-authority x h:1 a.B/C", "call --authority=x --servername=x --tls -- h:1 a.B/C"),
            ("h:1", "! expected [ADDRESS] list, [ADDRESS] describe or ADDRESS METHOD"),
            ("", "! expected [ADDRESS] list, [ADDRESS] describe or ADDRESS METHOD"),
            ("h:1 a.B/C x", "! expected [ADDRESS] list, [ADDRESS] describe or ADDRESS METHOD"),
            ("-nonsense h:1 list", "! -nonsense is no flag of grpcurl's"),
            ("h:1 a.B/C -d", "! -d needs a value"),
            ("-protoset-out x h:1 list", "! -protoset-out is not supported"),
            ("-tls=perhaps h:1 list", "! -tls=perhaps is neither true nor false"),
        ];
        for (given, expected) in cases {
            let args: Vec<String> = given.split_whitespace().map(str::to_owned).collect();
            let got = match translate(&args) {
                Ok(line) => line.into_iter().skip(1).collect::<Vec<_>>().join(" "),
                Err(problem) => format!("! {}", problem.message),
            };
            assert_eq!(got, expected, "{given}");
        }
    }

    /// What a pasted line may hold, the command line takes as well.
    #[test]
    fn every_flag_is_known() {
        let mut program = Args::command();
        program.build();
        for flag in FLAGS {
            for name in flag.names {
                let known = VERBS.iter().any(|verb| {
                    program.find_subcommand(verb).is_some_and(|command| knows(command, name))
                });
                let refused = ["protoset-out", "proto-out-dir"].contains(name);
                assert_eq!(known, !refused, "-{name}");
            }
        }
    }
}
