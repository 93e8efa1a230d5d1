//! Reflection against servers that answer as told.

use crate::support::*;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, FileDescriptorResponse, ListServiceResponse, ServerReflectionRequest,
    ServerReflectionResponse, ServiceResponse,
};
use wirelab_call::{Client, Reflected};
use wirelab_model::{Cardinality, Endpoint, Metadatum, Problem, Tls};
use wirelab_schema::{Input, Schema, Source};

pub fn file(name: &str, imports: &[&str]) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.into()),
        dependency: imports.iter().map(|import| import.to_string()).collect(),
        ..FileDescriptorProto::default()
    }
}

pub fn services(names: &[&str]) -> MessageResponse {
    let service = names.iter().map(|name| ServiceResponse { name: name.to_string() }).collect();
    MessageResponse::ListServicesResponse(ListServiceResponse { service })
}

pub fn files(files: &[FileDescriptorProto]) -> MessageResponse {
    raw(files.iter().map(Message::encode_to_vec).collect())
}

pub fn raw(file_descriptor_proto: Vec<Vec<u8>>) -> MessageResponse {
    MessageResponse::FileDescriptorResponse(FileDescriptorResponse { file_descriptor_proto })
}

pub fn unknown(what: &str) -> MessageResponse {
    let error_message = format!("{what} is unknown.");
    MessageResponse::ErrorResponse(ErrorResponse { error_code: 5, error_message })
}

/// What the server says to a question: `*` asks for the services, other texts for a symbol or a file. None ends
/// the stream with INTERNAL.
type Answers = fn(&str) -> Option<MessageResponse>;

/// Answers on `path`, other methods are not implemented.
async fn server(path: &'static str, answers: Answers) -> Server {
    misbehaving(path, move |question, _| answers(question).map_or(Say::Crash, Say::Answer)).await
}

/// What a server does about a question.
pub enum Say {
    Answer(MessageResponse),
    /// Ends the stream with INTERNAL.
    Crash,
    /// Ends the stream as if all were well.
    End,
    /// Resets the stream.
    Reset,
    /// Sends bytes that are no answer.
    Garbage,
    /// Begins a message that is longer than is taken.
    Flood,
}

/// Says what `say` gives for a question and for how often it was asked before.
pub async fn misbehaving(
    path: &'static str,
    say: impl Fn(&str, usize) -> Say + Send + Sync + 'static,
) -> Server {
    let (say, asked) = (Arc::new(say), Arc::new(Mutex::new(HashMap::<String, usize>::new())));
    grpc(move |request, mut reply| {
        let (say, asked) = (say.clone(), asked.clone());
        async move {
            if request.uri().path() != path {
                let head = [("content-type", "application/grpc"), ("grpc-status", "12")];
                return reply.head(200, &head, true);
            }
            reply.open();
            let mut body = request.into_body();
            let mut buffer = Vec::new();
            while let Some(Ok(data)) = body.data().await {
                let _ = body.flow_control().release_capacity(data.len());
                buffer.extend(data);
                while buffer.len() >= 5 && buffer.len() >= 5 + usize::from(buffer[4]) {
                    let rest = buffer.split_off(5 + usize::from(buffer[4]));
                    let question = ServerReflectionRequest::decode(&buffer[5..]).unwrap();
                    buffer = rest;
                    let question = match question.message_request.unwrap() {
                        MessageRequest::ListServices(_) => "*".to_owned(),
                        MessageRequest::FileContainingSymbol(name) => name,
                        MessageRequest::FileByFilename(name) => name,
                        other => panic!("{other:?}"),
                    };
                    let before = {
                        let mut asked = asked.lock().unwrap();
                        let times = asked.entry(question.clone()).or_default();
                        std::mem::replace(times, *times + 1)
                    };
                    match say(&question, before) {
                        Say::Answer(answer) => {
                            let response = ServerReflectionResponse {
                                message_response: Some(answer),
                                ..ServerReflectionResponse::default()
                            };
                            reply.message(&response.encode_to_vec());
                        }
                        Say::Crash => {
                            let trailers = [("grpc-status", "13"), ("grpc-message", "crashed")];
                            return reply.trailers(&trailers);
                        }
                        Say::End => return reply.trailers(&[("grpc-status", "0")]),
                        Say::Reset => return reply.reset(h2::Reason::INTERNAL_ERROR),
                        Say::Garbage => reply.message(&[0xff]),
                        Say::Flood => {
                            let begin = [&[0][..], &u32::MAX.to_be_bytes(), &[0; 10]].concat();
                            reply.data(begin.into(), false);
                            return reply.held().await;
                        }
                    }
                }
            }
            reply.trailers(&[("grpc-status", "0")]);
        }
    })
    .await
}

