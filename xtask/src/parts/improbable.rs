//! The client of improbable-eng/grpc-web with its WebSocket transport, and the WebSocket of Node that it takes.

use super::npm::{self, Package};
use super::{Variables, bring};
use crate::shell;
use anyhow::{Context, Result};
use std::path::Path;

/// The last one there is, what it needs, and a WebSocket for Nodes that have none.
const PACKAGES: &[(&str, Package)] = &[
    (
        "@improbable-eng/grpc-web",
        Package {
            name: "@improbable-eng/grpc-web@0.15.0",
            integrity: "sha512-ERft9/0/8CmYalqOVnJnpdDry28q+j+nAlFFARdjyxXDJ+Mhgv9+F600QC8BR9ygOfrXRlAk6CvST2j+JCpQPg==",
        },
    ),
    (
        "browser-headers",
        Package {
            name: "browser-headers@0.4.1",
            integrity: "sha512-CA9hsySZVo9371qEHjHZtYxV2cFtVj5Wj/ZHi8ooEsrtm4vOnl9Y9HmyYWk9q+05d7K3rdoAE0j3MVEFVvtQtg==",
        },
    ),
    (
        "ws",
        Package {
            name: "ws@8.18.3",
            integrity: "sha512-PEIGCY5tSlUt50cqyMXfCzX+oOPqN0vuGqWzbcJ2xvnkzkq46oOpz7dQaTDBdfICb4N14+GARUDw2XV2N4tvzg==",
        },
    ),
];

/// Brings it: the folder whose `node_modules` has the packages.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let node = shell::find_any(&["node", "nodejs"]).context("npm is there, but Node is not")?;
    let folder = cache.join("improbable");
    let version: Vec<&str> = PACKAGES.iter().map(|(_, package)| package.integrity).collect();
    bring(&folder, &version.join("\n"), "improbable's gRPC-Web client", |folder| {
        for (name, package) in PACKAGES {
            npm::unpack(package, &folder.join("node_modules").join(name))?;
        }
        let mut check = shell::command(&node);
        check.args(["--eval", "require('@improbable-eng/grpc-web'), require('ws')"]);
        shell::output(check.current_dir(folder), "loading improbable's client").map(drop)
    })?;
    Ok(vec![("WIRELAB_IMPROBABLE", folder)])
}
