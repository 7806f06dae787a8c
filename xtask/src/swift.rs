//! The Swift door: built and tested in a copy of the checkout's tree that has the generated parts as well.

mod framework;
mod reference;
mod toolchain;

use crate::place::Place;
use crate::robin::Program;
use crate::run::{self, Logged, program};
use crate::snippet;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use toolchain::Swift;

/// It takes a minute or two.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// What the compiler is asked for, beside the language mode of the package.
const STRICT: &[&str] = &["-Xswiftc", "-warnings-as-errors", "-Xswiftc", "-strict-concurrency=complete"];

/// Documents whose first block of Swift is run, and has to print the block of text after it.
const QUICK_STARTS: &[&str] = &["docs/START-MOBILE.md", "README.md"];
/// What stands around the few lines of a document that is no whole program.
const BEFORE: &str = "import Ampoule\nimport Foundation\n\n\
    final class Keystore: DeviceKey, @unchecked Sendable {\n\
      private let lock = NSLock()\n  private var keys: [Data: Data] = [:]\n\
      func wrap(key: Data) -> Data {\n    let wrapped = Data(UUID().uuidString.utf8)\n\
        lock.withLock { keys[wrapped] = key }\n    return wrapped\n  }\n\
      func unwrap(wrapped: Data) throws -> Data {\n\
        guard let key = lock.withLock({ keys[wrapped] }) else { throw HookError.Refused }\n    return key\n  }\n}\n\n\
    @main\nstruct QuickStart {\n  static func main() async throws {\n\
    let folder = URL(fileURLWithPath: CommandLine.arguments[1], isDirectory: true)\n";
/// The module that the generated header makes.
const HEADER: &str = "ampoule_uniffiFFI";

/// Lints, builds and tests the package, then runs the quick starts and the example. Returns how many tests there were.
pub(crate) fn test(place: &Place, log: &Path) -> Result<usize> {
    let swift = Swift::find(place)?;
    let work = Work::lay(place, log)?;
    let package = work.package();
    let lint = ["format", "lint", "--strict", "--recursive", "Package.swift", "Sources/Ampoule", "Tests", "bench"];
    green(&mut swift.command(&work.folder, &package, &lint), log)?;
    green(&mut work.swift(&swift, &package, "test", STRICT, &[]), log)?;
    let tests = tests(&fs::read_to_string(log)?).context("no test in Swift ran")?;
    let graph = ["dump-symbol-graph", "--minimum-access-level", "public", "--skip-synthesized-members"];
    green(&mut work.swift(&swift, &package, "package", &[], &graph), log)?;
    let graphs = reference::require(&package.join("Sources/Ampoule"), &work.scratch(&package))?;
    green(&mut reference::build(&swift, &work.folder, &graphs)?, log)?;
    for document in QUICK_STARTS {
        let document = place.root.join(document);
        let (source, expected) = snippet::quick_start(&document, "swift")?;
        let source = if source.contains("@main") { source } else { format!("{BEFORE}{source}\n  }}\n}}\n") };
        let folder = work.folder.join("examples/quickstart");
        keep(&place.root.join("bindings/swift/quickstart/Package.swift"), &folder.join("Package.swift"))?;
        keep_text(&source, &folder.join("Sources/QuickStart.swift"))?;
        let printed = work.printed(&swift, &folder, "QuickStart", log)?;
        ensure!(printed.contains(&expected), "{} prints\n{printed}\ninstead of\n{expected}", document.display());
    }
    let (own, folder) = (place.root.join("bindings/swift/quickstart"), work.folder.join("examples/notifications"));
    let document = place.root.join("docs/START-MOBILE.md");
    let heading = "### Notification service extensions";
    let source = snippet::fill(&own.join("Notifications.swift"), &document, heading, "swift")?;
    keep(&own.join("Package.swift"), &folder.join("Package.swift"))?;
    keep_text(&source, &folder.join("Sources/Notifications.swift"))?;
    let printed = work.printed(&swift, &folder, "QuickStart", log)?;
    ensure!(printed.contains(snippet::SHOWN), "the notification in Swift prints\n{printed}");
    let printed = work.printed(&swift, &work.example(), "Phone", log)?;
    ensure!(printed.contains("clinic: all of it verifies"), "the example in Swift prints\n{printed}");
    framework::try_layout(&work.folder, &work.generated())?;
    Ok(tests.saturating_add(QUICK_STARTS.len()).saturating_add(2))
}

