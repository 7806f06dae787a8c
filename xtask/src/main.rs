//! `cargo xtask`: every chore of the project, one file a command.

mod aar;
mod bench;
mod cdoor;
mod data;
mod decoder;
mod fuzz;
mod guards;
mod header;
mod hostile;
mod install;
mod kotlin;
mod model;
mod place;
mod postgres;
mod python;
mod robin;
mod run;
mod size;
mod snippet;
mod swift;
mod test;
mod tools;
mod vectors;

use clap::{Parser, Subcommand};
use place::Place;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks everything that a change must pass, and stops at the first failure.
    Test {
        /// Part of a step's name, to run only that step while working on it; all of them by default.
        step: Option<String>,
    },
    /// Runs the fuzz targets and keeps what they find in the cache.
    Fuzz {
        /// Seconds for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Adds inputs that reach new code to the committed corpus.
        #[arg(long)]
        keep: bool,
        /// One target; all of them by default.
        target: Option<String>,
    },
    /// Proves that the tests guard the code: each patch in `tests/guards` breaks one check, and its test must fail.
    Guards {
        /// Part of a patch's file name; all of them by default.
        name: Option<String>,
    },
    /// Runs the benchmarks and writes their figures to `bench.tsv` in the target folder.
    Bench {
        /// One benchmark of `benches/`; all of them by default.
        name: Option<String>,
        /// Fails where a figure breaks its bound in `benches/bounds.tsv`.
        #[arg(long, conflicts_with = "parts")]
        check: bool,
        /// Parts of the benchmark, after `--`; all of them by default.
        #[arg(last = true)]
        parts: Vec<String>,
    },
    /// Explores the worlds of the ledger's rules, and prints their sizes.
    Model,
    /// Lets a store lie by random choice: every answer of a vault must be true or an error. Prints what came of it.
    Hostile {
        /// How many scripts.
        #[arg(long, default_value_t = 100_000)]
        scripts: u64,
        /// What the choices follow from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of the first script: that of a failed one, with `--scripts 1`, shows it again.
        #[arg(long, default_value_t = 0)]
        first: u64,
    },
    /// Fetches the public examples that tests and `--fhir` use, and prints their folders.
    Data,
    /// Installs what tests of the adapters compare with, and prints the interpreter for `AMPOULE_PYTHON`.
    Python,
    /// Makes vaults and has the second decoder, in `tests/decoder`, open them and the vectors.
    Decoder,
    /// Writes the C header, `include/ampoule.h`.
    Header {
        /// Compares instead, and fails where it differs.
        #[arg(long)]
        check: bool,
    },
    /// Builds the C library and installs it: header, libraries, pkg-config and CMake files.
    Install {
        /// The folder under which `include` and `lib` are.
        #[arg(long)]
        prefix: std::path::PathBuf,
    },
    /// Builds the stripped library for telephones, and prints where it is and how many bytes it has.
    Size {
        /// A target of rustc's, whose linker cargo was told; that of this computer by default.
        #[arg(long)]
        target: Option<String>,
    },
    /// Builds and tests the Kotlin modules, and installs them in the local Maven repository of these commands.
    Jar,
    /// Lays out an AAR from the installed modules and libraries that were built elsewhere. No Android SDK has checked it.
    Aar {
        /// A folder with one folder for each ABI, such as `arm64-v8a`, and the library in it.
        libraries: std::path::PathBuf,
    },
    /// Lays the Swift package out for Apple's systems, with a framework of libraries that were built for them.
    Xcframework {
        /// Folder with one folder for each system, such as `ios-arm64`, that has `libampoule_uniffi.a`.
        libraries: std::path::PathBuf,
    },
    /// Writes the vectors of the format to `tests/vectors`.
    Vectors {
        /// Compares instead, and fails where they differ.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    let place = Place::find()?;
    match command {
        Command::Test { step } => test::run(&place, step.as_deref()),
        Command::Fuzz { seconds, keep, target } => fuzz::long(&place, seconds, keep, target.as_deref()),
        Command::Guards { name } => guards::check(&place, name.as_deref()).map(|_| ()),
        Command::Bench { name, check, parts } => bench::run(&place, name.as_deref(), check, &parts),
        Command::Model => model::run(&place),
        Command::Hostile { scripts, seed, first } => hostile::run(scripts, seed, first),
        Command::Data => data::print(&place),
        Command::Python => python::print(&place),
        Command::Decoder => decoder::run(&place),
        Command::Header { check } => header::run(&place, check),
        Command::Install { prefix } => install::release(&place, &prefix),
        Command::Size { target } => {
            let (library, bytes) = size::build(&place, target.as_deref())?;
            println!("{} {bytes}", library.display());
            Ok(())
        }
        Command::Jar => kotlin::install(&place, &place.target.join("log/jar.txt")).map(|_| ()),
        Command::Aar { libraries } => {
            println!("{}", aar::make(&place, &libraries)?.display());
            Ok(())
        }
        Command::Xcframework { libraries } => {
            swift::framework(&place, &libraries).map(|package| println!("{}", package.display()))
        }
        Command::Vectors { check } => vectors::run(&place, check).map(|_| ()),
    }
}
