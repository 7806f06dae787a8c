//! Public FHIR and DICOM examples, fetched once with npm and pip and checked against a digest.

use crate::place::Place;
use crate::run::{self, program};
use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A package: where it is from, name, version, SHA-256 of its archive.
struct Package {
    registry: Registry,
    name: &'static str,
    version: &'static str,
    digest: &'static str,
}

#[derive(Clone, Copy)]
enum Registry {
    Npm,
    /// A wheel for any Python.
    Pip,
}

const PACKAGES: &[Package] = &[
    Package {
        registry: Registry::Npm,
        name: "hl7.fhir.r4.examples",
        version: "4.0.1",
        digest: "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682",
    },
    Package {
        registry: Registry::Npm,
        name: "hl7.fhir.r5.examples",
        version: "5.0.0",
        digest: "00106d2479ba1d73a1168543472b730744c157d9c427a686c88c32559afb09e5",
    },
    // DICOM files, damaged ones among them.
    Package {
        registry: Registry::Pip,
        name: "pydicom",
        version: "3.0.2",
        digest: "abf971a5440f84dbaf42c4b6758e30e62480902584f8b270b9a5d146e278a07b",
    },
];

/// Fetches all packages and prints where they are.
pub(crate) fn print(place: &Place) -> Result<()> {
    for folder in fetch(place)? {
        println!("{}", folder.display());
    }
    Ok(())
}

/// Fetches what is not there yet; returns one folder for each package.
pub(crate) fn fetch(place: &Place) -> Result<Vec<PathBuf>> {
    PACKAGES.iter().map(|package| package.fetch(&place.data())).collect()
}

impl Package {
    /// The folder appears by one rename, so that one that is there is whole.
    fn fetch(&self, data: &Path) -> Result<PathBuf> {
        let title = format!("{}-{}", self.name, self.version);
        let folder = data.join(&title);
        if folder.is_dir() {
            return Ok(folder);
        }
        let part = data.join(format!(".{title}.{}", std::process::id()));
        fs::create_dir_all(&part).with_context(|| format!("cannot create {}", part.display()))?;
        let result = self.unpack(&part, &title).and_then(|unpacked| {
            fs::rename(&unpacked, &folder).or_else(|error| if folder.is_dir() { Ok(()) } else { Err(error) })?;
            Ok(folder)
        });
        let _debris = fs::remove_dir_all(&part);
        result
    }

    fn unpack(&self, part: &Path, title: &str) -> Result<PathBuf> {
        let folder = part.join("package");
        match self.registry {
            Registry::Npm => {
                let spec = format!("{}@{}", self.name, self.version);
                let mut pack = program("npm", ["pack", "--silent", "--ignore-scripts", &spec]);
                run::read(pack.current_dir(part)).with_context(|| format!("cannot fetch {spec}"))?;
                let archive = self.checked(part.join(format!("{title}.tgz")))?;
                let mut tar = program("tar", ["--no-same-owner", "-xzf"]);
                run::shown(tar.arg(&archive).current_dir(part))?;
            }
            Registry::Pip => {
                let spec = format!("{}=={}", self.name, self.version);
                let mut download = program("python3", ["-m", "pip", "download", "--quiet", "--no-deps"]);
                download.args(["--disable-pip-version-check", "--only-binary", ":all:", &spec]);
                run::shown(download.current_dir(part)).with_context(|| format!("cannot fetch {spec}"))?;
                let archive = self.checked(part.join(format!("{title}-py3-none-any.whl")))?;
                run::shown(program("python3", ["-m", "zipfile", "-e"]).arg(&archive).arg(&folder))?;
            }
        }
        Ok(folder)
    }

    /// The archive, if it is the one that is expected.
    fn checked(&self, archive: PathBuf) -> Result<PathBuf> {
        let bytes = fs::read(&archive).with_context(|| format!("there is no {}", archive.display()))?;
        let digest = hex(&Sha256::digest(&bytes));
        if digest != self.digest {
            bail!("{} {} has SHA-256 {digest}, expected {}; it is not used", self.name, self.version, self.digest);
        }
        Ok(archive)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_sha256sum_writes_them() {
        assert_eq!(hex(&Sha256::digest(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
