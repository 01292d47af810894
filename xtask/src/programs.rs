//! Rebuilds the example programs: `examples/programs/NAME/*.c` to
//! `examples/programs/NAME.wasm`, with the flags of `examples/programs/cflags.txt`.
//!
//! The `.wasm` files are committed, so that running them needs no C compiler.
//! `built-with.txt` beside them says which compiler made them; with that compiler at
//! hand, `--check` proves that the sources are what the files were made from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::workspace::{Workspace, on_path};

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Change nothing: check that rebuilding gives the committed files, byte for byte
    #[arg(long)]
    pub(crate) check: bool,
}

/// A program's name and the module that came out.
type Built = (String, Vec<u8>);

const FOLDER: &str = "examples/programs";
const BUILT_WITH: &str = "built-with.txt";

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let folder = workspace.root.join(FOLDER);
    let clang = Clang::find(workspace)?;
    let built = clang.build_all(workspace, &folder)?;
    if args.check {
        return check(workspace, &folder, &clang, &built);
    }
    for (program, bytes) in &built {
        let output = folder.join(program).with_extension("wasm");
        workspace.sh.write_file(output, bytes)?;
        println!("programs: {FOLDER}/{program}.wasm");
    }
    workspace.sh.write_file(folder.join(BUILT_WITH), &clang.identity)?;
    Ok(())
}

/// Compares what came out with what is committed.
fn check(workspace: &Workspace, folder: &Path, clang: &Clang, built: &[Built]) -> Result<()> {
    let sh = &workspace.sh;
    let recorded = sh.read_file(folder.join(BUILT_WITH)).with_context(missing)?;
    let mut changed = Vec::new();
    for (program, bytes) in built {
        let committed = folder.join(program).with_extension("wasm");
        if sh.read_binary_file(&committed).with_context(missing)? != *bytes {
            changed.push(program.as_str());
        }
    }
    match (changed.is_empty(), recorded == clang.identity) {
        (true, _) => println!("programs: {} rebuilt, each byte for byte the same", built.len()),
        (false, true) => {
            bail!("rebuilding gives other bytes for {}: {}", changed.join(", "), missing())
        }
        (false, false) => println!(
            "programs: NOTE: all build, but whether the committed files come from these sources \
             is not proved here: {} differ, and so does the compiler. Committed with:\n{recorded}\
             Here:\n{}",
            changed.join(", "),
            clang.identity
        ),
    }
    Ok(())
}

fn missing() -> &'static str {
    "run `cargo xtask programs` and commit what it writes"
}

/// The programs: every folder that holds C.
fn programs(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("no folder {FOLDER}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !sources(&path)?.is_empty() {
            let name = path.file_name().unwrap_or_default();
            names.push(name.to_string_lossy().into_owned());
        }
    }
    if names.is_empty() {
        bail!("no folder in {FOLDER} holds a C source");
    }
    names.sort();
    Ok(names)
}

/// The C files of a program, in an order that no file system decides.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            files.push(path.file_name().map(PathBuf::from).unwrap_or_default());
        }
    }
    files.sort();
    Ok(files)
}

/// A C compiler that links WebAssembly programs with a C library.
pub(crate) struct Clang {
    program: &'static str,
    target: &'static str,
    /// Compiler, linker and C library: what decides the bytes that come out.
    identity: String,
}

impl Clang {
    /// The first that compiles, links and finds its C library.
    pub(crate) fn find(workspace: &Workspace) -> Result<Clang> {
        for program in ["clang-22", "clang"] {
            if !on_path(program) {
                continue;
            }
            // Older wasi-libc folders know only the second name.
            for target in ["wasm32-wasip1", "wasm32-wasi"] {
                if links(workspace, program, target)? {
                    let identity = identity(workspace, program, target)?;
                    return Ok(Clang { program, target, identity });
                }
            }
        }
        bail!("no clang here builds WebAssembly programs with a C library: run `cargo xtask setup`")
    }

    /// Every program, built in a scratch folder.
    fn build_all(&self, workspace: &Workspace, folder: &Path) -> Result<Vec<Built>> {
        let scratch = workspace.sh.create_temp_dir()?;
        let mut built = Vec::new();
        for program in programs(folder)? {
            // The linker writes the file's name into the module: it must be the final one.
            let output = scratch.path().join(&program).with_extension("wasm");
            self.build(workspace, folder, &program, &output)?;
            let bytes = workspace.sh.read_binary_file(&output)?;
            built.push((program, bytes));
        }
        Ok(built)
    }

    fn build(
        &self,
        workspace: &Workspace,
        folder: &Path,
        program: &str,
        output: &Path,
    ) -> Result<()> {
        let Clang { program: clang, target, .. } = self;
        let flags = workspace.sh.read_file(folder.join("cflags.txt"))?;
        // The target is ours to choose, by what the C library's folder is called.
        let flags = flags.split_whitespace().filter(|flag| !flag.starts_with("--target="));
        let source = folder.join(program);
        let files = sources(&source)?;
        let _inside = workspace.sh.push_dir(&source);
        cmd!(workspace.sh, "{clang} --target={target} {flags...} -o {output} {files...}")
            .quiet()
            .run()
            .with_context(|| format!("{FOLDER}/{program} does not build"))
    }
}

/// Whether a small program comes out.
fn links(workspace: &Workspace, program: &str, target: &str) -> Result<bool> {
    let scratch = workspace.sh.create_temp_dir()?;
    let output = scratch.path().join("probe.wasm");
    let attempt =
        cmd!(workspace.sh, "{program} -Wno-deprecated --target={target} -O2 -o {output} -x c -")
            .stdin("#include <stdio.h>\nint main(void) { return puts(\"\"); }\n")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run();
    Ok(attempt.is_ok())
}

fn identity(workspace: &Workspace, program: &str, target: &str) -> Result<String> {
    let sh = &workspace.sh;
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let compiler = first_line(cmd!(sh, "{program} --version").quiet().read()?);
    let linker = cmd!(sh, "{program} -Wno-deprecated --target={target} -print-prog-name=wasm-ld")
        .quiet()
        .read()?;
    let linker = first_line(cmd!(sh, "{linker} --version").quiet().read()?);
    let format = "${Version}";
    let library = cmd!(sh, "dpkg-query --show --showformat={format} wasi-libc")
        .quiet()
        .ignore_stderr()
        .read()
        .unwrap_or_else(|_| "of unknown version".to_owned());
    Ok(format!("{compiler}\n{linker}\nwasi-libc {library}\n{target}\n"))
}
