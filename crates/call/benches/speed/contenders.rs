//! Those who make the calls.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use h2::client::SendRequest;
use prost::Message;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use wirelab_call::{Client, Events, Invoke, requests};
use wirelab_call_peer::proto::peer_client::PeerClient;
use wirelab_call_peer::proto::{Payload, Wanted};
use wirelab_model::{CallEventKind, CallKind, CallSpec, Endpoint};

/// Windows of all contenders, those of this crate, bytes.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Size of a streamed payload, bytes.
pub const PAYLOAD: u32 = 100;

type Failure = Box<dyn Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

/// One of those who make the calls; clones share its connection.
#[derive(Clone)]
pub enum Contender {
    Ours(Arc<Ours>),
    Tonic(Tonic),
    Bare(Bare),
}

impl Contender {
    pub fn name(&self) -> &'static str {
        match self {
            Contender::Ours(_) => "ours",
            Contender::Tonic(_) => "tonic",
            Contender::Bare(_) => "h2",
        }
    }

    /// One unary call, whose answer is checked.
    pub async fn echo(&self, data: &[u8]) -> Outcome<()> {
        let answer = match self {
            Contender::Ours(ours) => ours.echo(data).await?,
            Contender::Tonic(tonic) => tonic.echo(data).await?,
            Contender::Bare(bare) => bare.echo(data).await?,
        };
        if answer == data { Ok(()) } else { Err("the answer is another".into()) }
    }

    /// What happens in one unary call; nothing where that is not told.
    pub async fn events(&self, data: &[u8]) -> Vec<CallEventKind> {
        match self {
            Contender::Ours(ours) => ours.begin_echo(data).map(|event| event.kind).collect().await,
            Contender::Tonic(_) | Contender::Bare(_) => Vec::new(),
        }
    }

    /// Receives so many messages, which are counted.
    pub async fn stream(&self, messages: u64) -> Outcome<()> {
        let count = match self {
            Contender::Ours(ours) => ours.stream(messages).await?,
            Contender::Tonic(tonic) => tonic.stream(messages).await?,
            Contender::Bare(_) => return Err("it does not stream".into()),
        };
        if count == messages { Ok(()) } else { Err(format!("{count} messages came").into()) }
    }
}

/// This crate, by its public face.
pub struct Ours {
    client: Client,
    echo: CallSpec,
    stream: CallSpec,
}

impl Ours {
    pub fn new(address: SocketAddr) -> Arc<Ours> {
        let endpoint = Endpoint { address: address.to_string(), ..Endpoint::default() };
        let spec = |method: &str, kind| CallSpec {
            endpoint: endpoint.clone(),
            method: method.into(),
            kind,
            ..CallSpec::default()
        };
        Arc::new(Ours {
            client: Client::new(),
            echo: spec("peer.Peer/Echo", CallKind::Unary),
            stream: spec("peer.Peer/Stream", CallKind::ServerStream),
        })
    }

    fn begin_echo(&self, data: &[u8]) -> Events {
        let payload = Payload { data: data.to_vec() };
        let request = requests([payload.encode_to_vec()]);
        self.client.invoke(self.echo.clone(), request, CancellationToken::new())
    }

    async fn echo(&self, data: &[u8]) -> Outcome<Vec<u8>> {
        let mut events = self.begin_echo(data);
        let mut answer = None;
        while let Some(event) = events.next().await {
            match event.kind {
                CallEventKind::Received { message, .. } => {
                    answer = Some(Payload::decode(message.0)?.data);
                }
                CallEventKind::Finished { status, .. } if !status.is_ok() => {
                    return Err(format!("{status:?}").into());
                }
                _ => {}
            }
        }
        answer.ok_or_else(|| "there is no answer".into())
    }

    async fn stream(&self, messages: u64) -> Outcome<u64> {
        let wanted = Wanted { messages, bytes: PAYLOAD };
        let request = requests([wanted.encode_to_vec()]);
        let mut events = self.client.invoke(self.stream.clone(), request, CancellationToken::new());
        let mut count = 0;
        while let Some(event) = events.next().await {
            match event.kind {
                CallEventKind::Received { message, .. } => {
                    count += u64::from(whole(&Payload::decode(message.0)?));
                }
                CallEventKind::Finished { status, .. } if !status.is_ok() => {
                    return Err(format!("{status:?}").into());
                }
                _ => {}
            }
        }
        Ok(count)
    }
}

/// tonic's generated client.
#[derive(Clone)]
pub struct Tonic {
    client: PeerClient<Channel>,
}

impl Tonic {
    pub async fn new(address: SocketAddr) -> Outcome<Tonic> {
        let channel = Channel::from_shared(format!("http://{address}"))?
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .tcp_nodelay(true)
            .connect()
            .await?;
        Ok(Tonic { client: PeerClient::new(channel) })
    }

    async fn echo(&self, data: &[u8]) -> Outcome<Vec<u8>> {
        let answer = self.client.clone().echo(Payload { data: data.to_vec() }).await?;
        Ok(answer.into_inner().data)
    }

    async fn stream(&self, messages: u64) -> Outcome<u64> {
        let answer = self.client.clone().stream(Wanted { messages, bytes: PAYLOAD }).await?;
        let mut stream = answer.into_inner();
        let mut count = 0;
        while let Some(payload) = stream.message().await? {
            count += u64::from(whole(&payload));
        }
        Ok(count)
    }
}

fn whole(payload: &Payload) -> bool {
    payload.data.len() == PAYLOAD as usize
}

/// The least that a unary call takes: the same frames on `h2`, and nothing looked at but the message.
#[derive(Clone)]
pub struct Bare {
    send: SendRequest<Bytes>,
    uri: http::Uri,
}

impl Bare {
    pub async fn new(address: SocketAddr) -> Outcome<Bare> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (send, connection) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .enable_push(false)
            .handshake(stream)
            .await?;
        tokio::spawn(connection);
        Ok(Bare { send, uri: format!("http://{address}/peer.Peer/Echo").parse()? })
    }

    async fn echo(&self, data: &[u8]) -> Outcome<Vec<u8>> {
        const PREFIX: usize = 5;
        let payload = Payload { data: data.to_vec() };
        let request = http::Request::post(self.uri.clone())
            .version(http::Version::HTTP_2)
            .header("te", "trailers")
            .header("content-type", "application/grpc")
            .body(())?;
        let (response, mut stream) =
            self.send.clone().ready().await?.send_request(request, false)?;
        let length = payload.encoded_len();
        let mut framed = BytesMut::with_capacity(PREFIX + length);
        framed.put_u8(0);
        framed.put_u32(u32::try_from(length)?);
        payload.encode(&mut framed)?;
        stream.send_data(framed.freeze(), true)?;
        let mut body = response.await?.into_body();
        let mut answer = Vec::new();
        while let Some(data) = body.data().await {
            let data = data?;
            body.flow_control().release_capacity(data.len())?;
            answer.extend_from_slice(&data);
        }
        body.trailers().await?;
        let message = answer.get(PREFIX..).ok_or("the answer is too short")?;
        Ok(Payload::decode(message)?.data)
    }
}
