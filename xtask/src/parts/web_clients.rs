//! The clients that web pages call gRPC servers with: Google's `grpc-web` and Connect's `connect-web`.

use super::connect::CORE;
use super::npm::{self, Package};
use super::{Variables, bring};
use anyhow::Result;
use std::path::Path;

/// As pages load them: none of their files is built or changed.
const CLIENTS: [(&str, Package); 2] = [
    (
        "grpc-web",
        Package {
            name: "grpc-web@2.0.2",
            integrity: "sha512-bvBP0/d5jyVM3eGxxffJhRLAPpH6eXhJeUzBT+bSIEgUKkG4a/BotEimVeW3phP0WLnsJnkRl8uQdRf2yDLaVA==",
        },
    ),
    (
        "@connectrpc/connect-web",
        Package {
            name: "@connectrpc/connect-web@2.0.4",
            integrity: "sha512-wMiStHClk7YopPIrmFvgviPjHeFpiNGykPxuVIi6leGTpg/GKx317tsN5GySX46iV7RrnESOvAyuisQtJXO99w==",
        },
    ),
];

/// Brings them: the folder whose `node_modules` has the packages.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("web-clients");
    let packages = [CORE, CLIENTS].concat();
    let version: Vec<&str> = packages.iter().map(|(_, package)| package.integrity).collect();
    bring(&folder, &version.join("\n"), "the gRPC clients of web pages", |folder| {
        for (name, package) in &packages {
            npm::unpack(package, &folder.join("node_modules").join(name))?;
        }
        Ok(())
    })?;
    Ok(vec![("WIRELAB_WEB_CLIENTS", folder)])
}
