//! The bridge itself: what holds for all faces, and which face a request is for.

use crate::admission::{Admission, Policy};
use crate::catalog::Catalog;
use crate::cors::Cors;
use crate::face::Face;
use crate::life::Life;
use crate::observe::{Asked, Observe, Permit, Reload, Snapshot};
use crate::options::Options;
use crate::refusal::Refusal;
use crate::rest::Rest;
use crate::rest::failure::Types;
use crate::rules::{Routes, Routing};
use crate::serve::Hosts;
use crate::socket::{SocketCounts, Sockets};
use crate::upstream::Upstream;
use crate::{openapi, rest, rpc, socket};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, request};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use wirelab_call::Invoke;
use wirelab_model::Problem;
use wirelab_schema::Schema;

/// Turns requests of every face into gRPC calls and their answers back. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Bridge {
    pub(crate) shared: Arc<Shared>,
}

/// What all requests share.
pub(crate) struct Shared {
    pub options: Options,
    pub upstream: Upstream,
    /// What profile and options come to for REST.
    pub rest: Rest,
    /// What all sockets share.
    pub sockets: Sockets,
    /// Replaced as a whole when the schema changes; requests under way keep theirs.
    loaded: RwLock<Arc<Loaded>>,
    pub life: Life,
    pub admission: Arc<Admission>,
    /// Which rules there are beside those of the schema; replaced when their files change.
    routing: RwLock<Arc<Routing>>,
    pub observe: Arc<Observe>,
}

/// What follows from a schema.
#[derive(Default)]
pub(crate) struct Loaded {
    pub schema: Schema,
    pub catalog: Catalog,
    pub routes: Routes,
    /// The OpenAPI document, once it was asked for.
    pub open_api: OnceLock<Bytes>,
}

/// A request that came in, with all that it takes to answer it.
pub(crate) struct Arrival {
    pub head: request::Parts,
    pub body: Body,
    /// The schema when it came.
    pub loaded: Arc<Loaded>,
    pub shared: Arc<Shared>,
}

impl Loaded {
    fn new(schema: Schema, routing: &Routing) -> Result<Loaded, Vec<Problem>> {
        let catalog = Catalog::new(&schema);
        let routes = Routes::new(&catalog, routing)?;
        Ok(Loaded { routes, catalog, schema, open_api: OnceLock::new() })
    }
}

impl Bridge {
    /// A bridge that makes its calls by `invoke`.
    ///
    /// # Errors
    /// Everything that is wrong with the rules of the schema or the options.
    pub fn new(
        schema: Schema,
        invoke: Arc<dyn Invoke>,
        options: Options,
    ) -> Result<Bridge, Vec<Problem>> {
        if let Some(problem) = options.cors.problem() {
            return Err(vec![problem]);
        }
        let loaded = RwLock::new(Arc::new(Loaded::new(schema, &options.routing)?));
        let routing = RwLock::new(Arc::new(options.routing.clone()));
        let one = |problem| vec![problem];
        let admission = Arc::new(Admission::new(&options.admission).map_err(one)?);
        let observe = Arc::new(Observe::new(&options.observe));
        let life = Life::default();
        let upstream = Upstream::new(invoke, &options, &life);
        let rest = Rest::new(&options);
        let sockets = Sockets::new(&options.socket);
        let shared =
            Shared { options, upstream, rest, sockets, loaded, life, admission, routing, observe };
        Ok(Bridge { shared: Arc::new(shared) })
    }

    /// Goes on with another schema; requests under way end with the one they began with.
    ///
    /// # Errors
    /// Everything that is wrong with its rules; the bridge then goes on with what it has.
    pub fn reload(&self, schema: Schema) -> Result<(), Vec<Problem>> {
        let routing = self.shared.routing();
        let loaded = Loaded::new(schema, &routing);
        self.shared.observe.figures.reloaded(Reload::Schema, loaded.is_ok());
        self.shared.take(loaded?);
        Ok(())
    }

