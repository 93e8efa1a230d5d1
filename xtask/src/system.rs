//! What the machine has to have: system packages, by its own package manager, and the parts of Rust by rustup.
//!
//! Each need is checked by what it gives (a program, a library, a module), so nothing is installed where it is
//! there already, however it came there.

use crate::shell;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

mod release;

pub use release::{Release, newer_release, pinned_release};

/// Something the machine has to have.
pub struct Need {
    /// What it is, as the packages of other systems may call it.
    name: &'static str,
    /// What for.
    why: &'static str,
    /// How to tell that it is there.
    check: Check,
    /// Its packages on Debian.
    debian: &'static [&'static str],
    /// Its packages on Ubuntu where they are called otherwise.
    ubuntu: Option<&'static [&'static str]>,
}

enum Check {
    /// Any of these programs is on the path.
    Program(&'static [&'static str]),
    /// `pkg-config` knows it.
    Library(&'static str),
    /// Python can import all of these.
    Python(&'static str),
}

/// Chromium under the names it goes by.
pub const CHROMIUM: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Its driver.
pub const CHROMEDRIVER: &[&str] = &["chromedriver", "chromium.chromedriver"];
/// WebKit's driver.
pub const WEBKIT_DRIVER: &[&str] = &["WebKitWebDriver"];
/// The virtual display.
pub const XVFB: &[&str] = &["Xvfb"];
/// curl.
pub const CURL: &[&str] = &["curl"];

const COMPILER: Need = Need {
    name: "a C compiler",
    why: "SQLite is built from source",
    check: Check::Program(&["cc"]),
    debian: &["build-essential"],
    ubuntu: None,
};
const PKG_CONFIG: Need = Need {
    name: "pkg-config",
    why: "finds the libraries of the desktop window",
    check: Check::Program(&["pkg-config"]),
    debian: &["pkg-config"],
    ubuntu: None,
};
const WEBKIT: Need = Need {
    name: "WebKitGTK 4.1 for developers",
    why: "draws the desktop window",
    check: Check::Library("webkit2gtk-4.1"),
    debian: &["libwebkit2gtk-4.1-dev"],
    ubuntu: None,
};
const BROWSER: Need = Need {
    name: "Chromium",
    why: "the screens are tested in a real browser",
    check: Check::Program(CHROMIUM),
    debian: &["chromium"],
    ubuntu: Some(&["chromium-browser"]),
};
const BROWSER_DRIVER: Need = Need {
    name: "Chromium's driver",
    why: "the screens are tested in a real browser",
    check: Check::Program(CHROMEDRIVER),
    debian: &["chromium-driver"],
    ubuntu: Some(&["chromium-chromedriver"]),
};
const WINDOW_DRIVER: Need = Need {
    name: "WebKitGTK's driver",
    why: "the desktop window is tested",
    check: Check::Program(WEBKIT_DRIVER),
    debian: &["webkit2gtk-driver"],
    ubuntu: None,
};
const DISPLAY: Need = Need {
    name: "Xvfb",
    why: "the desktop window is tested on a virtual display",
    check: Check::Program(XVFB),
    debian: &["xvfb"],
    ubuntu: None,
};
const SESSION_BUS: Need = Need {
    name: "a session bus",
    why: "WebKitGTK starts one for the tested window",
    check: Check::Program(&["dbus-launch"]),
    debian: &["dbus-x11"],
    ubuntu: None,
};
const PYTHON: Need = Need {
    name: "Python 3 with venv and pip",
    why: "runs a gRPC server that is not ours for the tests",
    check: Check::Python("venv, ensurepip"),
    debian: &["python3", "python3-venv"],
    ubuntu: None,
};
const NPM: Need = Need {
    name: "npm with Node",
    why: "brings a big tree of .proto files and a Connect server for the tests, and runs that server",
    check: Check::Program(&["npm"]),
    debian: &["npm"],
    ubuntu: None,
};
const REST_CLIENT: Need = Need {
    name: "curl",
    why: "calls the bridge as people do",
    check: Check::Program(CURL),
    debian: &["curl"],
    ubuntu: None,
};

const CPP_COMPILER: Need = Need {
    name: "a C++ compiler",
    why: "libFuzzer is built from source",
    check: Check::Program(&["c++"]),
    debian: &["build-essential"],
    ubuntu: None,
};

/// What building and opening the studio needs.
pub fn for_studio(desktop: bool) -> Vec<Need> {
    if desktop { vec![COMPILER, PKG_CONFIG, WEBKIT] } else { vec![COMPILER] }
}

/// What `cargo xtask test` needs.
pub fn for_tests() -> Vec<Need> {
    vec![
        COMPILER,
        CPP_COMPILER,
        PKG_CONFIG,
        WEBKIT,
        BROWSER,
        BROWSER_DRIVER,
        WINDOW_DRIVER,
        DISPLAY,
        SESSION_BUS,
        PYTHON,
        NPM,
        REST_CLIENT,
    ]
}

/// What `cargo xtask shots` needs.
pub fn for_shots() -> Vec<Need> {
    vec![COMPILER, BROWSER, BROWSER_DRIVER]
}

impl Need {
    fn is_there(&self) -> bool {
        match self.check {
            Check::Program(names) => shell::find_any(names).is_some(),
            Check::Library(name) => {
                shell::succeeds(shell::command("pkg-config").args(["--exists", name]))
            }
            Check::Python(modules) => shell::succeeds(
                shell::command("python3").args(["-c", &format!("import {modules}")]),
            ),
        }
    }
}

/// Installs what of `needs` is missing after saying what and why.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let system = System::here();
    let packages = system.packages(&missing);
    println!("setup: this machine lacks");
    for need in &missing {
        println!("  {}: {}", need.name, need.why);
    }
    let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
    if system == System::Other || shell::find("apt-get").is_none() {
        bail!(
            "install {} with this system's package manager, then run this again",
            names.join(", ")
        );
    }
    let by_hand = format!("apt-get install {}", packages.join(" "));
    let Some(prefix) = privileges() else {
        bail!(
            "only an administrator may install packages here; run `sudo {by_hand}`, then this again"
        );
    };
    println!("setup: {by_hand}");
    let apt = |arguments: &[&str]| {
        let mut words = prefix.clone();
        words.push("env".into());
        words.push("DEBIAN_FRONTEND=noninteractive".into());
        words.push("apt-get".into());
        let mut command = shell::command(&words[0]);
        command.args(&words[1..]);
        // Another installation under way is waited for, a hiccup of the mirror tried again.
        command.args(["-y", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]);
        command.args(arguments);
        command
    };
    shell::run(&mut apt(&["update"]), "refreshing the package lists")?;
    let mut install = apt(&["install", "--no-install-recommends"]);
    shell::run(install.args(&packages), &format!("installing {}", packages.join(" ")))?;
    for need in missing {
        if !need.is_there() {
            bail!(
                "{} was installed but is still not found; look at the output of apt-get above",
                need.name
            );
        }
    }
    Ok(())
}

