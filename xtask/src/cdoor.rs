//! The C door: its tests as C and as C++, under sanitizers and valgrind, from installed files only.

mod named;
mod outside;

use crate::place::Place;
use crate::robin::Program;
use crate::run::{self, Logged, program};
use crate::test::Tests;
use crate::{header, install, test};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// No run takes nearly as long.
const LIMIT: Duration = Duration::from_secs(15 * 60);
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"];
const SANITIZED: [&str; 3] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// Runs everything, and returns how many tests passed.
pub(crate) fn run(place: &Place, log: &Path) -> Result<Tests> {
    header::run(place, true)?;
    let door = Door { place, log, folder: place.target.join("cdoor") };
    if door.folder.exists() {
        fs::remove_dir_all(&door.folder)?;
    }
    let suite = files(&place.root.join("bindings/c/tests"), "c")?;
    let layer = files(&place.root.join("bindings/c/tests/layer"), "cpp")?;
    door.build(&["--workspace", "--all-features", "--lib"], "debug")?;
    let declared = door.exports_are_those_of_the_header()?;
    named::everywhere(&place.root, &declared)?;
    let mut passed = Tests::from([("C", 1)]);
    let mut ran = |compiler: &[&str], built: PathBuf, valgrind| -> Result<()> {
        let language = if compiler == C11 { "C" } else { "C++" };
        test::add(&mut passed, &Tests::from([(language, door.suite(&built, valgrind)?)]));
        Ok(())
    };
    ran(C11, door.compile("c11", C11, "debug", &[], &suite)?, false)?;
    ran(CPP17, door.compile("c++17", CPP17, "debug", &[], &suite)?, false)?;
    for (name, compiler, sources) in [("sanitized", C11, &suite[..]), ("layer-sanitized", CPP17, &layer[..])] {
        let built = door.compile(name, compiler, "debug", &SANITIZED, sources)?;
        require_instrumented(&built)?;
        ran(compiler, built, false)?;
    }
    door.build(&["--release", "-p", "ampoule-c"], "release")?;
    ran(C11, door.compile("release", C11, "release", &[], &suite)?, true)?;
    ran(CPP17, door.compile("layer-release", CPP17, "release", &[], &layer)?, true)?;
    test::add(&mut passed, &Tests::from([("C", door.conformance()?)]));
    test::add(&mut passed, &outside::run(&door)?);
    Ok(passed)
}

/// The program of the round robin, against what the last run installed.
pub(crate) fn robin<'a>(place: &'a Place, log: &'a Path) -> Result<Program<'a>> {
    let door = Door { place, log, folder: place.target.join("cdoor") };
    if !door.prefix("debug").exists() {
        door.build(&["--workspace", "--all-features", "--lib"], "debug")?;
    }
    let built = door.compile("robin", C11, "debug", &SANITIZED, &[place.root.join("tests/robin/robin.c")])?;
    Ok(Box::new(move |arguments| {
        door.green(program(&built, [""; 0]).args(arguments).env("ASAN_OPTIONS", "detect_leaks=0"))
    }))
}

const C11: &[&str] = &["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L"];
const CPP17: &[&str] = &["c++", "-std=c++17", "-x", "c++"];
const VALGRIND: [&str; 5] = [
    "--quiet",
    "--error-exitcode=9",
    "--leak-check=full",
    // What is reached through the middle of a static table alone counts as possibly lost.
    "--errors-for-leak-kinds=definite",
    // Threads take turns, or those that wait for one another do so for minutes.
    "--fair-sched=yes",
];

struct Door<'a> {
    place: &'a Place,
    log: &'a Path,
    /// What is installed and compiled here.
    folder: PathBuf,
}

