//! Models of what several threads do at once: loom runs each for every order of events that a bound
//! on preemptions allows. Then each known bug is put into a copy of the code, where a model must
//! find it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::Cmd;

use crate::cargo;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Preemptions of an execution, at most: every bug that was found needs one or two
    #[arg(long, value_name = "N", default_value_t = PREEMPTIONS)]
    preemptions: usize,
}

const PREEMPTIONS: usize = 3;

impl Default for Args {
    fn default() -> Self {
        Self { preemptions: PREEMPTIONS }
    }
}

/// The variable that tells loom the bound.
const BOUND: &str = "LOOM_MAX_PREEMPTIONS";

/// The crate that has the models.
const CRATE: &str = "crates/wrt-platform";

/// A bug that a model finds.
struct Bug {
    what: &'static str,
    /// The file, from the crate's sources.
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    model: &'static str,
}

const BUGS: [Bug; 5] = [
    Bug {
        what: "a slot that was put behind the search is missed",
        file: "backend/pool/free_slots.rs",
        right: ".or_else(|| self.take_last(key))",
        wrong: "",
        model: "backend::pool::free_slots::models::a_slot_that_is_free_all_the_time_is_found",
    },
    Bug {
        what: "a new slot is taken in two steps",
        file: "backend/pool/free_slots.rs",
        right: "self.fresh.fetch_update(Relaxed, Relaxed, within).ok()",
        wrong: "let next = self.fresh.load(Relaxed);
                self.fresh.store(within(next)?, Relaxed);
                Some(next)",
        model: "backend::pool::free_slots::models::a_new_slot_is_given_out_once",
    },
    Bug {
        what: "a copy is written before the version that protects it is visible",
        file: "fault/registry/entry.rs",
        right: "fence(Ordering::Release);",
        wrong: "",
        model: "fault::registry::models::a_reader_sees_one_write",
    },
    Bug {
        what: "a version is checked before its words are read",
        file: "fault/registry/entry.rs",
        right: "fence(Ordering::Acquire);",
        wrong: "",
        model: "fault::registry::models::a_reader_sees_one_write",
    },
    Bug {
        what: "an entry is taken in two steps",
        file: "fault/registry/list.rs",
        right: "if let Some(entry) = free.returned {",
        wrong: "let returned = free.returned;
                drop(free);
                let mut free = self.free.lock();
                if let Some(entry) = returned {",
        model: "fault::registry::models::an_entry_has_one_owner",
    },
];

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let copy = Copy::make(workspace, args)?;
    println!("loom: every order of events with at most {} preemptions", args.preemptions);
    copy.test(&[]).arg("models::").run()?;
    for bug in &BUGS {
        let path = copy.sources().join(bug.file);
        let right = workspace.sh.read_file(&path)?;
        workspace.sh.write_file(&path, bug.put_into(&right)?)?;
        copy.test(&["--no-run"]).run().with_context(|| format!("{} does not compile", bug.what))?;
        let output = copy.test(&[]).args(["--exact", bug.model]).ignore_status().quiet();
        let output = output.ignore_stderr().read()?;
        if !output.contains("test result: FAILED. 0 passed; 1 failed") {
            bail!("{}: {} does not find it:\n{output}", bug.what, bug.model);
        }
        println!("loom: found: {}", bug.what);
        workspace.sh.write_file(&path, right)?;
    }
    println!("loom: all models hold, and {} of {} bugs were found", BUGS.len(), BUGS.len());
    Ok(())
}

impl Bug {
    /// The file's text with the bug in it.
    fn put_into(&self, text: &str) -> Result<String> {
        if text.matches(self.right).count() != 1 {
            bail!("{} must have `{}` once, for a bug to take its place", self.file, self.right);
        }
        Ok(text.replace(self.right, self.wrong))
    }
}

/// A copy of the crate, in a workspace of its own.
struct Copy<'a> {
    workspace: &'a Workspace,
    root: PathBuf,
    build: PathBuf,
    preemptions: String,
}

impl<'a> Copy<'a> {
    fn make(workspace: &'a Workspace, args: &Args) -> Result<Self> {
        let sh = &workspace.sh;
        let build = cargo::target_dir(workspace)?.join("loom");
        let root = build.join("copy");
        sh.remove_path(&root)?;
        copy_folder(workspace, &workspace.root.join(CRATE), &root.join(CRATE))?;
        sh.copy_file(workspace.root.join("Cargo.lock"), root.join("Cargo.lock"))?;
        let manifest = sh.read_file(workspace.root.join("Cargo.toml"))?;
        sh.write_file(root.join("Cargo.toml"), with_one_member(&manifest)?)?;
        Ok(Self { workspace, root, build, preemptions: args.preemptions.to_string() })
    }

    fn sources(&self) -> PathBuf {
        self.root.join(CRATE).join("src")
    }

    /// The command that runs the copy's tests; what is added to it goes to the test program.
    fn test(&self, options: &[&str]) -> Cmd<'a> {
        let command = cargo::command(self.workspace, "test").arg("--quiet");
        let command = command.arg("--manifest-path").arg(self.root.join(CRATE).join("Cargo.toml"));
        let command = command.args(["--lib"]).args(options).arg("--");
        cargo::with_flags(command, &["--cfg", "wrt_loom", "-Awarnings"])
            .env("CARGO_TARGET_DIR", &self.build)
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            .env("RUST_BACKTRACE", "0")
            .env(BOUND, &self.preemptions)
    }
}

fn copy_folder(workspace: &Workspace, from: &Path, to: &Path) -> Result<()> {
    let sh = &workspace.sh;
    sh.create_dir(to)?;
    for path in sh.read_dir(from)? {
        let name = path.file_name().context("an entry of a folder has no name")?;
        if path.is_dir() {
            copy_folder(workspace, &path, &to.join(name))?;
        } else {
            sh.copy_file(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// The workspace's manifest, with no other member than the crate.
fn with_one_member(manifest: &str) -> Result<String> {
    let (before, rest) = manifest.split_once("members = [").context("Cargo.toml has no members")?;
    let (_, after) = rest.split_once(']').context("the members of Cargo.toml do not end")?;
    Ok(format!("{before}members = [\"{CRATE}\"]{after}"))
}

#[cfg(test)]
mod tests {
    use super::{BUGS, CRATE, with_one_member};
    use crate::workspace::Workspace;

    #[test]
    fn every_bug_fits_its_file() {
        let workspace = Workspace::open().unwrap();
        for bug in BUGS {
            let path = workspace.root.join(CRATE).join("src").join(bug.file);
            let text = workspace.sh.read_file(path).unwrap();
            assert_ne!(bug.put_into(&text).unwrap(), text);
        }
    }

    #[test]
    fn the_copy_has_one_member() {
        let text = with_one_member("[workspace]\nmembers = [\n  \"a\",\n]\nresolver = \"3\"\n");
        let expected = format!("[workspace]\nmembers = [\"{CRATE}\"]\nresolver = \"3\"\n");
        assert_eq!(text.unwrap(), expected);
        assert!(with_one_member("[package]\n").is_err());
    }
}
