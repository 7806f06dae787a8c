//! Proof that tests guard the code.
//!
//! Each `tests/guards/*.patch` takes one check out of the code and names, above the diff, the test that must notice:
//!
//! ```text
//! Guard: The signature over the header is verified.
//! Test: --test attacks a07_header_swapped
//! ```
//!
//! `Test:` holds arguments of `cargo test`; the last one is the full name of one test. `-p PACKAGE` may stand first, the
//! core is meant without it.

use crate::place::Place;
use crate::run::{self, Logged, program};
use crate::test::{failed, passed};
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Guards are tried side by side in this many copies of the checkout.
const COPIES: usize = 2;

/// Our crates are compiled for each guard: as fast as can be. Those below them stay as the tests have them.
const PROFILE: [&str; 4] = [
    "profile.dev.package.ampoule.opt-level=0",
    "profile.dev.package.ampoule.debug=0",
    "profile.dev.package.ampoule-fhir.debug=0",
    "profile.dev.package.ampoule-dicom.debug=0",
];

/// A test that never ends once its check is gone is ended after this; building is not part of it.
const TEST_LIMIT: Duration = Duration::from_secs(120);
/// All tests of a program together, compiled without optimisation.
const UNPATCHED_LIMIT: Duration = Duration::from_secs(10 * 60);
const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);

/// The tests of a change try one guard in so many, others at each commit: all of them take longer than all else.
const TURNS: usize = 6;

/// Tries all guards whose file name contains `only`. Returns their number.
pub(crate) fn check(place: &Place, only: Option<&str>) -> Result<usize> {
    let guards = read_all(&place.root.join("tests/guards"), only)?;
    if guards.is_empty() {
        ensure!(only.is_none(), "no patch in tests/guards has that in its name");
        return Ok(0);
    }
    prove(place, &guards)
}

/// Sees that all patches apply, and tries those whose turn it is at this commit. Returns their number, and that of all.
pub(crate) fn check_turn(place: &Place) -> Result<(usize, usize)> {
    let guards = read_all(&place.root.join("tests/guards"), None)?;
    for guard in &guards {
        let mut apply = program("git", ["apply", "--check"]);
        run::read(apply.arg(&guard.path).current_dir(&place.root))
            .with_context(|| format!("{} does not apply", guard.name))?;
    }
    let commits = run::read(program("git", ["rev-list", "--count", "HEAD"]).current_dir(&place.root))?;
    let turn = commits.trim().parse::<usize>()? % TURNS;
    let all = guards.len();
    Ok((prove(place, &of_turn(guards, turn))?, all))
}

/// Each guard has one turn.
fn of_turn(guards: Vec<Guard>, turn: usize) -> Vec<Guard> {
    guards.into_iter().enumerate().filter(|(place, _)| place % TURNS == turn).map(|(_, guard)| guard).collect()
}

fn prove(place: &Place, guards: &[Guard]) -> Result<usize> {
    let copies =
        (1..=COPIES.min(guards.len())).map(|number| Copy::update(place, number)).collect::<Result<Vec<_>>>()?;
    each(&copies, &programs(guards), |copy, (program, tests)| copy.tests_pass_unpatched(program, tests))
        .into_iter()
        .collect::<Result<()>>()?;
    let tried = each(&copies, guards, |copy, guard| {
        let begun = Instant::now();
        let verdict = copy.try_guard(guard);
        let seconds = begun.elapsed().as_secs_f32();
        match verdict {
            Ok(()) => {
                println!("  {}: noticed by {} ({seconds:.1} s)", guard.name, guard.test);
                None
            }
            Err(error) => {
                println!("  {}: NOT PROVEN: {error:#} ({seconds:.1} s)", guard.name);
                Some(guard.name.as_str())
            }
        }
    });
    let faults: Vec<&str> = tried.into_iter().flatten().collect();
    println!("  {} guards, {} not proven", guards.len(), faults.len());
    ensure!(faults.is_empty(), "guards not proven: {}", faults.join(", "));
    Ok(guards.len())
}

