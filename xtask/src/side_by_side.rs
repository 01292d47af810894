//! Commands of `cargo xtask` that run beside each other, one process each: most of what an emulator
//! does is single-threaded. What one prints is shown when it has ended, so that lines of two do not
//! mix; where one failed, its last lines come again after all others, where they are looked for.

use std::env;
use std::io::{Read, pipe};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Runs all of them, as many at once as there are processors. That one fails stops no other.
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
    /// The last lines that it printed, or why it did not run.
    end: String,
}

/// Lines of a failed command that are shown again.
const LAST_LINES: usize = 40;

fn failures_of(worker: ScopedJoinHandle<'_, Vec<Failure>>) -> Vec<Failure> {
    let panicked = |_| vec![Failure { name: "a thread".to_owned(), end: "it panicked".to_owned() }];
    worker.join().unwrap_or_else(panicked)
}

/// Runs the next command as long as there is one. Gives those that failed.
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

/// As many of the last lines as are wanted, or all.
fn last_lines(text: &str, wanted: usize) -> &str {
    let text = text.trim_end();
    match text.rmatch_indices('\n').nth(wanted - 1) {
        Some((place, _)) => &text[place + 1..],
        None => text,
    }
}

/// Runs one and prints what it printed. Gives whether it succeeded, and that text.
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

/// How it ended, and all that it printed.
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

    /// This program is the test harness here: it knows `--help`.
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
