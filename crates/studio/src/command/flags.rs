//! grpcurl's flags (<https://github.com/fullstorydev/grpcurl>) and what `wirelab call` calls the same.

/// A flag under all its names.
#[derive(Debug)]
pub struct Flag {
    /// grpcurl's name first, where it has one; without dashes.
    pub names: &'static [&'static str],
    /// Whether a value follows.
    pub value: bool,
    /// What it is for.
    pub(super) what: What,
}

/// What a flag is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Plaintext,
    Tls,
    Insecure,
    Ca,
    Cert,
    Key,
    ServerName,
    Authority,
    UserAgent,
    Unix,
    Header,
    RpcHeader,
    ReflectHeader,
    ExpandHeaders,
    Data,
    Format,
    AllowUnknown,
    MaxTime,
    MaxMessage,
    ConnectTimeout,
    Keepalive,
    Proto,
    ImportPath,
    ProtoSet,
    UseReflection,
    Transport,
    Bridged,
    Http,
    Compress,
    Balance,
    HealthService,
    ServiceConfig,
    Retry,
    WaitForReady,
    Cold,
    /// Is about what is printed.
    Output,
    /// Writes files.
    Export,
}

const fn switch(names: &'static [&'static str], what: What) -> Flag {
    Flag { names, value: false, what }
}

const fn value(names: &'static [&'static str], what: What) -> Flag {
    Flag { names, value: true, what }
}

/// Every flag that a line may have.
pub const FLAGS: &[Flag] = &[
    switch(&["plaintext"], What::Plaintext),
    switch(&["tls"], What::Tls),
    switch(&["insecure"], What::Insecure),
    value(&["cacert"], What::Ca),
    value(&["cert"], What::Cert),
    value(&["key"], What::Key),
    value(&["servername"], What::ServerName),
    value(&["authority"], What::Authority),
    value(&["user-agent"], What::UserAgent),
    switch(&["unix"], What::Unix),
    value(&["H", "header"], What::Header),
    value(&["rpc-header"], What::RpcHeader),
    value(&["reflect-header"], What::ReflectHeader),
    switch(&["expand-headers"], What::ExpandHeaders),
    value(&["d", "data"], What::Data),
    value(&["format"], What::Format),
    switch(&["allow-unknown-fields"], What::AllowUnknown),
    value(&["max-time", "deadline"], What::MaxTime),
    value(&["max-msg-sz", "max-message"], What::MaxMessage),
    value(&["connect-timeout"], What::ConnectTimeout),
    value(&["keepalive-time", "keepalive"], What::Keepalive),
    value(&["proto"], What::Proto),
    value(&["import-path", "I"], What::ImportPath),
    value(&["protoset"], What::ProtoSet),
    switch(&["use-reflection"], What::UseReflection),
    value(&["transport"], What::Transport),
    value(&["http"], What::Http),
    value(&["compress"], What::Compress),
    value(&["balance"], What::Balance),
    value(&["health-service"], What::HealthService),
    value(&["service-config"], What::ServiceConfig),
    value(&["retry"], What::Retry),
    switch(&["wait-for-ready"], What::WaitForReady),
    switch(&["cold"], What::Cold),
    switch(&["bridged"], What::Bridged),
    switch(&["v", "verbose"], What::Output),
    switch(&["vv"], What::Output),
    switch(&["emit-defaults"], What::Output),
    switch(&["format-error"], What::Output),
    switch(&["msg-template"], What::Output),
    switch(&["json"], What::Output),
    switch(&["no-history"], What::Output),
    value(&["data-dir"], What::Output),
    value(&["protoset-out"], What::Export),
    value(&["proto-out-dir"], What::Export),
];

/// A word that is a flag: which, and the value that is in the same word.
#[derive(Debug)]
pub enum Word<'a> {
    /// A flag, and what stands after its `=`.
    Flag(&'static Flag, Option<&'a str>),
    /// Looks like a flag, but nobody has it.
    Unknown,
    /// An argument.
    Argument,
}

/// Reads a word as Go's `flag` package does: one dash or two, the value after `=` or in the next word; and, as GNU
/// programs do, the value right after the letter of a short flag.
pub fn word(word: &str) -> Word<'_> {
    let Some(bare) = word.strip_prefix('-').filter(|bare| !bare.is_empty()) else {
        return Word::Argument;
    };
    let single = !bare.starts_with('-');
    let bare = bare.strip_prefix('-').unwrap_or(bare);
    let (name, value) = match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    };
    let named = |name: &str| FLAGS.iter().find(|flag| flag.names.contains(&name));
    if let Some(flag) = named(name) {
        return Word::Flag(flag, value);
    }
    let mut letters = bare.chars();
    let letter = letters.next().map(String::from).unwrap_or_default();
    match named(&letter) {
        Some(flag) if single && flag.value => Word::Flag(flag, Some(letters.as_str())),
        _ => Word::Unknown,
    }
}

/// Whether a switch with `=value` is on, as Go's `strconv.ParseBool` reads it.
pub fn is_on(value: Option<&str>) -> Option<bool> {
    match value {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Some(true),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Some(false),
        Some(_) => None,
    }
}
