//! Our own framing, subprotocols `wirelab.v1`, `wirelab.v1.json` and `wirelab.v1.proto`: messages as they are, and control
//! frames that begin with `@`, which no JSON does. `WEBSOCKET.md` has it in full.

use super::control::{self, Control};
use super::{Framing, Said, close_code};
use crate::socket::converter::Converter;
use crate::socket::handshake::Form;
use crate::socket::wire::{Message, Outgoing};
use crate::upstream::End;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;
use wirelab_model::{Metadatum, Status};

/// Our own framing.
pub(in crate::socket) struct Own {
    converter: Converter,
    /// The form of answers: asked for, or that of the first message; JSON while nothing is known.
    form: Option<Form>,
}

impl Own {
    pub fn new(converter: Converter, form: Option<Form>) -> Own {
        Own { converter, form }
    }
}

impl Framing for Own {
    fn read(&mut self, message: Message, said: &mut VecDeque<Said>) -> Result<(), Status> {
        let Message { text, payload } = message;
        if text && payload.first() == Some(&b'@') {
            said.push_back(match control::read(&payload)? {
                Control::Start(start) => Said::Start(start.check()?),
                Control::HalfClose => Said::HalfClose,
                Control::Cancel => Said::Cancel,
                Control::Resume { stream, after } => Said::Resume { stream, after },
            });
            return Ok(());
        }
        let form = if text { Form::Json } else { Form::Proto };
        self.form.get_or_insert(form);
        let request = match form {
            Form::Json => self.converter.request(&payload)?,
            Form::Proto => self.converter.wire(payload),
        };
        said.push_back(Said::Request(request));
        Ok(())
    }

    fn head(&mut self, metadata: Vec<Metadatum>, out: &mut Vec<Outgoing>) {
        out.push(control::head(&metadata));
    }

    fn message(&mut self, wire: Bytes) -> Result<Outgoing, Status> {
        match self.form {
            Some(Form::Proto) => Ok(Outgoing::Binary(wire)),
            Some(Form::Json) | None => {
                let mut json = Vec::new();
                self.converter.response(&wire, &mut json)?;
                Ok(Outgoing::Text(json.into()))
            }
        }
    }

    fn dropped(&mut self, count: u64) -> Option<Outgoing> {
        Some(control::dropped(count))
    }

    fn stream(&mut self, id: &str, window: Duration) -> Option<Outgoing> {
        Some(control::stream(id, window))
    }

    fn resumed(&mut self, requests: u64) -> Option<Outgoing> {
        Some(control::resumed(requests))
    }

    fn end(&mut self, end: &End, out: &mut Vec<Outgoing>) -> (u16, String) {
        out.push(control::end(end, &self.converter));
        (close_code(end.status.code), end.status.message.clone())
    }
}