pub const V1: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const V1ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

pub async fn reflect(address: &str) -> Result<Reflected, Problem> {
    Client::new()
        .reflect(&Endpoint { address: address.into(), tls: Tls::Off, ..Endpoint::default() }, &[])
        .await
}

/// `files of the set | problems`, to be compared with a line.
pub fn outline(reflected: &Reflected) -> String {
    let set = FileDescriptorSet::decode(&reflected.set[..]).unwrap();
    let mut out: Vec<String> = set.file.iter().map(|file| file.name().to_owned()).collect();
    for problem in &reflected.problems {
        let path = problem.path.as_deref().unwrap_or_default();
        out.push(format!("\n{:?} {path}: {}", problem.kind, problem.message));
    }
    out.join(" ")
}

#[tokio::test]
async fn servers() {
    let table: &[(&str, Answers, &str)] = &[
        ("none", |_| Some(services(&[])), ""),
        (
            "imports come first",
            |question| {
                Some(match question {
                    "*" => services(&["a.A", "a.A"]),
                    "a.A" => files(&[file("a.proto", &["b.proto", "c.proto"])]),
                    "b.proto" => files(&[file("b.proto", &["c.proto"])]),
                    "c.proto" => files(&[file("c.proto", &[])]),
                    other => unknown(other),
                })
            },
            "c.proto b.proto a.proto",
        ),
        (
            "imports sent along",
            |question| {
                Some(match question {
                    "*" => services(&["a.A"]),
                    "a.A" => files(&[file("a.proto", &["b.proto"]), file("b.proto", &[])]),
                    other => panic!("{other}"),
                })
            },
            "b.proto a.proto",
        ),
        (
            "a service without a file",
            |question| {
                Some(match question {
                    "*" => services(&["a.A", "b.B"]),
                    "b.B" => files(&[file("b.proto", &[])]),
                    other => unknown(other),
                })
            },
            "b.proto \nNotFound a.A: the server lists the service but does not describe it: a.A is unknown",
        ),
        (
            "a missing import, and one of Protobuf's own",
            |question| {
                Some(match question {
                    "*" => services(&["a.A"]),
                    "a.A" => files(&[file("a.proto", &["b.proto", "google/protobuf/any.proto"])]),
                    other => unknown(other),
                })
            },
            "a.proto \nMissingImport b.proto: `a.proto` imports it, but the server does not have it: b.proto is unknown",
        ),
        (
            "another file than the one asked for",
            |question| {
                Some(match question {
                    "*" => services(&["a.A"]),
                    "a.A" => files(&[file("a.proto", &["b.proto"])]),
                    _ => files(&[file("c.proto", &[])]),
                })
            },
            "a.proto c.proto \nMissingImport b.proto: `a.proto` imports it, but the server does not have it: the answer holds other files",
        ),
        (
            "two files of one name",
            |question| {
                Some(match question {
                    "*" => services(&["a.A", "b.B"]),
                    "a.A" => files(&[file("a.proto", &[])]),
                    _ => files(&[FileDescriptorProto {
                        package: Some("b".into()),
                        ..file("a.proto", &[])
                    }]),
                })
            },
            "a.proto \nInvalid a.proto: the server sent two different files of this name; the first is used",
        ),
        (
            "a cycle beside a good file",
            |question| {
                Some(match question {
                    "*" => services(&["a.A", "d.D"]),
                    "a.A" => files(&[file("a.proto", &["b.proto"])]),
                    "b.proto" => files(&[file("b.proto", &["c.proto"])]),
                    "c.proto" => files(&[file("c.proto", &["b.proto"])]),
                    _ => files(&[file("d.proto", &[])]),
                })
            },
            "d.proto a.proto b.proto c.proto \nImportCycle b.proto: files import each other: b.proto → c.proto → b.proto",
        ),
        (
            "no descriptors",
            |question| {
                Some(match question {
                    "*" => services(&["a.A", "b.B", "c.C"]),
                    "a.A" => raw(vec![vec![0xff]]),
                    "b.B" => raw(vec![vec![]]),
                    _ => raw(vec![]),
                })
            },
            "\nDamaged : the server sent a file that is no descriptor: failed to decode Protobuf message: invalid varint \
             \nDamaged : the server sent a file without a name \
             \nNotFound c.C: the server lists the service but does not describe it: the answer holds no file",
        ),
        (
            "a service that ends the stream",
            |question| {
                Some(match question {
                    "*" => services(&["a.A", "b.B", "c.C"]),
                    "a.A" => files(&[file("a.proto", &[])]),
                    "b.B" => return None,
                    _ => files(&[file("c.proto", &[])]),
                })
            },
            "a.proto c.proto \nNotFound b.B: the server lists the service but does not describe it: the server answered INTERNAL: crashed",
        ),
    ];
    for (name, answers, want) in table {
        for (path, version) in [(V1, "v1"), (V1ALPHA, "v1alpha")] {
            let server = server(path, *answers).await;
            let reflected = reflect(&server.address).await.unwrap();
            assert_eq!(outline(&reflected), *want, "{name}");
            assert_eq!(reflected.version, version);
        }
    }
}

