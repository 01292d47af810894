//! Concurrent commands of `cargo xtask`, one process each, since most of an emulator's work is
//! single-threaded. The output of a command is shown when it has ended, so that lines do not mix.
//! The last lines of a failed command are repeated at the end.

use std::env;
use std::io::{Read, pipe};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Runs all commands, as many at once as there are processors. A failure stops no other command.
pub(crate) fn run(commands: &[Vec<&str>]) -> Result<()> {
    let workers = thread::available_parallelism()?.get().min(commands.len());
    let next = AtomicUsize::new(0);
    let failed: Vec<Failure> = thread::scope(|scope| {
        let work = || take_turns(commands, &next);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(failures_of).collect()
    });
    for failure in &failed {
        println!("\n--> {} FAILED, and printed at last\n{}", failure.name, failure.end);
    }
    if !failed.is_empty() {
        let names: Vec<_> = failed.iter().map(|failure| failure.name.as_str()).collect();
        bail!("{} of {} failed: {}", failed.len(), commands.len(), names.join("; "));
    }
    Ok(())
}

/// A command that failed.
struct Failure {
    name: String,
    /// Its last lines of output, or the reason that it did not run.
    end: String,
}

/// Lines of a failed command that are repeated.
const LAST_LINES: usize = 40;

fn failures_of(worker: ScopedJoinHandle<'_, Vec<Failure>>) -> Vec<Failure> {
    let panicked = |_| vec![Failure { name: "a thread".to_owned(), end: "it panicked".to_owned() }];
    worker.join().unwrap_or_else(panicked)
}

/// Runs one command after another while there are any. Returns those that failed.
fn take_turns(commands: &[Vec<&str>], next: &AtomicUsize) -> Vec<Failure> {
    let mut failed = Vec::new();
    while let Some(words) = commands.get(next.fetch_add(1, Ordering::Relaxed)) {
        let end = match show(words) {
            Ok((true, _)) => continue,
            Ok((false, output)) => last_lines(&output, LAST_LINES).to_owned(),
            Err(error) => format!("{error:#}"),
        };
        failed.push(Failure { name: words.join(" "), end });
    }
    failed
}

/// The last `wanted` lines, or all.
fn last_lines(text: &str, wanted: usize) -> &str {
    let text = text.trim_end();
    match text.rmatch_indices('\n').nth(wanted - 1) {
        Some((place, _)) => &text[place + 1..],
        None => text,
    }
}

/// Runs a command and prints its output. Returns whether it succeeded, and the output.
fn show(words: &[&str]) -> Result<(bool, String)> {
    let name = words.join(" ");
    println!("--> {name}: runs");
    let start = Instant::now();
    let (status, output) = execute(words)?;
    let verdict = if status.success() { "passed".to_owned() } else { format!("FAILED, {status},") };
    println!(
        "\n--> {name}\n{output}<-- {name}: {verdict} in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    Ok((status.success(), output))
}

/// Exit status and output of a command.
fn execute(words: &[&str]) -> Result<(ExitStatus, String)> {
    let (mut reader, writer) = pipe()?;
    let mut command = Command::new(env::current_exe().context("this program is not there")?);
    command.args(words).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command holds ends of the pipe that would keep it open.
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output)?;
    Ok((child.wait()?, String::from_utf8_lossy(&output).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::{execute, last_lines, run};

    /// In tests, this program is the test harness, which accepts `--help`.
    #[test]
    fn failures_are_named_and_stop_no_other() {
        assert!(run(&[vec!["--help"], vec!["--help"]]).is_ok());
        let error = run(&[vec!["--no-such-option"], vec!["--help"]]).unwrap_err().to_string();
        assert_eq!(error, "1 of 2 failed: --no-such-option");
    }

    #[test]
    fn the_end_is_as_long_as_asked() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a\nb\nc\n", 3), "a\nb\nc");
        assert_eq!(last_lines("a", 2), "a");
        assert_eq!(last_lines("", 2), "");
    }

    #[test]
    fn both_outputs_are_kept() {
        let (good, help) = execute(&["--help"]).unwrap();
        let (bad, complaint) = execute(&["--no-such-option"]).unwrap();
        assert!(good.success() && help.contains("--test-threads"), "{help}");
        assert!(!bad.success() && complaint.contains("no-such-option"), "{complaint}");
    }
}
