//! `user.v1.UserService`.

use crate::{
    control::{Answers, Pace},
    details,
    proto::user::v1::{
        ChatMessage, CreateUserRequest, CreateUsersResponse, GetUserRequest, ListUsersRequest,
        Role, User, user_service_server,
    },
};
use futures_util::{StreamExt, stream};
use prost_types::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tonic::{Request, Response, Status, Streaming, async_trait};

/// How many users are kept.
const MAX_USERS: usize = 10_000;

/// 2026-01-05T08:00:00Z, when the first users were made.
const FIRST_DAY: Timestamp = Timestamp { seconds: 1_767_600_000, nanos: 0 };

const SEEDS: [(&str, Option<i32>, Role, &[&str]); 5] = [
    ("Ada Lovelace", Some(36), Role::Admin, &["founder", "maths"]),
    ("Alan Turing", Some(41), Role::Member, &["maths"]),
    ("Grace Hopper", Some(85), Role::Admin, &["navy", "compilers"]),
    ("Katherine Johnson", None, Role::Member, &[]),
    ("Edsger Dijkstra", Some(72), Role::Guest, &["paths"]),
];

/// The service.
#[derive(Clone)]
pub struct Users {
    users: Arc<Mutex<BTreeMap<i32, User>>>,
}

impl Users {
    /// With the users that the sample server starts with.
    pub fn new() -> Self {
        let users = (1..).zip(SEEDS).map(|(id, (name, age, role, tags))| {
            let user = User {
                id,
                name: name.to_owned(),
                email: address(name),
                age,
                role: role.into(),
                created_at: Some(FIRST_DAY),
                tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            };
            (id, user)
        });
        Users { users: Arc::new(Mutex::new(users.collect())) }
    }

    fn users(&self) -> MutexGuard<'_, BTreeMap<i32, User>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn create(&self, index: usize, request: CreateUserRequest) -> Result<User, Status> {
        let role = match request.role() {
            Role::Unspecified => Role::Member,
            role => role,
        };
        if request.name.is_empty() {
            return Err(details::invalid(&[(&format!("[{index}].name"), "must not be empty")]));
        }
        let mut users = self.users();
        if users.len() >= MAX_USERS {
            return Err(details::full("users", MAX_USERS));
        }
        let id = users.last_key_value().map_or(1, |(id, _)| id.saturating_add(1));
        let email = if request.email.is_empty() { address(&request.name) } else { request.email };
        let user = User {
            id,
            name: request.name,
            email,
            age: request.age,
            role: role.into(),
            created_at: Some(SystemTime::now().into()),
            tags: Vec::new(),
        };
        users.insert(id, user.clone());
        Ok(user)
    }
}

fn address(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase().replace(' ', "."))
}

#[async_trait]
impl user_service_server::UserService for Users {
    type ListUsersStream = Answers<User>;
    type ChatStreamStream = Answers<ChatMessage>;

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let id = request.into_inner().id;
        let user = self.users().get(&id).cloned();
        user.map(Response::new).ok_or_else(|| details::not_found("user", &id.to_string()))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<Self::ListUsersStream>, Status> {
        let pace = Pace::of(&request);
        let request = request.into_inner();
        let page = usize::try_from(request.page_size)
            .map_err(|_| details::invalid(&[("page_size", "must not be negative")]))?;
        let wanted = request.role();
        let users: Vec<User> = self
            .users()
            .values()
            .filter(|user| wanted == Role::Unspecified || user.role() == wanted)
            .take(if page == 0 { MAX_USERS } else { page })
            .cloned()
            .collect();
        let count =
            pace.count().map_or(users.len(), |count| usize::try_from(count).unwrap_or(usize::MAX));
        let answers = stream::iter(users.into_iter().cycle().take(count)).map(Ok);
        Ok(Response::new(pace.spaced(answers)))
    }

    async fn create_users(
        &self,
        request: Request<Streaming<CreateUserRequest>>,
    ) -> Result<Response<CreateUsersResponse>, Status> {
        let pace = Pace::of(&request);
        let mut requests = pace.requests(request.into_inner()).enumerate();
        let mut answer = CreateUsersResponse::default();
        while let Some((index, request)) = requests.next().await {
            answer.users.push(self.create(index, request?)?);
            answer.created += 1;
        }
        Ok(Response::new(answer))
    }

    async fn chat_stream(
        &self,
        request: Request<Streaming<ChatMessage>>,
    ) -> Result<Response<Self::ChatStreamStream>, Status> {
        let pace = Pace::of(&request);
        let answers = request.into_inner().map(|said| {
            let said = said?;
            let name = if said.from.is_empty() { "you" } else { &said.from };
            Ok(ChatMessage {
                from: "bot".to_owned(),
                text: format!("{name} said: {}", said.text),
                sent_at: Some(SystemTime::now().into()),
            })
        });
        Ok(Response::new(pace.spaced(answers)))
    }
}
