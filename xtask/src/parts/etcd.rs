//! etcd: a server in Go that has no reflection, streams in all directions, and keeps the addresses of others.

use super::{Variables, apt, bring, entries};
use crate::{shell, system};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The server, its `.proto` files, and those that they import; `google/api` is elsewhere.
const PACKAGES: [&str; 3] =
    ["etcd-server", "golang-etcd-server-dev", "golang-github-gogo-protobuf-dev"];

/// Where packages of Go keep their sources, and the import root that a folder of them is below.
const SOURCES: [(&str, &str); 2] =
    [("go.etcd.io/etcd", "etcd"), ("github.com/gogo/protobuf/gogoproto", "gogoproto")];

/// Brings it: the program, and the import root of its `.proto` files, which are below `etcd`.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("etcd");
    let (program, protos) = (folder.join("bin/etcd"), folder.join("protos"));
    let release = system::pinned_release()
        .context("etcd comes from the packages of Debian or Ubuntu, which this system is not")?;
    let version = format!("{} of {}", PACKAGES.join(" "), release.suite);
    bring(&folder, &version, "etcd", |folder| {
        let download = folder.join("download");
        let root = apt::unpack(&download, release, &PACKAGES)?;
        fs::create_dir_all(folder.join("bin")).context("making a folder")?;
        fs::rename(root.join("usr/bin/etcd"), &program)
            .context("the package etcd-server has no etcd")?;
        for (from, to) in SOURCES {
            copy_protos(&root.join("usr/share/gocode/src").join(from), &protos.join(to))?;
        }
        fs::remove_dir_all(download).context("removing what was downloaded")?;
        shell::output(shell::command(&program).arg("--version"), "starting etcd").map(drop)
    })?;
    Ok(vec![("WIRELAB_ETCD", program), ("WIRELAB_ETCD_PROTOS", protos)])
}

/// The `.proto` files below `from`, to the same places below `to`.
fn copy_protos(from: &Path, to: &Path) -> Result<()> {
    for path in entries(from)? {
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_protos(&path, &to.join(name))?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
            fs::copy(&path, to.join(name))
                .with_context(|| format!("copying {}", path.display()))?;
        }
    }
    Ok(())
}
