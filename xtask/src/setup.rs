//! Installation of the needs of the other commands, or instructions.
//!
//! A need is met when it works, no matter how it was installed: rustup's tools serve as well as
//! Debian's. Only `setup` (and `ci --install`, which calls it) installs anything.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::cargo;
use crate::compiler::{self, Compiler};
use crate::coverage;
use crate::cross::Tier;
use crate::programs;
use crate::targets::{TARGETS, Target};
use crate::workspace::{Workspace, on_path};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also install the needs of `ci --deep`
    #[arg(long)]
    deep: bool,
}

/// A missing need.
pub(crate) struct Missing {
    /// The need, and the command that has it.
    pub(crate) what: String,
    /// Debian packages that provide it.
    packages: Vec<String>,
    /// The subcommand of cargo, if cargo builds it from the registry.
    subcommand: Option<&'static Subcommand>,
    /// Instructions for systems without apt-get.
    elsewhere: String,
}

/// A subcommand of cargo from the registry.
struct Subcommand {
    name: &'static str,
    /// The version to install. An installed one of another version serves too.
    version: &'static str,
    user: &'static str,
    tier: Tier,
}

const SUBCOMMANDS: [Subcommand; 3] = [
    Subcommand { name: "hack", version: "0.6.46", user: "check, test, cross", tier: Tier::Quick },
    Subcommand { name: "deny", version: "0.20.2", user: "deny", tier: Tier::Deep },
    Subcommand { name: "mutants", version: "27.1.0", user: "mutants", tier: Tier::Deep },
];

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.deep { deep(workspace) } else { quick(workspace) }
}

pub(crate) fn quick(workspace: &Workspace) -> Result<()> {
    of_tier(workspace, Tier::Quick)
}

pub(crate) fn deep(workspace: &Workspace) -> Result<()> {
    of_tier(workspace, Tier::Deep)
}

fn of_tier(workspace: &Workspace, tier: Tier) -> Result<()> {
    let wanted = missing(workspace, tier)?;
    if wanted.is_empty() {
        println!("setup: everything that the other commands need is here");
        return Ok(());
    }
    for need in &wanted {
        println!("setup: missing: {}", need.what);
    }
    let by_apt = wanted.iter().any(|need| !need.packages.is_empty());
    if by_apt && !on_path("apt-get") {
        return Err(by_hand(&wanted));
    }
    if by_apt {
        install(workspace, &wanted)?;
    }
    for Subcommand { name, version, .. } in wanted.iter().filter_map(|need| need.subcommand) {
        let package = format!("cargo-{name}@{version}");
        cargo::command(workspace, "install").args(["--locked", "--quiet", &package]).run()?;
    }
    let left = missing(workspace, tier)?;
    if left.is_empty() {
        println!("setup: installed; everything is here");
        return Ok(());
    }
    Err(by_hand(&left)).context("after installing Debian's packages something is still missing")
}

/// The missing needs of a tier and those below it.
pub(crate) fn missing(workspace: &Workspace, tier: Tier) -> Result<Vec<Missing>> {
    let mut wanted = Vec::new();
    components(workspace, &mut wanted);
    subcommands(workspace, tier, &mut wanted);
    if tier == Tier::Deep && coverage::Tools::find(workspace).is_err() {
        wanted.push(Missing {
            what: "LLVM's tools of the compiler's version (coverage)".to_owned(),
            packages: vec![format!("llvm-{}", coverage::llvm_version(workspace)?)],
            subcommand: None,
            elsewhere: "rustup component add llvm-tools".to_owned(),
        });
    }
    for target in &TARGETS {
        of_target(workspace, target, &mut wanted)?;
    }
    if programs::Clang::find(workspace).is_err() {
        wanted.push(Missing {
            what: "a C compiler, linker and C library for WebAssembly (programs)".to_owned(),
            packages: owned(&["clang-22", "lld-22", "wasi-libc", "libclang-rt-22-dev-wasm32"]),
            subcommand: None,
            elsewhere: "install clang 22 and lld with the wasi-libc sysroot".to_owned(),
        });
    }
    for (program, user) in [
        ("valgrind", "counts instructions (test)"),
        ("strace", "fails system calls on purpose (test)"),
    ] {
        if !on_path(program) {
            wanted.push(Missing {
                what: format!("{program}, which {user}"),
                packages: owned(&[program]),
                subcommand: None,
                elsewhere: format!("install {program}"),
            });
        }
    }
    Ok(wanted)
}

