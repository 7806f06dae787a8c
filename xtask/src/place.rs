//! Where things are: the checkout, the build output, the cache.

use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};

/// The folders that commands work in.
#[derive(Debug)]
pub(crate) struct Place {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Build output: `CARGO_TARGET_DIR`, or a folder of the cache that belongs to this checkout alone.
    pub(crate) target: PathBuf,
    /// Tools, data and fuzzing corpora that outlive a checkout.
    pub(crate) cache: PathBuf,
}

impl Place {
    /// Finds them from the environment.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in the workspace")?
            .canonicalize()
            .context("the checkout that this command was built in is gone; run it through `cargo xtask`")?;
        let cache = match (folder("XDG_CACHE_HOME"), folder("HOME")) {
            (Some(cache), _) => cache,
            (None, Some(home)) => home.join(".cache"),
            (None, None) => {
                anyhow::bail!("neither XDG_CACHE_HOME nor HOME is set; set one of them")
            }
        }
        .join("ampoule");
        let target = folder("CARGO_TARGET_DIR").unwrap_or_else(|| cache.join("target").join(key(&root)));
        Ok(Self { root, target, cache })
    }

    /// The folder that tests find in `AMPOULE_DATA`.
    pub(crate) fn data(&self) -> PathBuf {
        self.cache.join("data")
    }

    /// The Python packages that tests of the adapters compare with.
    pub(crate) fn adapter_requirements(&self) -> PathBuf {
        self.root.join("adapters/requirements.txt")
    }
}

/// An absolute path from the environment.
fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// One build folder for each checkout: cargo tells sources of two checkouts apart by their times only, and can take the
/// output of one for that of the other. `.ci/run` forms the same name.
fn key(root: &Path) -> String {
    root.to_string_lossy().trim_start_matches('/').replace('/', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkouts_do_not_share_a_build_folder() {
        assert_eq!(key(Path::new("/a/b")), "a-b");
        assert_ne!(key(Path::new("/a/b")), key(Path::new("/a/c")));
    }
}