impl Door<'_> {
    fn prefix(&self, profile: &str) -> PathBuf {
        self.folder.join(profile)
    }

    /// Builds the library and installs it for what follows.
    fn build(&self, what: &[&str], profile: &str) -> Result<()> {
        let mut command = run::cargo(self.place, ["build", "--locked"]);
        self.green(command.args(what))?;
        install::lay_out(self.place, profile, &self.prefix(profile))
    }

    /// Nothing else leaves the library, and nothing in the header is missing from it.
    /// Returns the names.
    fn exports_are_those_of_the_header(&self) -> Result<BTreeSet<String>> {
        let prefix = self.prefix("debug");
        let library = prefix.join("lib/libampoule.so");
        let listed = run::read(program("nm", ["-D", "--defined-only", "--format=posix"]).arg(&library))?;
        let exported: BTreeSet<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
        let header = fs::read_to_string(prefix.join("include/ampoule.h"))?;
        let declared: BTreeSet<&str> = functions(&header).collect();
        ensure!(
            exported == declared,
            "exported and not in the header: {:?}; in the header and not exported: {:?}",
            exported.difference(&declared).collect::<Vec<_>>(),
            declared.difference(&exported).collect::<Vec<_>>()
        );
        ensure!(declared.len() > 50, "the header declares {} functions", declared.len());
        let soname = format!("[libampoule.so.{}]", install::series());
        let dynamic = run::read(program("readelf", ["-d"]).arg(&library))?;
        ensure!(dynamic.contains(&soname), "the library does not name itself {soname}");
        Ok(declared.into_iter().map(str::to_owned).collect())
    }

    /// Compiles a program against what is installed, and nothing of the checkout but its sources.
    fn compile(
        &self,
        name: &str,
        compiler: &[&str],
        profile: &str,
        more: &[&str],
        sources: &[PathBuf],
    ) -> Result<PathBuf> {
        let (prefix, output) = (self.prefix(profile), self.folder.join(format!("program-{name}")));
        let (compiler, arguments) = compiler.split_first().context("a compiler has a name")?;
        let mut command = program(compiler, arguments);
        command.args(STRICT).arg("-I").arg(prefix.join("include")).args(sources).arg("-o").arg(&output);
        // What follows are libraries, and no sources in the language of those before.
        command.args(["-x", "none"]).args(more).arg("-L").arg(prefix.join("lib")).args([
            "-lampoule",
            "-lsqlite3",
            "-lpthread",
        ]);
        self.green(command.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display())))?;
        Ok(output)
    }

    /// A folder with nothing in it.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Runs the test program, by itself or under valgrind, and returns how many tests passed.
    fn suite(&self, suite: &Path, valgrind: bool) -> Result<usize> {
        let mut command = program(if valgrind { Path::new("valgrind") } else { suite }, [""; 0]);
        if valgrind {
            let known = self.place.root.join("bindings/c/tests/valgrind.supp");
            command.args(VALGRIND).arg(format!("--suppressions={}", known.display())).arg(suite);
        }
        let data = self.fresh("data")?;
        // A vault whose log a witness has signed: nothing here could sign for him.
        fs::create_dir(data.join("kept"))?;
        for name in ["vault.sqlite", "witnessed.txt"] {
            fs::copy(self.place.root.join("tests/compat/sqlite-3").join(name), data.join("kept").join(name))?;
        }
        command.arg("").arg(&data).env("ASAN_OPTIONS", "detect_leaks=1").env("UBSAN_OPTIONS", "print_stacktrace=1");
        let text = self.green(&mut command)?;
        let passed = test::passed(&text);
        ensure!(passed > 0 && test::failed(&text) == 0, "{} ran no tests", suite.display());
        Ok(passed)
    }

    /// The cases that hold in every language.
    fn conformance(&self) -> Result<usize> {
        let root = &self.place.root;
        let runner = [root.join("bindings/c/tests/conformance/main.c")];
        let built = self.compile("conformance", C11, "debug", &[&SANITIZED[..], &["-lcjson"]].concat(), &runner)?;
        let text = self.green(program(built, [""; 0]).args(files(&root.join("tests/conformance"), "json")?))?;
        Ok(test::passed(&text))
    }

    fn green(&self, command: &mut Command) -> Result<String> {
        let Logged { success, text } = run::logged(command, self.log, LIMIT)?;
        if !success {
            println!("{text}");
            bail!("{} failed; its output stands above", run::name(command));
        }
        Ok(text)
    }
}

/// A sanitizer that was left out reports nothing.
fn require_instrumented(suite: &Path) -> Result<()> {
    let symbols = run::read(program("nm", ["--undefined-only"]).arg(suite))?;
    for symbol in ["__asan_report_load", "__ubsan_handle"] {
        ensure!(symbols.contains(symbol), "{} was compiled without {symbol}", suite.display());
    }
    Ok(())
}

/// The files of one kind in a folder, in the order of their names.
fn files(folder: &Path, kind: &str) -> Result<Vec<PathBuf>> {
    let all: Vec<PathBuf> = fs::read_dir(folder)?.map(|file| file.map(|file| file.path())).collect::<Result<_, _>>()?;
    let mut files: Vec<PathBuf> =
        all.into_iter().filter(|file| file.extension().is_some_and(|its| its == kind)).collect();
    files.sort_unstable();
    ensure!(!files.is_empty(), "{} holds no .{kind}", folder.display());
    Ok(files)
}

/// Names of the functions that a header declares: what begins with the prefix and is followed by a bracket, outside of
/// comments.
fn functions(header: &str) -> impl Iterator<Item = &str> {
    let code = header.lines().map(str::trim_start).filter(|line| !line.starts_with(['*', '/', '#']));
    code.filter_map(|line| {
        let before = line.split_once('(')?.0;
        before.rsplit([' ', '*']).next().filter(|name| name.starts_with("ampoule_"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_a_header_are_found() {
        let header = "/**\n * ampoule_not(this)\n */\nampoule_status ampoule_one(int a,\n    int b);\n\
            const char *ampoule_two(void);\n#define AMPOULE_X(a) (a)\nsize_t ampoule_three(void);\n\
            typedef struct ampoule_four {\n    bool (*call)(void *ctx);\n} ampoule_four;\n";
        assert_eq!(functions(header).collect::<Vec<_>>(), ["ampoule_one", "ampoule_two", "ampoule_three"]);
    }
}
