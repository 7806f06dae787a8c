//! Public FHIR examples, fetched once with npm and checked against a digest.

use crate::place::Place;
use crate::run::{self, program};
use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A package: name, version, SHA-256 of its archive, files in it that are FHIR resources.
struct Package {
    name: &'static str,
    version: &'static str,
    digest: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "hl7.fhir.r4.examples",
        version: "4.0.1",
        digest: "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682",
    },
    Package {
        name: "hl7.fhir.r5.examples",
        version: "5.0.0",
        digest: "00106d2479ba1d73a1168543472b730744c157d9c427a686c88c32559afb09e5",
    },
];

/// Fetches all packages and prints where they are.
pub(crate) fn print(place: &Place) -> Result<()> {
    for folder in fetch(place)? {
        println!("{}", folder.display());
    }
    Ok(())
}

/// Fetches what is not there yet; returns one folder of JSON files for each package.
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
        let spec = format!("{}@{}", self.name, self.version);
        let mut pack = program("npm", ["pack", "--silent", "--ignore-scripts", &spec]);
        run::read(pack.current_dir(part)).with_context(|| format!("cannot fetch {spec}"))?;
        let archive = part.join(format!("{title}.tgz"));
        let bytes = fs::read(&archive).with_context(|| format!("npm left no {}", archive.display()))?;
        let digest = hex(&Sha256::digest(&bytes));
        if digest != self.digest {
            bail!("{spec} has SHA-256 {digest}, expected {}; it is not used", self.digest);
        }
        let mut tar = program("tar", ["--no-same-owner", "-xzf"]);
        run::shown(tar.arg(&archive).current_dir(part))?;
        Ok(part.join("package"))
    }
}

fn hex(bytes: &[u8]) -> String {
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
