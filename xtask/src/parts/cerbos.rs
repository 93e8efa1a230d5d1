//! Cerbos: a server in Go whose reflection has the REST rules, beside its own grpc-gateway.

use super::npm::{self, Package};
use super::{Variables, bring};
use crate::shell;
use anyhow::Result;
use std::path::Path;

/// The program alone, for the processors that the test machines have.
const PACKAGE: Package = Package {
    name: "@cerbos/cerbos-linux-x64@0.55.0",
    integrity: "sha512-eLZUycJfaQWK0XTRgH/Oz2E3XiNCUavDd1LhzFxhUpZ3s5CuQqmqG327ta0On8YOTxuZO/19cG4kvfC22r03/Q==",
};

/// Brings it: the program.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("cerbos");
    let program = folder.join("cerbos-linux-x64");
    bring(&folder, PACKAGE.integrity, "Cerbos", |folder| {
        npm::unpack(&PACKAGE, folder)?;
        shell::output(shell::command(&program).arg("--version"), "starting Cerbos").map(drop)
    })?;
    Ok(vec![("WIRELAB_CERBOS", program)])
}
