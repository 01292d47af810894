//! The compiler for a target, and cargo commands that use it.
//!
//! A target installed beside the user's own compiler (`rustup target add`) comes first. Otherwise
//! the compiler in Debian's package `rustc-web` is used: it has a standard library for some other
//! architectures, and sources from which the library is built for the rest.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::{Cmd, cmd};

use crate::cargo;
use crate::targets::Target;
use crate::workspace::{Workspace, on_path, parse_version};

/// Path of the compiler of Debian's packages.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// An installed compiler.
struct Candidate {
    /// `None`: the one that cargo calls by itself.
    rustc: Option<&'static str>,
    sysroot: PathBuf,
    release: String,
}

/// A compiler that can build for one target.
pub(crate) struct Compiler {
    rustc: Option<&'static str>,
    release: String,
    /// The parts of the standard library that are built from source, if it is.
    build_std: Option<&'static str>,
    native: bool,
    /// The folder of its builds, if not that of cargo.
    builds: Option<PathBuf>,
}

impl Compiler {
    /// Chooses a compiler for `target`; an error names what is missing.
    pub(crate) fn choose(workspace: &Workspace, target: &Target) -> Result<Compiler> {
        let candidates = candidates(workspace)?;
        let native = host(workspace)? == target.triple;
        let accept = |candidate: &Candidate, build_std| {
            Ok(Compiler {
                rustc: candidate.rustc,
                release: candidate.release.clone(),
                build_std,
                native,
                builds: candidate.builds(workspace, target)?,
            })
        };
        if let Some(found) = candidates.iter().find(|one| one.has_library(target.triple)) {
            return accept(found, None);
        }
        if let Some(parts) = target.library_from_source()
            && let Some(found) = candidates.iter().find(|one| one.has_sources())
        {
            return accept(found, Some(parts));
        }
        bail!(
            "no compiler at hand builds for {}: run `cargo xtask setup` or `rustup target add {}`",
            target.triple,
            target.triple
        )
    }

    /// Whether programs of the target run here without an emulator.
    pub(crate) fn native(&self) -> bool {
        self.native
    }

    /// One line for the log.
    pub(crate) fn describe(&self) -> String {
        let origin = self.rustc.unwrap_or("rustc");
        match self.build_std {
            Some(parts) => format!("{origin} {}, {parts} from source", self.release),
            None => format!("{origin} {}", self.release),
        }
    }

    /// `cargo SUBCOMMAND`, set up for this compiler and target.
    pub(crate) fn cargo<'a>(
        &self,
        workspace: &'a Workspace,
        target: &Target,
        subcommand: &str,
    ) -> Cmd<'a> {
        let command = cargo::command(workspace, subcommand);
        if self.native {
            // The same build as every other command's: naming the target would make a second one.
            return command;
        }
        let runner = runner(workspace, target);
        self.select(for_target(command.args(["--target", target.triple]), target, &runner))
    }

    /// Makes cargo use this compiler.
    fn select<'a>(&self, mut command: Cmd<'a>) -> Cmd<'a> {
        if let Some(rustc) = self.rustc {
            let rustdoc = Path::new(rustc).with_file_name("rustdoc");
            command = command.env("RUSTC", rustc).env("RUSTDOC", rustdoc);
        }
        if let Some(builds) = &self.builds {
            command = command.env("CARGO_TARGET_DIR", builds);
        }
        if let Some(parts) = self.build_std {
            // `-Z` flags are for nightly only, unless the compiler is told otherwise.
            command = command.env("RUSTC_BOOTSTRAP", "1").arg(format!("-Zbuild-std={parts}"));
        }
        command
    }
}

/// Linker, runner and flags of a target other than this machine.
fn for_target<'a>(command: Cmd<'a>, target: &Target, runner: &[String]) -> Cmd<'a> {
    // No debugger looks at these programs, and a panic says where it was without.
    let command = command.env("CARGO_PROFILE_DEV_DEBUG", "none");
    let Some(hosted) = target.hosted() else {
        return cargo::with_flags(command, &WARNINGS);
    };
    let command = cargo::with_flags(command, &[STATIC, WARNINGS].concat());
    let command = cargo::with_doc_flags(command, &STATIC);
    let command = command.env(target.cargo_variable("LINKER"), hosted.linker);
    if runner.is_empty() {
        return command.env_remove(target.cargo_variable("RUNNER")).env_remove(RUNNER);
    }
    let runner = runner.join(" ");
    command
        .env(target.cargo_variable("RUNNER"), &runner)
        .env(RUNNER, &runner)
        // An emulator puts its list of mappings together from the host's, which other threads
        // change meanwhile: tests that ask for it must be alone.
        .env("RUST_TEST_THREADS", "1")
        // What is not optimized at all takes 3 to 14 times as long under an emulator.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
}

