//! From a request to a line for curl, where HTTP and JSON are all that it takes.

use super::{
    format::{Server, credentials, header},
    layout::compact,
    quote::quote,
};
use wirelab_model::*;

/// A unary call of Connect with JSON (<https://connectrpc.com/docs/protocol/#unary-request>) to the server, or to the
/// bridge that listens at `bridge`.
///
/// # Errors
/// `Mismatch` for addresses of a registry.
pub fn connect(start: &StartCall, bridge: &str) -> Result<FormattedCommand, Problem> {
    let StartCall { spec, messages, auth, .. } = start;
    let endpoint = &spec.endpoint;
    let mut line = vec!["curl".to_owned()];
    let base = if endpoint.through_bridge() {
        format!("http://{bridge}")
    } else {
        let server = Server::new(endpoint)?;
        let options = &endpoint.tls_options;
        if server.tls {
            for (name, value) in
                [("--cacert", &options.ca), ("--cert", &options.cert), ("--key", &options.key)]
            {
                value.iter().for_each(|value| line.extend([name.to_owned(), quote(value)]));
            }
            line.extend(options.insecure.then(|| "--insecure".to_owned()));
        }
        let scheme = if server.tls { "https" } else { "http" };
        match server.unix {
            false => format!("{scheme}://{}", server.address),
            true => {
                line.extend(["--unix-socket".to_owned(), quote(&server.address)]);
                format!("{scheme}://localhost")
            }
        }
    };
    line.push(quote(&format!("{base}/{}", spec.method)));
    let mut says = |text: &str| line.push(format!("-H {}", quote(text)));
    says("Content-Type: application/json");
    says("Connect-Protocol-Version: 1");
    spec.deadline_ms.iter().for_each(|ms| says(&format!("Connect-Timeout-Ms: {ms}")));
    spec.metadata.iter().for_each(|entry| says(&header(entry)));
    line.extend(auth.iter().map(|auth| format!("-H {}", credentials(auth))));
    let message = messages.first().map_or_else(|| "{}".to_owned(), |json| compact(json));
    line.push(format!("--data-raw {}", quote(&message)));
    Ok(FormattedCommand { line: line.join(" "), left_out: Vec::new() })
}