/// The words that make a command an administrator's, or none when this user cannot be one unasked.
fn privileges() -> Option<Vec<String>> {
    let is_root = shell::output(shell::command("id").arg("-u"), "asking who runs this")
        .is_ok_and(|id| id.trim() == "0");
    if is_root {
        return Some(Vec::new());
    }
    let sudo = shell::find("sudo")?.to_string_lossy().into_owned();
    // Where somebody sits at a terminal, sudo may ask them (it reads the terminal itself, not stdin).
    let asks = Path::new("/dev/tty").exists() && std::env::var_os("CI").is_none();
    let flags: &[&str] = if asks { &[] } else { &["-n"] };
    let allowed = asks || shell::succeeds(shell::command(&sudo).args(["-n", "true"]));
    allowed.then(|| [sudo].into_iter().chain(flags.iter().map(|flag| flag.to_string())).collect())
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum System {
    Debian,
    Ubuntu,
    Other,
}

impl System {
    /// That of this machine.
    fn here() -> System {
        System::of(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// From the text of `/etc/os-release`.
    fn of(os_release: &str) -> System {
        let value = |key: &str| {
            os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .map(|value| value.trim_matches('"').to_ascii_lowercase())
                .unwrap_or_default()
        };
        let (id, like) = (value("ID"), value("ID_LIKE"));
        let is = |name: &str| id == name || like.split_whitespace().any(|like| like == name);
        match () {
            () if is("ubuntu") => System::Ubuntu,
            () if is("debian") => System::Debian,
            () => System::Other,
        }
    }

    fn packages(self, needs: &[&Need]) -> Vec<&'static str> {
        let of = |need: &&Need| match (self, need.ubuntu) {
            (System::Ubuntu, Some(packages)) => packages,
            _ => need.debian,
        };
        needs.iter().flat_map(|need| of(need).iter().copied()).collect()
    }
}

/// Adds the wasm target, rustfmt and clippy where rustup left them out.
pub fn ensure_rust() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let sysroot =
        shell::output(shell::command("rustc").args(["--print", "sysroot"]), "finding Rust")?;
    let sysroot = PathBuf::from(sysroot.trim());
    if !sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        println!("setup: rustup target add {TARGET}: the screens are built to WebAssembly");
        rustup(&["target", "add", TARGET])?;
    }
    for (tool, component, why) in [
        ("cargo-fmt", "rustfmt", "checks the format"),
        ("cargo-clippy", "clippy", "finds what is not idiomatic"),
    ] {
        let file = format!("bin/{tool}{}", std::env::consts::EXE_SUFFIX);
        if !sysroot.join(file).is_file() && shell::find(tool).is_none() {
            println!("setup: rustup component add {component}: {why}");
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(arguments: &[&str]) -> Result<()> {
    if shell::find("rustup").is_none() {
        bail!("`rustup {}` is needed; get rustup from https://rustup.rs", arguments.join(" "));
    }
    shell::run(shell::command("rustup").args(arguments), &format!("rustup {}", arguments.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_their_own_words() {
        for (os_release, system) in [
            ("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", System::Debian),
            ("ID=ubuntu\nID_LIKE=debian\n", System::Ubuntu),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", System::Ubuntu),
            ("ID=raspbian\nID_LIKE=debian\n", System::Debian),
            ("ID=fedora\nID_LIKE=\"rhel centos\"\n", System::Other),
            ("", System::Other),
        ] {
            assert_eq!(System::of(os_release), system, "{os_release}");
        }
    }

    #[test]
    fn packages_go_by_the_names_of_the_system() {
        let needs = [&BROWSER, &DISPLAY];
        assert_eq!(System::Debian.packages(&needs), ["chromium", "xvfb"]);
        assert_eq!(System::Ubuntu.packages(&needs), ["chromium-browser", "xvfb"]);
    }

    #[test]
    fn what_is_there_is_not_asked_for() {
        let absent = Need { check: Check::Program(&["wirelab-no-such-program"]), ..COMPILER };
        assert!(!absent.is_there());
        let library = Need { check: Check::Library("wirelab-no-such-library"), ..COMPILER };
        assert!(!library.is_there());
        assert!(Need { check: Check::Program(&["rustc"]), ..COMPILER }.is_there());
    }
}