/// The program of the round robin, with the library as it is.
pub(crate) fn robin<'a>(place: &'a Place, log: &'a Path) -> Result<Program<'a>> {
    let (swift, work) = (Swift::find(place)?, Work::lay(place, log)?);
    let package = work.folder.join("examples/robin");
    forget(&place.root.join("tests/robin/swift"), &package)?;
    keep_all(&place.root.join("tests/robin/swift"), &package)?;
    green(&mut work.swift(&swift, &package, "build", STRICT, &[]), log)?;
    Ok(Box::new(move |arguments| {
        let program: Vec<&str> = core::iter::once("Robin").chain(arguments.iter().copied()).collect();
        green(&mut work.swift(&swift, &package, "run", STRICT, &program), log)?;
        Ok(fs::read_to_string(log)?)
    }))
}

/// The folder in which the program of the benchmarks is built, and the only one that it sees.
pub(crate) fn bench_folder(place: &Place) -> PathBuf {
    place.target.join("swift-bench")
}

/// The program of the benchmarks, built in `folder` with the library in `library`.
pub(crate) fn bench(place: &Place, library: &Path, folder: &Path, log: &Path) -> Result<Command> {
    let swift = Swift::find(place)?;
    let work = Work::with(place, library, folder, log)?;
    let package = folder.join("examples/bench");
    keep_all(&place.root.join("bindings/swift/bench"), &package)?;
    let program = work.scratch(&package).join("release/Worker");
    if program.exists() {
        fs::remove_file(&program)?;
    }
    let optimised = [&["-c", "release"], STRICT].concat();
    green(&mut work.swift(&swift, &package, "build", &optimised, &[]), log)?;
    Ok(swift.run(folder, &program))
}

