//! The Kotlin door: built and tested, then used by projects that have nothing but the installed jar.

mod generated;
mod lint;

use crate::aar;
use crate::place::Place;
use crate::robin::Program;
use crate::run::{self, Logged, program};
use crate::snippet;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Maven takes a minute, and some more when it has to fetch what it needs.
const LIMIT: Duration = Duration::from_secs(20 * 60);
/// The library, as the system names it.
pub(crate) const LIBRARY: &str = "libampoule_uniffi.so";

/// Documents whose first block of Kotlin is run, and has to print their first block of text.
const QUICK_STARTS: &[(&str, &str)] = &[("readme", "README.md"), ("start-mobile", "docs/START-MOBILE.md")];
/// What stands around the few lines of a document that is no whole program.
const BEFORE: &str = "import ampoule.*\nimport java.nio.file.Path\nimport javax.crypto.KeyGenerator\nimport kotlinx.coroutines.runBlocking\n\n\
    fun main(args: Array<String>) = runBlocking<Unit> {\nval folder = Path.of(args[0])\n";

/// Lints, builds, tests and installs the modules, then runs the quick starts and the example. Returns how many tests there were.
pub(crate) fn test(place: &Place, log: &Path) -> Result<usize> {
    lint::require(place, log)?;
    let mut count = install(place, log)?;
    reference(place, log)?;
    for (name, document) in QUICK_STARTS {
        let document = place.root.join(document);
        let folder = project(place, name, &place.root.join("bindings/kotlin/quickstart"))?;
        fs::create_dir(folder.join("src"))?;
        let (code, expected) = snippet::quick_start(&document, "kotlin")?;
        let code = if code.contains("fun main") { code } else { format!("{BEFORE}{code}\n}}\n") };
        fs::write(folder.join("src/QuickStart.kt"), code)?;
        let printed = run_project(place, &folder, "QuickStartKt", log)?;
        ensure!(printed.contains(&expected), "{} prints\n{printed}\ninstead of\n{expected}", document.display());
        count = count.saturating_add(1);
    }
    let own = place.root.join("bindings/kotlin/quickstart");
    let folder = project(place, "notifications", &own)?;
    fs::create_dir(folder.join("src"))?;
    let document = place.root.join("docs/START-MOBILE.md");
    let code = snippet::fill(&own.join("Notifications.kt"), &document, "### Notifications", "kotlin")?;
    fs::write(folder.join("src/Notifications.kt"), code)?;
    let printed = run_project(place, &folder, "NotificationsKt", log)?;
    ensure!(printed.contains(snippet::SHOWN), "the notification in Kotlin prints\n{printed}");
    let example = place.root.join("examples/kotlin");
    let folder = project(place, "example", &example)?;
    fs::create_dir(folder.join("src"))?;
    fs::copy(example.join("src/Phone.kt"), folder.join("src/Phone.kt"))?;
    let printed = run_project(place, &folder, "PhoneKt", log)?;
    ensure!(printed.contains("clinic: all of it verifies"), "the example prints\n{printed}");
    // A library for Linux in the place of one for Android: that nothing is missing in the layout, and no more.
    let libraries = fresh(place, "libraries")?;
    fs::create_dir(libraries.join("x86_64"))?;
    fs::copy(place.target.join("kotlin/native/linux-x86-64").join(LIBRARY), libraries.join("x86_64").join(LIBRARY))?;
    let listed = run::read(program("jar", ["--list", "--file"]).arg(aar::make(place, &libraries)?))?;
    for file in ["AndroidManifest.xml", "R.txt", "classes.jar", "proguard.txt", "jni/x86_64/libampoule_uniffi.so"] {
        ensure!(listed.lines().any(|line| line == file), "the AAR has no {file}");
    }
    Ok(count.saturating_add(3))
}

