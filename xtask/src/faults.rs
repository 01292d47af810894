//! Known ways in which runtimes got memory wrong: each is planted as a bug, and its test must see
//! it; without the bug the test must pass.
//!
//! All bugs are in one build, behind a cfg that only this command sets, and a variable chooses the
//! one that a process has.

pub(crate) mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};
use xshell::cmd;

use self::table::{Bug, Proof, ROWS, Row};
use crate::workspace::Workspace;

/// What `wrt-platform` looks into to know which bug is planted.
const CHOICE: &str = "WRT_PLANT";

/// The flag that puts the bugs into a build.
const PLANTED: &str = "--cfg wrt_planted -D warnings";

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only this row, such as F07
    #[arg(long, value_name = "F")]
    row: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let chosen = |row: &&Row| args.row.as_ref().is_none_or(|wanted| row.fault == wanted);
    let rows: Vec<&Row> = ROWS.iter().filter(chosen).collect();
    if rows.is_empty() {
        bail!("no such row: they are {} to {}", ROWS[0].fault, ROWS[ROWS.len() - 1].fault);
    }
    let mut builds = Builds {
        usual: Tests::build(workspace, false)?,
        planted: Tests::build(workspace, true)?,
        passed: BTreeSet::new(),
    };
    let (mut caught, mut missed, mut later) = (0, 0, 0);
    for row in rows {
        let bugs = match row.proof {
            Proof::Bugs(bugs) => bugs,
            Proof::Later(needs) => {
                print(row.fault, row.cause, &format!("later: {needs}"));
                later += 1;
                continue;
            }
        };
        for bug in bugs {
            let verdict = builds.check(bug)?;
            *if verdict.is_ok() { &mut caught } else { &mut missed } += 1;
            let verdict = verdict.map_or_else(|why| format!("MISSED: {why}"), |()| "caught".into());
            print(bug.name, bug.test, &verdict);
        }
    }
    println!("faults: {caught} caught, {missed} missed, {later} rows later");
    if missed > 0 {
        bail!("{missed} planted bugs are not caught by their tests");
    }
    Ok(())
}

fn print(bug: &str, test: &str, verdict: &str) {
    println!("faults: {bug:<12}  {test:<63}  {verdict}");
}

/// The tests as they are, and with the bugs.
struct Builds {
    usual: Tests,
    planted: Tests,
    /// Tests that were seen to pass, in both builds, without a bug.
    passed: BTreeSet<&'static str>,
}

impl Builds {
    /// Whether the test passes without the bug, in the usual build and in the one that has the
    /// bugs, and fails with it. The inner error says what was seen instead.
    fn check(&mut self, bug: &Bug) -> Result<Result<(), String>> {
        if !self.passed.contains(bug.test) {
            for (tests, build) in [(&self.usual, "usual build"), (&self.planted, "planted build")] {
                let outcome = tests.run(bug.test, None)?;
                if outcome != Outcome::Passed {
                    return Ok(Err(format!("without the bug, in the {build}, the test {outcome}")));
                }
            }
            self.passed.insert(bug.test);
        }
        Ok(match self.planted.run(bug.test, Some(bug.name))? {
            Outcome::Failed => Ok(()),
            outcome => Err(format!("with the bug the test {outcome}")),
        })
    }
}

/// The program of `wrt-testkit`'s tests for faults.
struct Tests {
    program: String,
}

/// What became of one test.
#[derive(PartialEq, Eq)]
enum Outcome {
    Passed,
    /// It said no, as a test does.
    Failed,
    /// There is no such test, or not just one.
    NotFound,
    /// The whole program ended, by no doing of the test.
    Died(ExitStatus),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Passed => f.write_str("passes"),
            Self::Failed => f.write_str("fails"),
            Self::NotFound => f.write_str("is not there"),
            Self::Died(status) => write!(f, "died ({status})"),
        }
    }
}

impl Tests {
    /// Builds them as usual, or with the bugs in a folder of their own, so that neither build
    /// throws the other's away.
    fn build(workspace: &Workspace, planted: bool) -> Result<Tests> {
        let format = "--message-format=json-render-diagnostics";
        let mut command =
            cmd!(workspace.sh, "cargo test --quiet -p wrt-testkit --test faults --no-run {format}");
        if planted {
            let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
            command = command
                .env("RUSTFLAGS", format!("{flags} {PLANTED}"))
                // No debugger looks at these programs, but a panic still says where it was.
                .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
                .arg("--target-dir")
                .arg(workspace.target_dir().join("planted"));
        }
        let messages = command.quiet().read()?;
        let program = messages.lines().find_map(executable);
        let program = program.context("cargo names no program of the tests for faults")?;
        if !Path::new(&program).is_file() {
            bail!("cargo names {program}, which is not there");
        }
        Ok(Tests { program })
    }

    /// Runs one test by its full name, with a bug or none.
    fn run(&self, test: &str, bug: Option<&str>) -> Result<Outcome> {
        let mut command = Command::new(&self.program);
        command.args([test, "--exact", "--test-threads=1"]).env_remove(CHOICE);
        command.env("RUST_BACKTRACE", "0");
        if let Some(bug) = bug {
            command.env(CHOICE, bug);
        }
        let output = command.output().with_context(|| format!("cannot run {}", self.program))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(outcome(output.status, &text))
    }
}

/// The program in a line of cargo's messages, if it is about one.
fn executable(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("\"executable\":\"")?;
    let (path, _) = rest.split_once('"')?;
    Some(path.replace("\\\\", "\\"))
}

/// What the test program says, which must agree with how it ended.
fn outcome(status: ExitStatus, text: &str) -> Outcome {
    let one = text.trim_start().starts_with("running 1 test\n");
    // The last one: what a child of the test printed stands before it.
    let result = text.lines().rev().find_map(|line| line.strip_prefix("test result: "));
    match result {
        Some(_) if !one => Outcome::NotFound,
        Some(line) if line.starts_with("ok. 1 passed; 0 failed") && status.success() => {
            Outcome::Passed
        }
        Some(line) if line.starts_with("FAILED. 0 passed; 1 failed") && !status.success() => {
            Outcome::Failed
        }
        _ => Outcome::Died(status),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Outcome, executable, outcome};

    #[test]
    fn cargo_names_the_program() {
        let line = r#"{"target":{"name":"faults"},"executable":"/a/b-1","fresh":true}"#;
        assert_eq!(executable(line).as_deref(), Some("/a/b-1"));
        assert_eq!(executable(r#"{"executable":null}"#), None);
    }
    #[cfg(unix)]
    #[test]
    fn an_outcome_must_agree_with_the_exit() {
        let exits = |code: &str| Command::new("sh").args(["-c", code]).status().unwrap();
        let (good, bad) = (exits("exit 0"), exits("exit 101"));
        let passed = "\nrunning 1 test\n.\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";
        let failed = "\nrunning 1 test\nF\n\nrunning 1 test\ntest result: ok. 1 passed; 0 failed\n\
                      \ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n";
        let none = "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n";
        assert!(outcome(good, passed) == Outcome::Passed);
        assert!(outcome(bad, failed) == Outcome::Failed);
        assert!(outcome(good, none) == Outcome::NotFound);
        assert!(outcome(bad, passed) == Outcome::Died(bad));
        let killed = exits("kill -SEGV $$");
        assert!(outcome(killed, "\nrunning 1 test\n") == Outcome::Died(killed));
    }
}
