//! Releases of Debian and Ubuntu that packages are taken from without installing them.

use super::System;

/// A release of the system, which need not be the one that runs here.
#[derive(Debug)]
pub struct Release {
    /// As apt calls it.
    pub suite: &'static str,
    /// Its parts that are looked into.
    pub components: &'static str,
    /// Where its packages are, for everybody.
    pub mirror: &'static str,
    /// How the address of a mirror ends.
    pub archive: &'static str,
    /// The keys that it is signed with.
    pub keyring: &'static str,
}

const DEBIAN: Release = Release {
    suite: "bookworm",
    components: "main",
    mirror: "http://deb.debian.org/debian",
    archive: "/debian",
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
};

const UBUNTU: Release = Release {
    suite: "noble",
    components: "main universe",
    mirror: "http://archive.ubuntu.com/ubuntu",
    archive: "/ubuntu",
    keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
};

/// The release whose libraries may be taken where those of this machine are too old; none where apt has none.
pub fn newer_release() -> Option<&'static Release> {
    const NEWER_DEBIAN: Release = Release { suite: "trixie", ..DEBIAN };
    match System::here() {
        System::Debian => Some(&NEWER_DEBIAN),
        System::Ubuntu => Some(&UBUNTU),
        System::Other => None,
    }
}

/// The release whose programs are taken, so that they are the same wherever tests run; none where apt has none.
pub fn pinned_release() -> Option<&'static Release> {
    match System::here() {
        System::Debian => Some(&DEBIAN),
        System::Ubuntu => Some(&UBUNTU),
        System::Other => None,
    }
}
