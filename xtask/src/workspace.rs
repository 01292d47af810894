//! Locations: the root, the library crates, the folder of scripts beside the checkout.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::Shell;

/// The library crates, checked with every feature set one by one, since a build of the whole
/// workspace unifies features.
pub(crate) const LIBRARIES: [&str; 3] = ["wrt-platform", "wrt-runtime", "wrt-instructions"];

/// The variable with the user's build folder.
const TARGET_DIR: &str = "CARGO_TARGET_DIR";

/// The repository's root and a shell whose working directory it is.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) sh: Shell,
    /// The user's current directory, from which relative arguments start.
    pub(crate) called_from: PathBuf,
}

impl Workspace {
    /// Finds the root from the current directory upwards.
    pub(crate) fn open() -> Result<Workspace> {
        let called_from = env::current_dir().context("the current directory is not readable")?;
        let root = called_from
            .ancestors()
            .find(|dir| dir.join("xtask/Cargo.toml").is_file())
            .with_context(|| {
                format!(
                    "{} is not inside the repository: run `cargo xtask` from a folder of it",
                    called_from.display()
                )
            })?
            .to_path_buf();
        let sh = Shell::new()?;
        sh.change_dir(&root);
        // Cargo takes it from where it is started, which we do from the root.
        if let Some(dir) = env::var_os(TARGET_DIR) {
            sh.set_var(TARGET_DIR, called_from.join(dir));
        }
        Ok(Workspace { root, sh, called_from })
    }

    /// The complete specification scripts, if they are beside the checkout.
    pub(crate) fn scripts_beside(&self) -> Option<PathBuf> {
        let dir = self.root.parent()?.join("shared/spec");
        // Another folder of that name has no such list.
        dir.join("counts.tsv").is_file().then_some(dir)
    }

    /// The compiler version that `Cargo.toml` guarantees to work, as (major, minor).
    pub(crate) fn minimum_rust(&self) -> Result<(u32, u32)> {
        let path = self.root.join("Cargo.toml");
        let manifest = self.sh.read_file(&path)?;
        let stated = manifest
            .lines()
            .find_map(|line| line.strip_prefix("rust-version = "))
            .context("Cargo.toml states no rust-version in [workspace.package]")?;
        parse_version(stated.trim_matches('"'))
    }
}

/// Reads `1.95` or `1.95.0` as (1, 95).
pub(crate) fn parse_version(text: &str) -> Result<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("`{text}` is not a version such as 1.95"),
    }
}

/// Whether `program` can be found on the search path.
pub(crate) fn on_path(program: &str) -> bool {
    let Some(path) = env::var_os("PATH") else {
        return false;
    };
    env::split_paths(&path).any(|dir| is_executable(&dir.join(program)))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_run_is_no_program() {
        use std::path::Path;

        assert!(super::is_executable(Path::new("/bin/sh")));
        assert!(!super::is_executable(Path::new("/bin")));
        assert!(!super::is_executable(Path::new("/etc/passwd")));
    }

    #[test]
    fn versions_are_major_and_minor() {
        assert_eq!(parse_version("1.95").unwrap(), (1, 95));
        assert_eq!(parse_version("1.96.0").unwrap(), (1, 96));
        assert!(parse_version("stable").is_err());
    }
}
