//! The schemas of Kubernetes' resources, and what checks manifests against them.

use super::{Variables, bring, entries, python};
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The checker with everything that it needs.
const PACKAGES: &[&str] = &[
    "kubernetes-validate==1.37.0",
    "attrs==26.1.0",
    "importlib-resources==7.1.0",
    "jsonschema==4.26.0",
    "jsonschema-specifications==2025.9.1",
    "packaging==26.3",
    "pyyaml==6.0.3",
    "referencing==0.37.0",
    "rpds-py==2026.9.1",
    "typing-extensions==4.16.0",
];

/// The version whose schemas are kept; those of all versions take 110 MB.
const KEPT: &str = "v1.37.0";

/// Brings it: a folder of Python modules.
pub fn ensure(cache: &Path) -> Result<Variables> {
    let folder = cache.join("kubernetes-validate");
    bring(&folder, &PACKAGES.join("\n"), "a checker of Kubernetes manifests", |folder| {
        let mut install = shell::command(python::program(cache));
        install.args(["-m", "pip", "install", "--quiet", "--no-input", "--only-binary=:all:"]);
        install.args(["--disable-pip-version-check", "--retries=5", "--no-deps", "--target"]);
        shell::run(install.arg(folder).args(PACKAGES), "installing kubernetes-validate")?;
        let schemas = folder.join("kubernetes_validate/kubernetes-json-schema");
        for version in entries(&schemas)? {
            let name = version.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('v') && !name.starts_with(KEPT) {
                fs::remove_dir_all(&version)
                    .with_context(|| format!("removing {}", version.display()))?;
            }
        }
        Ok(())
    })?;
    Ok(vec![("WIRELAB_KUBERNETES_VALIDATE", folder)])
}
