//! Mutants: cargo-mutants changes the code at one place after the other, and a test must fail each
//! time. The time is limited; the mutants left out are listed.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use xshell::{Cmd, cmd};

use crate::cargo;
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Mutate the files that changed since this commit
    #[arg(long, value_name = "COMMIT", default_value = BEFORE)]
    since: String,
    /// Mutate every file
    #[arg(long, conflicts_with = "since")]
    all: bool,
    /// One part of the mutants: `0/8` is the first of eight
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Time limit in minutes, after which the rest is left out
    #[arg(long, value_name = "N", default_value_t = MINUTES)]
    minutes: u32,
}

/// The commit before this one.
const BEFORE: &str = "HEAD~1";

const MINUTES: u32 = 5;

/// The crates whose own tests must catch every mutant.
const SOURCES: [&str; 2] = ["crates/wrt-runtime/src", "crates/wrt-instructions/src"];

impl Default for Args {
    fn default() -> Self {
        Self { since: BEFORE.to_owned(), all: false, shard: None, minutes: MINUTES }
    }
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let Some(files) = files(workspace, args)? else {
        return Ok(());
    };
    let chosen = Chosen { files: &files, shard: args.shard.as_deref() };
    let mutants = lines(&chosen.command(workspace).arg("--list").read()?);
    unread(workspace, &chosen)?;
    println!("mutants: {} in {} files", mutants.len(), files.len());
    if mutants.is_empty() {
        return Ok(());
    }
    let folder = cargo::target_dir(workspace)?.join("mutants");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    // The program ends by itself when it is interrupted, and removes its copy of the sources.
    let seconds = (args.minutes * 60).to_string();
    let limit = cmd!(workspace.sh, "timeout --signal=INT --kill-after=30 {seconds}");
    let command: std::process::Command = chosen.command(workspace).into();
    let limited = limit.arg(command.get_program()).args(command.get_args());
    limited
        .arg("--output")
        .arg(&folder)
        .env_remove(cargo::TARGET)
        // Every mutant is built on top of the last one.
        .env("CARGO_INCREMENTAL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .quiet()
        .ignore_status()
        .run()?;
    Report::read(&folder.join("mutants.out"), mutants).judge(args.minutes)
}

/// The files to mutate; `None` if there are none, after printing the reason.
fn files(workspace: &Workspace, args: &Args) -> Result<Option<Vec<String>>> {
    if args.all {
        return Ok(Some(SOURCES.iter().map(|folder| format!("{folder}/**/*.rs")).collect()));
    }
    let (sh, since) = (&workspace.sh, &args.since);
    let commit = format!("{since}^{{commit}}");
    if cmd!(sh, "git rev-parse --verify --quiet {commit}").quiet().ignore_stdout().run().is_err() {
        if *since != BEFORE {
            bail!("git knows no commit {since}");
        }
        println!("mutants: NOTE: there is no commit before this one, hence no changed files");
        return Ok(None);
    }
    let changed = cmd!(sh, "git diff --name-only --diff-filter=d {since} --").args(SOURCES);
    let changed = lines(&changed.quiet().read()?);
    let changed: Vec<String> = changed.into_iter().filter(|path| path.ends_with(".rs")).collect();
    if changed.is_empty() {
        println!("mutants: no file of {} has changed since {since}", SOURCES.join(" or "));
        return Ok(None);
    }
    Ok(Some(changed))
}

/// Prints the files that cargo-mutants does not find: modules to which `cfg` gives another path.
fn unread(workspace: &Workspace, chosen: &Chosen<'_>) -> Result<()> {
    let read = lines(&chosen.command(workspace).arg("--list-files").read()?);
    for file in chosen.files.iter().filter(|file| !file.contains('*') && !read.contains(file)) {
        println!("mutants: left out: {file}, which cargo-mutants does not read");
    }
    Ok(())
}

/// The selection of mutants.
struct Chosen<'a> {
    files: &'a [String],
    shard: Option<&'a str>,
}

impl Chosen<'_> {
    fn command<'a>(&self, workspace: &'a Workspace) -> Cmd<'a> {
        let mut command = cargo::command(workspace, "mutants").args(["--level", "error"]);
        for file in self.files {
            command = command.args(["--file", file]);
        }
        if let Some(shard) = self.shard {
            command = command.args(["--shard", shard]);
        }
        command.quiet()
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Outcomes of the mutants.
struct Report {
    caught: Vec<String>,
    missed: Vec<String>,
    /// Mutants that do not compile.
    unviable: Vec<String>,
    left_out: Vec<String>,
}

impl Report {
    /// Reads the lists that cargo-mutants keeps in its folder.
    fn read(folder: &Path, mutants: Vec<String>) -> Self {
        let list = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
        // A test that does not end with the mutant has noticed it.
        let caught = lines(&(list("caught.txt") + &list("timeout.txt")));
        let (missed, unviable) = (lines(&list("missed.txt")), lines(&list("unviable.txt")));
        let tested =
            |mutant: &String| [&caught, &missed, &unviable].iter().any(|one| one.contains(mutant));
        let left_out = mutants.into_iter().filter(|mutant| !tested(mutant)).collect();
        Self { caught, missed, unviable, left_out }
    }

    fn judge(&self, minutes: u32) -> Result<()> {
        let Self { caught, missed, unviable, left_out } = self;
        for mutant in left_out {
            println!("mutants: left out after {minutes} minutes: {mutant}");
        }
        for mutant in missed {
            println!("mutants: MISSED: {mutant}");
        }
        let [caught, missed, unviable, left_out] =
            [caught, missed, unviable, left_out].map(|list| list.len());
        println!(
            "mutants: {caught} caught, {missed} missed, {unviable} do not compile, \
             {left_out} left out"
        );
        if caught + missed + unviable == 0 {
            bail!("no mutant was tested: the tests fail without one, or the time was too short");
        }
        if missed > 0 {
            bail!("no test notices {missed} mutants");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use xshell::Shell;

    use super::Report;

    /// A report on the mutants `a` to `d` from these lists.
    fn report(lists: &[(&str, &str)]) -> Report {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        for (name, text) in lists {
            sh.write_file(folder.path().join(name), text).unwrap();
        }
        Report::read(folder.path(), ["a", "b", "c", "d"].map(str::to_owned).to_vec())
    }

    #[test]
    fn what_is_in_no_list_was_left_out() {
        let report =
            report(&[("caught.txt", "a\n"), ("timeout.txt", "b\n"), ("unviable.txt", "c\n")]);
        assert_eq!(report.caught, ["a", "b"]);
        assert_eq!(report.left_out, ["d"]);
        assert!(report.judge(5).is_ok());
    }

    #[test]
    fn a_missed_mutant_is_an_error_and_so_is_no_test_at_all() {
        let missed = report(&[("caught.txt", "a\n"), ("missed.txt", "b\n")]);
        assert_eq!(missed.judge(5).unwrap_err().to_string(), "no test notices 1 mutants");
        assert!(report(&[]).judge(5).is_err());
    }
}