/// The variable with the emulator for programs that tests start themselves: cargo uses the emulator
/// for the test program only, and the kernel rarely runs foreign programs.
pub(crate) const RUNNER: &str = "WRT_RUNNER";

/// Static programs: with a dynamic C library the emulator would mix the host's with the
/// target's, and programs with threads hang.
pub(crate) const STATIC: [&str; 2] = ["-C", "target-feature=+crt-static"];

const WARNINGS: [&str; 2] = ["-D", "warnings"];

impl Candidate {
    fn open(workspace: &Workspace, rustc: Option<&'static str>) -> Result<Candidate> {
        let program = rustc.map_or_else(cargo::rustc, Into::into);
        let sysroot = cmd!(workspace.sh, "{program} --print sysroot").quiet().read()?;
        let version = cmd!(workspace.sh, "{program} --version").quiet().read()?;
        let release = version
            .split_whitespace()
            .nth(1)
            .with_context(|| format!("`{} --version` printed `{version}`", program.display()))?;
        Ok(Candidate { rustc, sysroot: PathBuf::from(sysroot), release: release.to_owned() })
    }

    /// The build folder. In a common one, builds of two compilers would discard each other's
    /// results, and builds of two targets would wait for each other.
    fn builds(&self, workspace: &Workspace, target: &Target) -> Result<Option<PathBuf>> {
        if self.rustc.is_none() {
            return Ok(None);
        }
        let folder = cargo::target_dir(workspace)?.join(format!("rustc-{}", self.release));
        Ok(Some(folder.join(target.triple)))
    }

    fn has_library(&self, triple: &str) -> bool {
        let dir = self.sysroot.join("lib/rustlib").join(triple).join("lib");
        std::fs::read_dir(dir).is_ok_and(|files| {
            files.flatten().any(|file| {
                let name = file.file_name();
                name.to_string_lossy().starts_with("libcore-")
            })
        })
    }

    fn has_sources(&self) -> bool {
        let library = self.sysroot.join("lib/rustlib/src/rust/library");
        library.join("core/Cargo.toml").is_file()
    }
}

/// The installed compilers, the user's own first.
fn candidates(workspace: &Workspace) -> Result<Vec<Candidate>> {
    let mut found = vec![Candidate::open(workspace, None)?];
    if Path::new(DEBIAN_RUSTC).is_file() {
        let debian = Candidate::open(workspace, Some(DEBIAN_RUSTC))?;
        // An older one (Debian's plain `rustc`) cannot compile the project.
        let usable = parse_version(&debian.release)? >= workspace.minimum_rust()?;
        if usable && debian.sysroot != found[0].sysroot {
            found.push(debian);
        }
    }
    Ok(found)
}

/// The triple of this machine.
pub(crate) fn host(workspace: &Workspace) -> Result<String> {
    let rustc = cargo::rustc();
    let text = cmd!(workspace.sh, "{rustc} -vV").quiet().read()?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("the compiler names no host")?.to_owned())
}

/// The runner of a target's programs: the emulator, or nothing where this machine's kernel runs
/// them.
pub(crate) fn runner(workspace: &Workspace, target: &Target) -> Vec<String> {
    let runs_here = target.hosted().is_some_and(|hosted| {
        hosted.kin == Some(env::consts::ARCH) && runs_on_this_kernel(workspace, hosted.linker)
    });
    if runs_here { Vec::new() } else { emulator(target) }
}

/// Whether the kernel runs programs of this compiler, as one of x86-64 may for 32-bit x86.
fn runs_on_this_kernel(workspace: &Workspace, compiler: &str) -> bool {
    let sh = &workspace.sh;
    let program = sh.create_temp_dir().and_then(|folder| {
        let program = folder.path().join("probe");
        let source = "int main(void) { return 0; }";
        cmd!(sh, "{compiler} -static -x c -o {program} -").stdin(source).quiet().run()?;
        cmd!(sh, "{program}").quiet().ignore_stderr().run()
    });
    program.is_ok()
}

/// The emulator's command for a target: the static build if installed.
pub(crate) fn emulator(target: &Target) -> Vec<String> {
    let Some(hosted) = target.hosted() else {
        return Vec::new();
    };
    let mut words: Vec<String> = hosted.emulator.iter().map(|word| (*word).to_owned()).collect();
    let plain = words[0].trim_end_matches("-static").to_owned();
    if !on_path(&words[0]) && on_path(&plain) {
        words[0] = plain;
    }
    words
}

#[cfg(test)]
impl Compiler {
    /// The user's own compiler, assumed to build for any target.
    pub(crate) fn of_user() -> Compiler {
        let release = "of the user".to_owned();
        Compiler { rustc: None, release, build_std: None, native: false, builds: None }
    }
}
