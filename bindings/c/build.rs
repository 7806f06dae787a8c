//! Gives the shared library the name under which programs look for it: of the major version once that is 1, and of the
//! minor version until then, because anything may change between those.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_PKG_VERSION");
    let number = |name: &str| std::env::var(name).unwrap_or_default();
    let (major, minor) = (number("CARGO_PKG_VERSION_MAJOR"), number("CARGO_PKG_VERSION_MINOR"));
    let series = if major == "0" { format!("0.{minor}") } else { major };
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux" || system == "android") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libampoule.so.{series}");
        // Built for size. Android knows them since version 11, and Linux since glibc 2.36.
        if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "s") {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,pack-relative-relocs");
        }
    }
}
