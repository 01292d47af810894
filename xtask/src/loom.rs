//! Models of concurrency: loom runs each for every order of events that a bound on preemptions
//! allows. Then a model must find each of the bugs that are injected into a copy.

use anyhow::{Result, bail};
use xshell::Cmd;

use crate::cargo;
use crate::injected::{self, Copy};
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The most preemptions of an execution; every bug found so far needs one or two
    #[arg(long, value_name = "N", default_value_t = PREEMPTIONS)]
    preemptions: usize,
}

const PREEMPTIONS: usize = 3;

impl Default for Args {
    fn default() -> Self {
        Self { preemptions: PREEMPTIONS }
    }
}

/// The environment variable with loom's bound.
const BOUND: &str = "LOOM_MAX_PREEMPTIONS";

/// An injected bug that a model must find.
struct Row {
    what: &'static str,
    bug: &'static str,
    model: &'static str,
}

const ROWS: [Row; 5] = [
    Row {
        what: "a slot that was put behind the search is missed",
        bug: "slot-missed",
        model: "backend::pool::free_slots::models::a_slot_that_is_free_all_the_time_is_found",
    },
    Row {
        what: "a new slot is taken in two steps",
        bug: "slot-twice",
        model: "backend::pool::free_slots::models::a_new_slot_is_given_out_once",
    },
    Row {
        what: "a copy is written before the version that protects it is visible",
        bug: "entry-unreleased",
        model: "fault::registry::models::a_reader_sees_one_write",
    },
    Row {
        what: "a version is checked before its words are read",
        bug: "entry-unacquired",
        model: "fault::registry::models::a_reader_sees_one_write",
    },
    Row {
        what: "an entry is taken in two steps",
        bug: "entry-twice",
        model: "fault::registry::models::an_entry_has_one_owner",
    },
];

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let copy = Copy::make(workspace)?;
    println!("loom: every order of events with at most {} preemptions", args.preemptions);
    models(workspace, &copy, args).arg("models::").env_remove(injected::CHOICE).run()?;
    for row in &ROWS {
        let command = models(workspace, &copy, args).args(["--exact", row.model]);
        let command = command.env(injected::CHOICE, row.bug).ignore_status();
        let output = command.quiet().ignore_stderr().read()?;
        if !output.contains("test result: FAILED. 0 passed; 1 failed") {
            bail!("{}: {} does not find it:\n{output}", row.what, row.model);
        }
        println!("loom: found: {}", row.what);
    }
    println!("loom: all models hold, and {} of {} bugs were found", ROWS.len(), ROWS.len());
    Ok(())
}

/// The command that runs the copy's models; added arguments go to the test program.
fn models<'a>(workspace: &'a Workspace, copy: &Copy, args: &Args) -> Cmd<'a> {
    let command = cargo::command(workspace, "test").args(["--quiet", "-p", "wrt-platform"]);
    let command = copy.place(command, "loom").args(["--lib", "--"]);
    let flags = [&["--cfg", "wrt_loom"][..], &injected::QUIET].concat();
    cargo::with_flags(command, &flags)
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .env("RUST_BACKTRACE", "0")
        .env(BOUND, args.preemptions.to_string())
}

#[cfg(test)]
mod tests {
    use super::ROWS;
    use crate::injected;

    #[test]
    fn every_bug_can_be_injected() {
        for row in ROWS {
            assert!(injected::is_known(row.bug), "{}", row.bug);
        }
    }
}
