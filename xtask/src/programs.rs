//! Rebuilds the example programs: `examples/programs/NAME/*.c` to
//! `examples/programs/NAME.wasm`, with the flags of `examples/programs/cflags.txt`.
//!
//! The `.wasm` files are committed, so that running them needs no C compiler. `built-with.txt`
//! beside them names their compiler; with that compiler installed, `--check` proves that the files
//! are built from these sources.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::{Cmd, cmd};

use crate::workspace::{Workspace, on_path};

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Change nothing; check that rebuilding gives the committed files, byte for byte
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

/// Compares the built files with the committed ones.
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

/// Keeps clang from running Binaryen's optimizer, which it does wherever it finds one. Works from
/// clang 20 on.
const NO_WASM_OPT: &str = "--no-wasm-opt";

/// Variables by which clang takes more folders and arguments than it is given.
const INHERITED: [&str; 5] =
    ["CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "CCC_OVERRIDE_OPTIONS"];

/// A C compiler that links WebAssembly programs with a C library.
pub(crate) struct Clang {
    program: &'static str,
    target: &'static str,
    has_no_wasm_opt: bool,
    /// Compiler, linker, C library, and an optimizer that cannot be kept out: what decides the
    /// bytes that come out.
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
                for has_no_wasm_opt in [true, false] {
                    let mut clang =
                        Clang { program, target, has_no_wasm_opt, identity: String::new() };
                    if clang.links(workspace)? {
                        clang.identity = clang.identify(workspace)?;
                        return Ok(clang);
                    }
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
        let flags = workspace.sh.read_file(folder.join("cflags.txt"))?;
        // These two depend on the compiler and on the name of the C library's folder.
        let ours = |flag: &&str| flag.starts_with("--target=") || *flag == NO_WASM_OPT;
        let flags = flags.split_whitespace().filter(|flag| !ours(flag));
        let source = folder.join(program);
        let files = sources(&source)?;
        let _inside = workspace.sh.push_dir(&source);
        self.command(workspace)
            .args(flags)
            .arg("-o")
            .arg(output)
            .args(files)
            .quiet()
            .run()
            .with_context(|| format!("{FOLDER}/{program} does not build"))
    }

    /// `clang --target=T`, which follows its arguments alone.
    fn command<'a>(&self, workspace: &'a Workspace) -> Cmd<'a> {
        let Clang { program, target, .. } = self;
        let mut command = cmd!(workspace.sh, "{program} --target={target}");
        if self.has_no_wasm_opt {
            command = command.arg(NO_WASM_OPT);
        }
        INHERITED.iter().fold(command, |command, variable| command.env_remove(variable))
    }

    /// Whether a small program comes out.
    fn links(&self, workspace: &Workspace) -> Result<bool> {
        let scratch = workspace.sh.create_temp_dir()?;
        let output = scratch.path().join("probe.wasm");
        let attempt = self
            .command(workspace)
            .args(["-Wno-deprecated", "-O2", "-o"])
            .arg(&output)
            .args(["-x", "c", "-"])
            .stdin("#include <stdio.h>\nint main(void) { return puts(\"\"); }\n")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run();
        // Clang 19 takes the flag for one that leaves linking out, and succeeds.
        Ok(attempt.is_ok() && output.is_file())
    }

    fn identify(&self, workspace: &Workspace) -> Result<String> {
        let sh = &workspace.sh;
        let finds = |tool: &str| {
            let question = format!("-print-prog-name={tool}");
            self.command(workspace).args(["-Wno-deprecated", &question]).quiet().read()
        };
        let compiler = version(workspace, self.program)?;
        let linker = version(workspace, &finds("wasm-ld")?)?;
        let format = "${Version}";
        let library = cmd!(sh, "dpkg-query --show --showformat={format} wasi-libc")
            .quiet()
            .ignore_stderr()
            .read()
            .unwrap_or_else(|_| "of unknown version".to_owned());
        let optimizer = match finds("wasm-opt")? {
            _ if self.has_no_wasm_opt => String::new(),
            // The bare name is the answer where there is none.
            name if name == "wasm-opt" => String::new(),
            path => format!("{}\n", version(workspace, &path)?),
        };
        let target = self.target;
        Ok(format!("{compiler}\n{linker}\nwasi-libc {library}\n{target}\n{optimizer}"))
    }
}

/// The first line of a tool's version output.
fn version(workspace: &Workspace, program: &str) -> Result<String> {
    let text = cmd!(workspace.sh, "{program} --version").quiet().read()?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::env;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{Clang, FOLDER};
    use crate::workspace::Workspace;

    /// A module, built where `prepare` has put something into a folder and into the environment.
    fn build(prepare: impl FnOnce(&Workspace, &Path)) -> (Vec<u8>, Clang) {
        let workspace = Workspace::open().unwrap();
        let scratch = workspace.sh.create_temp_dir().unwrap();
        prepare(&workspace, scratch.path());
        let clang = Clang::find(&workspace).unwrap();
        let output = scratch.path().join("sha256.wasm");
        clang.build(&workspace, &workspace.root.join(FOLDER), "sha256", &output).unwrap();
        (fs::read(output).unwrap(), clang)
    }

    /// An optimizer that cannot be excluded is named.
    #[test]
    fn an_optimizer_on_the_path_is_not_run() {
        let optimizer = "#!/bin/sh\n\
             case $1 in --version) echo a wasm-opt of ours ;; *) echo optimized > \"$1\" ;; esac\n";
        let (module, clang) = build(|workspace, folder| {
            let program = folder.join("wasm-opt");
            fs::write(&program, optimizer).unwrap();
            fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
            let path = env::var_os("PATH").unwrap();
            let folders = env::split_paths(&path);
            let folders = env::join_paths([folder.to_owned()].into_iter().chain(folders)).unwrap();
            workspace.sh.set_var("PATH", folders);
        });
        let (_, release) = clang.identity.split_once("clang version ").unwrap();
        let release: u32 = release.split_once('.').unwrap().0.parse().unwrap();
        let named = clang.identity.contains("a wasm-opt of ours");
        assert_eq!((module.starts_with(b"\0asm"), named), (release >= 20, release < 20));
    }

    #[test]
    fn headers_of_the_user_are_not_included() {
        let (module, _) = build(|workspace, folder| {
            fs::write(folder.join("stdio.h"), "#error \"not the one of wasi-libc\"\n").unwrap();
            workspace.sh.set_var("C_INCLUDE_PATH", folder);
            workspace.sh.set_var("CPATH", folder);
        });
        assert!(module.starts_with(b"\0asm"));
    }
}
