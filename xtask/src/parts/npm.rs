//! Packages of the npm registry, unpacked where they are wanted; what they say should run is not run.

use super::entries;
use crate::shell;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// A package at a version, with what the registry says of it. npm checks what it downloads; that it is still the same
/// is checked here.
#[derive(Clone, Copy)]
pub struct Package {
    /// `name@version`.
    pub name: &'static str,
    /// As in npm's lock files.
    pub integrity: &'static str,
}

/// Puts what is in a package into `folder`.
pub fn unpack(package: &Package, folder: &Path) -> Result<()> {
    let Package { name, integrity } = package;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let text = shell::output(
        shell::command("npm")
            .args(["pack", "--json", "--loglevel=error", "--pack-destination"])
            .args([folder.as_os_str(), name.as_ref()]),
        &format!("npm pack {name}"),
    )?;
    let packed: serde_json::Value = serde_json::from_str(&text).context("npm pack")?;
    if packed[0]["integrity"] != *integrity {
        bail!("{name} is not what it was: its integrity is {}", packed[0]["integrity"]);
    }
    // npm says the file's name differently from version to version, but there is only this one.
    let archive = entries(folder)?
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "tgz"))
        .context("npm pack left no archive")?;
    let mut extract = shell::command("tar");
    extract.args(["--strip-components=1", "-xzf"]).arg(&archive).arg("-C").arg(folder);
    shell::run(&mut extract, &format!("unpacking {name}"))?;
    fs::remove_file(archive).context("removing the archive")
}