/// Works on all items, at most one at a time in each copy.
fn each<'a, T: Sync, R: Send>(copies: &[Copy], items: &'a [T], work: impl Fn(&Copy, &'a T) -> R + Sync) -> Vec<R> {
    let (items, results) = (Mutex::new(items.iter()), Mutex::new(Vec::new()));
    let next = || items.lock().ok()?.next();
    thread::scope(|scope| {
        for copy in copies {
            scope.spawn(|| {
                while let Some(item) = next() {
                    let result = work(copy, item);
                    if let Ok(mut results) = results.lock() {
                        results.push(result);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
}

/// The test programs, each with the tests in it that are named.
fn programs(guards: &[Guard]) -> Vec<(&[String], BTreeSet<&str>)> {
    let mut programs: BTreeMap<&[String], BTreeSet<&str>> = BTreeMap::new();
    for guard in guards {
        programs.entry(&guard.program).or_default().insert(&guard.test);
    }
    programs.into_iter().collect()
}

/// One patch and the test that must fail with it.
#[derive(Debug, PartialEq, Eq)]
struct Guard {
    /// File name without its extension.
    name: String,
    path: PathBuf,
    /// Arguments of `cargo test` that choose the test program.
    program: Vec<String>,
    /// Full name of the test in that program.
    test: String,
    /// Files that the patch changes.
    files: Vec<PathBuf>,
}

/// Sorted by test program, so that each is built in a row.
fn read_all(folder: &Path, only: Option<&str>) -> Result<Vec<Guard>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut guards = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|kind| kind == "patch") && only.is_none_or(|only| name.contains(only)) {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            guards.push(Guard::parse(name, path, &text)?);
        }
    }
    guards.sort_by(|one, other| (&one.program, &one.name).cmp(&(&other.program, &other.name)));
    Ok(guards)
}

impl Guard {
    fn parse(name: String, path: PathBuf, content: &str) -> Result<Self> {
        let header = |field: &str| {
            let mut values = content
                .lines()
                .take_while(|line| !line.starts_with("diff ") && !line.starts_with("--- "))
                .filter_map(|line| line.strip_prefix(field));
            match (values.next().map(str::trim), values.next()) {
                (Some(value), None) if !value.is_empty() => Ok(value),
                _ => bail!("{name}.patch needs one line \"{field} …\" above the diff"),
            }
        };
        header("Guard:")?;
        let mut words: Vec<String> = header("Test:")?.split_whitespace().map(str::to_owned).collect();
        let test = words.pop().unwrap_or_default();
        let selects = words.iter().any(|word| ["--lib", "--test", "--doc", "--bin"].contains(&word.as_str()));
        ensure!(selects, "{name}.patch: \"Test:\" names no test program, such as --lib or --test NAME, and a test");
        if words.first().is_none_or(|word| word != "-p") {
            words.splice(0..0, ["-p".into(), "ampoule".into()]);
        }
        let files: Vec<PathBuf> = content
            .lines()
            .filter_map(|line| line.strip_prefix("+++ b/"))
            .map(|file| PathBuf::from(file.split('\t').next().unwrap_or(file)))
            .collect();
        ensure!(!files.is_empty(), "{name}.patch changes no file");
        Ok(Self { name, path, program: words, test, files })
    }
}

/// A copy of the checkout in which patches are tried, with build output of its own.
///
/// It stays between runs: only files that changed are written, so that only they are compiled again.
struct Copy {
    source: PathBuf,
    tree: PathBuf,
    output: PathBuf,
    logs: PathBuf,
}

impl Copy {
    fn update(place: &Place, number: usize) -> Result<Self> {
        let guards = place.target.join("guards");
        let folder = guards.join(number.to_string());
        let copy = Self {
            source: place.root.clone(),
            tree: folder.join("tree"),
            output: folder.join("target"),
            logs: guards.join("log"),
        };
        copy.seed(place)?;
        let sources = listed(&place.root, &["--cached", "--others", "--exclude-standard"])?;
        fs::create_dir_all(&copy.tree)?;
        for file in &sources {
            copy.restore(file)?;
        }
        remove_others(&copy.tree, &copy.tree, &sources)?;
        Ok(copy)
    }

    /// Takes over the dependencies that the tests have built, the first time.
    ///
    /// The copy's own crates are built anew: its sources are written after this and thus newer than what they made.
    fn seed(&self, place: &Place) -> Result<()> {
        let built = place.target.join("debug");
        if self.output.is_dir() || !built.is_dir() {
            return Ok(());
        }
        if self.tree.is_dir() {
            fs::remove_dir_all(&self.tree)?;
        }
        let debug = self.output.join("debug");
        fs::create_dir_all(&debug)?;
        for part in ["build", ".fingerprint"] {
            run::shown(program("cp", ["-a"]).arg(built.join(part)).arg(&debug))?;
        }
        let parts: Vec<PathBuf> = files(&built.join("deps"))?.into_iter().filter(|file| is_dependency(file)).collect();
        let deps = debug.join("deps");
        fs::create_dir_all(&deps)?;
        for some in parts.chunks(256) {
            run::shown(program("cp", ["-a", "-t"]).arg(&deps).args(some))?;
        }
        Ok(())
    }

    /// What a file of the copy holds; nothing where the checkout has no such file.
    fn wanted(&self, file: &Path) -> Option<Vec<u8>> {
        let text = fs::read(self.source.join(file)).ok()?;
        Some(if file == Path::new("Cargo.toml") { without_adapter(&text) } else { text })
    }

    /// Makes a file as it is wanted. One that is so already keeps its time.
    fn restore(&self, file: &Path) -> Result<()> {
        let to = self.tree.join(file);
        let Some(wanted) = self.wanted(file) else {
            // Deleted in the checkout and not yet from the index.
            let _absent = fs::remove_file(&to);
            return Ok(());
        };
        if fs::read(&to).is_ok_and(|there| there == wanted) {
            return Ok(());
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&to, wanted).with_context(|| format!("cannot write {}", to.display()))
    }

    /// A test that fails anyway proves nothing: all of them must pass before a patch is applied.
    fn tests_pass_unpatched(&self, program: &[String], tests: &BTreeSet<&str>) -> Result<()> {
        let name = format!("unpatched{}", program.concat());
        let tests: Vec<&str> = tests.iter().copied().collect();
        self.build(program, &name)?;
        let ran = self.test(program, &tests, &name, UNPATCHED_LIMIT)?;
        if !ran.success || passed(&ran.text) != tests.len() {
            println!("{}", ran.text);
            bail!("without any patch, not all of these pass in {}: {}", program.join(" "), tests.join(", "));
        }
        Ok(())
    }

    fn try_guard(&self, guard: &Guard) -> Result<()> {
        let verdict = self.apply(guard).and_then(|()| {
            self.build(&guard.program, &guard.name)?;
            let ran = self.test(&guard.program, &[&guard.test], &guard.name, TEST_LIMIT)?;
            ensure!(passed(&ran.text) == 0, "{} passes all the same", guard.test);
            ensure!(
                !ran.success && failed(&ran.text) == 1,
                "{} did not run to a failure; see {}",
                guard.test,
                self.logs.display()
            );
            Ok(())
        });
        for file in &guard.files {
            self.restore(file)?;
        }
        verdict
    }

    /// The ceiling keeps git from taking the copy for a part of a checkout that it lies in.
    fn apply(&self, guard: &Guard) -> Result<()> {
        let mut apply = program("git", ["apply", "--whitespace=nowarn"]);
        apply
            .arg(&guard.path)
            .current_dir(&self.tree)
            .env("GIT_CEILING_DIRECTORIES", self.tree.parent().unwrap_or(&self.tree));
        let applied = run::logged(&mut apply, &self.logs.join(format!("{}.apply.txt", guard.name)), TEST_LIMIT)?;
        ensure!(applied.success, "the patch does not apply: {}", applied.text.trim());
        for file in &guard.files {
            let same = fs::read(self.tree.join(file)).ok() == self.wanted(file);
            ensure!(!same, "the patch leaves {} as it is", file.display());
        }
        Ok(())
    }

    fn build(&self, program: &[String], name: &str) -> Result<()> {
        let mut build = self.cargo(program);
        build.arg("--no-run");
        let result = run::logged(&mut build, &self.logs.join(format!("{name}.build.txt")), BUILD_LIMIT)?;
        if !result.success {
            let errors: Vec<&str> = result.text.lines().filter(|line| line.starts_with("error")).take(3).collect();
            bail!("it does not compile: {}", errors.join("; "));
        }
        Ok(())
    }

    fn test(&self, program: &[String], tests: &[&str], name: &str, limit: Duration) -> Result<Logged> {
        let mut test = self.cargo(program);
        test.args(["--", "--exact"]).args(tests);
        run::logged(&mut test, &self.logs.join(format!("{name}.test.txt")), limit)
    }

    fn cargo(&self, program: &[String]) -> std::process::Command {
        let mut command = run::program("cargo", ["test", "--all-features"]);
        command.args(PROFILE.iter().flat_map(|setting| ["--config", setting]));
        command.args(program).current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.output);
        // Dead code is what a patch leaves behind: warnings that the environment turns into errors must stay warnings.
        command.env_remove("RUSTFLAGS").env("CARGO_INCREMENTAL", "1");
        command
    }
}

/// The manifest without what only the example and the benchmark need of our own: the core would be compiled once more
/// below the adapter before its unit tests are.
fn without_adapter(manifest: &[u8]) -> Vec<u8> {
    let lines = manifest.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"ampoule-fhir = ")).flatten().copied().collect()
}

/// What lies in a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// Whether a file of build output may be taken over. Test programs and our own libraries are built anew, and are most of it.
fn is_dependency(file: &Path) -> bool {
    let ours = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libampoule"));
    !ours && file.extension().is_some()
}

/// Files that git lists, relative to `root`.
fn listed(root: &Path, which: &[&str]) -> Result<BTreeSet<PathBuf>> {
    let mut list = program("git", ["ls-files", "-z"]);
    let text = run::read(list.args(which).current_dir(root))?;
    Ok(text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

/// Deletes what the checkout no longer has.
fn remove_others(tree: &Path, folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_others(tree, &path, wanted)?;
        } else if !wanted.contains(path.strip_prefix(tree)?) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_has_a_turn() {
        let guards = || {
            (0..7_u8).map(|name| {
                let text = format!("Guard: x\nTest: --lib a\n{DIFF}");
                Guard::parse(name.to_string(), "a.patch".into(), &text).unwrap()
            })
        };
        let mut tried: Vec<String> =
            (0..TURNS).flat_map(|turn| of_turn(guards().collect(), turn)).map(|guard| guard.name).collect();
        tried.sort();
        assert_eq!(tried, guards().map(|guard| guard.name).collect::<Vec<_>>());
    }

    const DIFF: &str = "--- a/src/record/label.rs\n+++ b/src/record/label.rs\n@@ -1 +1 @@\n-a\n+b\n";

    fn parse(header: &str) -> Result<Guard> {
        Guard::parse("label".into(), "label.patch".into(), &format!("{header}{DIFF}"))
    }

    #[test]
    fn a_header_names_the_test_program_and_one_test() {
        let guard = parse("Guard: Labels are short.\nTest: --lib record::label::tests::long\n\n").unwrap();
        assert_eq!(guard.program, ["-p", "ampoule", "--lib"]);
        assert_eq!(guard.test, "record::label::tests::long");
        assert_eq!(guard.files, [PathBuf::from("src/record/label.rs")]);
        let other = parse("Guard: x\nTest: -p ampoule-fhir --test dates leap\n").unwrap();
        assert_eq!(other.program, ["-p", "ampoule-fhir", "--test", "dates"]);
    }

    #[test]
    fn libraries_below_ours_are_taken_over() {
        let taken = |name: &str| is_dependency(&Path::new("deps").join(name));
        assert!(taken("libserde-0a1b.rlib") && taken("libserde-0a1b.rmeta") && taken("libserde_derive-0a1b.so"));
        assert!(taken("serde-0a1b.d"));
        assert!(!taken("attacks-0a1b") && !taken("libampoule-0a1b.rlib") && !taken("libampoule_c.a"));
    }

    #[test]
    fn the_manifest_is_the_same_but_for_the_adapter() {
        let manifest = include_str!("../../Cargo.toml");
        let copy = String::from_utf8(without_adapter(manifest.as_bytes())).unwrap();
        let gone: Vec<&str> = manifest.lines().filter(|line| !copy.lines().any(|kept| kept == *line)).collect();
        assert_eq!(gone, ["ampoule-fhir = { path = \"adapters/fhir\" }"]);
        assert_eq!(copy.lines().count() + 1, manifest.lines().count());
    }

    #[test]
    fn a_header_that_proves_nothing_is_refused() {
        for header in [
            "",
            "Guard: x\n",
            "Test: --lib a\n",
            "Guard:\nTest: --lib a\n",
            "Guard: x\nTest: a\n",
            "Guard: x\nTest: --lib\n",
            "Guard: x\nTest: --lib a\nTest: --lib b\n",
        ] {
            assert!(parse(header).is_err(), "{header:?}");
        }
    }
}
