//! Tests that need a process of their own: to die in, or to live in with less.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "windows.rs")]
mod host;

use std::env;
use std::ffi::OsString;
use std::io;

/// The variable that tells a child what to do.
const CASE: &str = "WRT_CHILD_CASE";

/// The variable that names an emulator and its arguments, for programs of another architecture.
const RUNNER: &str = "WRT_RUNNER";

/// A test that starts itself again in a child process.
///
/// The test asks [`case`](Self::case) first: in the child it is told there what to do; in the
/// parent it gets `None` and calls [`run`](Self::run) for each case.
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
/// Where the variable `WRT_RUNNER` is set (`qemu-aarch64-static -cpu max`), the child is started
/// by way of it, since the kernel would not know what to do with a foreign program. On Windows the
/// variable only tells that an emulator is there: it starts children itself.
#[derive(Clone, Debug)]
pub struct ChildTest {
    test: String,
    limits: host::Limits,
    way: Vec<OsString>,
}

/// How a child ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It succeeded.
    Success,
    /// It failed, as a test that panics does.
    Failure,
    /// A signal of this number ended it.
    Signal(i32),
    /// An exception of this code ended it, as Windows calls it.
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

    /// Limits the child's writable memory (`RLIMIT_DATA`), whether it is used or not.
    /// [`run`](Self::run) fails where the host has no such limit.
    #[must_use]
    pub const fn limit_writable_memory(mut self, bytes: u64) -> Self {
        self.limits.writable_memory = Some(bytes);
        self
    }

    /// Starts the child by way of another program, such as a tracer: its name and its arguments.
    #[must_use]
    pub fn by_way_of<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.way.extend(words.into_iter().map(Into::into));
        self
    }

    /// In the child, what it is to do.
    #[must_use]
    pub fn case(&self) -> Option<String> {
        env::var(CASE).ok()
    }

    /// Whether programs are started by way of an emulator, whose own needs count against limits.
    #[must_use]
    pub fn is_emulated() -> bool {
        env::var_os(RUNNER).is_some_and(|runner| !runner.is_empty())
    }

    /// Whether this is an emulator that keeps a record of every page that is reserved, which takes
    /// it time and memory: one of Unix with 64 bits, since with fewer a few GiB are all there are.
    #[must_use]
    pub fn space_is_dear() -> bool {
        cfg!(unix) && usize::BITS >= 64 && Self::is_emulated()
    }

    /// Runs the test in a child that is told to do `case`. Returns how it ended and what it
    /// printed.
    ///
    /// # Errors
    ///
    /// When the child could not be started, or has no test of this name: it would succeed without
    /// having done anything.
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
