//! Line coverage of the library crates' own code by unit and integration tests, counted by the
//! compiler's instrumentation.

mod own_code;
mod report;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::cmd;

use self::report::Report;
use crate::cargo;
use crate::compiler;
use crate::workspace::{LIBRARIES, Workspace, on_path};

/// The least percentage of lines.
const FLOOR: f64 = 95.0;

/// Flags with which programs count, in memory mapped from the file of counts, so that no counts are
/// lost when a signal ends a process, or when it must not write files.
const COUNTED: [&str; 4] =
    ["-C", "instrument-coverage", "-C", "llvm-args=-runtime-counter-relocation"];

/// The variable with the file of a program's counts, to which every process of it adds.
const COUNTS: &str = "LLVM_PROFILE_FILE";

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tools = Tools::find(workspace)?;
    let folder = cargo::target_dir(workspace)?.join("coverage");
    let counts = folder.join("counts");
    if counts.exists() {
        fs::remove_dir_all(&counts)?;
    }
    fs::create_dir_all(&counts)?;
    let programs = programs(workspace, &folder)?;
    tests(workspace, &folder).env(COUNTS, counts.join("%m%c.profraw")).run()?;
    let lines = tools.lines(workspace, &counts, &programs)?;
    let report = Report::read(&workspace.root, &lines)?;
    report.print();
    if report.percent() < FLOOR {
        bail!(
            "the tests run {:.1} % of the lines, where {FLOOR:.1} % are wanted",
            report.percent()
        );
    }
    Ok(())
}

/// The command that runs the tests of the crates and of the kit, instrumented.
fn tests<'a>(workspace: &'a Workspace, folder: &Path) -> xshell::Cmd<'a> {
    let command =
        cargo::command(workspace, "test").args(["--quiet", "--lib", "--tests", "--no-fail-fast"]);
    let command = LIBRARIES.iter().fold(command, |command, name| command.args(["-p", name]));
    cargo::with_flags(command.args(["-p", "wrt-testkit"]), &COUNTED)
        .env("CARGO_TARGET_DIR", folder.join("build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
}

/// Builds the test programs, and returns their paths.
fn programs(workspace: &Workspace, folder: &Path) -> Result<Vec<String>> {
    let format = "--message-format=json-render-diagnostics";
    // Programs of the build count as well: nobody asks for theirs.
    let build = tests(workspace, folder).env(COUNTS, folder.join("build.profraw"));
    let messages = build.args(["--no-run", format]).quiet().read()?;
    let programs: Vec<String> =
        messages.lines().filter_map(|line| cargo::string(line, "executable")).collect();
    if programs.is_empty() {
        bail!("cargo names no test program");
    }
    Ok(programs)
}

/// LLVM's tools of the compiler's version, with which the format of counts changes.
pub(crate) struct Tools {
    profdata: PathBuf,
    cov: PathBuf,
}

impl Tools {
    /// Debian's, or those of rustup's component `llvm-tools`.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        let version = llvm_version(workspace)?;
        let tool = |name: &str| format!("{name}-{version}");
        if on_path(&tool("llvm-profdata")) && on_path(&tool("llvm-cov")) {
            return Ok(Self {
                profdata: tool("llvm-profdata").into(),
                cov: tool("llvm-cov").into(),
            });
        }
        let (rustc, host) = (cargo::rustc(), compiler::host(workspace)?);
        let sysroot = cmd!(workspace.sh, "{rustc} --print sysroot").quiet().read()?;
        let bin = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin");
        let (profdata, cov) = (bin.join("llvm-profdata"), bin.join("llvm-cov"));
        if profdata.is_file() && cov.is_file() {
            return Ok(Self { profdata, cov });
        }
        bail!(
            "no {} and {}: run `cargo xtask setup --deep`",
            tool("llvm-profdata"),
            tool("llvm-cov")
        )
    }

    /// The counts of each line of each file, in the format of lcov.
    fn lines(&self, workspace: &Workspace, counts: &Path, programs: &[String]) -> Result<String> {
        let Self { profdata, cov } = self;
        let sh = &workspace.sh;
        let (list, merged) = (counts.join("list"), counts.join("merged.profdata"));
        let files: Vec<String> = sh
            .read_dir(counts)?
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "profraw"))
            .map(|path| path.display().to_string())
            .collect();
        sh.write_file(&list, files.join("\n"))?;
        let merge = cmd!(sh, "{profdata} merge --sparse --output {merged} --input-files {list}");
        merge.quiet().run()?;
        let (first, others) = programs.split_first().context("no test programs")?;
        let mut export = cmd!(sh, "{cov} export --format lcov --instr-profile {merged} {first}");
        for program in others {
            export = export.args(["--object", program]);
        }
        Ok(export.quiet().ignore_stderr().read()?)
    }
}

/// The version of LLVM in the compiler.
pub(crate) fn llvm_version(workspace: &Workspace) -> Result<String> {
    let rustc = cargo::rustc();
    let text = cmd!(workspace.sh, "{rustc} -vV").quiet().read()?;
    let version = text.lines().find_map(|line| line.strip_prefix("LLVM version: "));
    let major = version.and_then(|version| version.split('.').next());
    Ok(major.context("the compiler names no version of LLVM")?.to_owned())
}
