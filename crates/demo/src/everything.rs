//! `everything.v1.Everything` and `everything.v1.Editions`: give bytes back without looking at them.

use crate::{
    control::{Answers, Pace},
    details,
    proto::everything::{editions_server, everything_server},
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use prost::encoding::{WireType, encode_key, encode_varint};
use tonic::{Request, Response, Status, Streaming, async_trait};

/// How many answers a server stream has unless told otherwise.
const REPEATS: u64 = 3;
/// How many bytes a client stream may collect.
const MAX_COLLECTED_BYTES: usize = 64 << 20;
/// Field number of `EverythingList.messages`.
const MESSAGES_FIELD: u32 = 1;

/// Both services.
#[derive(Clone, Copy, Debug)]
pub struct Everything;

type Raw = Result<Response<Bytes>, Status>;

fn back(request: Request<Bytes>) -> Raw {
    Ok(Response::new(request.into_inner()))
}

#[async_trait]
impl editions_server::Editions for Everything {
    async fn echo(&self, request: Request<Bytes>) -> Raw {
        back(request)
    }
}

#[async_trait]
impl everything_server::Everything for Everything {
    type EchoServerStreamStream = Answers<Bytes>;
    type EchoBidiStream = Answers<Bytes>;

    async fn echo(&self, request: Request<Bytes>) -> Raw {
        back(request)
    }

    async fn echo_legacy(&self, request: Request<Bytes>) -> Raw {
        back(request)
    }

    async fn echo_struct(&self, request: Request<Bytes>) -> Raw {
        back(request)
    }

    async fn echo_any(&self, request: Request<Bytes>) -> Raw {
        back(request)
    }

    async fn echo_old(&self, request: Request<Bytes>) -> Raw {
        back(request)
    }

    async fn nothing(&self, _: Request<Bytes>) -> Raw {
        Ok(Response::new(Bytes::new()))
    }

    async fn echo_server_stream(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Answers<Bytes>>, Status> {
        let pace = Pace::of(&request);
        let message = request.into_inner();
        let count = usize::try_from(pace.count().unwrap_or(REPEATS)).unwrap_or(usize::MAX);
        let answers = stream::repeat_with(move || Ok(message.clone())).take(count);
        Ok(Response::new(pace.spaced(answers)))
    }

    async fn echo_client_stream(&self, request: Request<Streaming<Bytes>>) -> Raw {
        let pace = Pace::of(&request);
        let mut requests = pace.requests(request.into_inner());
        let mut list = BytesMut::new();
        while let Some(message) = requests.next().await {
            let message = message?;
            if list.len().saturating_add(message.len()) > MAX_COLLECTED_BYTES {
                return Err(details::full("bytes of a client stream", MAX_COLLECTED_BYTES));
            }
            encode_key(MESSAGES_FIELD, WireType::LengthDelimited, &mut list);
            encode_varint(message.len() as u64, &mut list);
            list.extend_from_slice(&message);
        }
        Ok(Response::new(list.freeze()))
    }

    async fn echo_bidi(
        &self,
        request: Request<Streaming<Bytes>>,
    ) -> Result<Response<Answers<Bytes>>, Status> {
        let pace = Pace::of(&request);
        Ok(Response::new(pace.spaced(request.into_inner())))
    }
}
