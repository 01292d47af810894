//! Formatting, lints, docs, the minimum compiler version, and every row of targets x features, each
//! crate alone (cargo-hack).

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::cargo;
use crate::compiler::{self, Compiler};
use crate::targets::{self, Kind, Target};
use crate::workspace::{Workspace, parse_version};

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only this row of the target table (and no formatting, lints or docs)
    #[arg(long, value_name = "T")]
    target: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.target.is_none() {
        whole_workspace(workspace)?;
    }
    for target in targets::select(args.target.as_deref())? {
        rows(workspace, &target)?;
    }
    Ok(())
}

/// All checks but the rows of other machines.
pub(crate) fn this_machine(workspace: &Workspace) -> Result<()> {
    whole_workspace(workspace)?;
    for target in targets::select(Some(&compiler::host(workspace)?))? {
        rows(workspace, &target)?;
    }
    Ok(())
}

fn whole_workspace(workspace: &Workspace) -> Result<()> {
    minimum_compiler(workspace)?;
    let fmt = cargo::command(workspace, "fmt").args(["--all", "--check"]);
    fmt.run().context("not formatted: run `cargo fmt`")?;
    let clippy = cargo::command(workspace, "clippy").args(["--workspace", "--all-targets"]);
    clippy.args(["--", "-D", "warnings"]).run()?;
    let doc = cargo::with_doc_flags(cargo::command(workspace, "doc"), &["-D", "warnings"]);
    doc.args(["--workspace", "--no-deps"]).run()?;
    Ok(())
}

/// Every library crate with each of its features on one target. Each crate alone: a build of the
/// whole workspace unifies features and hides missing ones.
pub(crate) fn rows(workspace: &Workspace, target: &Target) -> Result<()> {
    let compiler = Compiler::choose(workspace, target)?;
    println!("check: {} with {}", target.triple, compiler.describe());
    let subcommand = match target.kind {
        _ if compiler.native() => "clippy",
        Kind::Checked => "check",
        Kind::Linux(_) | Kind::Windows(_) | Kind::Bare => "build",
    };
    let lints: &[&str] = if compiler.native() { &["--", "-D", "warnings"] } else { &[] };
    let command = compiler.cargo(workspace, target, "hack").arg(subcommand);
    let command = cargo::each_feature(command, target.without_features()).args(lints);
    command.run().with_context(|| format!("the features for {}", target.triple))?;
    Ok(())
}

/// The version in `Cargo.toml` is a guarantee: checked by a compiler of that version.
fn minimum_compiler(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.sh;
    let (major, minor) = workspace.minimum_rust()?;
    let rustc = cargo::rustc();
    let version = cmd!(sh, "{rustc} --version").quiet().read()?;
    let at_hand = version.split_whitespace().nth(1).unwrap_or(&version);
    let at_hand = parse_version(at_hand)?;
    if at_hand < (major, minor) {
        bail!("Cargo.toml asks for Rust {major}.{minor}, the compiler at hand is {version}");
    }
    if at_hand == (major, minor) {
        println!("check: the compiler at hand is the stated minimum, {major}.{minor}");
        return Ok(());
    }
    let installed = cmd!(sh, "rustup toolchain list").quiet().ignore_stderr().read();
    let prefix = format!("{major}.{minor}");
    let minimum = installed.ok().and_then(|list| {
        let names = list.lines().filter_map(|line| line.split_whitespace().next());
        names.filter(|name| name.starts_with(&prefix)).map(str::to_owned).next()
    });
    let Some(toolchain) = minimum else {
        println!(
            "check: NOTE: the stated minimum, {prefix}, is not proved here: the compiler is newer \
             ({version}); `rustup toolchain install {prefix}` makes this check it"
        );
        return Ok(());
    };
    let dir = cargo::target_dir(workspace)?.join("minimum-rust");
    cmd!(sh, "rustup run {toolchain} cargo check --workspace --target-dir {dir}")
        .env_remove("RUSTC")
        .env_remove(cargo::TARGET)
        .run()
        .with_context(|| format!("Rust {prefix}, the minimum in Cargo.toml, is not enough"))
}
