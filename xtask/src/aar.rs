//! The AAR for Android, laid out by hand: there is no Android SDK here to make it, or to check it.
//!
//! ```text
//!  classes.jar           the Kotlin module and that for Android, without the library for Linux
//!  jni/ABI/lib….so       one library for each kind of processor
//!  proguard.txt          what R8 must leave in an app
//!  AndroidManifest.xml, R.txt
//! ```

use crate::kotlin;
use crate::place::Place;
use crate::run::{self, program};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// Where Android looks for libraries, by the processor.
const ABIS: &[&str] = &["arm64-v8a", "armeabi-v7a", "x86", "x86_64"];
/// Pages of phones from Android 15 on, in bytes.
const PAGE: u64 = 16 * 1024;

/// Lays out an AAR with the libraries of `folder`, which has one folder for each ABI. The modules were installed before.
pub(crate) fn make(place: &Place, folder: &Path) -> Result<PathBuf> {
    let layout = kotlin::fresh(place, "aar")?;
    let classes = kotlin::fresh(place, "classes")?;
    for artifact in ["ampoule", "ampoule-android"] {
        let jar = kotlin::installed(place, artifact);
        let mut unpack = program("jar", ["--extract", "--file"]);
        run::shown(unpack.arg(&jar).current_dir(&classes))
            .with_context(|| format!("run `cargo xtask jar` for {artifact}"))?;
    }
    fs::remove_dir_all(classes.join("linux-x86-64"))?;
    pack(&classes, &layout.join("classes.jar"))?;
    let mut abis = 0_usize;
    for abi in ABIS {
        let library = folder.join(abi).join(kotlin::LIBRARY);
        if library.is_file() {
            require_pages(&library)?;
            let jni = layout.join("jni").join(abi);
            fs::create_dir_all(&jni)?;
            fs::copy(&library, jni.join(kotlin::LIBRARY))?;
            abis = abis.saturating_add(1);
        }
    }
    ensure!(abis > 0, "{} has no folder such as {} with {}", folder.display(), ABIS.join(" or "), kotlin::LIBRARY);
    let own = place.root.join("bindings/kotlin/android/src/main/aar");
    fs::copy(own.join("consumer-rules.pro"), layout.join("proguard.txt"))?;
    fs::copy(own.join("AndroidManifest.xml"), layout.join("AndroidManifest.xml"))?;
    fs::write(layout.join("R.txt"), "")?;
    let aar = place.target.join("kotlin/ampoule-android.aar");
    pack(&layout, &aar)?;
    Ok(aar)
}

/// Makes a ZIP file of all that is in a folder.
fn pack(folder: &Path, file: &Path) -> Result<()> {
    run::shown(program("jar", ["--create", "--no-manifest", "--file"]).arg(file).arg("-C").arg(folder).arg("."))
}

/// Refuses a library that a phone with large pages does not load.
pub(crate) fn require_pages(library: &Path) -> Result<()> {
    let headers = run::read(program("readelf", ["--program-headers", "--wide"]).arg(library))?;
    let least = least_alignment(&headers).with_context(|| format!("{} has no segments", library.display()))?;
    ensure!(least >= PAGE, "{} is aligned to {least} bytes; link it with -z max-page-size={PAGE}", library.display());
    Ok(())
}

/// The least alignment of what is loaded, by the last column of the list of `readelf`.
fn least_alignment(headers: &str) -> Option<u64> {
    let loads = headers.lines().map(str::trim).filter(|line| line.starts_with("LOAD "));
    loads.map(|line| u64::from_str_radix(line.rsplit(' ').next()?.strip_prefix("0x")?, 16).ok()).min().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_alignment_decides() {
        let load = |align: &str| format!("  LOAD           0x000000 0x0000 0x0000 0x0010 0x0010 R   {align}\n");
        assert_eq!(least_alignment(&(load("0x4000") + &load("0x10000"))), Some(0x4000));
        assert_eq!(least_alignment(&(load("0x4000") + &load("0x1000"))), Some(0x1000));
        assert_eq!(least_alignment("  GNU_STACK      0x000000 0x10"), None);
        assert_eq!(least_alignment(&load("what")), None);
    }
}
