//! Import roots from buf's configuration: `buf.yaml` of versions v1beta1, v1 and v2, and `buf.work.yaml`.
//! See <https://buf.build/docs/configuration/v2/buf-yaml/>.

use super::{discover::unreadable, limits::MAX_CONFIG_BYTES};
use serde::Deserialize;
use std::{
    fs,
    path::{Component, Path, PathBuf},
};
use wirelab_model::{Problem, ProblemKind};

/// What matters here of either file; everything else is ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    /// v2.
    modules: Vec<Module>,
    /// v1beta1.
    build: Build,
    /// `buf.work.yaml`.
    directories: Vec<String>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default = "here")]
    path: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Build {
    roots: Vec<String>,
}

fn here() -> String {
    ".".to_owned()
}

/// The import roots that the file `config` names; the problem leaves its path to the caller.
pub(super) fn roots(config: &Path) -> Result<Vec<PathBuf>, Problem> {
    let length = fs::metadata(config).map_err(|e| unreadable(config, &e))?.len();
    if length > MAX_CONFIG_BYTES {
        let message = format!("larger than {MAX_CONFIG_BYTES} bytes");
        return Err(Problem::new(ProblemKind::TooLarge, message));
    }
    let text = fs::read_to_string(config).map_err(|e| unreadable(config, &e))?;
    let folder = config.parent().unwrap_or(Path::new(""));
    Ok(folders(&text, config.ends_with("buf.work.yaml"))?
        .into_iter()
        .map(|relative| if relative == "." { folder.to_owned() } else { folder.join(relative) })
        .collect())
}

fn folders(text: &str, workspace: bool) -> Result<Vec<String>, Problem> {
    let config = if text.trim().is_empty() {
        Config::default()
    } else {
        serde_saphyr::from_str(text).map_err(|error| {
            let problem = Problem::new(ProblemKind::Syntax, "not the YAML that buf reads")
                .help("Fix it or remove it; its import roots are not used");
            match error.location() {
                Some(at) => problem.span(line(at.line()), line(at.column())),
                None => problem,
            }
        })?
    };
    let mut folders: Vec<String> = if workspace {
        config.directories
    } else if !config.modules.is_empty() {
        config.modules.into_iter().map(|module| module.path).collect()
    } else {
        config.build.roots
    };
    if folders.is_empty() && !workspace {
        folders.push(here());
    }
    let stays = |path: &String| {
        Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
    };
    match folders.iter().find(|path| !stays(path)) {
        Some(path) => {
            let message = format!("the folder `{path}` is not below this file");
            Err(Problem::new(ProblemKind::Invalid, message)
                .help("buf allows only folders below it"))
        }
        None => Ok(folders),
    }
}

fn line(n: impl TryInto<u32>) -> u32 {
    n.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_names_its_roots() {
        for (workspace, text, expected) in [
            (false, "", &["."] as &[&str]),
            (false, "version: v1\n", &["."]),
            (false, "version: v1\nbreaking:\n  use: [FILE]\ndeps:\n  - buf.build/a/b\n", &["."]),
            (
                false,
                "version: v1beta1\nbuild:\n  roots: [proto, vendor/x]\n",
                &["proto", "vendor/x"],
            ),
            (
                false,
                "version: v2\nmodules:\n  - path: proto\n    name: buf.build/a/b\n  - path: third_party\n",
                &["proto", "third_party"],
            ),
            (false, "version: v2\nmodules:\n  - name: buf.build/a/b\n", &["."]),
            (true, "version: v1\ndirectories:\n  - proto\n  - other\n", &["proto", "other"]),
            (true, "version: v1\n", &[]),
        ] {
            assert_eq!(folders(text, workspace).expect(text), expected, "{text}");
        }
        for (text, message, place) in [
            ("version: v2\nmodules: 7\n", "not the YAML that buf reads", true),
            ("version: [\n", "not the YAML that buf reads", true),
            ("build:\n  roots: [../out]\n", "the folder `../out` is not below this file", false),
            ("build:\n  roots: [/etc]\n", "the folder `/etc` is not below this file", false),
        ] {
            let problem = folders(text, false).expect_err(text);
            assert_eq!(
                (problem.message.as_str(), problem.span.is_some()),
                (message, place),
                "{text}"
            );
        }
    }
}
