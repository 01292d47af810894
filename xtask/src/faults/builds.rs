//! The tests for known bugs, built without and with all bugs, for this machine or an emulated one.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};
use xshell::Cmd;

use super::table::{Bug, Machine};
use crate::cargo;
use crate::compiler::{self, Compiler};
use crate::injected::{self, Copy};
use crate::targets::{self, Target};
use crate::workspace::Workspace;

/// The row of the target table whose emulator has memory tags.
const TAGGED: &str = "aarch64-unknown-linux-gnu";

/// The tests without and with the bugs, built when the first bug needs them.
pub(super) struct Builds<'a> {
    workspace: &'a Workspace,
    machine: Machine,
    programs: Option<Programs>,
    /// Tests that passed in both builds without a bug.
    passed: BTreeSet<&'static str>,
}

/// Both builds.
struct Programs {
    usual: Tests,
    injected: Tests,
}

impl<'a> Builds<'a> {
    pub(super) const fn new(workspace: &'a Workspace, machine: Machine) -> Self {
        Self { workspace, machine, programs: None, passed: BTreeSet::new() }
    }

    /// Checks that the test passes without the bug, in the usual build and in the one with the
    /// bugs, and fails with it. The inner error has the actual outcome.
    pub(super) fn check(&mut self, bug: &Bug) -> Result<Result<(), String>> {
        let programs = match &mut self.programs {
            Some(programs) => programs,
            none => none.insert(Programs::build(self.workspace, self.machine)?),
        };
        if !self.passed.contains(bug.test) {
            for (tests, build) in
                [(&programs.usual, "usual build"), (&programs.injected, "injected build")]
            {
                let outcome = tests.run(bug.test, None)?;
                if outcome != Outcome::Passed {
                    return Ok(Err(format!("without the bug, in the {build}, the test {outcome}")));
                }
            }
            self.passed.insert(bug.test);
        }
        Ok(match programs.injected.run(bug.test, Some(bug.name))? {
            Outcome::Failed => Ok(()),
            outcome => Err(format!("with the bug the test {outcome}")),
        })
    }
}

impl Programs {
    fn build(workspace: &Workspace, machine: Machine) -> Result<Self> {
        let copy = Copy::make(workspace)?;
        let of = |copy| match machine {
            Machine::Here => Tests::build_here(workspace, copy),
            Machine::Tagged => Tests::build_tagged(workspace, copy),
        };
        Ok(Self { usual: of(None)?, injected: of(Some(&copy))? })
    }
}

/// The program of `wrt-testkit`'s tests for known bugs.
struct Tests {
    program: String,
    /// The emulator's program and arguments, or empty.
    emulator: Vec<String>,
}

impl Tests {
    /// Builds the tests for this machine, from the copy if there is one.
    fn build_here(workspace: &Workspace, copy: Option<&Copy>) -> Result<Self> {
        let mut command = cargo::command(workspace, "test");
        if copy.is_some() {
            let flags = cargo::flags_of_user();
            let flags = flags.iter().map(String::as_str).chain(injected::QUIET);
            // No debugger looks at these programs, but a panic still says where it was.
            command = cargo::with_flags(command, &flags.collect::<Vec<_>>())
                .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
        }
        Self::build(command, copy, Vec::new())
    }

    /// Builds the tests for a machine with memory tags.
    fn build_tagged(workspace: &Workspace, copy: Option<&Copy>) -> Result<Self> {
        let target: Target = targets::select(Some(TAGGED))?.remove(0);
        let compiler = Compiler::choose(workspace, &target)?;
        let mut command = compiler.cargo(workspace, &target, "test");
        if copy.is_some() {
            let flags = [&compiler::STATIC[..], &injected::QUIET].concat();
            command = cargo::with_flags(command, &flags);
        }
        Self::build(command, copy, compiler::runner(workspace, &target))
    }

    fn build(command: Cmd<'_>, copy: Option<&Copy>, emulator: Vec<String>) -> Result<Self> {
        let format = "--message-format=json-render-diagnostics";
        let mut command =
            command.args(["--quiet", "-p", "wrt-testkit", "--test", "faults", "--no-run", format]);
        if let Some(copy) = copy {
            command = copy.place(command, "tests");
        }
        let messages = command.quiet().read()?;
        let program = messages.lines().find_map(|line| cargo::string(line, "executable"));
        let program = program.context("cargo names no program of the tests for known bugs")?;
        if !Path::new(&program).is_file() {
            bail!("cargo names {program}, which is not there");
        }
        Ok(Self { program, emulator })
    }

    /// Runs one test by its full name, with or without a bug.
    fn run(&self, test: &str, bug: Option<&str>) -> Result<Outcome> {
        let words = [self.emulator.as_slice(), std::slice::from_ref(&self.program)].concat();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args([test, "--exact", "--test-threads=1"]);
        command.env_remove(injected::CHOICE).env("RUST_BACKTRACE", "0");
        if !self.emulator.is_empty() {
            command.env(compiler::RUNNER, self.emulator.join(" "));
        }
        if let Some(bug) = bug {
            command.env(injected::CHOICE, bug);
        }
        let output = command.output().with_context(|| format!("cannot run {}", words[0]))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(outcome(output.status, &text))
    }
}

/// Outcome of one test.
#[derive(PartialEq, Eq)]
enum Outcome {
    Passed,
    /// The test failed.
    Failed,
    /// There is no such test, or more than one.
    NotFound,
    /// The program ended, but not by the test.
    Died(ExitStatus),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passes"),
            Self::Failed => f.write_str("fails"),
            Self::NotFound => f.write_str("is not there"),
            Self::Died(status) => write!(f, "died ({status})"),
        }
    }
}

/// The outcome in the test program's output, which must agree with its exit status.
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

    use super::{Outcome, outcome};

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
