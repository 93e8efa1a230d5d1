//! Flags of `wirelab list` and `wirelab describe`.

use super::Schemas;
use clap::Args as ClapArgs;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  wirelab list localhost:50051
  wirelab list shop.order.v1.OrderService localhost:50051
  wirelab list --proto proto-samples --json

What holds a colon is the address, anything else the service.")]
pub struct List {
    /// The service whose methods to list, and the address of the server
    #[arg(value_name = "SERVICE | ADDRESS", num_args = 0..=2)]
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
  wirelab describe shop.order.v1.OrderService/TrackOrders --proto proto-samples

What holds a colon is the address, anything else the symbol.")]
pub struct Describe {
    /// A service, method, message or enum, and the address of the server
    #[arg(value_name = "SYMBOL | ADDRESS", num_args = 1..=2, required = true)]
    pub targets: Vec<String>,
    /// Print JSON: name, kind, file and text
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub schemas: Schemas,
}
