//! Flags as Go programs have them, turned into those of GNU programs, so that one definition of the flags serves both:
//! `-plaintext`, `-max-time=5`, `-emit-defaults=false`, `--d @`.

use clap::{Arg, Command};
use std::ffi::OsString;
use wirelab_studio::command::flags::is_on;

/// The arguments of the program as clap understands them. What is no flag of the command stays as it is.
pub fn normalise(
    args: impl IntoIterator<Item = OsString>,
    program: &Command,
) -> impl Iterator<Item = OsString> {
    let mut args = args.into_iter();
    let mut done: Vec<OsString> = args.by_ref().take(2).collect();
    let verb = done.get(1).and_then(|verb| verb.to_str());
    // grpcurl's own arguments are read elsewhere.
    let command =
        verb.filter(|verb| *verb != "grpcurl").and_then(|verb| program.find_subcommand(verb));
    if let Some(command) = command {
        while let Some(arg) = args.next() {
            if arg == "--" {
                done.push(arg);
                break;
            }
            match arg.to_str().map(|text| flag(text, command)) {
                Some(Read::Flag(flag, takes_next)) => {
                    done.push(flag.into());
                    if takes_next {
                        done.extend(args.next());
                    }
                }
                Some(Read::Off) => {}
                Some(Read::Other) | None => done.push(arg),
            }
        }
    }
    done.into_iter().chain(args)
}

/// What an argument is.
enum Read {
    /// A flag as clap has it, and whether the next argument is its value.
    Flag(String, bool),
    /// A switch that is off.
    Off,
    /// Something else.
    Other,
}

fn flag(text: &str, command: &Command) -> Read {
    let Some(bare) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else {
        return Read::Other;
    };
    let (name, value) = match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    };
    let Some(arg) = command.get_arguments().find(|arg| is_called(arg, name)) else {
        // Not a row of short flags: better said to be unknown as a whole than by its first letter.
        let letter = name.chars().next();
        let short = letter.is_none_or(|letter| {
            command.get_arguments().any(|arg| arg.get_short() == Some(letter))
        });
        return if short { Read::Other } else { Read::Flag(format!("--{bare}"), false) };
    };
    let dashes = if name.chars().count() == 1 { "-" } else { "--" };
    let flag = format!("{dashes}{name}");
    // An optional value has to be in the same word.
    let optional = arg.get_num_args().is_some_and(|values| values.min_values() == 0);
    match (arg.get_action().takes_values(), value) {
        (true, None) => Read::Flag(flag, !optional),
        (true, Some(value)) => Read::Flag(format!("{flag}={value}"), false),
        (false, value) => match is_on(value) {
            Some(true) => Read::Flag(flag, false),
            Some(false) => Read::Off,
            None => Read::Other,
        },
    }
}

fn is_called(arg: &Arg, name: &str) -> bool {
    let mut letters = name.chars();
    let short = letters.next().filter(|_| letters.next().is_none());
    let aliases = arg.get_all_aliases().unwrap_or_default();
    arg.get_long() == Some(name)
        || aliases.contains(&name)
        || (short.is_some() && arg.get_short() == short)
}

#[cfg(test)]
mod tests {
    use super::normalise;
    use crate::args::Args;
    use clap::CommandFactory;

    #[test]
    fn go_and_gnu() {
        let cases = [
            ("call -plaintext h:1 a.B/C", "call --plaintext h:1 a.B/C"),
            ("call --plaintext h:1", "call --plaintext h:1"),
            ("call -max-time 5 -max-time=5", "call --max-time 5 --max-time=5"),
            ("call -d @ -d=@ --d @ -d@", "call -d @ -d=@ -d @ -d@"),
            ("call -H a:b -rpc-header c:d", "call -H a:b --rpc-header c:d"),
            ("call -v -vv -vd {}", "call -v -vv -vd {}"),
            ("call -v=true -v=false -emit-defaults=0 -cold=T", "call -v --cold"),
            ("call -tls=perhaps", "call -tls=perhaps"),
            ("call -d -plaintext", "call -d -plaintext"),
            ("call -d -- -plaintext", "call -d -- --plaintext"),
            ("call -- -plaintext", "call -- -plaintext"),
            ("call - -x -plaintxt=1 -vx", "call - --x --plaintxt=1 -vx"),
            ("list -protoset x.pb -help", "list --protoset x.pb --help"),
            ("serve -demo -port 1 -no-open", "serve --demo --port 1 --no-open"),
            ("grpcurl -plaintext h:1 list", "grpcurl -plaintext h:1 list"),
            ("-help", "-help"),
            ("nonsense -plaintext", "nonsense -plaintext"),
            ("", ""),
        ];
        let mut program = Args::command();
        program.build();
        for (given, expected) in cases {
            let words = |text: &str| -> Vec<String> {
                ["wirelab"].into_iter().chain(text.split_whitespace()).map(str::to_owned).collect()
            };
            let got: Vec<String> = normalise(words(given).into_iter().map(Into::into), &program)
                .map(|arg| arg.into_string().unwrap())
                .collect();
            assert_eq!(got, words(expected), "{given}");
        }
    }
}
