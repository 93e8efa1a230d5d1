//! The big tree of `.proto` files that Google ships for Node.

use super::npm::{self, Package};
use super::{Variables, bring};
use anyhow::Result;
use std::path::Path;

const TREE: Package = Package {
    name: "google-proto-files@5.0.3",
    integrity: "sha512-HrKG4IIPUHaU1E4+J8yETm41N39+pm9z+ZBERNcq+q8ltHRcFwTcxSviqJSuxPiZJNTWmdBhp03xcElCRlQPxA==",
};

/// Brings it: its import root.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("google-proto-files");
    let tree = folder.join("package");
    bring(&folder, TREE.integrity, TREE.name, |_| npm::unpack(&TREE, &tree))?;
    Ok(vec![("WIRELAB_GOOGLE_PROTOS", tree)])
}
