//! The bridge itself: what holds for all faces, and which face a request is for.

use crate::catalog::Catalog;
use crate::face::Face;
use crate::life::Life;
use crate::options::Options;
use crate::rest::Rest;
use crate::rules::Routes;
use crate::upstream::Upstream;
use crate::{openapi, rest, rpc, socket};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, request};
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
    /// Replaced as a whole when the schema changes; requests under way keep theirs.
    loaded: RwLock<Arc<Loaded>>,
    pub life: Life,
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
    fn new(schema: Schema, options: &Options) -> Result<Loaded, Vec<Problem>> {
        let catalog = Catalog::new(&schema);
        let routes = Routes::new(&catalog, &options.routing)?;
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
        let loaded = RwLock::new(Arc::new(Loaded::new(schema, &options)?));
        let upstream = Upstream::new(invoke, &options);
        let rest = Rest::new(&options);
        let life = Life::default();
        Ok(Bridge { shared: Arc::new(Shared { options, upstream, rest, loaded, life }) })
    }

    /// Goes on with another schema; requests under way end with the one they began with.
    ///
    /// # Errors
    /// Everything that is wrong with its rules; the bridge then goes on with what it has.
    pub fn reload(&self, schema: Schema) -> Result<(), Vec<Problem>> {
        let loaded = Arc::new(Loaded::new(schema, &self.shared.options)?);
        *self.shared.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    /// How many methods can be called.
    pub fn methods(&self) -> usize {
        self.shared.loaded().catalog.methods().count()
    }

    /// Answers one request of any face.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let face = Face::of(&head);
        let loaded = self.shared.loaded();
        let arrival = Arrival { head, body, loaded, shared: self.shared.clone() };
        match face {
            Face::Rest => match openapi::answer(&arrival) {
                Some(response) => response,
                None => rest::answer(arrival).await,
            },
            Face::Socket => socket::answer(arrival).await,
            Face::Grpc => rpc::grpc::answer(arrival).await,
            Face::GrpcWeb => rpc::grpc_web::answer(arrival).await,
            Face::Connect => rpc::connect::answer(arrival).await,
        }
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
    /// The schema as it is now, with what follows from it.
    pub fn loaded(&self) -> Arc<Loaded> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
