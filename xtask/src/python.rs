//! Python with the packages that other implementations need, installed once into the cache.

use crate::data::hex;
use crate::place::Place;
use crate::run::{self, program};
use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Installs what is not there yet for the tests of the adapters, and prints the interpreter.
pub(crate) fn print(place: &Place) -> Result<()> {
    println!("{}", for_adapters(place)?.display());
    Ok(())
}

/// Installs what is not there yet for the tests of the adapters; they find the interpreter in `AMPOULE_PYTHON`.
pub(crate) fn for_adapters(place: &Place) -> Result<PathBuf> {
    environment(place, &place.adapter_requirements())
}

/// The interpreter of an environment with exactly the packages that the file `requirements` lists.
pub(crate) fn environment(place: &Place, requirements: &Path) -> Result<PathBuf> {
    let python = interpreter(place, requirements)?;
    let environment = python.parent().and_then(Path::parent).context("an interpreter lies in an environment")?;
    let whole = environment.join("whole");
    if !whole.is_file() {
        println!("installing the packages of {} into {}", requirements.display(), environment.display());
        run::shown(program("python3", ["-m", "venv", "--clear"]).arg(environment))?;
        let mut install = program(&python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        run::shown(install.args(["--no-deps", "--only-binary", ":all:", "--requirement"]).arg(requirements))?;
        fs::write(&whole, "")?;
    }
    Ok(python)
}

/// Where [`environment`] has it: other requirements are another environment.
pub(crate) fn interpreter(place: &Place, requirements: &Path) -> Result<PathBuf> {
    let bytes = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let digest = hex(&Sha256::digest(bytes));
    let name = format!("python-{}", digest.get(..16).unwrap_or_default());
    Ok(place.cache.join("tools").join(name).join("bin/python"))
}