/// An empty folder that Swift sees as others do.
pub(crate) fn fresh(place: &Place, name: &str) -> Result<PathBuf> {
    let folder = place.target.join("swift").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Lays the package out with a framework for Apple's systems, of the libraries in `libraries`. Returns the package's folder.
pub(crate) fn framework(place: &Place, libraries: &Path) -> Result<PathBuf> {
    let work = Work::lay(place, &place.target.join("log/framework.txt"))?;
    framework::make(libraries, &work.generated(), &work.package().join(format!("{HEADER}.xcframework")))?;
    Ok(work.package())
}

/// The folder that the compiler sees.
struct Work {
    folder: PathBuf,
}

impl Work {
    /// Builds the library, and lays the package out with what is generated from it.
    fn lay(place: &Place, log: &Path) -> Result<Self> {
        // With the features, targets and profile of the tests before it, so that most of it is there already.
        let mut build =
            run::cargo(place, ["build", "--locked", "--workspace", "--all-features", "--lib", "--bins", "--tests"]);
        green(&mut build, log)?;
        Self::with(place, &place.target.join("debug"), &place.target.join("swift"), log)
    }

    /// Lays the package out in a folder, with the library of another. The program that generates from it was built before.
    fn with(place: &Place, output: &Path, folder: &Path, log: &Path) -> Result<Self> {
        let work = Self { folder: folder.to_owned() };
        let generated = work.generated();
        let dynamic = format!("{}ampoule_uniffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let bindgen = place.target.join("debug/uniffi-bindgen");
        let mut bindgen = program(bindgen, ["generate", "--language", "swift", "--no-format"]);
        bindgen.arg("--config").arg(place.root.join("bindings/uniffi/uniffi.toml")).arg("--out-dir").arg(&generated);
        green(bindgen.arg(output.join(dynamic)), log)?;

        let (package, example) = (place.root.join("bindings/swift"), place.root.join("examples/swift"));
        // Sources that were removed must not be compiled.
        for name in ["Sources/Ampoule", "Tests"] {
            forget(&package.join(name), &work.package().join(name))?;
        }
        forget(&example, &work.example())?;
        // Where the tests look for them: beside the package.
        let (cases, beside) = (place.root.join("tests/conformance"), work.folder.join("conformance"));
        forget(&cases, &beside)?;
        keep_all(&cases, &beside)?;
        keep_all(&package, &work.package())?;
        keep_all(&example, &work.example())?;
        let sources = work.package().join("Sources");
        keep(&generated.join("ampoule_uniffi.swift"), &sources.join("AmpouleFFI/ampoule_uniffi.swift"))?;
        // The header lies in a folder of its own name: two frameworks that have a module map each would be in each other's way.
        let header = format!("{HEADER}/{HEADER}.h");
        keep(&generated.join(format!("{HEADER}.h")), &sources.join(HEADER).join(&header))?;
        let map = fs::read_to_string(generated.join(format!("{HEADER}.modulemap")))?;
        let map = map.replace(&format!("header \"{HEADER}.h\""), &format!("header \"{header}\""));
        ensure!(map.contains(&header), "the module map names no header");
        keep_text(&map, &sources.join(HEADER).join("module.modulemap"))?;
        // Alone in its folder: the linker would take the shared library before it.
        let library = work.folder.join("lib/libampoule_uniffi.a");
        fs::create_dir_all(work.folder.join("lib"))?;
        green(program("strip", ["-S", "-o"]).arg(&library).arg(output.join("libampoule_uniffi.a")), log)?;
        Ok(work)
    }

    /// The package. Others know it by the name of its folder.
    fn package(&self) -> PathBuf {
        self.folder.join("Ampoule")
    }

    fn generated(&self) -> PathBuf {
        self.folder.join("generated")
    }

    fn example(&self) -> PathBuf {
        self.folder.join("examples/swift")
    }

    /// A command of Swift's package manager on a package, with the library.
    fn swift(&self, swift: &Swift, package: &Path, verb: &str, more: &[&str], program: &[&str]) -> Command {
        let library = self.folder.join("lib").display().to_string();
        let scratch = self.scratch(package).display().to_string();
        let mut args =
            vec![verb, "--disable-sandbox", "--scratch-path", &scratch, "-Xlinker", "-L", "-Xlinker", &library];
        args.extend(more);
        args.extend(program);
        self.relink(package);
        swift.command(&self.folder, package, &args)
    }

    fn scratch(&self, package: &Path) -> PathBuf {
        self.folder.join("build").join(package.file_name().unwrap_or_default())
    }

    /// The package manager does not see that the library is another one: without its programs it has to link them.
    fn relink(&self, package: &Path) {
        for entry in fs::read_dir(self.scratch(package).join("debug")).into_iter().flatten().flatten() {
            let path = entry.path();
            let linked =
                path.extension().is_some_and(|end| end == "xctest") || (path.extension().is_none() && path.is_file());
            if linked {
                // What cannot be removed fails where it is written.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Builds and runs a program of a package in an empty folder, and returns what it printed.
    fn printed(&self, swift: &Swift, package: &Path, name: &str, log: &Path) -> Result<String> {
        let data = self.folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&data)?;
        green(&mut self.swift(swift, package, "run", STRICT, &[name, &data.display().to_string()]), log)?;
        Ok(fs::read_to_string(log)?)
    }
}

/// Copies a folder.
fn keep_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        if entry.file_name() == ".build" {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { keep_all(&entry.path(), &to)? } else { keep(&entry.path(), &to)? }
    }
    Ok(())
}

/// Removes what is in `to` and not in `from`.
fn forget(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(to).into_iter().flatten() {
        let entry = entry?;
        let (from, to) = (from.join(entry.file_name()), entry.path());
        let is_folder = entry.file_type()?.is_dir();
        match (is_folder, from.exists()) {
            (true, true) => forget(&from, &to)?,
            (true, false) => fs::remove_dir_all(&to)?,
            (false, true) => {}
            (false, false) => fs::remove_file(&to)?,
        }
    }
    Ok(())
}

/// Copies a file where it differs: the compiler goes by times.
fn keep(from: &Path, to: &Path) -> Result<()> {
    keep_text(&fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?, to)
}

fn keep_text(text: &str, to: &Path) -> Result<()> {
    if fs::read_to_string(to).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}

/// Runs a command that must succeed; its output is in `log`.
fn green(command: &mut Command, log: &Path) -> Result<()> {
    let Logged { success, text } = run::logged(command, log, LIMIT)?;
    if !success {
        println!("{text}");
        bail!("{} failed; its output stands above", run::name(command));
    }
    Ok(())
}

/// Tests that ran, by the last summary of `XCTest`, which is of all of them. One that failed or was skipped makes it none.
fn tests(text: &str) -> Option<usize> {
    let (_, line) = text.lines().rev().find_map(|line| line.split_once("Executed "))?;
    let (count, outcome) = line.split_once(' ')?;
    let ran = count.parse().ok()?;
    (ran > 0 && outcome.contains(", with 0 failures (0 unexpected)")).then_some(ran)
}

#[cfg(test)]
mod tests_of_this {
    use super::*;

    #[test]
    fn the_last_summary_counts() {
        let of = |line: &str| {
            tests(&format!(
                "\t Executed 3 tests, with 0 failures (0 unexpected) in 0.1 s\n{line}\nTest run with 0 tests passed"
            ))
        };
        assert_eq!(of("\t Executed 24 tests, with 0 failures (0 unexpected) in 0.1 s"), Some(24));
        assert_eq!(of("\t Executed 24 tests, with 1 test skipped and 0 failures (0 unexpected) in 0.1 s"), None);
        assert_eq!(of("\t Executed 24 tests, with 1 failure (1 unexpected) in 0.1 s"), None);
        assert_eq!(of("\t Executed 0 tests, with 0 failures (0 unexpected) in 0.1 s"), None);
        assert_eq!(tests("nothing"), None);
    }
}
