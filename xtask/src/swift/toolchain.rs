//! Swift: the one that is installed, or that of Debian 13 in a root folder of its own.

use crate::place::Place;
use crate::run::{self, program};
use crate::tools;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest that has the language mode of the package.
const OLDEST: u32 = 6;
/// The release that has one, and what of it is needed.
const RELEASE: &str = "trixie";
const PACKAGES: &str = "swiftlang,ca-certificates,libc6-dev,libstdc++-14-dev,libgcc-14-dev,gcc";

/// Runs in a mount namespace of its own, so that nothing stays mounted however it ends. The work folder has the same path in
/// the root folder as outside. Arguments: root folder, work folder, folder to run in, then the program.
const INSIDE: &str = r#"root=$1 work=$2 at=$3
shift 3
mkdir -p "$root$work"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$work" "$root$work"
exec chroot "$root" /usr/bin/env -i --chdir="$at" HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin:/usr/libexec/swift/bin "$@""#;

/// Where Swift is.
#[derive(Debug)]
pub(crate) enum Swift {
    /// On `PATH`.
    Installed,
    /// In this root folder of Debian.
    Root(PathBuf),
}

impl Swift {
    /// The installed one if it is new enough, else that of the cache, made where it is not there yet.
    pub(crate) fn find(place: &Place) -> Result<Self> {
        let version = program("swift", ["--version"]).output().map(|output| output.stdout).unwrap_or_default();
        if version_of(&String::from_utf8_lossy(&version)).is_some_and(|version| version >= OLDEST) {
            return Ok(Self::Installed);
        }
        if !tools::is_root() || tools::find("apt-get").is_none() {
            bail!(
                "Swift {OLDEST} or newer is missing. Install it from https://www.swift.org/install, or run this as root on \
                 Debian or Ubuntu, which then unpacks that of Debian 13 (3 GB) into the cache"
            );
        }
        let root = place.cache.join("tools").join(format!("swift-{RELEASE}"));
        if !root.exists() {
            unpack(&root)?;
        }
        Ok(Self::Root(root))
    }

    /// `swift` with these arguments, run in the folder `at`, which lies in the folder `work`. It sees nothing else.
    pub(crate) fn command(&self, work: &Path, at: &Path, args: &[&str]) -> Command {
        let mut command = self.program("swift".as_ref(), work, at);
        command.args(args);
        command
    }

    /// `docc` with these arguments, likewise.
    pub(crate) fn docc(&self, work: &Path, args: &[&str]) -> Command {
        let mut command = self.program("docc".as_ref(), work, work);
        command.args(args);
        command
    }

    /// A program that was built in the folder `work`. It sees nothing else.
    pub(crate) fn run(&self, work: &Path, built: &Path) -> Command {
        self.program(built, work, work)
    }

    fn program(&self, name: &Path, work: &Path, at: &Path) -> Command {
        match self {
            Self::Installed => {
                let mut command = program(name, [""; 0]);
                command.current_dir(at);
                command
            }
            Self::Root(root) => {
                let mut command = program("unshare", ["--mount", "--propagation", "private", "--"]);
                command.args(["bash", "-euc", INSIDE, "inside"]).arg(root).arg(work).arg(at).arg(name);
                command
            }
        }
    }
}

/// Makes the root folder; it has its name when it is whole.
fn unpack(root: &Path) -> Result<()> {
    if tools::find("debootstrap").is_none() {
        run::shown(&mut program("apt-get", ["update", "--quiet"]))?;
        let mut install = program("apt-get", ["install", "--yes", "--quiet", "--no-install-recommends", "debootstrap"]);
        run::shown(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    let part = root.with_extension("part");
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    println!("installing Swift into {}", root.display());
    let include = format!("--include={PACKAGES}");
    let mut bootstrap = program("debootstrap", ["--variant=minbase", &include, RELEASE]);
    run::read(bootstrap.arg(&part)).with_context(|| format!("cannot make {}", root.display()))?;
    // What was fetched is unpacked now, and as large again.
    run::shown(program("chroot", [&part]).args(["apt-get", "clean"]))?;
    Ok(fs::rename(&part, root)?)
}

/// The first number of a text such as `Swift version 6.0.3 (swift-6.0.3-RELEASE)`.
fn version_of(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("Swift version ")?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        assert_eq!(version_of("swift-driver version: 1.1\nSwift version 6.0.3 (swift-6.0.3)\n"), Some(6));
        assert_eq!(version_of("Apple Swift version 5.10 (x)"), Some(5));
        assert_eq!(version_of("something else"), None);
    }
}
