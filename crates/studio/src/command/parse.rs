//! From a command line to a request.

use super::{
    flags::{self, Flag, What, Word},
    layout::{compact, pretty},
    words::{self, Command, Input},
};
use base64::{Engine, engine::general_purpose as alphabet};
use serde_json::{Deserializer, value::RawValue};
use wirelab_model::*;

/// The longest line that is read, bytes.
pub const MAX_COMMAND_BYTES: usize = 16 << 20;

/// Programs whose lines are understood.
const PROGRAMS: [&str; 2] = ["grpcurl", "wirelab"];

/// Reads the first `grpcurl`, `wirelab call` or `wirelab grpcurl` command of a text. Nothing is run and no file is
/// opened; paths stay as they are written.
///
/// # Errors
/// `Syntax` when quotes do not match, `Mismatch` when there is no such command or the text is too long.
pub fn parse(text: &str) -> Result<ParsedCommand, Problem> {
    if text.len() > MAX_COMMAND_BYTES {
        let message = format!("the line is longer than {MAX_COMMAND_BYTES} bytes");
        return Err(Problem::new(ProblemKind::TooLarge, message).help("paste one command only"));
    }
    let script = words::read(text)?;
    let found = script.commands.iter().enumerate().find_map(|(index, command)| {
        let at = command.words.iter().position(|word| PROGRAMS.contains(&program(word)))?;
        Some((index, command, at))
    });
    let Some((index, command, at)) = found else {
        return Err(Problem::new(ProblemKind::Mismatch, "this is no grpcurl command line").help(
            "paste a line such as: grpcurl -plaintext -d '{}' localhost:50051 pkg.Service/Method",
        ));
    };
    let (name, arguments) = command.words.split_at(at + 1);
    let wirelab = name.last().is_some_and(|name| program(name) == "wirelab");
    let before = index.checked_sub(1).and_then(|index| script.commands.get(index));
    let mut line = Line { notes: script.notes, ..Line::default() };
    let arguments = match (wirelab, arguments.split_first()) {
        (true, Some((verb, rest))) if verb == "call" || verb == "grpcurl" => {
            line.by_address = verb == "call";
            rest
        }
        (true, Some((verb, _))) if verb == "list" || verb == "describe" => {
            line.by_address = true;
            arguments
        }
        (true, _) => {
            let message = "of wirelab's commands only `call` and `grpcurl` make a request";
            return Err(Problem::new(ProblemKind::Mismatch, message));
        }
        (false, _) => arguments,
    };
    line.read(arguments);
    if let Some(after) = script.commands.get(index + 1) {
        let program = after.words.first().map_or("a command", |word| program(word));
        line.note(format!("what comes after it in the line ({program}) is left out"));
    }
    let stdin = stdin(command, before);
    Ok(line.finish(stdin))
}

