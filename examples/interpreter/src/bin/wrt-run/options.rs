//! The command line.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Parser;
use wrt_interpreter::Backend;

use crate::backend;

/// Runs a WebAssembly program: a command for WASI preview 1, or one exported function
#[derive(Debug, Parser)]
#[command(name = "wrt-run", version)]
#[command(override_usage = "wrt-run [OPTIONS] FILE [ARGS...]")]
pub(crate) struct Options {
    /// Where the program's memory comes from. The arena of `static` has 64 MiB for all memories of
    /// the program; a pool has 16 slots of 64 MiB, one for each memory
    #[arg(long, default_value = backend::default(), value_parser = backend::parser())]
    pub(crate) backend: &'static Backend,
    /// Call this exported function with ARGS, and print what it gives back, one value a line
    /// (default: run `_start` with ARGS as the program's arguments)
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,
    /// Let no memory have more pages than this
    #[arg(long, value_name = "N")]
    pub(crate) max_pages: Option<u64>,
    /// Print to error output, at the end, what happened to each memory
    #[arg(long)]
    pub(crate) metrics: bool,
    /// Open a directory for the program, read-only and under the same name; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) dir: Vec<PathBuf>,
    /// The module, in the binary format or, if wrt-run is built with the feature `text`, in the
    /// text format, and the program's arguments. All that follows FILE is an argument
    #[arg(value_name = "FILE> <ARGS", required = true, num_args = 1.., trailing_var_arg = true)]
    command: Vec<OsString>,
}

impl Options {
    /// The module's file.
    pub(crate) fn file(&self) -> &Path {
        Path::new(self.command.first().map_or(OsStr::new(""), OsString::as_os_str))
    }

    /// What the program sees as its arguments: its name first.
    pub(crate) fn program(&self) -> impl Iterator<Item = &[u8]> {
        self.command.iter().map(|arg| arg.as_encoded_bytes())
    }

    /// The arguments alone.
    pub(crate) fn args(&self) -> &[OsString] {
        self.command.get(1..).unwrap_or_default()
    }

    /// What is wrong, with the file where it is.
    pub(crate) fn in_file(&self, problem: impl Display) -> String {
        format!("{}: {problem}", self.file().display())
    }
}
