//! Connect's own server for Node, which speaks Connect, gRPC-Web and gRPC.

use super::npm::{self, Package};
use super::{Variables, bring};
use crate::shell;
use anyhow::{Context, Result};
use std::path::Path;

/// The last one that runs on the Node of Debian 12; what it depends on is in [`CORE`].
const SERVER: (&str, Package) = (
    "@connectrpc/connect-node",
    Package {
        name: "@connectrpc/connect-node@2.0.4",
        integrity: "sha512-+2rmWcCqYxh7TKv6zyJqGloUP5dZSkjrZ3AA1CljGBqiwH6pOjLoNX1ofKh9PBRkJnvfxvL3pBEEWaD1hJso4Q==",
    },
);

/// What Connect's packages for servers and for pages stand on; it depends on nothing else.
pub(super) const CORE: [(&str, Package); 2] = [
    (
        "@connectrpc/connect",
        Package {
            name: "@connectrpc/connect@2.0.4",
            integrity: "sha512-E3EDUMHDdLKVYRxaGbb/MWImZUiGiPQgoehigCvy0NtMTiAn9AQIz/an1689b7mFbkMIXztPHwSNsvtqRPHhqQ==",
        },
    ),
    (
        "@bufbuild/protobuf",
        Package {
            name: "@bufbuild/protobuf@2.17.0",
            integrity: "sha512-hcPkSz6D7MiTU/5VBBhK+kxaYDoOdQ6yJRFJ3kS8Nydp+VZXfg1vrpABKPNod8bXMufsVCmiUJVIKFzCzta4uw==",
        },
    ),
];

/// Brings it: Node, and the folder whose `node_modules` has the packages.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let node = shell::find_any(&["node", "nodejs"]).context("npm is there, but Node is not")?;
    let folder = cache.join("connect-node");
    let packages = [&[SERVER][..], &CORE].concat();
    let version: Vec<&str> = packages.iter().map(|(_, package)| package.integrity).collect();
    bring(&folder, &version.join("\n"), "Connect's server for Node", |folder| {
        for (name, package) in &packages {
            npm::unpack(package, &folder.join("node_modules").join(name))?;
        }
        let mut check = shell::command(&node);
        check.args(["--eval", "require('@connectrpc/connect-node')"]).current_dir(folder);
        let what = "loading Connect's server (it needs Node 18.14 or newer)";
        shell::output(&mut check, what).map(drop)
    })?;
    Ok(vec![("WIRELAB_NODE", node), ("WIRELAB_CONNECT", folder)])
}
