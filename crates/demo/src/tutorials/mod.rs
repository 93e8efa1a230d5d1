//! The services that gRPC tutorials use.

mod greeter;
mod node;
mod user;

pub use greeter::Greetings;
pub use node::Nodes;
pub use user::Users;
