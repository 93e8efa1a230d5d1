//! The transport switch: the ways that a request can be sent, and the forms that some of them have.

use wirelab_model::{Endpoint, Transport};

/// A button of the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What it says.
    pub name: &'static str,
    /// Names it for tests.
    pub id: &'static str,
    /// More about it.
    pub title: &'static str,
    /// What it stands for, and its other form where it has one.
    pub forms: &'static [Form],
}

/// A form of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// What it is.
    pub transport: Transport,
    /// A word for it beside its sibling.
    pub word: &'static str,
}

const fn form(transport: Transport, word: &'static str) -> Form {
    Form { transport, word }
}

/// The switch, from left to right.
pub const SEGMENTS: [Segment; 5] = [
    Segment {
        name: "gRPC",
        id: "transport-grpc",
        title: "gRPC over HTTP/2, straight to the server",
        forms: &[form(Transport::Grpc, "")],
    },
    Segment {
        name: "gRPC-Web",
        id: "transport-grpc-web",
        title: "gRPC-Web, as browsers speak it",
        forms: &[form(Transport::GrpcWeb, "binary"), form(Transport::GrpcWebText, "text")],
    },
    Segment {
        name: "Connect",
        id: "transport-connect",
        title: "The Connect protocol",
        forms: &[form(Transport::Connect, "proto"), form(Transport::ConnectJson, "JSON")],
    },
    Segment {
        name: "REST",
        id: "transport-rest",
        title: "JSON over HTTP by the method's google.api.http rule, through a bridge",
        forms: &[form(Transport::Rest, "")],
    },
    Segment {
        name: "WS",
        id: "transport-ws",
        title: "JSON over a WebSocket, through a bridge",
        forms: &[form(Transport::WebSocket, "")],
    },
];

impl Segment {
    /// Whether it stands for this transport.
    pub fn holds(&self, transport: Transport) -> bool {
        self.forms.iter().any(|form| form.transport == transport)
    }

    /// Its form of this transport, and the one that comes next; none where it has but one or is another.
    pub fn forms_of(&self, transport: Transport) -> Option<(Form, Form)> {
        let at = self.forms.iter().position(|form| form.transport == transport)?;
        let next = self.forms.get((at + 1) % self.forms.len())?;
        (self.forms.len() > 1).then(|| (self.forms[at], *next))
    }
}

/// The segment of a transport.
pub fn segment(transport: Transport) -> usize {
    SEGMENTS.iter().position(|segment| segment.holds(transport)).unwrap_or(0)
}

/// The segment that a key moves to from this one: arrows, Home and End.
pub fn moved(at: usize, key: &str) -> Option<usize> {
    let count = SEGMENTS.len();
    match key {
        "ArrowRight" | "ArrowDown" => Some((at + 1) % count),
        "ArrowLeft" | "ArrowUp" => Some((at + count - 1) % count),
        "Home" => Some(0),
        "End" => Some(count - 1),
        _ => None,
    }
}

/// Sends requests by this transport from now on. What a server of gRPC need not speak goes through the bridge, so that
/// every server can be called in every way; it can be told to go straight.
pub fn choose(endpoint: &mut Endpoint, transport: Transport) {
    if endpoint.transport == transport {
        return;
    }
    let stays = segment(endpoint.transport) == segment(transport);
    if !stays {
        endpoint.bridged = may_be_straight(transport);
    }
    endpoint.transport = transport;
}

/// Whether it is for the person to say if requests go through the bridge.
pub fn may_be_straight(transport: Transport) -> bool {
    transport != Transport::Grpc && !transport.needs_bridge()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transport_has_one_place_in_the_switch() {
        for transport in Transport::ALL {
            let holding = SEGMENTS.iter().filter(|segment| segment.holds(transport)).count();
            assert_eq!(holding, 1, "{}", transport.name());
        }
    }

    #[test]
    fn forms_take_turns() {
        for (transport, next) in [
            (Transport::Grpc, None),
            (Transport::GrpcWeb, Some(("binary", Transport::GrpcWebText))),
            (Transport::GrpcWebText, Some(("text", Transport::GrpcWeb))),
            (Transport::ConnectJson, Some(("JSON", Transport::Connect))),
            (Transport::WebSocket, None),
        ] {
            let forms = SEGMENTS[segment(transport)].forms_of(transport);
            assert_eq!(forms.map(|(now, next)| (now.word, next.transport)), next);
        }
        assert_eq!(SEGMENTS[0].forms_of(Transport::Rest), None);
    }

    #[test]
    fn keys_move_along_the_switch() {
        for (at, key, to) in [
            (0, "ArrowRight", Some(1)),
            (4, "ArrowRight", Some(0)),
            (0, "ArrowLeft", Some(4)),
            (2, "Home", Some(0)),
            (2, "End", Some(4)),
            (2, "x", None),
        ] {
            assert_eq!(moved(at, key), to, "{at} {key}");
        }
    }

    #[test]
    fn what_a_server_need_not_speak_goes_through_the_bridge() {
        let mut endpoint = Endpoint::default();
        for (transport, bridged) in [
            (Transport::GrpcWeb, true),
            (Transport::Rest, false),
            (Transport::Connect, true),
            (Transport::Grpc, false),
        ] {
            choose(&mut endpoint, transport);
            assert_eq!((endpoint.transport, endpoint.bridged), (transport, bridged));
            assert_eq!(endpoint.through_bridge(), transport != Transport::Grpc);
        }
        // Told to go straight, it does so in both forms.
        choose(&mut endpoint, Transport::Connect);
        endpoint.bridged = false;
        choose(&mut endpoint, Transport::ConnectJson);
        assert!(!endpoint.bridged && !endpoint.through_bridge());
    }
}
