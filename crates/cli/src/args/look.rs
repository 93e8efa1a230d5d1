//! Flags of `wirelab list` and `wirelab describe`.

use super::Schemas;
use clap::Args as ClapArgs;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab list localhost:50051
  wirelab list shop.order.v1.OrderService localhost:50051
  wirelab list proto-samples
  wirelab list -protoset api.protoset --json

What holds a colon is the address, what is there as a file or folder is read, anything else is
the service.")]
pub struct List {
    /// The service whose methods to list; the address of the server, or files of schemas
    #[arg(value_name = "SERVICE | ADDRESS | PATH")]
    pub targets: Vec<String>,
    /// Print JSON: services with their methods, kinds, comments and HTTP rules
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub schemas: Schemas,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab describe shop.order.v1.Order localhost:50051
  wirelab describe proto-samples shop.order.v1.OrderService/TrackOrders
  wirelab describe -plaintext -msg-template localhost:50051 shop.order.v1.Order

What holds a colon is the address, what is there as a file or folder is read, anything else is
the symbol. Without a symbol every service is described.")]
pub struct Describe {
    /// A service, method, message or enum; the address of the server, or files of schemas
    #[arg(value_name = "SYMBOL | ADDRESS | PATH")]
    pub targets: Vec<String>,
    /// Print JSON: name, kind, file and text
    #[arg(long)]
    pub json: bool,
    /// Show an example of a message, or of a method's request, as JSON too
    #[arg(long)]
    pub msg_template: bool,
    #[command(flatten)]
    pub schemas: Schemas,
}
