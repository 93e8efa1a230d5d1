//! The screens: Rust to wasm by cargo, JavaScript glue by wasm-bindgen, static files beside them, all in `ui/dist`.
//!
//! Nothing is written that would not change, so that what embeds the screens is not built again for nothing.

use crate::{shell, workspace};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// What of `ui/` is not copied to the screens.
const NOT_STATIC: &[&str] = &["Cargo.toml", "build.rs", "dist", "src", "tests"];

/// Builds the screens into `ui/dist`.
pub fn build(release: bool) -> Result<()> {
    let (profile, folder) =
        if release { ("wasm-release", "wasm-release") } else { ("dev", "debug") };
    shell::run(
        shell::cargo().args([
            "build",
            "--package",
            "wirelab-ui",
            "--target",
            TARGET,
            "--profile",
            profile,
        ]),
        "building the screens",
    )?;

    let target = workspace::target_dir()?;
    let wasm = target.join(TARGET).join(folder).join("wirelab-ui.wasm");
    let ui = workspace::root().join("ui");
    let dist = ui.join("dist");
    let glue = target.join("xtask").join(format!("ui-{folder}"));

    let bound = fingerprint(&wasm)?;
    if fs::read_to_string(glue.join("stamp")).ok().as_deref() != Some(&*bound) {
        bind(&wasm, &glue, release)?;
        fs::write(glue.join("stamp"), &bound)?;
    }

    let mut files = BTreeMap::new();
    collect(&ui, &ui, NOT_STATIC, &mut files)?;
    collect(&glue, &glue, &["stamp"], &mut files)?;
    sync(&files, &dist).context("writing ui/dist")?;
    Ok(())
}

/// Changes whenever cargo made something else.
fn fingerprint(wasm: &Path) -> Result<String> {
    let file = fs::metadata(wasm).with_context(|| format!("{} was not built", wasm.display()))?;
    let built = file.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{} {}", file.len(), built.as_nanos()))
}

fn bind(wasm: &Path, out: &Path, release: bool) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    fs::create_dir_all(out)?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name("ui")
        .typescript(false)
        .keep_debug(false)
        .remove_name_section(release)
        .remove_producers_section(release);
    bindgen.web(true)?;
    bindgen.generate(out).context("wasm-bindgen")
}

/// Adds the files below `folder` to `files`, by their path in the screens.
fn collect(
    base: &Path,
    folder: &Path,
    skip: &[&str],
    files: &mut BTreeMap<PathBuf, PathBuf>,
) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') || folder == base && skip.contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(base, &path, skip, files)?;
        } else if let Ok(relative) = path.strip_prefix(base) {
            files.insert(relative.to_owned(), path);
        }
    }
    Ok(())
}

/// Makes `dist` hold exactly `files`, touching only what differs.
fn sync(files: &BTreeMap<PathBuf, PathBuf>, dist: &Path) -> Result<()> {
    fs::create_dir_all(dist)?;
    for (relative, source) in files {
        let wanted = fs::read(source)?;
        let target = dist.join(relative);
        if fs::read(&target).is_ok_and(|there| there == wanted) {
            continue;
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        // Renamed into place, so that a studio serving the folder never reads half a file.
        let partial = target.with_file_name(format!(".{}.partial", std::process::id()));
        fs::write(&partial, wanted)?;
        fs::rename(&partial, &target)?;
    }
    let mut present = BTreeMap::new();
    collect(dist, dist, &[], &mut present)?;
    for (relative, path) in present {
        if !files.contains_key(&relative) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncing_adds_changes_and_removes_but_leaves_the_same_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("styles")).unwrap();
        fs::create_dir_all(from.join("src")).unwrap();
        fs::create_dir_all(&to).unwrap();
        for (name, text) in
            [("index.html", "new"), ("styles/a.css", "same"), ("src/main.rs", ""), (".hidden", "")]
        {
            fs::write(from.join(name), text).unwrap();
        }
        fs::create_dir_all(to.join("styles")).unwrap();
        fs::write(to.join("index.html"), "old").unwrap();
        fs::write(to.join("styles/a.css"), "same").unwrap();
        fs::write(to.join("gone.js"), "").unwrap();
        let untouched = fs::metadata(to.join("styles/a.css")).unwrap().modified().unwrap();

        let mut files = BTreeMap::new();
        collect(&from, &from, NOT_STATIC, &mut files).unwrap();
        sync(&files, &to).unwrap();

        let mut there = BTreeMap::new();
        collect(&to, &to, &[], &mut there).unwrap();
        let names: Vec<_> =
            there.keys().map(|path| path.to_str().unwrap().replace('\\', "/")).collect();
        assert_eq!(names, ["index.html", "styles/a.css"]);
        assert_eq!(fs::read_to_string(to.join("index.html")).unwrap(), "new");
        assert_eq!(fs::metadata(to.join("styles/a.css")).unwrap().modified().unwrap(), untouched);
    }
}
