//! A child under `strace`, which fails some of its system calls.

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use wrt_testkit::{ChildTest, Ending};

/// The lines that the child prints before and after the part whose calls may fail.
pub(crate) const BEGUN: &str = "the life begins";
pub(crate) const DONE: &str = "the life is over";

/// Calls to fail: the name of the system call, and which ones in the form of `strace` (`when=` of
/// its option `inject`), all if empty.
pub(crate) type Failing<'a> = (&'a str, &'a str);

/// The trace of one run.
pub(crate) struct Run {
    outcome: io::Result<(Ending, String)>,
    log: String,
}

/// Runs a case of the test under the tracer, which watches `calls` and fails `failing`.
pub(crate) fn run(test: &str, case: &str, calls: &[&str], failing: &[Failing<'_>]) -> Run {
    let name = format!("wrt-{}-{}", std::process::id(), case.replace(' ', "-"));
    let path = env::temp_dir().join(name);
    let child = ChildTest::new(test).by_way_of(words(&path, calls, failing));
    let outcome = child.run(case);
    let log = fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("is strace there? `cargo xtask setup` installs it: {error}, {outcome:?}")
    });
    let _ = fs::remove_file(&path);
    Run { outcome, log }
}

/// The tracer and its arguments. The program's heap must request no pages during the run, and none
/// by these calls.
fn words(log: &Path, calls: &[&str], failing: &[Failing<'_>]) -> Vec<String> {
    let environment = "env MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=33554432 \
                       MALLOC_TRIM_THRESHOLD_=1073741824 RUST_BACKTRACE=0";
    let strace = "strace --follow-forks --seccomp-bpf -qq -o";
    let words = environment.split(' ').chain(strace.split(' ')).map(str::to_owned);
    let calls: Vec<_> = calls.iter().map(|call| name_here(call)).collect();
    let watched = format!("trace={},write", calls.join(","));
    let injections = failing.iter().map(|(call, when)| {
        let when = if when.is_empty() { String::new() } else { format!(":when={when}") };
        format!("inject={}:error=ENOMEM{when}", name_here(call))
    });
    let options = [watched].into_iter().chain(injections);
    words
        .chain([log.display().to_string()])
        .chain(options.flat_map(|option| ["-e".to_owned(), option]))
        .collect()
}

/// The tracer's name of a call on this architecture: 32-bit registers have calls of their own for
/// offsets in files.
fn name_here(call: &str) -> &str {
    match call {
        "mmap" if cfg!(target_arch = "x86") => "mmap2",
        "fcntl" if cfg!(target_arch = "x86") => "fcntl64",
        "ftruncate" if cfg!(target_arch = "x86") => "ftruncate64",
        call => call,
    }
}

impl Run {
    /// The lines before the lifecycle began, and those since.
    fn halves(&self) -> (&str, &str) {
        let begun = self.log.find(BEGUN).unwrap_or(self.log.len());
        self.log.split_at(begun)
    }

    /// Number of these calls by the child's thread before the lifecycle began. The tracer counts
    /// the calls of each thread separately.
    pub(crate) fn early(&self, call: &str) -> usize {
        let (early, _) = self.halves();
        let thread = |line: &str| line.split(' ').next().map(str::to_owned);
        let this = early.lines().last().and_then(thread);
        let call = format!(" {}(", name_here(call));
        let made = early.lines().filter(|line| line.contains(&call));
        made.filter(|line| thread(line) == this).count()
    }

    /// Number of calls that failed before the lifecycle began.
    pub(crate) fn failed_early(&self) -> usize {
        self.halves().0.matches("(INJECTED)").count()
    }

    /// Number of calls that failed since.
    pub(crate) fn failed(&self) -> usize {
        self.halves().1.matches("(INJECTED)").count()
    }

    /// Outcome and output of the child.
    pub(crate) fn end(&self) -> (Ending, &str) {
        match &self.outcome {
            Ok((ending, output)) => (*ending, output),
            Err(error) => panic!("{error}\n{}", self.log),
        }
    }

    /// Checks that the child succeeded.
    pub(crate) fn expect_success(&self, what: &str) {
        let (ending, output) = self.end();
        let passed = ending == Ending::Success && output.contains(BEGUN) && output.contains(DONE);
        assert!(passed, "{what}: {ending:?}\n{output}\n{}", self.log);
    }
}

/// Whether tracing is not possible; if so, prints a note.
pub(crate) fn is_blind() -> bool {
    let blind = ChildTest::is_emulated();
    if blind {
        println!("not run: strace does not see the calls of an emulated program");
    }
    blind
}
