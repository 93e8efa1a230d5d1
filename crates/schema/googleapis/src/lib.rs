//! Where Cargo put the `.proto` files that registry packages ship, for build scripts. Knows nothing of Protobuf.

use std::path::{Path, PathBuf};
use std::{env, fs, process::Command};

/// Files that a registry package ships; this package's manifest makes Cargo fetch it.
pub struct Package {
    /// The package.
    pub name: &'static str,
    /// The version that the manifest pins.
    pub version: &'static str,
    /// The import root inside that package.
    folder: &'static str,
}

/// `google/api`, `google/rpc` and their neighbours.
pub const GOOGLEAPIS: Package =
    Package { name: "gcloud-googleapis", version: "1.1.0", folder: "googleapis" };

/// `google/protobuf/descriptor.proto` with editions up to 2024.
pub const DESCRIPTOR: Package =
    Package { name: "buffa-descriptor", version: "0.9.2", folder: "protos" };

impl Package {
    /// The import root of the package's files.
    ///
    /// # Errors
    /// A sentence when Cargo has not fetched the package.
    pub fn root(&self) -> Result<PathBuf, String> {
        self.in_registry().or_else(|| self.in_metadata()).ok_or_else(|| {
            let Package { name, version, .. } = self;
            format!("cannot find the source of {name} {version}; `cargo fetch` downloads it")
        })
    }

    /// Where Cargo unpacks registry packages unless the user replaced the registry.
    fn in_registry(&self) -> Option<PathBuf> {
        let Package { name, version, folder } = self;
        let home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(env::home_dir()?.join(".cargo")))?;
        fs::read_dir(home.join("registry/src"))
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path().join(format!("{name}-{version}/{folder}"))))
            .find(|root| root.is_dir())
    }

    /// Wherever else Cargo found the package: a vendored folder, say. Slower, since it resolves the whole workspace.
    fn in_metadata(&self) -> Option<PathBuf> {
        let host = env::var("HOST").ok()?;
        let output = Command::new(env::var_os("CARGO")?)
            .args(["metadata", "--format-version", "1", "--filter-platform", &host])
            .current_dir(env::var_os("CARGO_MANIFEST_DIR")?)
            .output()
            .ok()?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        let package = metadata["packages"].as_array()?.iter().find(|p| p["name"] == self.name)?;
        Some(Path::new(package["manifest_path"].as_str()?).parent()?.join(self.folder))
            .filter(|root| root.is_dir())
    }
}