    /// Goes on with other rules beside those of the schema.
    ///
    /// # Errors
    /// Everything that is wrong with them; the bridge then goes on with what it has.
    pub(crate) fn reroute(&self, routing: Routing) -> Result<(), Vec<Problem>> {
        let loaded = Loaded::new(self.shared.loaded().schema.clone(), &routing)?;
        *self.shared.routing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routing);
        self.shared.take(loaded);
        Ok(())
    }

    /// Goes on with another policy, or with what the files of the last one hold now.
    ///
    /// # Errors
    /// What is wrong with it; the bridge then goes on with what it has.
    pub(crate) async fn readmit(&self, policy: Option<Policy>) -> Result<(), Problem> {
        let other = policy.is_some();
        self.shared.admission.clone().reload(policy).await?;
        if other {
            // What is told of the methods depends on who may call them.
            let loaded = Loaded::new(self.shared.loaded().schema.clone(), &self.shared.routing());
            if let Ok(loaded) = loaded {
                self.shared.take(loaded);
            }
        }
        Ok(())
    }

    /// What it has to wait for before requests should be sent here; none when it is ready.
    pub(crate) fn waits_for(&self) -> Option<&'static str> {
        let Shared { life, admission, upstream, .. } = &*self.shared;
        if life.leaving.load(Ordering::Relaxed) {
            Some("ending")
        } else if !life.known.load(Ordering::Relaxed) {
            Some("waiting for the schema")
        } else if !admission.is_ready() {
            Some("waiting for the keys of tokens")
        } else if !upstream.own.is_ready() {
            Some("waiting for the bridge's own credentials")
        } else {
            None
        }
    }

    /// What passed through it so far, and the streams that are open.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.observe.snapshot()
    }

    /// How many methods can be called.
    pub fn methods(&self) -> usize {
        self.shared.loaded().catalog.methods().count()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Answers one request of any face.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        self.shared.admission.unhide(&mut head);
        if self.shared.admission.looks_for_keys() {
            self.shared.admission.prepare(&head).await;
        }
        let face = Face::of(&head);
        let observe = &self.shared.observe;
        let request = observe.note(|| self.shared.note(&head));
        let cors = Cors::of(&self.shared.options, &head.headers);
        if let Some(mut answer) = cors.preflight(&head).or_else(|| cors.refusal(&head)) {
            observe.answered(face, &mut answer, request);
            return answer;
        }
        let loaded = self.shared.loaded();
        let face = match face {
            Face::Rest if rpc::connect::is_bare_get(&head, &loaded) => Face::Connect,
            face => face,
        };
        let arrival = Arrival { head, body, loaded, shared: self.shared.clone() };
        let mut response = match face {
            Face::Rest => match openapi::answer(&arrival) {
                Some(response) => response,
                None => rest::answer(arrival).await,
            },
            Face::Socket => socket::answer(arrival).await,
            Face::Grpc => rpc::grpc::answer(arrival).await,
            Face::GrpcWeb => rpc::grpc_web::answer(arrival).await,
            Face::Connect => rpc::connect::answer(arrival).await,
        };
        observe.answered(face, &mut response, request);
        cors.apply(response.headers_mut());
        response
    }

    /// The answer to a request that names a host which is none of `hosts`, in the words of the face that it is for; none
    /// where it may pass. `at` is the address that listens; none is a Unix socket.
    pub(crate) fn misdirected(
        &self,
        head: &request::Parts,
        hosts: &Hosts,
        at: Option<IpAddr>,
    ) -> Option<Response<Body>> {
        let refusal = hosts.check(head, at).err()?;
        let (face, loaded) = (Face::of(head), self.shared.loaded());
        let mut response = match face {
            Face::Rest | Face::Socket => {
                let behaviour = self.shared.options.profile.behaviour();
                let types = Types { loaded: &loaded, method: None };
                rest::failure::refused(refusal, types, behaviour)
            }
            Face::Grpc => rpc::grpc::misdirected(head, refusal),
            Face::GrpcWeb => rpc::grpc_web::misdirected(head, refusal),
            Face::Connect => rpc::connect::refused(refusal, &loaded),
        };
        let observe = &self.shared.observe;
        let request = observe.note(|| self.shared.note(head));
        observe.answered(face, &mut response, request);
        Some(response)
    }

    /// What its sockets counted so far.
    pub fn socket_counts(&self) -> SocketCounts {
        self.shared.sockets.counts()
    }

    /// The same as a router, to be mounted beside others.
    pub fn router(self) -> Router {
        Router::new().fallback(move |request: Request<Body>| {
            let bridge = self.clone();
            async move { bridge.handle(request).await }
        })
    }
}

impl Shared {
    /// Whether the call of a method, `pkg.Service/Method`, may begin. The permit goes into the call's order, where it is
    /// counted, traced and logged; without a call it counts as a request that was wrong.
    ///
    /// # Errors
    /// 401, 403, 429 or 503, to be told in the words of the face.
    pub fn admit(
        &self,
        head: &request::Parts,
        face: Face,
        method: &str,
    ) -> Result<Permit, Refusal> {
        let admitted = self.admission.admit(head, method).map_err(|refusal| refusal.of(method))?;
        let known = || self.loaded().catalog.method(method).is_some();
        Ok(self.observe.permit(method, known, face, &head.headers, admitted))
    }

    /// The rules beside those of the schema.
    pub fn routing(&self) -> Arc<Routing> {
        self.routing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take(&self, loaded: Loaded) {
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
    }

    /// What the log may have to tell of a request.
    fn note(&self, head: &request::Parts) -> Asked {
        Asked {
            verb: head.method.clone(),
            path: head.uri.path().to_owned(),
            client: self.admission.client(head),
        }
    }

    /// The schema as it is now, with what follows from it.
    pub fn loaded(&self) -> Arc<Loaded> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