/// Has field 1000 in its options, an extension that prost does not know.
fn with_option() -> Vec<u8> {
    [&file("a.proto", &[]).encode_to_vec()[..], &[0x42, 3, 0xc0, 0x3e, 7]].concat()
}

#[tokio::test]
async fn options_survive() {
    let bytes = with_option();
    let server = server(V1, |question| {
        Some(match question {
            "*" => services(&["a.A"]),
            _ => raw(vec![with_option()]),
        })
    })
    .await;
    let reflected = reflect(&server.address).await.unwrap();
    assert!(reflected.set.ends_with(&bytes));
}

/// A file of edition 2023 whose fields have implicit presence and whose messages are delimited, which prost's types
/// cannot say.
fn with_edition() -> Vec<u8> {
    let field = |name: &str, number, ty, type_name: Option<&str>| FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(i32::from(ty)),
        type_name: type_name.map(str::to_owned),
        ..FieldDescriptorProto::default()
    };
    let message = DescriptorProto {
        name: Some("M".into()),
        field: vec![field("a", 1, Type::Int32, None), field("b", 2, Type::Message, Some(".e.M"))],
        ..DescriptorProto::default()
    };
    let method = MethodDescriptorProto {
        name: Some("Call".into()),
        input_type: Some(".e.M".into()),
        output_type: Some(".e.M".into()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("E".into()),
        method: vec![method],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        package: Some("e".into()),
        syntax: Some("editions".into()),
        message_type: vec![message],
        service: vec![service],
        ..file("e.proto", &[])
    };
    // `edition: EDITION_2023` and `options { features { field_presence: IMPLICIT message_encoding: DELIMITED } }`.
    let edition = [0x70, 0xe8, 0x07];
    let options = [0x42, 7, 0x92, 0x03, 4, 0x08, 2, 0x28, 2];
    [&file.encode_to_vec()[..], &edition, &options].concat()
}

#[tokio::test]
async fn editions_are_understood() {
    let server = server(V1, |question| {
        Some(match question {
            "*" => services(&["e.E"]),
            _ => raw(vec![with_edition()]),
        })
    })
    .await;
    let reflected = reflect(&server.address).await.unwrap();
    let input = Input::Descriptors { set: reflected.set, problems: reflected.problems };
    let source = Source::load(&input);
    assert_eq!(source.problems(), []);
    let schema = Schema::new([("id".to_owned(), source)]);
    let form = schema.form("e.E/Call").unwrap();
    let cardinalities: Vec<_> = form.messages["e.M"].fields.iter().map(|f| f.cardinality).collect();
    assert_eq!(cardinalities, [Cardinality::Implicit, Cardinality::Explicit]);
    assert_eq!(
        schema.describe("e.M").unwrap().text,
        "edition = \"2023\";\noption features.field_presence = IMPLICIT;\n\
         option features.message_encoding = DELIMITED;\n\nmessage M {\n  int32 a = 1;\n  M b = 2;\n}\n"
    );
    let message = schema.message("e.M").unwrap();
    assert!(message.get_field_by_name("b").unwrap().is_group());
}

#[tokio::test]
async fn without_reflection() {
    let server = server("/nothing", |_| None).await;
    let problem = reflect(&server.address).await.unwrap_err();
    assert_eq!(problem.message, "the server does not offer reflection");
    assert_eq!(problem.grpc_status, Some(12));
    let problem = reflect("localhost").await.unwrap_err();
    assert_eq!(problem.message, "the port is missing");
}

#[tokio::test]
async fn metadata_goes_along() {
    let server = grpc(|request, mut reply| async move {
        let ok = request.headers().get("authorization").is_some_and(|value| value == "let me in");
        let status = if ok { "12" } else { "16" };
        reply.head(200, &[("content-type", "application/grpc"), ("grpc-status", status)], true);
    })
    .await;
    let endpoint =
        Endpoint { address: server.address.clone(), tls: Tls::Off, ..Endpoint::default() };
    let client = Client::new();
    let problem = client.reflect(&endpoint, &[]).await.unwrap_err();
    assert_eq!(problem.grpc_status, Some(16));
    let key = [Metadatum::text("authorization", "let me in")];
    assert_eq!(client.reflect(&endpoint, &key).await.unwrap_err().grpc_status, Some(12));
}