/// The name of a program: without its folder, its ending or the tag of a container image.
fn program(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.split(':').next().unwrap_or(name);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// What a command reads: the text, or why it is not known.
fn stdin(command: &Command, before: Option<&Command>) -> Result<String, String> {
    match &command.input {
        Input::Text(text) => Ok(text.clone()),
        Input::File(file) => Err(format!("the request is in a file ({file}), which is not read")),
        Input::Terminal => Err("the request is typed by hand".to_owned()),
        Input::Pipe => before.map_or_else(|| Err("the request is missing".to_owned()), printed),
    }
}

/// What `echo`, `printf` or `cat` print.
fn printed(command: &Command) -> Result<String, String> {
    let mut words = command.words.iter().map(String::as_str);
    let name = words.next().map_or("", program);
    let unknown =
        || Err(format!("the request comes from another program ({name}), which is not run"));
    match name {
        "echo" => {
            let flag = |word: &&str| matches!(*word, "-n" | "-e" | "-E" | "-ne" | "-en");
            Ok(words.skip_while(flag).collect::<Vec<_>>().join(" "))
        }
        "printf" => match (words.next(), words.collect::<Vec<_>>()) {
            (Some("%s" | "%s\\n"), rest) => Ok(rest.join("\n")),
            (Some(text), rest) if rest.is_empty() && !text.contains('%') => {
                Ok(text.replace("\\n", "\n"))
            }
            _ => unknown(),
        },
        "cat" => match (&command.input, words.next()) {
            (Input::Text(text), None | Some("-")) => Ok(text.clone()),
            (_, Some(file)) => Err(format!("the request is in a file ({file}), which is not read")),
            _ => unknown(),
        },
        _ => unknown(),
    }
}

/// What has been read of the line.
#[derive(Default)]
struct Line {
    /// Whether TLS is by the address and not, as grpcurl has it, unless it is refused.
    by_address: bool,
    plaintext: bool,
    tls: bool,
    unix: bool,
    expand: bool,
    text_format: bool,
    reflection: bool,
    data: Option<String>,
    protos: Vec<String>,
    import_paths: Vec<String>,
    sets: Vec<String>,
    reflect_metadata: Vec<Metadatum>,
    servername: Option<String>,
    spec: CallSpec,
    arguments: Vec<String>,
    notes: Vec<Problem>,
}

impl Line {
    fn note(&mut self, message: impl Into<String>) {
        let note = Problem::new(ProblemKind::Mismatch, message);
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn read(&mut self, words: &[String]) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match flags::word(word) {
                Word::Flag(flag, value) => {
                    let value = match (flag.value, value) {
                        (true, Some(value)) => value.to_owned(),
                        (true, None) => match words.next() {
                            Some(value) => value.clone(),
                            None => {
                                self.note(format!("the value of {word} is missing"));
                                break;
                            }
                        },
                        (false, value) => match flags::is_on(value) {
                            Some(true) => String::new(),
                            Some(false) => continue,
                            None => {
                                self.note(format!("{word} is neither on nor off"));
                                continue;
                            }
                        },
                    };
                    self.flag(flag, value);
                }
                Word::Argument => self.arguments.push(word.clone()),
                Word::Unknown if word == "--" => {
                    self.arguments.extend(words.by_ref().cloned());
                }
                Word::Unknown => self.note(format!("{word} is no flag of grpcurl's")),
            }
        }
    }

    fn flag(&mut self, flag: &Flag, value: String) {
        let name = flag.names.first().copied().unwrap_or_default();
        let endpoint = &mut self.spec.endpoint;
        let known = match flag.what {
            What::Plaintext => return self.plaintext = true,
            What::Tls => return self.tls = true,
            What::Insecure => return endpoint.tls_options.insecure = true,
            What::Ca => return endpoint.tls_options.ca = Some(value),
            What::Cert => return endpoint.tls_options.cert = Some(value),
            What::Key => return endpoint.tls_options.key = Some(value),
            What::ServerName => return self.servername = Some(value),
            What::Authority => return endpoint.authority = Some(value),
            What::UserAgent => return endpoint.user_agent = Some(value),
            What::Unix => return self.unix = true,
            What::Bridged => return endpoint.bridged = true,
            What::Header => {
                let metadatum = metadatum(&value);
                self.reflect_metadata.push(metadatum.clone());
                return self.spec.metadata.push(metadatum);
            }
            What::RpcHeader => return self.spec.metadata.push(metadatum(&value)),
            What::ReflectHeader => return self.reflect_metadata.push(metadatum(&value)),
            What::ExpandHeaders => return self.expand = true,
            What::Data => return self.data = Some(value),
            What::Proto => return self.protos.push(value),
            What::ImportPath => return self.import_paths.push(value),
            What::ProtoSet => return self.sets.push(value),
            What::UseReflection => return self.reflection = true,
            What::WaitForReady => return self.spec.wait_for_ready = true,
            What::Cold => return self.spec.cold = true,
            What::Output => return,
            What::Format if value == "text" => return self.text_format = true,
            What::Format => return,
            What::AllowUnknown => {
                return self.note("fields that the message does not have are refused here");
            }
            What::Export => {
                return self.note(format!("-{name} writes files, which is not done here"));
            }
            What::MaxTime => millis(&value).map(|time| self.spec.deadline_ms = Some(time)),
            What::MaxMessage => bytes(&value).map(|most| self.spec.max_message_bytes = Some(most)),
            What::Keepalive => millis(&value).map(|time| endpoint.keepalive_ms = Some(time)),
            What::ConnectTimeout => {
                millis(&value).map(|time| endpoint.connect_timeout_ms = Some(time))
            }
            What::Transport => {
                let value = if value == "ws" { "websocket" } else { &value };
                let same =
                    |known: &Transport| known.name().replace(' ', "-").eq_ignore_ascii_case(value);
                Transport::ALL.into_iter().find(same).map(|known| endpoint.transport = known)
            }
            What::Http => match value.as_str() {
                "auto" => Some(HttpVersion::Auto),
                "1" | "1.1" => Some(HttpVersion::Http1),
                "2" => Some(HttpVersion::Http2),
                _ => None,
            }
            .map(|known| endpoint.http = known),
            What::Compress => {
                let known = Compression::ALL.into_iter().find(|known| known.name() == value);
                known.map(|known| self.spec.compression = Some(known))
            }
            What::Balance => [
                BalancingPolicy::PickFirst,
                BalancingPolicy::RoundRobin,
                BalancingPolicy::LeastRequest,
                BalancingPolicy::Weighted,
            ]
            .into_iter()
            .find(|known| known.name() == value)
            .map(|known| endpoint.balancing.policy = Some(known)),
            What::HealthService => return endpoint.balancing.health = Some(value),
            What::ServiceConfig if value.starts_with('@') => {
                return self
                    .note(format!("the service config is in a file ({value}), which is not read"));
            }
            What::ServiceConfig => return endpoint.service_config = Some(value),
            What::Retry => value.parse().ok().map(|max_attempts| {
                self.spec.retry = Some(RetryPolicy { max_attempts, ..RetryPolicy::default() });
            }),
        };
        if known.is_none() {
            self.note(format!("the value {value:?} of -{name} is not understood"));
        }
    }

    fn finish(mut self, stdin: Result<String, String>) -> ParsedCommand {
        self.place();
        if self.expand && self.spec.metadata.iter().any(is_variable) {
            self.note(
                "-expand-headers takes values from the environment; they are kept as written",
            );
        }
        let messages = self.messages(stdin);
        let sources = self.sources();
        let request = SavedRequest { spec: self.spec, messages, ..SavedRequest::default() };
        ParsedCommand { request, sources, notes: self.notes }
    }

    /// Tells address, verb and method among the arguments, and what TLS there is.
    fn place(&mut self) {
        let mut arguments = std::mem::take(&mut self.arguments).into_iter().peekable();
        let verb = |word: &str| word == "list" || word == "describe";
        // `wirelab list` takes an address and a name in any order; grpcurl may do without the address.
        let first = arguments.next_if(|word| verb(word));
        let address = match (&first, self.by_address) {
            (Some(_), false) => None,
            (Some(_), true) => arguments.next_if(|word| word.contains(':')),
            (None, _) => arguments.next(),
        };
        let looked = first.or_else(|| arguments.next_if(|word| verb(word)));
        let symbol = arguments.next();
        let address =
            address.or_else(|| arguments.next_if(|_| looked.is_some() && self.by_address));
        if arguments.next().is_some() {
            self.note("the line has more arguments than an address and a method");
        }
        match (&looked, symbol) {
            (Some(verb), _) => self.note(format!("the line makes no call: it asks for `{verb}`")),
            (None, None) => self.note("the line names no method"),
            (None, Some(symbol)) => self.spec.method = method(&symbol),
        }
        let endpoint = &mut self.spec.endpoint;
        endpoint.address = match (address, self.unix) {
            (Some(path), true) if path.starts_with('/') => format!("unix://{path}"),
            (Some(path), true) if !path.starts_with("unix:") => format!("unix:{path}"),
            // Go takes a missing host for this machine.
            (Some(port), _) if port.starts_with(':') => format!("localhost{port}"),
            (address, _) => address.unwrap_or_default(),
        };
        let secure = match self.by_address {
            true => {
                self.tls
                    || endpoint.address.starts_with("https://")
                    || endpoint.address.ends_with(":443")
            }
            false => true,
        };
        endpoint.tls = if secure && !self.plaintext { Tls::System } else { Tls::Off };
        // grpcurl verifies the server by the authority; `-servername` is its old name.
        endpoint.tls_options.server_name = self.servername.take().or_else(|| {
            endpoint.authority.clone().filter(|_| endpoint.tls == Tls::System && !self.by_address)
        });
        if endpoint.address.is_empty() {
            self.note("the line names no address");
        }
    }

    /// The requests, each as indented JSON.
    fn messages(&mut self, stdin: Result<String, String>) -> Vec<String> {
        let data = match self.data.take() {
            None => return Vec::new(),
            Some(data) => data,
        };
        let text = match data.strip_prefix('@') {
            Some("" | "-") => stdin,
            Some(file) if self.by_address => {
                Err(format!("the request is in a file ({file}), which is not read"))
            }
            _ => Ok(data),
        };
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                self.notes.push(
                    Problem::new(ProblemKind::Mismatch, why).help("paste the request's JSON text"),
                );
                return Vec::new();
            }
        };
        if self.text_format {
            self.note("the request is in Protobuf's text format; write it as JSON");
            return vec![text];
        }
        let values = Deserializer::from_str(&text).into_iter::<Box<RawValue>>();
        match values.collect::<Result<Vec<_>, _>>() {
            Ok(values) => values.iter().map(|value| pretty(&compact(value.get()))).collect(),
            Err(error) => {
                self.note(format!("the request is not JSON: {error}"));
                vec![text]
            }
        }
    }

    fn sources(&mut self) -> Vec<SourceSpec> {
        let import_roots = std::mem::take(&mut self.import_paths);
        let paths = self.protos.iter().chain(&self.sets).chain(&import_roots);
        let relative: Vec<&str> =
            paths.filter(|path| !is_absolute(path)).map(String::as_str).collect();
        if !relative.is_empty() {
            let message = format!("the line holds relative paths: {}", relative.join(", "));
            self.notes.push(
                Problem::new(ProblemKind::Mismatch, message)
                    .help("they are looked for from the folder where Wirelab was started"),
            );
        }
        let protos = std::mem::take(&mut self.protos);
        let files = protos
            .into_iter()
            .map(|path| SourceSpec::Files { path, import_roots: import_roots.clone() });
        let sets = std::mem::take(&mut self.sets);
        let sets = sets.into_iter().map(|path| SourceSpec::DescriptorSet { path });
        let mut sources: Vec<SourceSpec> = files.chain(sets).collect();
        if (sources.is_empty() || self.reflection) && !self.spec.endpoint.address.is_empty() {
            sources.push(SourceSpec::Reflection {
                endpoint: self.spec.endpoint.clone(),
                metadata: std::mem::take(&mut self.reflect_metadata),
            });
        }
        sources
    }
}

