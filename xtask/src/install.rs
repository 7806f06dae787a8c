//! What a C program needs, laid out under a prefix as distributions do: header, libraries, pkg-config and CMake files.

use crate::place::Place;
use crate::run;
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What the static library needs of the system: `rustc --print native-static-libs` names them.
const PRIVATE: [&str; 5] = ["pthread", "dl", "m", "gcc_s", "c"];

/// Builds the library for release and installs it under `prefix`.
pub(crate) fn release(place: &Place, prefix: &Path) -> Result<()> {
    run::shown(&mut run::cargo(place, ["build", "--release", "--locked", "--quiet", "-p", "ampoule-c"]))?;
    lay_out(place, "release", prefix)?;
    println!("{}", prefix.display());
    Ok(())
}

/// Installs what was built with this profile.
pub(crate) fn lay_out(place: &Place, profile: &str, prefix: &Path) -> Result<()> {
    let built = place.target.join(profile);
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    let (config, cmake) = (lib.join("pkgconfig"), lib.join("cmake/Ampoule"));
    for folder in [&include, &config, &cmake] {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    copy_headers(&place.root.join("include"), &include)?;
    let (shared, soname) = (format!("libampoule.so.{VERSION}"), format!("libampoule.so.{}", series()));
    copy(&built.join("libampoule_c.so"), &lib.join(&shared))?;
    copy(&built.join("libampoule_c.a"), &lib.join("libampoule.a"))?;
    for (link, to) in [(soname.as_str(), shared.as_str()), ("libampoule.so", soname.as_str())] {
        let link = lib.join(link);
        let _none_there = fs::remove_file(&link);
        symlink(to, &link).with_context(|| format!("cannot link {}", link.display()))?;
    }
    let private: Vec<String> = PRIVATE.iter().map(|name| format!("-l{name}")).collect();
    fs::write(config.join("ampoule.pc"), pkg_config(&private.join(" ")))?;
    fs::copy(place.root.join("bindings/c/cmake/AmpouleConfig.cmake"), cmake.join("AmpouleConfig.cmake"))?;
    fs::write(cmake.join("AmpouleConfigVersion.cmake"), cmake_version())?;
    let names = format!(
        "set(_ampoule_shared {shared})\nset(_ampoule_soname {soname})\nset(_ampoule_private {})\n",
        PRIVATE.join(" ")
    );
    Ok(fs::write(cmake.join("AmpouleNames.cmake"), names)?)
}

/// What may be replaced without compiling programs anew: the major version, and before 1 the minor one too.
pub(crate) fn series() -> String {
    let mut parts = VERSION.split('.');
    match (parts.next(), parts.next()) {
        (Some("0"), Some(minor)) => format!("0.{minor}"),
        (major, _) => major.unwrap_or_default().to_owned(),
    }
}

/// All of a folder, with the folders in it.
fn copy_headers(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for header in fs::read_dir(from)? {
        let header = header?;
        let to = to.join(header.file_name());
        if header.file_type()?.is_dir() {
            copy_headers(&header.path(), &to)?;
        } else {
            fs::copy(header.path(), to)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    // A program that runs may have the old one open.
    let _none_there = fs::remove_file(to);
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// Paths from where the file lies, so that the folder can be moved.
fn pkg_config(private: &str) -> String {
    format!(
        "prefix=${{pcfiledir}}/../..\n\
         includedir=${{prefix}}/include\n\
         libdir=${{prefix}}/lib\n\
         \n\
         Name: ampoule\n\
         Description: Encrypted storage for health records\n\
         Version: {VERSION}\n\
         Cflags: -I${{includedir}}\n\
         Libs: -L${{libdir}} -lampoule\n\
         Libs.private: {private}\n"
    )
}

fn cmake_version() -> String {
    let series = series();
    format!(
        "set(PACKAGE_VERSION {VERSION})\n\
         # Within one series what was compiled goes on to work.\n\
         if(PACKAGE_FIND_VERSION VERSION_LESS_EQUAL PACKAGE_VERSION AND PACKAGE_FIND_VERSION MATCHES \"^{series}($|[.])\")\n  \
         set(PACKAGE_VERSION_COMPATIBLE TRUE)\n  \
         if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)\n    \
         set(PACKAGE_VERSION_EXACT TRUE)\n  \
         endif()\n\
         endif()\n"
    )
}
