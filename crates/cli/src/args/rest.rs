//! Flags of `wirelab bridge` that say how REST is read and written where it shall be other than the profile has it.

use super::values::duration;
use clap::{ArgAction, Args as ClapArgs};
use std::time::Duration;
use wirelab_bridge::{Binding, RestOptions};

/// How REST is read and written.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "REST")]
pub struct Rest {
    /// Write fields as the schema names them, stock_level instead of stockLevel [default: as the profile does]
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub original_names: Option<bool>,
    /// Write fields that have their default value [default: as the profile does]
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub print_defaults: Option<bool>,
    /// Write enums as numbers
    #[arg(long)]
    pub enums_as_numbers: bool,
    /// Write 64-bit integers as numbers; what reads them as doubles loses digits
    #[arg(long)]
    pub int64_as_numbers: bool,
    /// Indent JSON
    #[arg(long)]
    pub pretty: bool,
    /// Let parameters pass that name no field instead of refusing them
    #[arg(long)]
    pub ignore_unknown_parameters: bool,
    /// A parameter that is never a field, such as `key`; may be repeated
    #[arg(long = "ignore-parameter", value_name = "NAME")]
    pub ignored: Vec<String>,
    /// Take $fields, $prettyPrint and X-Goog-FieldMask as Google's APIs do
    #[arg(long)]
    pub system_parameters: bool,
    /// Time between two comments that keep server-sent events alive [default: 15s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub sse_keep_alive: Option<Duration>,
}

impl Rest {
    /// How REST is written.
    pub fn options(&self) -> RestOptions {
        RestOptions {
            original_names: self.original_names,
            print_defaults: self.print_defaults,
            enums_as_numbers: self.enums_as_numbers.then_some(true),
            int64_as_numbers: self.int64_as_numbers.then_some(true),
            pretty: self.pretty,
            system_parameters: self.system_parameters,
            sse_keep_alive: self.sse_keep_alive,
            ..RestOptions::default()
        }
    }

    /// How path and query are read.
    pub fn binding(&self) -> Binding {
        Binding {
            ignore_unknown: self.ignore_unknown_parameters,
            ignored: self.ignored.clone(),
            ..Binding::default()
        }
    }
}
