//! Runs the example programs on our interpreter and on its peers, and compares.
//!
//!     wrt-peers                                all tables
//!     wrt-peers lifecycle [FILTER]             memories made and dropped: lives called like FILTER
//!     wrt-peers density [FILTER]               memories kept alive: ways of it called like FILTER
//!     wrt-peers [FILTER]                       programs: every workload called like FILTER
//!     wrt-peers run ENGINE PROGRAM [ARGS...]   one program; its time goes to stderr
//!     wrt-peers time ENGINE [FILTER]           the workloads' times on one engine
//!     wrt-peers input WORKLOAD                 a workload's standard input

#[cfg(test)]
mod cases;
mod density;
mod engine;
mod lifecycle;
mod measure;
mod memories;
mod programs;
mod row;
mod workload;

use std::env;
use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};

use engine::{End, Engine};
use measure::{Pairs, geometric_mean};
use row::Row;
use workload::{WORKLOADS, Workload};

const GROUP: &str = "programs vs wasmi 2.0";
/// The limit of the geometric mean over the workloads.
const LIMIT: f64 = 2.0;
const PAIRS: usize = 7;

fn main() -> ExitCode {
    match command(env::args().skip(1)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("wrt-peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(mut args: impl Iterator<Item = String>) -> Result<ExitCode> {
    let first = args.next().unwrap_or_default();
    match first.as_str() {
        "run" => {
            let engine = engine::find(&args.next().context("run: which engine?")?)?;
            let program = args.next().context("run: which program?")?;
            return run(engine.as_ref(), &program, args);
        }
        "time" => {
            let engine = engine::find(&args.next().context("time: which engine?")?)?;
            time(engine.as_ref(), &args.next().unwrap_or_default())?;
        }
        "input" => {
            let workload = workload::find(&args.next().context("input: of which workload?")?)?;
            stdout().write_all(&workload.input())?;
        }
        "lifecycle" => lifecycle::compare(&args.next().unwrap_or_default())?,
        "density" => density::compare(&args.next().unwrap_or_default())?,
        // What `density` starts for each way of keeping memories.
        "keep" => {
            let name = args.next().context("keep: how?")?;
            density::keep(&name, args.next().context("keep: how many?")?.parse()?)?;
        }
        "" => {
            compare("")?;
            lifecycle::compare("")?;
            density::compare("")?;
        }
        filter => compare(filter)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs one program with our own standard input.
fn run(engine: &dyn Engine, program: &str, args: impl Iterator<Item = String>) -> Result<ExitCode> {
    let mut job = programs::job(program, args)?;
    let mut input = Vec::new();
    stdin().read_to_end(&mut input)?;
    job.stdin = input.into();
    let start = Instant::now();
    let outcome = engine.run(&job)?;
    let took = start.elapsed();
    stdout().write_all(&outcome.stdout)?;
    std::io::stderr().write_all(&outcome.stderr)?;
    eprintln!("{}: {:.1} ms", engine.name(), took.as_secs_f64() * 1e3);
    Ok(match outcome.end {
        End::Exit(status) => ExitCode::from(status as u8),
        End::Trap { why, .. } => {
            eprintln!("{}: trap: {why}", engine.name());
            ExitCode::from(134)
        }
    })
}

/// Times the workloads on one engine: the median of three runs.
fn time(engine: &dyn Engine, filter: &str) -> Result<()> {
    for workload in selected(filter) {
        let job = workload.job()?;
        let mut times = (0..3).map(|_| measure::time(engine, &job)).collect::<Result<Vec<_>>>()?;
        times.sort_by(f64::total_cmp);
        println!("{:<32} {:>8.1} ms", workload.name, times[1] / 1e6);
    }
    Ok(())
}

/// The table: for each of our backends every workload and their geometric mean.
fn compare(filter: &str) -> Result<()> {
    let baseline = engine::baseline();
    for ours in engine::ours() {
        let mut ratios = Vec::new();
        for workload in selected(filter) {
            let pairs = Pairs::take(ours.as_ref(), baseline.as_ref(), &workload.job()?, PAIRS)?;
            let case = format!("{} ({})", workload.name, ours.name());
            let times = [pairs.ours(), pairs.baseline()];
            row(case, times, pairs.ratio(), pairs.spread()).print();
            ratios.push((pairs.ours(), pairs.baseline(), pairs.ratio()));
        }
        if ratios.is_empty() {
            continue;
        }
        let mean = |of: fn(&(f64, f64, f64)) -> f64| {
            geometric_mean(&ratios.iter().map(of).collect::<Vec<_>>())
        };
        let least = ratios.iter().map(|row| row.2).fold(f64::INFINITY, f64::min);
        let greatest = ratios.iter().map(|row| row.2).fold(0.0, f64::max);
        let case = format!("geometric mean ({})", ours.name());
        let [ours, theirs, ratio] = [mean(|row| row.0), mean(|row| row.1), mean(|row| row.2)];
        row(case, [ours, theirs], ratio, (least, greatest)).limit(Some(LIMIT)).print();
    }
    Ok(())
}

fn row(case: String, times: [f64; 2], ratio: f64, (least, greatest): (f64, f64)) -> Row {
    let times = times.map(|time| format!("{time:.0}"));
    Row::new(GROUP, case, times, ratio, format!("{least:.2}..{greatest:.2}"))
}

fn selected(filter: &str) -> impl Iterator<Item = &'static Workload> {
    WORKLOADS.iter().filter(move |workload| workload.name.contains(filter))
}
