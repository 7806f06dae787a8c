//! How the Kotlin is written: ktlint, by the settings in `bindings/kotlin/.editorconfig`.

use super::{green, maven};
use crate::place::Place;
use crate::run::{self, program};
use anyhow::{Result, ensure};
use std::path::Path;

const VERSION: &str = "1.8.0";

/// Requires that all Kotlin files of the checkout are written as the settings say. Fetches ktlint where it is not there yet.
pub(super) fn require(place: &Place, log: &Path) -> Result<()> {
    let jar = place.cache.join(format!("maven/com/pinterest/ktlint/ktlint-cli/{VERSION}/ktlint-cli-{VERSION}-all.jar"));
    if !jar.exists() {
        let mut fetch = maven(place, &place.root);
        fetch.args(["--quiet", "--strict-checksums", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get"]);
        fetch.args([&format!("-Dartifact=com.pinterest.ktlint:ktlint-cli:{VERSION}:jar:all"), "-Dtransitive=false"]);
        green(&mut fetch, log)?;
    }
    let mut files = program("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.kt"]);
    let files = run::read(files.current_dir(&place.root))?;
    ensure!(!files.is_empty(), "there is no file in Kotlin");
    let mut ktlint = program("java", ["-jar"]);
    ktlint.arg(jar).args(["--relative", "--log-level=warn", "--editorconfig=bindings/kotlin/.editorconfig"]);
    green(ktlint.args(files.lines()).current_dir(&place.root), log)
}
