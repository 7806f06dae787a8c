//! What a reader would do: the quick starts as they stand in the documents, the examples, and a project of somebody else.

use super::{C11, CPP17, Door, SANITIZED};
use crate::run::program;
use crate::test::Tests;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// A multi-frame image among the public examples.
const IMAGE: &str = "pydicom-3.0.2/pydicom/data/test_files/examples_ybr_color.dcm";
/// What `examples/c/ehr.c` says, but for its first line.
const EHR: &str = "2 rows moved over\np-1: Blood pressure 120/80\np-1: Pulse 61\np-2: Temperature 37.2\n\
    the laboratory reads: Blood pressure 120/80\nthe laboratory reads no more\n\
    Dr. Lee reads: Blood pressure 120/80 (sent by the EHR for nurse-17)\nDr. Lee's grant has ended\n\
    the audit has it all: yes\ndone\n";

/// Returns how many programs did what they should.
pub(super) fn run(door: &Door<'_>) -> Result<Tests> {
    let root = &door.place.root;
    quick_start(door, &root.join("docs/START-EHR.md"), "c", C11)?;
    quick_start(door, &root.join("README.md"), "cpp", CPP17)?;

    let ehr = root.join("examples/c/ehr.c");
    let sanitized =
        door.compile("ehr", C11, "debug", &[&SANITIZED[..], &["-lsqlite3"]].concat(), std::slice::from_ref(&ehr))?;
    runs_the_ehr(door, &sanitized)?;
    let viewer = root.join("examples/cpp/viewer.cpp");
    let viewer = door.compile("viewer", CPP17, "debug", &SANITIZED, &[viewer])?;
    let folder = door.fresh("viewer-data")?;
    let seen = door.green(program(viewer, [&folder, &door.place.data().join(IMAGE)]).current_dir(&folder))?;
    ensure!(seen.contains("30 frames") && seen.ends_with("done\n"), "the viewer says:\n{seen}");

    for program in project_of_cmake(door, &ehr)? {
        runs_the_ehr(door, &program)?;
    }
    runs_the_ehr(door, &by_pkg_config(door, &ehr)?)?;
    Ok(Tests::from([("C", 5), ("C++", 2)]))
}

/// Compiles the first program of a document as it stands there, and compares what it prints with what the document says.
fn quick_start(door: &Door<'_>, document: &Path, language: &str, compiler: &[&str]) -> Result<()> {
    let text = fs::read_to_string(document)?;
    let (code, rest) = block(&text, language).with_context(|| format!("no program in {}", document.display()))?;
    let (says, _) = block(rest, "text").with_context(|| format!("no output in {}", document.display()))?;
    let folder = door.fresh(&format!("quick-start-{language}"))?;
    let source = folder.join(if language == "c" { "quick.c" } else { "quick.cpp" });
    fs::write(&source, code)?;
    let built = door.compile(&format!("quick-start-{language}"), compiler, "release", &[], &[source])?;
    let printed = door.green(program(built, [""; 0]).current_dir(&folder))?;
    ensure!(printed == says, "{} says\n{says}\nand its program prints\n{printed}", document.display());
    Ok(())
}

/// The first block of a language, and what follows it.
fn block<'t>(text: &'t str, language: &str) -> Option<(&'t str, &'t str)> {
    let (_, from) = text.split_once(&format!("\n```{language}\n"))?;
    let (block, rest) = from.split_once("```\n")?;
    Some((block, rest))
}

/// Nothing of what was sealed is left in the table.
fn runs_the_ehr(door: &Door<'_>, built: &Path) -> Result<()> {
    let folder = door.fresh("ehr-data")?;
    let library = door.prefix("release").join("lib");
    let says = door.green(program(built, [&folder]).current_dir(&folder).env("LD_LIBRARY_PATH", library))?;
    let rest = says.split_once('\n').map_or("", |(_, rest)| rest);
    ensure!(rest == EHR, "{} says:\n{says}", built.display());
    let database = fs::read(folder.join("ehr.db"))?;
    for secret in ["Blood pressure", "Pulse 61", "Temperature 37.2"] {
        let there = database.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
        ensure!(!there, "{} leaves {secret:?} in the table", built.display());
    }
    Ok(())
}

/// A project outside of the checkout, built by CMake from the installed files. Returns its programs.
fn project_of_cmake(door: &Door<'_>, ehr: &Path) -> Result<[PathBuf; 2]> {
    let folder = door.fresh("outside")?;
    fs::copy(ehr, folder.join("ehr.c"))?;
    fs::copy(door.place.root.join("bindings/c/tests/outside/CMakeLists.txt"), folder.join("CMakeLists.txt"))?;
    let (build, prefix) = (folder.join("build"), door.prefix("release"));
    let mut configure = program("cmake", ["-S"]);
    configure.arg(&folder).arg("-B").arg(&build).arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
    door.green(configure.arg("-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"))?;
    door.green(program("cmake", ["--build"]).arg(&build))?;
    Ok(["ehr", "ehr_static"].map(|name| build.join(name)))
}

/// The same by pkg-config and a compiler.
fn by_pkg_config(door: &Door<'_>, ehr: &Path) -> Result<PathBuf> {
    let folder = door.fresh("pkg-config")?;
    let source = folder.join("ehr.c");
    fs::copy(ehr, &source)?;
    let mut ask = program("pkg-config", ["--cflags", "--libs", "ampoule"]);
    let flags = door.green(ask.env("PKG_CONFIG_PATH", door.prefix("release").join("lib/pkgconfig")))?;
    let mut version = program("pkg-config", ["--modversion", "ampoule"]);
    let version = door.green(version.env("PKG_CONFIG_PATH", door.prefix("release").join("lib/pkgconfig")))?;
    ensure!(version.trim() == env!("CARGO_PKG_VERSION"), "ampoule.pc says version {version}");
    let built = folder.join("ehr");
    let mut compile = program("cc", ["-std=c11"]);
    compile.arg(&source).args(flags.split_whitespace()).args(["-lsqlite3", "-o"]).arg(&built);
    door.green(&mut compile)?;
    Ok(built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_document_are_found_by_their_language() {
        let text = "# A\n\n```sh\ncc\n```\n\n```c\nint x;\n```\nIt prints:\n\n```text\n7\n```\n";
        let (code, rest) = block(text, "c").unwrap();
        assert_eq!((code, block(rest, "text").unwrap().0), ("int x;\n", "7\n"));
        assert!(block(text, "cpp").is_none());
    }
}
