//! Commands of `cargo xtask` that run beside each other, one process each: most of what an emulator
//! does is single-threaded. What one prints is shown when it has ended, so that lines of two do not
//! mix.

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
    let failed: Vec<String> = thread::scope(|scope| {
        let work = || take_turns(commands, &next);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let failures = |done: ScopedJoinHandle<'_, Vec<String>>| {
            done.join().unwrap_or_else(|_| vec!["a thread panicked".to_owned()])
        };
        workers.into_iter().flat_map(failures).collect()
    });
    if !failed.is_empty() {
        bail!("{} of {} failed: {}", failed.len(), commands.len(), failed.join("; "));
    }
    Ok(())
}

/// Runs the next command as long as there is one. Gives the names of those that failed.
fn take_turns(commands: &[Vec<&str>], next: &AtomicUsize) -> Vec<String> {
    let mut failed = Vec::new();
    while let Some(words) = commands.get(next.fetch_add(1, Ordering::Relaxed)) {
        if let Err(error) = show(words) {
            println!("error: {}: {error:#}", words.join(" "));
            failed.push(words.join(" "));
        }
    }
    failed
}

/// Runs one and prints what it printed.
fn show(words: &[&str]) -> Result<()> {
    let name = words.join(" ");
    println!("--> {name}: runs");
    let start = Instant::now();
    let (status, output) = execute(words)?;
    let verdict = if status.success() { "passed" } else { "FAILED" };
    println!(
        "\n--> {name}\n{output}<-- {name}: {verdict} in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    if !status.success() {
        bail!("it ended with {status}");
    }
    Ok(())
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
    use super::{execute, run};

    /// This program is the test harness here: it knows `--help`.
    #[test]
    fn failures_are_named_and_stop_no_other() {
        assert!(run(&[vec!["--help"], vec!["--help"]]).is_ok());
        let error = run(&[vec!["--no-such-option"], vec!["--help"]]).unwrap_err().to_string();
        assert_eq!(error, "1 of 2 failed: --no-such-option");
    }

    #[test]
    fn both_outputs_are_kept() {
        let (good, help) = execute(&["--help"]).unwrap();
        let (bad, complaint) = execute(&["--no-such-option"]).unwrap();
        assert!(good.success() && help.contains("--test-threads"), "{help}");
        assert!(!bad.success() && complaint.contains("no-such-option"), "{complaint}");
    }
}
