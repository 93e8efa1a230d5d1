//! What went wrong, to which thing, and what to do next.

use serde::{Deserialize, Serialize};

/// One thing that went wrong. Crosses every border instead of a bare string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What sort of failure this is; decides icons, exit codes and retries.
    pub kind: ProblemKind,
    /// What happened, in a sentence without a trailing full stop.
    pub message: String,
    /// What to do next, in a sentence without a trailing full stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The thing it happened to: a file, an address, or a JSON path such as `items[2].price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where in that file or JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// The gRPC status code when a call ended with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_status: Option<u32>,
}

/// A place in a text, both counted from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The sorts of failure that the product tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProblemKind {
    /// A `.proto` file or JSON text does not parse.
    Syntax,
    /// An import that no root satisfies.
    MissingImport,
    /// Files that import each other.
    ImportCycle,
    /// A name that does not resolve, a duplicate definition, or another rule of the language broken.
    Invalid,
    /// Well-formed input that is not what the message, method or option wants.
    Mismatch,
    /// Something asked for that is not there.
    NotFound,
    /// The file system refused.
    Io,
    /// A limit was passed; the message names it.
    TooLarge,
    /// Nobody answers at the address.
    Unreachable,
    /// Somebody answers, but not in gRPC.
    NotGrpc,
    /// TLS wanted, refused or not trusted.
    Tls,
    /// The deadline passed.
    Deadline,
    /// Stopped on request.
    Cancelled,
    /// The server answered with a status other than OK.
    Status,
    /// The connection ended in the middle of a call.
    Interrupted,
    /// A database that another process holds.
    Locked,
    /// A database or file that is damaged.
    Damaged,
    /// Written by a newer version of Wirelab.
    NewerVersion,
    /// Not allowed: wrong token, host or origin.
    Forbidden,
    /// A fault of Wirelab's own.
    Internal,
}

impl Problem {
    /// A problem of `kind` with what happened.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Problem {
            kind,
            message: message.into(),
            help: None,
            path: None,
            span: None,
            grpc_status: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the thing it happened to.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds the place, both from 1.
    #[must_use]
    pub fn span(mut self, line: u32, column: u32) -> Self {
        self.span = Some(Span { line, column });
        self
    }

    /// Adds the gRPC status code.
    #[must_use]
    pub fn grpc(mut self, code: u32) -> Self {
        self.grpc_status = Some(code);
        self
    }
}

/// `path:line:column: message; help`, leaving out what is absent.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(path) = &self.path {
            f.write_str(path)?;
            if let Some(span) = self.span {
                write!(f, ":{}:{}", span.line, span.column)?;
            }
            f.write_str(": ")?;
        } else if let Some(span) = self.span {
            write!(f, "line {}, column {}: ", span.line, span.column)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}
