//! What a program is given.

use std::cell::RefCell;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;
use std::{fmt, fs};

use wrt_platform::PageAllocator;
use wrt_runtime::Observer;

use super::descriptor::{Descriptors, Input, Object, OpenDirectory, Output};
use super::functions;
use crate::linker::Linker;
use crate::store::Store;

/// The state behind the functions.
pub(super) struct State {
    pub(super) args: Vec<Vec<u8>>,
    /// `NAME=value`.
    pub(super) environment: Vec<Vec<u8>>,
    pub(super) descriptors: Descriptors,
    pub(super) started: Instant,
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

/// Collects what a program is given.
#[derive(Default)]
pub struct WasiBuilder {
    args: Vec<Vec<u8>>,
    environment: Vec<Vec<u8>>,
    stdin: Option<(Box<dyn Read>, bool)>,
    stdout: Option<(Box<dyn Write>, bool)>,
    stderr: Option<(Box<dyn Write>, bool)>,
    preopens: Vec<(PathBuf, String)>,
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
        self.stdin = Some((Box::new(reader), false));
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
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let terminals = [stdin.is_terminal(), stdout.is_terminal(), stderr.is_terminal()];
        self.stdin = Some((Box::new(stdin), terminals[0]));
        self.stdout = Some((Box::new(stdout), terminals[1]));
        self.stderr = Some((Box::new(stderr), terminals[2]));
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
    /// When a directory is not there or is none.
    pub fn build(self) -> Result<WasiContext, PreopenError> {
        let Self { args, environment, stdin, stdout, stderr, preopens } = self;
        let mut objects = vec![input(stdin), output(stdout, BUFFER_BYTES), output(stderr, 0)];
        for (path, name) in preopens {
            objects.push(preopened(path, name)?);
        }
        let descriptors = Descriptors::new(objects);
        let state = State { args, environment, descriptors, started: Instant::now() };
        Ok(WasiContext { state: Rc::new(RefCell::new(state)) })
    }
}

impl fmt::Debug for WasiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiBuilder").field("preopens", &self.preopens).finish_non_exhaustive()
    }
}

fn input(stream: Option<(Box<dyn Read>, bool)>) -> Object {
    let (reader, terminal) = stream.unwrap_or_else(|| (Box::new(io::empty()), false));
    Object::Input(Input { reader: BufReader::with_capacity(BUFFER_BYTES, reader), terminal })
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
