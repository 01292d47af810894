//! Runs of programs with input and output in memory.

use std::cell::RefCell;
use std::io::{self, Cursor, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::{fmt, mem};

use wrt_platform::PageAllocator;

use super::context::{ContextError, WasiBuilder, WasiContext};
use crate::error::{Error, InstantiateError};
use crate::linker::Linker;
use crate::module::Module;
use crate::store::{Store, StoreConfig};
use crate::trap::TrapReport;

/// A program's arguments and input, for callers that want its output as bytes: tests, benches.
#[derive(Clone, Debug)]
pub struct Job {
    args: Vec<Vec<u8>>,
    stdin: Vec<u8>,
    preopens: Vec<(PathBuf, String)>,
}

/// Outcome of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned, or exited with this code.
    Exit(i32),
    /// It trapped.
    Trap(Box<TrapReport>),
}

/// Results of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its end.
    pub end: End,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Error of running a program.
#[derive(Debug)]
pub enum JobError {
    /// The program's context could not be created.
    Context(ContextError),
    /// The module could not be instantiated.
    Instantiate(Box<InstantiateError>),
    /// The module is not a command, or a host function failed.
    Run(Error),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context(error) => error.fmt(f),
            Self::Instantiate(error) => error.fmt(f),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for JobError {}

impl Job {
    /// A program with these arguments, its name first, and no input.
    #[must_use]
    pub fn new<A: AsRef<[u8]>>(args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_vec()).collect();
        Self { args, stdin: Vec::new(), preopens: Vec::new() }
    }

    /// Sets standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Opens a directory of the host for the program, read-only, under the given name.
    #[must_use]
    pub fn preopen(mut self, host: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        self.preopens.push((host.into(), name.into()));
        self
    }

    /// Instantiates the module with memories from `allocator` and runs `_start`.
    ///
    /// # Errors
    ///
    /// When the program cannot be run. A trap is an outcome, not an error.
    pub fn run<P>(self, module: &Module, allocator: P) -> Result<Outcome, JobError>
    where
        P: PageAllocator + Clone + 'static,
    {
        let (stdout, stderr) = (Sink::default(), Sink::default());
        let context = self.context(&stdout, &stderr).map_err(JobError::Context)?;
        let end = run_start(module, allocator, &context);
        // The sinks take everything.
        let _ = context.flush();
        Ok(Outcome { end: end?, stdout: stdout.take(), stderr: stderr.take() })
    }

    fn context(self, stdout: &Sink, stderr: &Sink) -> Result<WasiContext, ContextError> {
        let builder = WasiContext::builder()
            .args(self.args)
            .stdin(Cursor::new(self.stdin))
            .stdout(stdout.clone())
            .stderr(stderr.clone());
        let preopen = |builder: WasiBuilder, (host, name)| builder.preopen(host, name);
        self.preopens.into_iter().fold(builder, preopen).build()
    }
}

fn run_start<P>(module: &Module, allocator: P, context: &WasiContext) -> Result<End, JobError>
where
    P: PageAllocator + Clone + 'static,
{
    let mut store = Store::new(StoreConfig::plain(allocator));
    let mut linker = Linker::default();
    context.define(&mut linker, &mut store);
    let ended = match linker.instantiate(&mut store, module) {
        Ok(instance) => store.invoke(instance, "_start", &[]).map(|_| ()),
        Err(InstantiateError::Run(error)) => Err(error),
        Err(error) => return Err(JobError::Instantiate(Box::new(error))),
    };
    match ended {
        Ok(()) => Ok(End::Exit(0)),
        Err(Error::Exit(code)) => Ok(End::Exit(code)),
        Err(Error::Trap(report)) => Ok(End::Trap(report)),
        Err(error) => Err(JobError::Run(error)),
    }
}

/// A sink that collects output; a clone is the same sink.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        self.0.try_borrow_mut().map(|mut bytes| mem::take(&mut *bytes)).unwrap_or_default()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut collected = self.0.try_borrow_mut().map_err(io::Error::other)?;
        collected.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
