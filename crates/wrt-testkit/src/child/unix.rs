//! Children on Unix, started by a shell that sets their limits.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use super::{Ending, RUNNER};

/// Limits of the child, in bytes.
#[derive(Clone, Default, Debug)]
pub(super) struct Limits {
    pub(super) address_space: Option<u64>,
    pub(super) writable_memory: Option<u64>,
}

/// Starts `program`, through the program in `way` and through the emulator, where given.
pub(super) fn command(limits: &Limits, way: &[OsString], program: &Path) -> io::Result<Command> {
    // A child that dies on purpose leaves no core file.
    let mut script = "ulimit -c 0; ".to_owned();
    for (option, limit) in [("-v", limits.address_space), ("-d", limits.writable_memory)] {
        if let Some(bytes) = limit {
            script += &format!("ulimit {option} {}; ", bytes >> 10);
        }
    }
    script += "exec \"$@\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, "sh"])
        .args(way)
        .args(env::var(RUNNER).unwrap_or_default().split_whitespace())
        .arg(program);
    Ok(command)
}

pub(super) fn ending(status: ExitStatus) -> Ending {
    match status.signal() {
        Some(signal) => Ending::Signal(signal),
        None if status.success() => Ending::Success,
        None => Ending::Failure,
    }
}