/// The program of the round robin, with the jar that the last run installed.
pub(crate) fn robin<'a>(place: &'a Place, log: &'a Path) -> Result<Program<'a>> {
    if !installed(place, "ampoule").exists() {
        install(place, log)?;
    }
    let folder = fresh(place, "robin")?;
    let pom = fs::read_to_string(place.root.join("examples/kotlin/pom.xml"))?;
    fs::write(folder.join("pom.xml"), pom.replace("PhoneKt", "RobinKt"))?;
    fs::create_dir(folder.join("src"))?;
    fs::copy(place.root.join("tests/robin/Robin.kt"), folder.join("src/Robin.kt"))?;
    green(maven(place, &folder).args(["--quiet", "compile"]), log)?;
    Ok(Box::new(move |arguments| {
        let mut maven = maven(place, &folder);
        green(maven.args(["--quiet", "exec:java"]).arg(format!("-Dexec.args={}", arguments.join(" "))), log)?;
        Ok(fs::read_to_string(log)?)
    }))
}

/// A new project elsewhere, with the description of another.
fn project(place: &Place, name: &str, of: &Path) -> Result<PathBuf> {
    let folder = fresh(place, name)?;
    fs::copy(of.join("pom.xml"), folder.join("pom.xml"))?;
    Ok(folder)
}

/// Builds the modules for this machine, tests them, and installs them in the repository of these commands, for projects to
/// use. Returns how many tests there were.
pub(crate) fn install(place: &Place, log: &Path) -> Result<usize> {
    let (generated, native) = (fresh(place, "generated")?, fresh(place, "native")?);
    // With the features, targets and profile of the tests before it, so that most of it is there already.
    let mut build =
        run::cargo(place, ["build", "--locked", "--workspace", "--all-features", "--lib", "--bins", "--tests"]);
    green(&mut build, log)?;
    generate(place, &place.target.join("debug").join(LIBRARY), &generated, &native, log)?;
    let mut count = 0_usize;
    for (name, module) in [("module", "bindings/kotlin"), ("android", "bindings/kotlin/android")] {
        let mut maven = maven(place, &place.root.join(module));
        maven.arg(format!("-Dampoule.generated={}", generated.display()));
        maven.arg(format!("-Dampoule.native={}", native.display()));
        maven.arg(format!("-Dampoule.build={}", fresh(place, name)?.display()));
        green(maven.arg("install"), log)?;
        let tests = tests(&fs::read_to_string(log)?).with_context(|| format!("Maven ran no tests in {module}"))?;
        count = count.saturating_add(tests);
    }
    Ok(count)
}

/// Makes the Kotlin file of a library, and puts the library itself where the jar takes it from.
fn generate(place: &Place, library: &Path, generated: &Path, native: &Path, log: &Path) -> Result<()> {
    let mut bindgen =
        program(place.target.join("debug/uniffi-bindgen"), ["generate", "--language", "kotlin", "--no-format"]);
    bindgen.arg("--config").arg(place.root.join("bindings/uniffi/uniffi.toml"));
    green(bindgen.arg("--out-dir").arg(generated).arg(library), log)?;
    let file = generated.join("ampoule/ampoule_uniffi.kt");
    let code = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    fs::write(&file, generated::changed(&code)?)?;
    // After the generated file was made: what it is made from is in the symbols.
    let folder = native.join("linux-x86-64");
    fs::create_dir(&folder)?;
    green(program("strip", ["--strip-debug", "-o"]).arg(folder.join(LIBRARY)).arg(library), log)?;
    aar::require_pages(library)
}

/// The program of the benchmarks, built with the library in `library`. The program that generates from it was built before.
pub(crate) fn bench(place: &Place, library: &Path, log: &Path) -> Result<Command> {
    let (generated, native) = (fresh(place, "bench-generated")?, fresh(place, "bench-native")?);
    generate(place, &library.join(LIBRARY), &generated, &native, log)?;
    let build = fresh(place, "bench")?;
    let maven = || {
        let mut maven = maven(place, &place.root.join("bindings/kotlin/bench"));
        for (name, folder) in [("generated", &generated), ("native", &native), ("build", &build)] {
            maven.arg(format!("-Dampoule.{name}={}", folder.display()));
        }
        maven.arg("--quiet");
        maven
    };
    green(maven().arg("compile"), log)?;
    let mut run = maven();
    run.arg("exec:java");
    Ok(run)
}

