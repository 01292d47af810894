//! The command line.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use wrt_interpreter::Backend;

use crate::{backend, end};

/// Runs a WebAssembly program: a command for WASI preview 1, or one exported function
#[derive(Debug, Parser)]
#[command(name = "wrt-run", version, after_help = end::CODES)]
#[command(override_usage = "wrt-run [OPTIONS] FILE [ARGS...]")]
pub(crate) struct Options {
    /// The source of the program's memory. The arena of `static` has 64 MiB for all memories of the
    /// program; a pool has 16 slots of 64 MiB, one for each memory
    #[arg(long, default_value = backend::default(), value_parser = backend::parser())]
    pub(crate) backend: &'static Backend,
    /// Call this exported function with ARGS, and print its results, one value a line (default: run
    /// `_start` with ARGS as the program's arguments)
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,
    /// Limit every memory to this number of pages
    #[arg(long, value_name = "N")]
    pub(crate) max_pages: Option<u64>,
    /// Print metrics of each memory to standard error when the program ends, in any way
    #[arg(long)]
    pub(crate) metrics: bool,
    /// End the program before it executes more than N instructions. Bulk instructions count one
    /// more for every 64 bytes
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,
    /// End the program after this many seconds, such as 1.5
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) time_limit: Option<Duration>,
    /// Open a directory for the program, read-only and under the same name; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) dir: Vec<PathBuf>,
    /// The module, in the binary format or, if wrt-run is built with the feature `text`, in the
    /// text format, and the program's arguments. Everything after FILE is an argument
    #[arg(value_name = "FILE> <ARGS", required = true, num_args = 1.., trailing_var_arg = true)]
    command: Vec<OsString>,
}

/// A duration in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

impl Options {
    /// The module's file.
    pub(crate) fn file(&self) -> &Path {
        Path::new(self.command.first().map_or(OsStr::new(""), OsString::as_os_str))
    }

    /// The arguments of the program, with its name first.
    pub(crate) fn program(&self) -> impl Iterator<Item = &[u8]> {
        self.command.iter().map(|arg| arg.as_encoded_bytes())
    }

    /// The arguments alone.
    pub(crate) fn args(&self) -> &[OsString] {
        self.command.get(1..).unwrap_or_default()
    }

    /// A message with the name of the file.
    pub(crate) fn in_file(&self, problem: impl Display) -> String {
        format!("{}: {problem}", self.file().display())
    }
}
