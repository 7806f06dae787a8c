//! Android loads libraries on phones with pages of 16 KB only where their segments are aligned to that.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if system == "android" || system == "linux" {
        println!("cargo::rustc-link-arg-cdylib=-Wl,-z,max-page-size=16384");
        // Built for size. Android knows them since version 11, and Linux since glibc 2.36.
        if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "s") {
            println!("cargo::rustc-link-arg-cdylib=-Wl,-z,pack-relative-relocs");
        }
    }
}