/// Makes the reference of the layer that is written by hand, and requires a comment at everything in it.
fn reference(place: &Place, log: &Path) -> Result<()> {
    let mut maven = maven(place, &place.root.join("bindings/kotlin"));
    for folder in ["generated", "native"] {
        maven.arg(format!("-Dampoule.{folder}={}", place.target.join("kotlin").join(folder).display()));
    }
    maven.arg(format!("-Dampoule.build={}", fresh(place, "reference")?.display()));
    green(maven.arg("org.jetbrains.dokka:dokka-maven-plugin:2.2.0:dokka"), log)?;
    let text = fs::read_to_string(log)?;
    let missing: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("Undocumented: ")).map(|(_, name)| name).collect();
    ensure!(
        missing.is_empty() && text.contains("Generation completed"),
        "without a comment in Kotlin:\n{}",
        missing.join("\n")
    );
    Ok(())
}

/// The jar of an artifact that was installed.
pub(crate) fn installed(place: &Place, artifact: &str) -> PathBuf {
    let version = env!("CARGO_PKG_VERSION");
    place.cache.join("maven/ampoule").join(artifact).join(version).join(format!("{artifact}-{version}.jar"))
}

/// Runs the main class of a project, and returns what it printed.
fn run_project(place: &Place, folder: &Path, main: &str, log: &Path) -> Result<String> {
    let data = folder.join("data");
    fs::create_dir_all(&data)?;
    let mut maven = maven(place, folder);
    maven.args(["--quiet", "compile", "exec:java"]).arg(format!("-Dmain={main}"));
    green(maven.arg(format!("-Dexec.args={}", data.display())), log)?;
    Ok(fs::read_to_string(log)?)
}

/// Maven in a folder, with a repository that belongs to these commands.
fn maven(place: &Place, folder: &Path) -> Command {
    let mut maven = program("mvn", ["--batch-mode", "--no-transfer-progress", "-Dstyle.color=never"]);
    maven.arg(format!("-Dmaven.repo.local={}", place.cache.join("maven").display()));
    maven.current_dir(folder);
    // Cargo sets it to the output of other builds, where the library would be found that the jar is to bring.
    maven.env_remove("LD_LIBRARY_PATH");
    maven
}

/// An empty folder of the build output.
pub(crate) fn fresh(place: &Place, name: &str) -> Result<PathBuf> {
    let folder = place.target.join("kotlin").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
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

/// Tests that ran, by the last summary of Surefire. One that was skipped or failed makes it none.
fn tests(text: &str) -> Option<usize> {
    let line = text.lines().rev().find_map(|line| line.split_once("Tests run: "))?.1;
    let mut numbers =
        line.split(", ").map(|part| part.rsplit(' ').next().and_then(|number| number.parse::<usize>().ok()));
    let ran = numbers.next()??;
    (ran > 0 && numbers.take(3).all(|number| number == Some(0))).then_some(ran)
}

#[cfg(test)]
mod tests_of_this {
    use super::*;

    #[test]
    fn the_last_summary_counts() {
        let of = |line: &str| {
            tests(&format!("[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s\n{line}\n"))
        };
        assert_eq!(of("[INFO] Tests run: 24, Failures: 0, Errors: 0, Skipped: 0"), Some(24));
        assert_eq!(of("[WARNING] Tests run: 24, Failures: 0, Errors: 0, Skipped: 1"), None);
        assert_eq!(of("[ERROR] Tests run: 24, Failures: 1, Errors: 0, Skipped: 0"), None);
        assert_eq!(of("[INFO] Tests run: 0, Failures: 0, Errors: 0, Skipped: 0"), None);
        assert_eq!(tests("nothing"), None);
    }
}
