//! `helloworld.Greeter`.

use crate::{
    control::{Answers, Pace},
    details,
    proto::helloworld::{HelloReply, HelloRequest, greeter_server},
};
use futures_util::{StreamExt, stream};
use tonic::{Request, Response, Status, Streaming, async_trait};

/// How many names one greeting takes.
const MAX_NAMES: usize = 10_000;
const GREETINGS: [&str; 5] = ["Hello", "Hallo", "Bonjour", "Hola", "こんにちは"];

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct Greetings;

fn greet(greeting: &str, name: &str) -> HelloReply {
    let name = if name.is_empty() { "world" } else { name };
    HelloReply { message: format!("{greeting} {name}") }
}

#[async_trait]
impl greeter_server::Greeter for Greetings {
    type SayHelloStreamReplyStream = Answers<HelloReply>;
    type SayHelloBidiStreamStream = Answers<HelloReply>;

    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(greet(GREETINGS[0], &request.into_inner().name)))
    }

    async fn say_hello_stream_reply(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Self::SayHelloStreamReplyStream>, Status> {
        let pace = Pace::of(&request);
        let name = request.into_inner().name;
        let count = pace
            .count()
            .map_or(GREETINGS.len(), |count| usize::try_from(count).unwrap_or(usize::MAX));
        let greetings = GREETINGS.iter().cycle().take(count);
        let answers = stream::iter(greetings).map(move |greeting| Ok(greet(greeting, &name)));
        Ok(Response::new(pace.spaced(answers)))
    }

    async fn say_hello_stream_request(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        let pace = Pace::of(&request);
        let mut requests = pace.requests(request.into_inner());
        let mut names = Vec::new();
        while let Some(request) = requests.next().await {
            if names.len() >= MAX_NAMES {
                return Err(details::full("names in a greeting", MAX_NAMES));
            }
            names.push(request?.name);
        }
        let names = match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        };
        Ok(Response::new(greet(GREETINGS[0], &names)))
    }

    async fn say_hello_bidi_stream(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Self::SayHelloBidiStreamStream>, Status> {
        let pace = Pace::of(&request);
        let answers = request.into_inner().map(|request| Ok(greet(GREETINGS[0], &request?.name)));
        Ok(Response::new(pace.spaced(answers)))
    }
}