/// rustfmt and clippy, which a minimal toolchain lacks.
fn components(workspace: &Workspace, wanted: &mut Vec<Missing>) {
    for (component, subcommand, package) in
        [("rustfmt", "fmt", "rustfmt-web"), ("clippy", "clippy", "rust-web-clippy")]
    {
        let probe = cargo::command(workspace, subcommand).arg("--version").quiet();
        if probe.ignore_stderr().read().is_err() {
            wanted.push(Missing {
                what: format!("cargo {subcommand} (check)"),
                packages: owned(&[package]),
                subcommand: None,
                elsewhere: format!("rustup component add {component}"),
            });
        }
    }
}

/// Subcommands that cargo builds from the registry.
fn subcommands(workspace: &Workspace, tier: Tier, wanted: &mut Vec<Missing>) {
    for subcommand in SUBCOMMANDS.iter().filter(|one| one.tier <= tier) {
        let Subcommand { name, version, user, .. } = subcommand;
        let probe = cargo::command(workspace, name).arg("--version").quiet();
        if probe.ignore_stderr().read().is_err() {
            wanted.push(Missing {
                what: format!("cargo {name} ({user})"),
                packages: Vec::new(),
                subcommand: Some(subcommand),
                elsewhere: format!("cargo install --locked cargo-{name}@{version}"),
            });
        }
    }
}

/// The needs of one row of the target table.
fn of_target(workspace: &Workspace, target: &Target, wanted: &mut Vec<Missing>) -> Result<()> {
    let triple = target.triple;
    let native = compiler::host(workspace)? == triple;
    if Compiler::choose(workspace, target).is_err() {
        wanted.push(Missing {
            what: format!("a compiler for {triple} (check, cross)"),
            packages: compiler_packages(target),
            subcommand: None,
            elsewhere: format!("rustup target add {triple}"),
        });
    }
    let Some(hosted) = target.hosted() else {
        return Ok(());
    };
    let linker = hosted.linker;
    let emulator = compiler::emulator(target);
    let here = native || (on_path(linker) && on_path(&emulator[0]));
    if !here {
        wanted.push(Missing {
            what: format!("{linker} and {} for {triple} (check, cross)", emulator[0]),
            packages: owned(hosted.packages),
            subcommand: None,
            elsewhere: format!("install {linker} with its C library, and {}", emulator[0]),
        });
    }
    Ok(())
}

fn compiler_packages(target: &Target) -> Vec<String> {
    match target.hosted().and_then(|hosted| hosted.debian_arch) {
        Some(architecture) => {
            vec!["rustc-web".to_owned(), format!("libstd-rust-web-dev:{architecture}")]
        }
        None => owned(&["rustc-web", "rust-web-src"]),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Installs the packages with apt-get.
fn install(workspace: &Workspace, wanted: &[Missing]) -> Result<()> {
    let packages: BTreeSet<&str> =
        wanted.iter().flat_map(|need| need.packages.iter().map(String::as_str)).collect();
    let foreign: BTreeSet<&str> =
        packages.iter().filter_map(|package| Some(package.split_once(':')?.1)).collect();
    let root = as_root(workspace)?;
    for architecture in foreign {
        privileged(workspace, &root, &["dpkg", "--add-architecture", architecture])?;
    }
    privileged(workspace, &root, &["apt-get", "update"])?;
    let mut command = vec!["apt-get", "install", "--yes", "--no-install-recommends"];
    command.extend(&packages);
    privileged(workspace, &root, &command)
        .with_context(|| format!("apt-get did not install {packages:?}"))
}

/// Prefix of a command that needs the superuser.
fn as_root(workspace: &Workspace) -> Result<Vec<&'static str>> {
    if cmd!(workspace.sh, "id -u").quiet().read()? == "0" {
        return Ok(vec!["env", "DEBIAN_FRONTEND=noninteractive"]);
    }
    if on_path("sudo") {
        return Ok(vec!["sudo", "env", "DEBIAN_FRONTEND=noninteractive"]);
    }
    bail!("installing needs root: run `cargo xtask setup` as root, or install sudo")
}

fn privileged(workspace: &Workspace, root: &[&str], command: &[&str]) -> Result<()> {
    workspace.sh.cmd(root[0]).args(&root[1..]).args(command).run()?;
    Ok(())
}

/// The error with instructions, where nothing is installed.
fn by_hand(wanted: &[Missing]) -> anyhow::Error {
    let lines: BTreeSet<String> =
        wanted.iter().map(|need| format!("\n  {}: {}", need.what, need.elsewhere)).collect();
    let lines: String = lines.into_iter().collect();
    anyhow::anyhow!("install by hand:{lines}")
}
