//! What is in `deploy/` is what Kubernetes and the bridge understand.

use std::path::{Path, PathBuf};
use std::process::Command;
use wirelab_tests::command::{Ran, run, wirelab};
use wirelab_tests::outside;
use wirelab_tests::servers::Bridge;
use wirelab_tests::servers::Sample;

/// Every manifest; what only kustomize reads is not one.
fn manifests() -> Vec<PathBuf> {
    let folders = ["deploy/gateway", "deploy/sidecar"].map(outside::checkout);
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    let text = |path: &Path| std::fs::read_to_string(path).expect("a text");
    files.retain(|path| text(path).contains("kind: ") && !path.ends_with("kustomization.yaml"));
    files.sort();
    files
}

fn check(files: &[PathBuf]) -> Ran {
    let mut python = Command::new(outside::python());
    python.args(["-m", "kubernetes_validate", "--strict"]).args(files);
    python.env("PYTHONPATH", outside::kubernetes_validate());
    run(&mut python)
}

#[test]
fn manifests_are_what_kubernetes_takes() {
    let files = manifests();
    assert!(files.len() >= 6, "{files:?}");
    let ran = check(&files);
    assert_eq!(ran.code, 0, "{ran:?}");
    // The check sees what is wrong.
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = folder.path().join("wrong.yaml");
    let text =
        std::fs::read_to_string(outside::checkout("deploy/gateway/deployment.yaml")).unwrap();
    std::fs::write(&wrong, text.replace("readOnlyRootFilesystem", "readOnlyRootFilesytem"))
        .unwrap();
    assert_ne!(check(&[wrong]).code, 0);
}

#[test]
fn every_file_is_named_by_its_kustomization() {
    for folder in ["deploy/gateway", "deploy/sidecar"] {
        let folder = outside::checkout(folder);
        let named = std::fs::read_to_string(folder.join("kustomization.yaml")).expect("a text");
        for file in std::fs::read_dir(&folder).expect("a folder") {
            let name = file.expect("a file").file_name().to_string_lossy().into_owned();
            let known = name == "kustomization.yaml" || named.contains(&format!("- {name}\n"));
            assert!(known, "{} of {}", name, folder.display());
        }
    }
}

#[test]
fn every_flag_is_one() {
    let help = wirelab(&["bridge", "--help"]).out;
    let mut seen = 0;
    for path in manifests().into_iter().chain([outside::checkout("deploy/Containerfile")]) {
        let text = std::fs::read_to_string(&path).expect("a text");
        let words = text.split(|letter: char| letter.is_whitespace() || "\"[],=".contains(letter));
        // Flags of cargo and of the builder are in the Containerfile, too.
        let others =
            ["--locked", "--release", "--from", "--interval", "--timeout", "--start-period"];
        for flag in words.filter(|word| word.starts_with("--") && word.len() > 2) {
            if !others.contains(&flag) && *flag != *"---" {
                seen += 1;
                assert!(help.contains(&format!("{flag} ")), "{flag} in {}", path.display());
            }
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn the_configuration_of_the_gateway_starts() {
    let sample = Sample::start();
    let bridge = Bridge::before(
        &sample.address,
        &[
            "--config",
            "deploy/gateway/bridge.yaml",
            "--admin",
            "127.0.0.1:0",
            "--drain-delay",
            "1ms",
        ],
    );
    let answer = wirelab_tests::http::ask(&bridge.address, "GET", "/v1/stock/KB-204-EU", &[], b"");
    assert_eq!(answer.status, 200, "{answer}");
    let said = bridge.said();
    let said: serde_json::Value =
        said.lines().find_map(|line| serde_json::from_str(line).ok()).expect("JSON");
    let admin = said["admin"].as_str().expect("an address");
    let probe = |path: &str| wirelab(&["bridge", "--probe", &format!("{admin}{path}")]).code;
    assert_eq!((probe("/healthz"), probe("/readyz"), probe("/nothing")), (0, 0, 1));
}

/// The image itself is built elsewhere; what it stands on is looked at here.
#[test]
fn the_image_has_what_the_program_needs() {
    let text = |path: &str| std::fs::read_to_string(outside::checkout(path)).expect("a text");
    let (container, toolchain) = (text("deploy/Containerfile"), text("rust-toolchain.toml"));
    let channel = toolchain.split("channel = \"").nth(1).and_then(|rest| rest.split('"').next());
    let minor = channel.and_then(|channel| channel.rsplit_once('.')).expect("a version").0;
    assert!(container.contains(&format!("/rust:{minor}-bookworm ")), "the toolchain is {minor}");
    // Built on the same system as it runs on, by what the lock file says.
    assert!(container.contains("cc-debian12") && container.contains("--locked"), "{container}");
    let ignored = text(".dockerignore");
    for path in [".git", "**/target", "ui/dist"] {
        assert!(ignored.lines().any(|line| line == path), "{path} is no part of an image");
    }
    // What the image without a shell has: glibc and libgcc.
    let ran = run(Command::new("ldd").arg(outside::wirelab()));
    const THERE: [&str; 6] =
        ["linux-vdso", "ld-linux", "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libdl.so.2"];
    let needed: Vec<&str> =
        ran.out.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(ran.code == 0 && needed.len() > 2, "{ran:?}");
    for library in needed {
        assert!(THERE.iter().any(|there| library.contains(there)), "{library} is not in the image");
    }
}

/// A pod is killed only after what is under way had its time.
#[test]
fn there_is_time_to_end() {
    let seconds = |text: &str, key: &str| -> u64 {
        let after = text.split(key).nth(1).unwrap_or_else(|| panic!("{key} is there"));
        let digits = after.trim_start_matches([':', '=', ' ']);
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|_| panic!("{key} is a number: {after}"))
    };
    for (manifest, configuration, drain) in [
        ("deploy/gateway/deployment.yaml", "deploy/gateway/bridge.yaml", "\ndrain:"),
        ("deploy/sidecar/deployment.yaml", "deploy/sidecar/deployment.yaml", "--drain="),
    ] {
        let text = |path: &str| std::fs::read_to_string(outside::checkout(path)).expect("a text");
        let (manifest, flags) = (text(manifest), text(configuration));
        let needed = seconds(&flags, "drain-delay") + seconds(&flags, drain);
        assert!(seconds(&manifest, "terminationGracePeriodSeconds") > needed, "{configuration}");
    }
}
