//! Expands the one list of studio methods into the trait of handlers and the way to them by name.

use crate::Studio;
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use wirelab_model::{Problem, ProblemKind, studio_methods};

macro_rules! expand {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $reply:ty;)*) => {
        /// What a studio does: one handler per studio method.
        pub trait Handlers {
            $(
                $(#[$doc])*
                fn $name(&self, request: $request) -> impl Future<Output = Result<$reply, Problem>> + Send;
            )*
        }

        /// The names of all studio methods.
        pub const METHODS: &[&str] = &[$(stringify!($name)),*];

        /// Answers by name.
        pub async fn dispatch(studio: &Studio, method: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
            match method {
                // Boxed, or this future would be as large as the largest of all handlers.
                $(stringify!($name) => write(&Box::pin(studio.$name(read(method, body)?)).await?),)*
                _ => Err(Problem::new(ProblemKind::NotFound, format!("there is no studio method {method:?}"))),
            }
        }
    };
}

studio_methods!(expand);

fn read<T: DeserializeOwned>(method: &str, body: &[u8]) -> Result<T, Problem> {
    let body = if body.trim_ascii().is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        let kind = if error.is_data() { ProblemKind::Mismatch } else { ProblemKind::Syntax };
        Problem::new(kind, format!("this is not a request for {method}: {error}"))
    })
}

fn write<T: Serialize>(reply: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(reply).map_err(|error| {
        Problem::new(ProblemKind::Internal, format!("the reply cannot be written: {error}"))
    })
}
