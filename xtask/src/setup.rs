//! Installs what the other commands need, or says what to install.
//!
//! A need is met when the thing works, however it came here: what rustup installed
//! serves as well as what Debian packages. Only `setup` (and `ci --install`, which
//! calls it) installs anything.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::cargo;
use crate::compiler::{self, Compiler};
use crate::programs;
use crate::targets::{TARGETS, Target};
use crate::workspace::{Workspace, on_path};

/// Something that is not here.
pub(crate) struct Missing {
    /// What, and which command wants it.
    pub(crate) what: String,
    /// Debian packages that bring it.
    packages: Vec<String>,
    /// The way on systems without apt-get.
    elsewhere: String,
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let wanted = missing(workspace)?;
    if wanted.is_empty() {
        println!("setup: everything that the other commands need is here");
        return Ok(());
    }
    for need in &wanted {
        println!("setup: missing: {}", need.what);
    }
    if !on_path("apt-get") {
        return Err(by_hand(&wanted));
    }
    install(workspace, &wanted)?;
    let left = missing(workspace)?;
    if left.is_empty() {
        println!("setup: installed; everything is here");
        return Ok(());
    }
    Err(by_hand(&left)).context("after installing Debian's packages something is still missing")
}

/// What the other commands need and is not here.
pub(crate) fn missing(workspace: &Workspace) -> Result<Vec<Missing>> {
    let mut wanted = Vec::new();
    components(workspace, &mut wanted);
    for target in &TARGETS {
        of_target(workspace, target, &mut wanted)?;
    }
    if programs::Clang::find(workspace).is_err() {
        wanted.push(Missing {
            what: "a C compiler, linker and C library for WebAssembly (programs)".to_owned(),
            packages: owned(&["clang-22", "lld-22", "wasi-libc", "libclang-rt-22-dev-wasm32"]),
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
                elsewhere: format!("rustup component add {component}"),
            });
        }
    }
}

/// What one row of the target table needs.
fn of_target(workspace: &Workspace, target: &Target, wanted: &mut Vec<Missing>) -> Result<()> {
    let triple = target.triple;
    let native = compiler::host(workspace)? == triple;
    if Compiler::choose(workspace, target).is_err() {
        wanted.push(Missing {
            what: format!("a compiler for {triple} (check, cross)"),
            packages: compiler_packages(target),
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

/// What goes before a command that only the superuser may run.
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

/// The error that tells what to install where we do not.
fn by_hand(wanted: &[Missing]) -> anyhow::Error {
    let lines: BTreeSet<String> =
        wanted.iter().map(|need| format!("\n  {}: {}", need.what, need.elsewhere)).collect();
    let lines: String = lines.into_iter().collect();
    anyhow::anyhow!("install by hand:{lines}")
}
