//! Requests as they are given: JSON values one after the other, from an argument, a file or standard input.

use crate::output;
use serde_json::{Deserializer, value::RawValue};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::PathBuf,
};
use tokio::sync::mpsc;
use wirelab_model::{Problem, ProblemKind};

/// How many values may be read ahead of the call.
const READ_AHEAD: usize = 16;

/// Where requests come from.
#[derive(Debug, PartialEq, Eq)]
pub enum Data {
    /// Nothing was given.
    None,
    /// The text itself.
    Text(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Data {
    /// Reads the flag `-d`.
    pub fn parse(flag: Option<&str>) -> Data {
        match flag {
            None => Data::None,
            Some("@" | "@-") => Data::Stdin,
            Some(text) => match text.strip_prefix('@') {
                Some(path) => Data::File(path.into()),
                None => Data::Text(text.to_owned()),
            },
        }
    }

    /// What problems call it.
    pub fn name(&self) -> String {
        match self {
            Data::None | Data::Text(_) => "-d".to_owned(),
            Data::File(path) => path.display().to_string(),
            Data::Stdin => "standard input".to_owned(),
        }
    }

    /// The values one by one, each as soon as it is complete. A thread of its own reads them, since standard input
    /// can only be waited for.
    pub fn values(self) -> mpsc::Receiver<Result<String, Problem>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        std::thread::spawn(move || {
            let name = self.name();
            let reader: Box<dyn Read> = match self {
                Data::None => return,
                Data::Text(text) => Box::new(io::Cursor::new(text)),
                Data::File(path) => match File::open(&path) {
                    Ok(file) => Box::new(BufReader::new(file)),
                    Err(error) => {
                        let problem = output::io("cannot be read", &error).at(name);
                        // Whoever waited for it has gone: nobody to tell.
                        let _ = sender.blocking_send(Err(problem));
                        return;
                    }
                },
                Data::Stdin => Box::new(io::stdin()),
            };
            for value in Deserializer::from_reader(reader).into_iter::<Box<RawValue>>() {
                let value = match value {
                    Ok(value) => Ok(value.get().to_owned()),
                    Err(error) => Err(not_json(&error, &name)),
                };
                let failed = value.is_err();
                if sender.blocking_send(value).is_err() || failed {
                    return;
                }
            }
        });
        receiver
    }
}

fn not_json(error: &serde_json::Error, name: &str) -> Problem {
    if error.is_io() {
        return Problem::new(ProblemKind::Io, format!("cannot be read: {error}")).at(name);
    }
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    let place = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
    Problem::new(ProblemKind::Syntax, format!("this is not JSON: {what}"))
        .at(name)
        .span(place(error.line()), place(error.column()))
}

#[cfg(test)]
mod tests {
    use super::Data;

    #[test]
    fn flags() {
        let cases = [
            (None, Data::None),
            (Some("{}"), Data::Text("{}".to_owned())),
            (Some("@-"), Data::Stdin),
            (Some("@"), Data::Stdin),
            (Some("@a/b.json"), Data::File("a/b.json".into())),
        ];
        for (flag, expected) in cases {
            assert_eq!(Data::parse(flag), expected);
        }
    }

    #[tokio::test]
    async fn values() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            (" \n", &[]),
            ("{}", &["{}"]),
            ("{\"a\": 1}\n{}[1]\"x\"", &["{\"a\": 1}", "{}", "[1]", "\"x\""]),
            ("18446744073709551616 1e999", &["18446744073709551616", "1e999"]),
            ("{} {", &["{}", "-d:1:4: this is not JSON: EOF while parsing an object"]),
            ("{}\n\n  x", &["{}", "-d:3:3: this is not JSON: expected value"]),
        ];
        for (text, expected) in cases {
            let mut values = Data::Text((*text).to_owned()).values();
            let mut got = Vec::new();
            while let Some(value) = values.recv().await {
                got.push(value.unwrap_or_else(|problem| problem.to_string()));
            }
            assert_eq!(got, *expected, "{text}");
        }
        let mut missing = Data::File("no/such/file".into()).values();
        let problem = missing.recv().await.unwrap().unwrap_err();
        assert!(problem.to_string().starts_with("no/such/file: cannot be read: "), "{problem}");
    }
}
