//! What a program is given.

use std::cell::RefCell;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;
use std::{fmt, fs};

use wrt_platform::PageAllocator;
use wrt_runtime::Observer;

use super::background::Background;
use super::descriptor::{Descriptors, Input, Object, OpenDirectory, Output};
use super::functions;
use crate::interrupt::Interrupt;
use crate::linker::Linker;
use crate::store::Store;

/// The state behind the functions.
pub(super) struct State {
    pub(super) args: Vec<Vec<u8>>,
    /// `NAME=value`.
    pub(super) environment: Vec<Vec<u8>>,
    pub(super) descriptors: Descriptors,
    pub(super) started: Instant,
    /// What ends waiting, and the program with it.
    pub(super) interrupt: Option<Interrupt>,
    /// Whether a write to a stream whose reader is gone ends the program.
    pub(super) ends_at_broken_pipe: bool,
}

/// Arguments, environment, streams and directories of one program. A clone is the same context.
#[derive(Clone)]
pub struct WasiContext {
    state: Rc<RefCell<State>>,
}

impl WasiContext {
    /// A context with nothing in it: no arguments, empty input, output that goes nowhere.
    #[must_use]
    pub fn builder() -> WasiBuilder {
        WasiBuilder::default()
    }

    /// Defines all functions of `wasi_snapshot_preview1`.
    pub fn define<P, O>(&self, linker: &mut Linker, store: &mut Store<P, O>)
    where
        P: PageAllocator + Clone + 'static,
        O: Observer + 'static,
    {
        functions::define(linker, store, &self.state);
    }

    /// Hands on what the program wrote. Call it once the program has ended, however it did.
    ///
    /// # Errors
    ///
    /// When the output does not take it, or while a WASI function runs.
    pub fn flush(&self) -> io::Result<()> {
        let mut state = self.state.try_borrow_mut().map_err(io::Error::other)?;
        state.descriptors.flush()
    }
}

impl fmt::Debug for WasiContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiContext").finish_non_exhaustive()
    }
}

/// A directory that could not be preopened.
#[derive(Debug)]
pub struct PreopenError {
    /// The directory on the host.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl fmt::Display for PreopenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open directory {}: {}", self.path.display(), self.source)
    }
}

impl core::error::Error for PreopenError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// A context that could not be made.
#[non_exhaustive]
#[derive(Debug)]
pub enum ContextError {
    /// A directory could not be preopened.
    Preopen(PreopenError),
    /// The thread that reads standard input could not be started.
    Thread(io::Error),
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preopen(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "cannot start a thread for standard input: {error}"),
        }
    }
}

impl core::error::Error for ContextError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Preopen(error) => Some(error),
            Self::Thread(error) => Some(error),
        }
    }
}

/// What a program reads as its standard input.
#[derive(Default)]
enum Stdin {
    #[default]
    Empty,
    Inherited,
    Given(Box<dyn Read>),
}

/// Collects what a program is given.
#[derive(Default)]
pub struct WasiBuilder {
    args: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
    stdin: Stdin,
    stdout: Option<(Box<dyn Write>, bool)>,
    stderr: Option<(Box<dyn Write>, bool)>,
    preopens: Vec<(PathBuf, String)>,
    interrupt: Option<Interrupt>,
    ends_at_broken_pipe: bool,
}

/// Enough for few calls of the host, little enough to be at hand.
const BUFFER_BYTES: usize = 64 << 10;

