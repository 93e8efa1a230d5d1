//! The judges of WebSocket: Autobahn's case files, and a client that shares no code with ours.

use super::{Variables, bring, pip, python};
use crate::shell;
use anyhow::Result;
use std::path::Path;

/// Lines of pip's requirements: the versions and what the registry's files have to be.
const REQUIREMENTS: &str = "kosoku==0.1.0 \
    --hash=sha256:a9b34e593defe29d931e346c88947b58a015495f09dd13643e4cc952c75602ac
websockets==17.4 \
    --hash=sha256:c6bd2c9781915592b209160d0f017d4c7c82ad53075e6b0c24d2a89299e7f9e9
";

/// Brings them: the folder for Python's path.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("kosoku");
    let python = python::program(cache);
    bring(&folder, REQUIREMENTS, "Autobahn's WebSocket cases", |folder| {
        pip::install(&python, folder, REQUIREMENTS, "fetching kosoku and websockets")?;
        let mut check = shell::command(&python);
        check.args(["-c", "import kosoku, websockets"]).env("PYTHONPATH", folder);
        shell::output(&mut check, "starting kosoku").map(drop)
    })?;
    Ok(vec![("WIRELAB_KOSOKU", folder)])
}
