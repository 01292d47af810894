//! Children on Windows, where no limits can be set.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};

use super::Ending;

/// Limits of the child, in bytes.
#[derive(Clone, Default, Debug)]
pub(super) struct Limits {
    pub(super) address_space: Option<u64>,
    pub(super) writable_memory: Option<u64>,
}

/// Starts `program`.
pub(super) fn command(limits: &Limits, way: &[OsString], program: &Path) -> io::Result<Command> {
    if limits.address_space.is_some() || limits.writable_memory.is_some() {
        return Err(io::Error::other("this host cannot limit the memory of a child"));
    }
    let mut words = way.iter().map(OsString::as_os_str).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().unwrap_or(program.as_os_str()));
    command.args(words);
    Ok(command)
}

/// The outcome of an exit code. A process that an exception ends has the exception's code as its
/// exit code: an error among the `NTSTATUS` values.
pub(super) fn ending(status: ExitStatus) -> Ending {
    const SEVERITY_ERROR: u32 = 0xC000_0000;
    match status.code().map(i32::cast_unsigned) {
        Some(0) => Ending::Success,
        Some(code) if code & SEVERITY_ERROR == SEVERITY_ERROR => Ending::Exception(code),
        _ => Ending::Failure,
    }
}