fn is_variable(metadatum: &Metadatum) -> bool {
    matches!(&metadatum.value, MetadataValue::Text(text) if text.contains("${"))
}

/// Whether a path means the same from every folder, on this system or on Windows.
fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\'])
        || path.get(1..3).is_some_and(|drive| drive == ":\\" || drive == ":/")
}

/// `pkg.Service/Method` from that, from `/pkg.Service/Method` or from `pkg.Service.Method`.
fn method(symbol: &str) -> String {
    let symbol = symbol.trim_start_matches('/');
    match (symbol.contains('/'), symbol.rsplit_once('.')) {
        (false, Some((service, method))) => format!("{service}/{method}"),
        _ => symbol.to_owned(),
    }
}

/// `key: value` as grpcurl reads it: without a colon it is a key, and what is not base64 for a `-bin` key stands for
/// itself.
fn metadatum(header: &str) -> Metadatum {
    let (key, value) = header.split_once(':').unwrap_or((header, ""));
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
    if !key.ends_with("-bin") {
        return Metadatum::text(key, value);
    }
    let alphabets = [
        alphabet::STANDARD,
        alphabet::URL_SAFE,
        alphabet::STANDARD_NO_PAD,
        alphabet::URL_SAFE_NO_PAD,
    ];
    let decoded = alphabets.iter().find_map(|alphabet| alphabet.decode(value).ok());
    Metadatum::binary(key, decoded.unwrap_or_else(|| value.as_bytes().to_vec()))
}

/// Milliseconds, rounded up: grpcurl gives seconds, Wirelab units too.
fn millis(text: &str) -> Option<u64> {
    const UNITS: [(&str, f64); 4] = [("ms", 1.0), ("s", 1e3), ("m", 6e4), ("h", 3.6e6)];
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
        .unwrap_or((text, 1e3));
    let millis = number.parse::<f64>().ok()? * unit;
    // Decimal fractions of a second are not exact: a hair above a millisecond is that millisecond.
    let whole = (millis - 1e-6).ceil().max(1.0);
    // Finite, positive and far below the largest integer.
    (millis > 0.0 && millis < 1e15).then_some(whole as u64)
}

/// Bytes: a number, or with `KiB`, `MiB` or `GiB`.
fn bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u32); 3] = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let (number, bits) = UNITS
        .iter()
        .find_map(|(name, bits)| Some((text.strip_suffix(name)?, *bits)))
        .unwrap_or((text, 0));
    number.trim_end().parse::<u64>().ok()?.checked_mul(1 << bits).filter(|bytes| *bytes > 0)
}
