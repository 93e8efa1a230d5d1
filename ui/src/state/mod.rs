//! What the screens know, as plain structs and pure functions; nothing here knows Leptos or the DOM.

pub mod annotate;
pub mod bytes;
pub mod calls;
pub mod compare;
pub mod editor;
pub mod find;
pub mod flow;
pub mod form;
pub mod highlight;
pub mod history;
pub mod json;
pub mod keys;
pub mod layout;
pub mod messages;
pub mod metadata;
pub mod notation;
pub mod options;
pub mod palette;
pub mod response;
pub mod route;
pub mod session;
pub mod tree;
pub mod virtual_list;
pub mod when;
pub mod window;
pub mod wire;
