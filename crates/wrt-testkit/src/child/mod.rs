//! Child processes for tests that end their process or limit its resources.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "windows.rs")]
mod host;

use std::env;
use std::ffi::OsString;
use std::io;

/// The environment variable that names the child's case.
const CASE: &str = "WRT_CHILD_CASE";

/// The environment variable with an emulator and its arguments, for programs of another
/// architecture.
const RUNNER: &str = "WRT_RUNNER";

/// A test that runs itself again in a child process.
///
/// The test calls [`case`](Self::case) first. In the child it returns the case to run; in the
/// parent it returns `None`, and the test calls [`run`](Self::run) for each case.
///
/// ```no_run
/// # use wrt_testkit::{ChildTest, Ending};
/// // #[test]
/// fn dividing_by_zero_aborts() {
///     let child = ChildTest::new("dividing_by_zero_aborts");
///     match child.case().as_deref() {
///         Some(_) => std::process::abort(),
///         None => assert!(matches!(child.run("abort").unwrap().0, Ending::Signal(_))),
///     }
/// }
/// ```
///
/// Where the environment variable `WRT_RUNNER` is set (`qemu-aarch64-static -cpu max`), it starts
/// the child, since the kernel cannot run a foreign program. On Windows the variable only states
/// that there is an emulator, which starts children itself.
#[derive(Clone, Debug)]
pub struct ChildTest {
    test: String,
    limits: host::Limits,
    way: Vec<OsString>,
}

/// Outcome of a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The child succeeded.
    Success,
    /// The child failed, as a test that panics does.
    Failure,
    /// The signal with this number ended the child.
    Signal(i32),
    /// The Windows exception with this code ended the child.
    Exception(u32),
}

impl Ending {
    /// Whether the host stopped an access to memory: `SIGSEGV`, or an access violation on Windows.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        const SIGSEGV: i32 = 11;
        const EXCEPTION_ACCESS_VIOLATION: u32 = 0xC000_0005;
        matches!(self, Self::Signal(SIGSEGV) | Self::Exception(EXCEPTION_ACCESS_VIOLATION))
    }
}

impl ChildTest {
    /// The test with this name, as `cargo test` shows it.
    #[must_use]
    pub fn new(test: &str) -> Self {
        Self { test: test.to_owned(), limits: host::Limits::default(), way: Vec::new() }
    }

    /// Limits the child's address space (`RLIMIT_AS`). [`run`](Self::run) fails where the host has
    /// no such limit.
    #[must_use]
    pub const fn limit_address_space(mut self, bytes: u64) -> Self {
        self.limits.address_space = Some(bytes);
        self
    }

    /// Limits the child's writable memory (`RLIMIT_DATA`), used or not. [`run`](Self::run) fails
    /// where the host has no such limit.
    #[must_use]
    pub const fn limit_writable_memory(mut self, bytes: u64) -> Self {
        self.limits.writable_memory = Some(bytes);
        self
    }

    /// Starts the child through another program, such as a tracer; `words` are its name and its
    /// arguments.
    #[must_use]
    pub fn by_way_of<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.way.extend(words.into_iter().map(Into::into));
        self
    }

    /// The case to run in the child; `None` in the parent.
    #[must_use]
    pub fn case(&self) -> Option<String> {
        env::var(CASE).ok()
    }

    /// Whether programs run under an emulator, whose own resources count against limits.
    #[must_use]
    pub fn is_emulated() -> bool {
        env::var_os(RUNNER).is_some_and(|runner| !runner.is_empty())
    }

    /// Whether programs run under an emulator that keeps a record of every reserved page, which
    /// costs time and memory: those of 64-bit Unix, since 32-bit programs have only a few GiB.
    #[must_use]
    pub fn space_is_dear() -> bool {
        cfg!(unix) && usize::BITS >= 64 && Self::is_emulated()
    }

    /// Runs `case` of the test in a child. Returns its outcome and its output.
    ///
    /// # Errors
    ///
    /// When the child could not be started, or has no test of this name, which would succeed
    /// without running anything.
    pub fn run(&self, case: &str) -> io::Result<(Ending, String)> {
        let output = host::command(&self.limits, &self.way, &env::current_exe()?)?
            .args([&self.test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CASE, case)
            .output()?;
        let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        let text = text.concat();
        if !text.contains("running 1 test") {
            return Err(io::Error::other(format!("the child has no test {}: {text}", self.test)));
        }
        Ok((host::ending(output.status), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_not_there_is_an_error() {
        assert!(ChildTest::new("no_such_test").run("any").is_err());
    }
}