impl WasiBuilder {
    /// Adds an argument; the first is the program's name.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<[u8]>) -> Self {
        self.args.push(arg.as_ref().to_vec());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<[u8]>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_vec()));
        self
    }

    /// Adds a variable to the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}").into_bytes());
        self
    }

    /// Standard input.
    #[must_use]
    pub fn stdin(mut self, reader: impl Read + 'static) -> Self {
        self.stdin = Stdin::Given(Box::new(reader));
        self
    }

    /// Standard output. It is buffered; see [`WasiContext::flush`].
    #[must_use]
    pub fn stdout(mut self, writer: impl Write + 'static) -> Self {
        self.stdout = Some((Box::new(writer), false));
        self
    }

    /// Error output. It is not buffered.
    #[must_use]
    pub fn stderr(mut self, writer: impl Write + 'static) -> Self {
        self.stderr = Some((Box::new(writer), false));
        self
    }

    /// The streams of this process.
    #[must_use]
    pub fn inherit_streams(mut self) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let terminals = [stdout.is_terminal(), stderr.is_terminal()];
        self.stdin = Stdin::Inherited;
        self.stdout = Some((Box::new(stdout), terminals[0]));
        self.stderr = Some((Box::new(stderr), terminals[1]));
        self
    }

    /// Ends the program's waiting when the interrupt is raised: for a clock, or for an inherited
    /// standard input, which a thread of its own reads then. The program ends with
    /// [`Error::Stopped`](crate::Error::Stopped).
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Ends the program with [`Error::BrokenPipe`](crate::Error::BrokenPipe) when it writes to a
    /// stream whose reader is gone, as `SIGPIPE` ends a process. Otherwise the program gets an
    /// error number.
    #[must_use]
    pub fn end_at_broken_pipe(mut self) -> Self {
        self.ends_at_broken_pipe = true;
        self
    }

    /// Opens a directory of the host for the program, read-only, under a name of its own.
    #[must_use]
    pub fn preopen(mut self, host: impl AsRef<Path>, name: impl Into<String>) -> Self {
        self.preopens.push((host.as_ref().to_owned(), name.into()));
        self
    }

    /// The context.
    ///
    /// # Errors
    ///
    /// When a directory is not there or is none, or the host has no thread for standard input.
    pub fn build(self) -> Result<WasiContext, ContextError> {
        let stdin = input(self.stdin, self.interrupt.as_ref()).map_err(ContextError::Thread)?;
        let mut objects = vec![stdin, output(self.stdout, BUFFER_BYTES), output(self.stderr, 0)];
        for (path, name) in self.preopens {
            objects.push(preopened(path, name).map_err(ContextError::Preopen)?);
        }
        let state = State {
            args: self.args,
            environment: self.environment,
            descriptors: Descriptors::new(objects),
            started: Instant::now(),
            interrupt: self.interrupt,
            ends_at_broken_pipe: self.ends_at_broken_pipe,
        };
        Ok(WasiContext { state: Rc::new(RefCell::new(state)) })
    }
}

impl fmt::Debug for WasiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiBuilder").field("preopens", &self.preopens).finish_non_exhaustive()
    }
}

fn input(stdin: Stdin, interrupt: Option<&Interrupt>) -> io::Result<Object> {
    let (reader, terminal): (Box<dyn Read>, bool) = match (stdin, interrupt) {
        (Stdin::Empty, _) => (Box::new(io::empty()), false),
        (Stdin::Given(reader), _) => (reader, false),
        (Stdin::Inherited, None) => (Box::new(io::stdin()), io::stdin().is_terminal()),
        (Stdin::Inherited, Some(interrupt)) => {
            let reader = Background::new(io::stdin(), interrupt.clone())?;
            (Box::new(reader), io::stdin().is_terminal())
        }
    };
    let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
    Ok(Object::Input(Input { reader, terminal }))
}

fn output(stream: Option<(Box<dyn Write>, bool)>, capacity: usize) -> Object {
    let (writer, terminal) = stream.unwrap_or_else(|| (Box::new(io::sink()), false));
    Object::Output(Output { writer: BufWriter::with_capacity(capacity, writer), terminal })
}

fn preopened(path: PathBuf, name: String) -> Result<Object, PreopenError> {
    let checked = fs::canonicalize(&path).and_then(|whole| {
        // Listing it is what tells whether it is a directory that may be read.
        fs::read_dir(&whole).map(|_| whole)
    });
    match checked {
        Ok(whole) => Ok(Object::Directory(OpenDirectory::new(whole, Some(name)))),
        Err(source) => Err(PreopenError { path, source }),
    }
}
