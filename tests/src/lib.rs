//! What the end-to-end tests stand on: the built binaries, outside parts, browsers, and screens found by test ids.
//!
//! Knows Wirelab by its public faces only: a command line, an address, a page. Everything started here listens on
//! a free port, writes into a folder of its own and ends with the value that stands for it.

pub mod api;
pub mod browser;
pub mod certificates;
pub mod command;
pub mod conversation;
pub mod http;
pub mod outside;
pub mod process;
pub mod screen;
pub mod servers;
pub mod socket;
pub mod studio;
