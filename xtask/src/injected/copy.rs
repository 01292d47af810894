//! The copy of the crates with the bugs.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::Cmd;

use super::{CHOICE, PLACES};
use crate::cargo;
use crate::workspace::Workspace;

/// The folder that is copied: every crate that can have a bug, and their tests.
const CRATES: &str = "crates";

/// The crates with bugs; each gets a module that tells the chosen one.
const INJECTED: [&str; 3] = ["wrt-platform", "wrt-runtime", "wrt-instructions"];

/// Flags of the copy, which turn warnings off: the original is linted.
pub(crate) const QUIET: [&str; 1] = ["-Awarnings"];

/// The copy, in a workspace of its own.
pub(crate) struct Copy {
    root: PathBuf,
    builds: PathBuf,
}

impl Copy {
    /// Brings the copy up to date with the sources.
    pub(crate) fn make(workspace: &Workspace) -> Result<Self> {
        let builds = cargo::target_dir(workspace)?.join("injected");
        let copy = Self { root: builds.join("copy"), builds };
        copy.update_folder(&workspace.root, Path::new(CRATES))?;
        let lock = fs::read(workspace.root.join("Cargo.lock")).context("no Cargo.lock")?;
        copy.update(Path::new("Cargo.lock"), &lock)?;
        let manifest = workspace.sh.read_file(workspace.root.join("Cargo.toml"))?;
        copy.update(Path::new("Cargo.toml"), with_crates_only(&manifest)?.as_bytes())?;
        Ok(copy)
    }

    /// A cargo command on the copy, with a separate build folder for each `purpose`.
    pub(crate) fn place<'a>(&self, command: Cmd<'a>, purpose: &str) -> Cmd<'a> {
        command
            .arg("--manifest-path")
            .arg(self.root.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", self.builds.join(purpose))
    }

    /// Copies a folder with its contents, and removes files that no longer exist.
    fn update_folder(&self, from: &Path, folder: &Path) -> Result<()> {
        let target = self.root.join(folder);
        fs::create_dir_all(&target)?;
        let names = names_in(&from.join(folder))?;
        for name in &names {
            let path = folder.join(name);
            if from.join(&path).is_dir() {
                self.update_folder(from, &path)?;
            } else {
                self.update(&path, &injected(from, &path)?)?;
            }
        }
        for gone in names_in(&target)?.difference(&names) {
            let path = target.join(gone);
            let removed = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Writes a file unless it is unchanged: cargo rebuilds newer files.
    fn update(&self, path: &Path, wanted: &[u8]) -> Result<()> {
        let path = self.root.join(path);
        match fs::read(&path) {
            Ok(there) if there == wanted => return Ok(()),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        fs::write(&path, wanted).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn names_in(folder: &Path) -> Result<BTreeSet<OsString>> {
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name())).collect()
}

/// A file of the copy: with its bugs, and in a crate's root with the module that chooses one.
fn injected(root: &Path, path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(root.join(path))?;
    let mut places = PLACES.iter().filter(|place| Path::new(place.file) == path).peekable();
    let is_root =
        INJECTED.iter().any(|name| path == Path::new(CRATES).join(name).join("src/lib.rs"));
    if places.peek().is_none() && !is_root {
        return Ok(bytes);
    }
    let text = String::from_utf8(bytes).with_context(|| format!("{}", path.display()))?;
    let mut text = places.try_fold(text, |text, place| place.inject(&text))?;
    if is_root {
        text.push_str(&choice());
    }
    Ok(text.into_bytes())
}

/// The module of each crate that tells the bug of this process.
fn choice() -> String {
    format!(
        "mod injected {{
            extern crate std;
            use std::{{env, string::String, sync::OnceLock}};
            pub(crate) fn active(bug: &str) -> bool {{
                static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
                CHOSEN.get_or_init(|| env::var({CHOICE:?}).ok()).as_deref() == Some(bug)
            }}
        }}\n"
    )
}

/// The workspace's manifest, with only the crates as members.
fn with_crates_only(manifest: &str) -> Result<String> {
    let (before, rest) = manifest.split_once("members = [").context("Cargo.toml has no members")?;
    let (_, after) = rest.split_once(']').context("the members of Cargo.toml do not end")?;
    Ok(format!("{before}members = [\"{CRATES}/*\"]{after}"))
}

#[cfg(test)]
mod tests {
    use super::with_crates_only;

    #[test]
    fn the_copy_has_the_crates_only() {
        let text = with_crates_only("[workspace]\nmembers = [\n  \"a\",\n]\nresolver = \"3\"\n");
        let expected = "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n";
        assert_eq!(text.unwrap(), expected);
        assert!(with_crates_only("[package]\n").is_err());
    }
}
