//! A configuration file: flags by their long names, and who may call what.

use clap::Command;
use serde_json::{Map, Value};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use wirelab_bridge::admission::Policy;
use wirelab_model::{Problem, ProblemKind};

/// The key of what is no flag.
const ADMISSION: &str = "admission";
/// The largest file that is read, bytes.
const MAX_BYTES: u64 = 4 << 20;

/// The arguments of `wirelab bridge` with the flags of its `--config` before them, but for those that are given; all
/// other arguments as they are.
///
/// # Errors
/// When the file cannot be read, and for a key that is no flag or a value that cannot be one.
pub fn expand(args: Vec<OsString>, program: &Command) -> Result<Vec<OsString>, Problem> {
    if args.get(1).is_none_or(|verb| verb != "bridge") {
        return Ok(args);
    }
    let texts: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect();
    let after = |at: usize| args.get(at + 1).map(Path::new);
    let path = texts.iter().enumerate().find_map(|(at, text)| match *text {
        "--config" => after(at),
        text => text.strip_prefix("--config=").map(Path::new),
    });
    let Some(path) = path else { return Ok(args) };
    let mut flags: Vec<OsString> = Vec::new();
    for (key, value) in read(path)? {
        if key == ADMISSION {
            continue;
        }
        let known = program.find_subcommand("bridge").and_then(|bridge| {
            bridge.get_arguments().find(|arg| arg.get_long() == Some(&key) && key != "config")
        });
        let Some(flag) = known else {
            return Err(wrong(path, format!("{key:?} is no flag of `wirelab bridge`"))
                .help("`wirelab bridge --help` lists them; write them without the dashes"));
        };
        let takes_value = flag.get_action().takes_values();
        let (whole, start) = (format!("--{key}"), format!("--{key}="));
        if texts.iter().any(|text| *text == whole || text.starts_with(&start)) {
            continue;
        }
        for value in words(&value).ok_or_else(|| {
            wrong(path, format!("{key} wants a text, a number, true or false, or a list of them"))
        })? {
            match value {
                Word::Switch(on) if takes_value => flags.push(format!("{start}{on}").into()),
                Word::Switch(true) => flags.push(whole.clone().into()),
                Word::Switch(false) => {}
                Word::Text(text) => flags.push(format!("{start}{text}").into()),
            }
        }
    }
    let mut args = args;
    args.splice(2..2, flags);
    Ok(args)
}

/// Who may call what.
///
/// # Errors
/// When the file cannot be read or says what cannot be understood.
pub fn policy(path: &Path) -> Result<Policy, Problem> {
    let Some(policy) = read(path)?.remove(ADMISSION) else { return Ok(Policy::default()) };
    serde_json::from_value(policy).map_err(|error| wrong(path, format!("{ADMISSION}: {error}")))
}

enum Word {
    Switch(bool),
    Text(String),
}

fn words(value: &Value) -> Option<Vec<Word>> {
    let word = |value: &Value| match value {
        Value::Bool(on) => Some(Word::Switch(*on)),
        Value::Number(number) => Some(Word::Text(number.to_string())),
        Value::String(text) => Some(Word::Text(text.clone())),
        _ => None,
    };
    match value {
        Value::Array(all) => all.iter().map(word).collect(),
        Value::Null => Some(Vec::new()),
        one => Some(vec![word(one)?]),
    }
}

fn read(path: &Path) -> Result<Map<String, Value>, Problem> {
    let io = |error: std::io::Error| {
        let message = format!("the configuration cannot be read: {error}");
        Problem::new(ProblemKind::Io, message).at(path.display().to_string())
    };
    if fs::metadata(path).map_err(io)?.len() > MAX_BYTES {
        return Err(wrong(
            path,
            format!("the configuration is larger than {} MiB", MAX_BYTES >> 20),
        ));
    }
    let text = fs::read_to_string(path).map_err(io)?;
    // JSON is YAML.
    let value: Value = serde_saphyr::from_str(&text).map_err(|error| {
        wrong(path, format!("the configuration is neither YAML nor JSON: {error}"))
    })?;
    match value {
        Value::Object(all) => Ok(all),
        Value::Null => Ok(Map::new()),
        _ => Err(wrong(path, "the configuration is no list of keys with values".to_owned())),
    }
}

fn wrong(path: &Path, message: String) -> Problem {
    Problem::new(ProblemKind::Mismatch, message).at(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command as Chosen};
    use clap::{CommandFactory, Parser};

    fn bridge(config: &str, given: &[&str]) -> Result<crate::args::Bridge, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bridge.yaml");
        fs::write(&path, config).unwrap();
        let path = path.to_str().unwrap();
        let args = [&["wirelab", "bridge", "--config", path], given].concat();
        let args = args.into_iter().map(OsString::from).collect();
        let args = expand(args, &Args::command()).map_err(|problem| problem.message)?;
        let args = Args::try_parse_from(args).map_err(|error| error.to_string())?;
        let Chosen::Bridge(bridge) = args.command else { return Err("another command".into()) };
        policy(Path::new(path)).map_err(|problem| problem.message)?;
        Ok(*bridge)
    }

    #[test]
    fn a_file_gives_flags_and_the_command_line_wins() {
        let yaml = "listen: [\"8081\", unix:///tmp/x]\nupstream: a:1\nmax-streams: 7\naccess-log: true\n\
                    plaintext: false\ndrain: 3s\nadmission:\n  limits: {rate: 5}\n";
        let all = bridge(yaml, &[]).unwrap();
        assert_eq!(all.listen.len(), 2);
        assert_eq!((all.upstream[0].as_str(), all.serving.max_streams), ("a:1", 7));
        assert!(all.observing.access_log && !all.connection.plaintext);
        let some = bridge(yaml, &["--upstream=b:2", "--max-streams", "8"]).unwrap();
        assert_eq!((some.upstream.join(","), some.serving.max_streams), ("b:2".into(), 8));
        let choices = "upstream: a:1\nprint-defaults: false\noriginal-names: true\npretty: true\n";
        let rest = bridge(choices, &[]).unwrap().rest;
        assert_eq!((rest.print_defaults, rest.original_names), (Some(false), Some(true)));
        assert!(rest.pretty && !rest.int64_as_numbers);
        let json = r#"{"upstream": ["10.0.0.1:1", "10.0.0.2:1"], "admission": {"rules": []}}"#;
        assert_eq!(bridge(json, &[]).unwrap().upstream.len(), 2);
    }

    #[test]
    fn the_example_of_the_readme_is_one() {
        let readme = include_str!("../../../../README.md");
        let example = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
        let all = bridge(example.unwrap(), &[]).unwrap();
        assert_eq!(all.upstream, ["dns:///shop:50051"]);
    }

    #[test]
    fn files_that_will_not_do() {
        let cases = [
            ("upstream: a:1\nlistne: 1", "\"listne\" is no flag"),
            ("upstream: a:1\nconfig: other.yaml", "is no flag"),
            ("upstream: {a: 1}", "wants a text"),
            ("- a", "no list of keys"),
            ("a: [", "neither YAML nor JSON"),
            ("upstream: a:1\nmax-streams: many", "invalid value"),
            ("upstream: a:1\nadmission: {limit: {}}", "unknown field `limit`"),
            ("listen: 1", "required"),
        ];
        for (config, wanted) in cases {
            let said = bridge(config, &[]).unwrap_err();
            assert!(said.contains(wanted), "{config}: {said}");
        }
    }
}
