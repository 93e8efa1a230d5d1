//! Packages of Debian and Ubuntu unpacked into a folder: nothing is installed, so no service starts and nothing on
//! the machine changes.
//!
//! apt checks their signatures; its lists and sources are in the folder, so the machine's own stay as they are, and
//! no administrator is needed.

use super::entries;
use crate::{shell, system};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Fills `folder` with what is in `packages` of `release`, and says where it has put their root.
pub fn unpack(folder: &Path, release: &system::Release, packages: &[&str]) -> Result<PathBuf> {
    let mut failures = Vec::new();
    for mirror in mirrors(release) {
        match download(folder, release, &mirror, packages) {
            Ok(()) => return extract(folder),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    bail!("{}", failures.join("; then "))
}

fn extract(folder: &Path) -> Result<PathBuf> {
    let root = folder.join("root");
    for package in entries(folder)? {
        if package.extension().is_none_or(|ending| ending != "deb") {
            continue;
        }
        let mut extract = shell::command("dpkg-deb");
        let what = format!("unpacking {}", package.display());
        shell::run(extract.arg("--extract").arg(&package).arg(&root), &what)?;
        fs::remove_file(&package).context("removing a package")?;
    }
    Ok(root)
}

/// Where packages come from on this machine, then where the system's own are.
fn mirrors(release: &system::Release) -> Vec<String> {
    let mut ask = shell::command("apt-get");
    ask.args(["indextargets", "--format", "$(CREATED_BY) $(COMPONENT) $(REPO_URI)"]);
    let own = shell::output(&mut ask, "asking apt for its sources").unwrap_or_default();
    let own = own
        .lines()
        .filter_map(|line| line.strip_prefix("Packages main "))
        .find(|uri| uri.trim_end_matches('/').ends_with(release.archive));
    own.into_iter().chain([release.mirror]).map(str::to_owned).collect()
}

fn download(
    folder: &Path,
    release: &system::Release,
    mirror: &str,
    packages: &[&str],
) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    let (empty, lists) = (folder.join("empty"), folder.join("lists"));
    for folder in [&empty, &lists.join("partial"), &folder.join("archives/partial")] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let sources = folder.join("sources.list");
    let system::Release { suite, components, keyring, .. } = release;
    let line = format!("deb [signed-by={keyring}] {mirror} {suite} {components}\n");
    fs::write(&sources, line).context("writing apt's sources")?;
    let apt = |arguments: &[&str]| {
        let mut command = shell::command("apt-get");
        // What an administrator runs is left to no other user, who may not enter the cache folder.
        command.args(["-q", "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3"]);
        command.args(["-o", "Acquire::Languages=none"]);
        for (key, value) in [
            ("Dir::Etc::SourceList", &sources),
            ("Dir::Etc::SourceParts", &empty),
            ("Dir::Etc::PreferencesParts", &empty),
            ("Dir::State::Lists", &lists),
            ("Dir::Cache", &folder.to_owned()),
        ] {
            command.arg("-o").arg(format!("{key}={}", value.display()));
        }
        command.args(["-o", "Dir::Etc::Preferences=/dev/null"]);
        command.args(arguments).current_dir(folder);
        command
    };
    let what = format!("fetching {} of {suite} from {mirror}", packages.join(", "));
    shell::output(&mut apt(&["update", "-o", "APT::Update::Error-Mode=any"]), &what)?;
    shell::output(apt(&["download"]).args(packages), &what)?;
    fs::remove_dir_all(lists).context("removing apt's lists")
}
