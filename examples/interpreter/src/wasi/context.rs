//! Contexts of programs.

use std::cell::RefCell;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;
use std::{fmt, fs};

use wrt_platform::PageAllocator;
use wrt_runtime::Observer;

use super::background;
use super::descriptor::{Descriptors, Input, Object, OpenDirectory, Output};
use super::functions;
use crate::interrupt::Interrupt;
use crate::linker::Linker;
use crate::store::Store;

/// State of the functions.
pub(super) struct State {
    pub(super) args: Vec<Vec<u8>>,
    /// `NAME=value`.
    pub(super) environment: Vec<Vec<u8>>,
    pub(super) descriptors: Descriptors,
    pub(super) started: Instant,
    /// The interrupt that ends waiting, and the program with it.
    pub(super) interrupt: Option<Interrupt>,
    /// Whether a write to a stream without a reader ends the program.
    pub(super) ends_at_broken_pipe: bool,
}

/// Arguments, environment, streams and directories of one program. A clone is the same context.
#[derive(Clone)]
pub struct WasiContext {
    state: Rc<RefCell<State>>,
}

impl WasiContext {
    /// A builder of an empty context: no arguments, empty input, discarded output.
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

    /// Flushes the output of the program. Call it after the program has ended, in any way.
    ///
    /// # Errors
    ///
    /// When the output cannot be written, or while a WASI function runs.
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
    /// The cause.
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

/// Error of creating a context.
#[non_exhaustive]
#[derive(Debug)]
pub enum ContextError {
    /// A directory could not be preopened.
    Preopen(PreopenError),
    /// A thread that reads or writes a stream could not be started.
    Thread(io::Error),
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preopen(error) => error.fmt(f),
            Self::Thread(error) => write!(f, "cannot start a thread for a stream: {error}"),
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

/// A standard stream of a program.
#[derive(Default)]
enum Stream<S> {
    #[default]
    None,
    Inherited,
    Given(S),
}

/// Builder of a [`WasiContext`].
#[derive(Default)]
pub struct WasiBuilder {
    args: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
    stdin: Stream<Box<dyn Read>>,
    stdout: Stream<Box<dyn Write>>,
    stderr: Stream<Box<dyn Write>>,
    preopens: Vec<(PathBuf, String)>,
    interrupt: Option<Interrupt>,
    ends_at_broken_pipe: bool,
}

/// Size of a buffer: large enough for few calls of the host.
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

    /// Sets standard input.
    #[must_use]
    pub fn stdin(mut self, reader: impl Read + 'static) -> Self {
        self.stdin = Stream::Given(Box::new(reader));
        self
    }

    /// Sets standard output. It is buffered; see [`WasiContext::flush`].
    #[must_use]
    pub fn stdout(mut self, writer: impl Write + 'static) -> Self {
        self.stdout = Stream::Given(Box::new(writer));
        self
    }

    /// Sets standard error. It is not buffered.
    #[must_use]
    pub fn stderr(mut self, writer: impl Write + 'static) -> Self {
        self.stderr = Stream::Given(Box::new(writer));
        self
    }

    /// Uses the streams of this process.
    #[must_use]
    pub fn inherit_streams(mut self) -> Self {
        self.stdin = Stream::Inherited;
        self.stdout = Stream::Inherited;
        self.stderr = Stream::Inherited;
        self
    }

    /// Ends the program's waiting when the interrupt is raised: for a clock, or for inherited
    /// standard input or output, each of which gets a separate thread. The program ends with
    /// [`Error::Stopped`](crate::Error::Stopped).
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Ends the program with [`Error::BrokenPipe`](crate::Error::BrokenPipe) when it writes to a
    /// stream without a reader, as `SIGPIPE` ends a process. Otherwise the program receives an
    /// error number.
    #[must_use]
    pub fn end_at_broken_pipe(mut self) -> Self {
        self.ends_at_broken_pipe = true;
        self
    }

    /// Opens a directory of the host for the program, read-only, under the given name.
    #[must_use]
    pub fn preopen(mut self, host: impl AsRef<Path>, name: impl Into<String>) -> Self {
        self.preopens.push((host.as_ref().to_owned(), name.into()));
        self
    }

    /// Creates the context.
    ///
    /// # Errors
    ///
    /// When a directory does not exist or is not a directory, or the host cannot start a thread for
    /// a stream.
    pub fn build(self) -> Result<WasiContext, ContextError> {
        let interrupt = self.interrupt.as_ref();
        let stdin = input(self.stdin, interrupt).map_err(ContextError::Thread)?;
        let stdout = stdout(self.stdout, interrupt).map_err(ContextError::Thread)?;
        let mut objects = vec![stdin, stdout, stderr(self.stderr)];
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

fn input(stream: Stream<Box<dyn Read>>, interrupt: Option<&Interrupt>) -> io::Result<Object> {
    let stdin = io::stdin();
    let (reader, terminal): (Box<dyn Read>, bool) = match (stream, interrupt) {
        (Stream::None, _) => (Box::new(io::empty()), false),
        (Stream::Given(reader), _) => (reader, false),
        (Stream::Inherited, None) => (Box::new(io::stdin()), stdin.is_terminal()),
        (Stream::Inherited, Some(interrupt)) => (
            Box::new(background::Reader::new(io::stdin(), interrupt.clone())?),
            stdin.is_terminal(),
        ),
    };
    let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
    Ok(Object::Input(Input { reader, terminal }))
}

fn stdout(stream: Stream<Box<dyn Write>>, interrupt: Option<&Interrupt>) -> io::Result<Object> {
    let stdout = io::stdout();
    let (writer, terminal): (Box<dyn Write>, bool) = match (stream, interrupt) {
        (Stream::None, _) => (Box::new(io::sink()), false),
        (Stream::Given(writer), _) => (writer, false),
        (Stream::Inherited, None) => (Box::new(io::stdout()), stdout.is_terminal()),
        (Stream::Inherited, Some(interrupt)) => {
            let writer = background::Writer::new(io::stdout(), interrupt.clone())?;
            (Box::new(writer), stdout.is_terminal())
        }
    };
    let writer = BufWriter::with_capacity(BUFFER_BYTES, writer);
    Ok(Object::Output(Output { writer, terminal }))
}

/// Standard error. It is not buffered, and only the report of the program's end is written there,
/// so interrupting a write would not help.
fn stderr(stream: Stream<Box<dyn Write>>) -> Object {
    let (writer, terminal): (Box<dyn Write>, bool) = match stream {
        Stream::None => (Box::new(io::sink()), false),
        Stream::Given(writer) => (writer, false),
        Stream::Inherited => (Box::new(io::stderr()), io::stderr().is_terminal()),
    };
    Object::Output(Output { writer: BufWriter::with_capacity(0, writer), terminal })
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
