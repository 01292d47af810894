//! The command `wrt-run`, and modules for it.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::child::{self, Ended, command, run};

/// The backends of every Unix.
pub(crate) const BACKENDS: [&str; 5] = ["mmap", "pool", "dense-pool", "heap", "static"];

pub(crate) const WRT_RUN: &str = env!("CARGO_BIN_EXE_wrt-run");

/// Runs `wrt-run` to its end with nothing to read.
pub(crate) fn wrt_run<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Ended {
    run(command(WRT_RUN).args(args), Vec::new())
}

/// The binary of a module in the text format.
pub(crate) fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A file with a module, given in the text format.
pub(crate) fn module(name: &str, text: &str) -> PathBuf {
    child::file(name, binary(text))
}
