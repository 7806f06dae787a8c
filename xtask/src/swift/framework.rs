//! The framework for Apple's systems, laid out by hand: there is no Xcode here to make it, or to check it.
//!
//! ```text
//!  Info.plist                                   which library is for what
//!  SYSTEM/libampoule_uniffi.a                   all architectures of a system in one
//!  SYSTEM/Headers/ampoule_uniffiFFI/            header and module map
//! ```

use super::HEADER;
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The library, as it is built.
const LIBRARY: &str = "libampoule_uniffi.a";

/// A system by the name of its folder: what Xcode calls it, its variant, its architectures.
type System = (&'static str, &'static str, Option<&'static str>, &'static [&'static str]);

const SYSTEMS: &[System] = &[
    ("ios-arm64", "ios", None, &["arm64"]),
    ("ios-arm64_x86_64-simulator", "ios", Some("simulator"), &["arm64", "x86_64"]),
    ("macos-arm64_x86_64", "macos", None, &["arm64", "x86_64"]),
];

/// Lays a framework out from libraries, one folder for each system, and the generated headers.
pub(super) fn make(libraries: &Path, generated: &Path, framework: &Path) -> Result<()> {
    let systems: Vec<&System> =
        SYSTEMS.iter().filter(|(name, ..)| libraries.join(name).join(LIBRARY).is_file()).collect();
    let names: Vec<&str> = SYSTEMS.iter().map(|(name, ..)| *name).collect();
    ensure!(!systems.is_empty(), "{} has no {LIBRARY} in {}", libraries.display(), names.join(", "));
    if framework.exists() {
        fs::remove_dir_all(framework)?;
    }
    for (name, ..) in &systems {
        let (system, from) = (framework.join(name), libraries.join(name).join(LIBRARY));
        // A folder of its own name: two frameworks that have a module map each would be in each other's way.
        let headers = system.join("Headers").join(HEADER);
        fs::create_dir_all(&headers)?;
        fs::copy(&from, system.join(LIBRARY)).with_context(|| format!("cannot copy {}", from.display()))?;
        fs::copy(generated.join(format!("{HEADER}.h")), headers.join(format!("{HEADER}.h")))?;
        fs::copy(generated.join(format!("{HEADER}.modulemap")), headers.join("module.modulemap"))?;
    }
    Ok(fs::write(framework.join("Info.plist"), plist(&systems))?)
}

/// Lays one out of empty files, to see that nothing is missing; that Xcode takes it is seen on a Mac only.
pub(super) fn try_layout(work: &Path, generated: &Path) -> Result<()> {
    let (libraries, framework) = (work.join("libraries"), work.join("try.xcframework"));
    for (name, ..) in SYSTEMS {
        fs::create_dir_all(libraries.join(name))?;
        fs::write(libraries.join(name).join(LIBRARY), "")?;
    }
    make(&libraries, generated, &framework)?;
    for (name, ..) in SYSTEMS {
        let map = fs::read_to_string(framework.join(name).join("Headers").join(HEADER).join("module.modulemap"))?;
        ensure!(map.contains(&format!("header \"{HEADER}.h\"")), "the module map of {name} names no header beside it");
    }
    fs::remove_dir_all(&libraries)?;
    Ok(fs::remove_dir_all(&framework)?)
}

fn plist(systems: &[&System]) -> String {
    let mut libraries = String::new();
    for (name, platform, variant, architectures) in systems {
        let architectures: Vec<String> =
            architectures.iter().map(|name| format!("\t\t\t\t<string>{name}</string>")).collect();
        let architectures = architectures.join("\n");
        let variant = variant.map_or_else(String::new, |variant| {
            format!("\n\t\t\t<key>SupportedPlatformVariant</key>\n\t\t\t<string>{variant}</string>")
        });
        let _never_fails = write!(
            libraries,
            "\n\t\t<dict>\n\t\t\t<key>LibraryIdentifier</key>\n\t\t\t<string>{name}</string>\n\t\t\t<key>LibraryPath</key>\n\t\t\t\
             <string>{LIBRARY}</string>\n\t\t\t<key>HeadersPath</key>\n\t\t\t<string>Headers</string>\n\t\t\t\
             <key>SupportedPlatform</key>\n\t\t\t<string>{platform}</string>{variant}\n\t\t\t\
             <key>SupportedArchitectures</key>\n\t\t\t<array>\n{architectures}\n\t\t\t</array>\n\t\t</dict>"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>AvailableLibraries</key>\n\t<array>{libraries}\n\t</array>\n\t\
         <key>CFBundlePackageType</key>\n\t<string>XFWK</string>\n\t<key>XCFrameworkFormatVersion</key>\n\t\
         <string>1.0</string>\n</dict>\n</plist>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_entry() {
        let all: Vec<&System> = SYSTEMS.iter().collect();
        let text = plist(&all);
        assert_eq!(text.matches("<key>LibraryIdentifier</key>").count(), SYSTEMS.len());
        assert_eq!(text.matches("<string>simulator</string>").count(), 1);
        assert_eq!(text.matches("<dict>").count(), text.matches("</dict>").count());
        assert_eq!(plist(&[]).matches("<dict>").count(), 1);
    }
}
