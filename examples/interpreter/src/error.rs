//! Errors, from loading a module to running it.

use core::fmt;

use wasmparser::BinaryReaderError;
use wrt_runtime::{MemoryError, Trap};

use crate::stop::StopReport;
use crate::trap::{TrapKind, TrapReport};
use crate::types::{ExternType, ValType};

/// Error of loading a module. Offsets are in the module's bytes.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The bytes are not a module.
    Malformed {
        /// The message.
        message: String,
        /// The offset.
        offset: usize,
    },
    /// The module breaks a rule of validation.
    Invalid {
        /// The message.
        message: String,
        /// The offset.
        offset: usize,
    },
    /// The module is valid, but this interpreter does not support it.
    Unsupported {
        /// The unsupported feature.
        what: String,
        /// The offset.
        offset: usize,
    },
}

impl LoadError {
    pub(crate) fn malformed(error: BinaryReaderError) -> Self {
        Self::Malformed { message: error.message().to_owned(), offset: error.offset() as usize }
    }

    pub(crate) fn invalid(error: BinaryReaderError) -> Self {
        Self::Invalid { message: error.message().to_owned(), offset: error.offset() as usize }
    }

    pub(crate) fn unsupported(what: String, offset: u64) -> Self {
        Self::Unsupported { what, offset: offset as usize }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { message, offset } => {
                write!(f, "malformed module: {message} (at offset {offset:#x})")
            }
            Self::Invalid { message, offset } => {
                write!(f, "invalid module: {message} (at offset {offset:#x})")
            }
            Self::Unsupported { what, offset } => {
                write!(f, "not supported: {what} (at offset {offset:#x})")
            }
        }
    }
}

impl core::error::Error for LoadError {}

/// Error of linking a module to its imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// The import is not defined.
    UnknownImport {
        /// The module it should come from.
        module: String,
        /// Its name there.
        name: String,
        /// The expected type.
        wanted: Box<ExternType>,
    },
    /// The import is defined as something else.
    IncompatibleType {
        /// The module it comes from.
        module: String,
        /// Its name there.
        name: String,
        /// The expected type.
        wanted: Box<ExternType>,
        /// The type found; for a memory or table with its current size.
        found: Box<ExternType>,
    },
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownImport { module, name, wanted } => {
                write!(f, "unknown import {module:?}.{name:?}: wanted {wanted}")
            }
            Self::IncompatibleType { module, name, wanted, found } => {
                write!(
                    f,
                    "incompatible import type {module:?}.{name:?}: wanted {wanted}, found {found}"
                )
            }
        }
    }
}

impl core::error::Error for LinkError {}

/// Error of creating a table or a global.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitError {
    /// With this table, the tables of the store would exceed its limit or the host's memory.
    TableTooLarge {
        /// Elements requested.
        elements: u64,
        /// Elements of the other tables.
        used: u64,
        /// Elements that all tables may have together.
        limit: u64,
    },
    /// The value is of another type.
    WrongType {
        /// The expected type.
        wanted: ValType,
        /// The type found.
        found: ValType,
    },
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TableTooLarge { elements, used, limit } => {
                write!(f, "a table of {elements} elements exceeds the limit of {limit} elements")?;
                match used {
                    0 => Ok(()),
                    _ => write!(f, " for all tables, {used} of which are in use"),
                }
            }
            Self::WrongType { wanted, found } => {
                write!(f, "wanted a value of type {wanted}, found {found}")
            }
        }
    }
}

impl core::error::Error for LimitError {}

/// Error of instantiating a module.
#[derive(Debug)]
pub enum InstantiateError {
    /// Its imports do not fit.
    Link(LinkError),
    /// One of its memories could not be created.
    Memory {
        /// The memory.
        name: String,
        /// The cause.
        source: MemoryError,
    },
    /// One of its tables could not be created.
    Limit(LimitError),
    /// The store has limits on programs, and the module is not [metered](crate::Module::metered).
    NotMetered,
    /// A segment or the start function failed. Earlier writes are kept.
    Run(Error),
}

impl fmt::Display for InstantiateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(error) => error.fmt(f),
            // The sentence names the memory already.
            Self::Memory { name, source: MemoryError::Platform { cause, .. } } => {
                write!(f, "cannot allocate {name}: {cause}")
            }
            Self::Memory { name, source: MemoryError::AboveLimit { minimum, limit, .. } } => {
                write!(f, "cannot allocate {name}: its minimum of {minimum} pages exceeds the ")?;
                write!(f, "embedder's limit of {limit}")
            }
            Self::Memory { name, source } => write!(f, "cannot allocate {name}: {source}"),
            Self::Limit(error) => error.fmt(f),
            Self::NotMetered => f.write_str("the store has limits, and the module is not metered"),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for InstantiateError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Link(error) => Some(error),
            Self::Memory { source, .. } => Some(source),
            Self::Limit(error) => Some(error),
            Self::NotMetered => None,
            Self::Run(error) => Some(error),
        }
    }
}

impl From<LinkError> for InstantiateError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl From<LimitError> for InstantiateError {
    fn from(error: LimitError) -> Self {
        Self::Limit(error)
    }
}

impl From<Error> for InstantiateError {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

/// Error of a call that did not return.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The program trapped.
    Trap(Box<TrapReport>),
    /// The program was stopped.
    Stopped(Box<StopReport>),
    /// The program exited with this code.
    Exit(i32),
    /// The program wrote to a stream without a reader, and was configured to end then.
    BrokenPipe,
    /// A host function failed.
    Host(String),
    /// The instance has no such export.
    NoSuchExport {
        /// The name requested.
        name: String,
        /// The kind requested.
        wanted: &'static str,
    },
    /// The arguments do not fit the function.
    Arguments {
        /// The function's type.
        wanted: ExternType,
        /// The types of the arguments.
        found: Vec<ValType>,
    },
    /// The function or instance belongs to another store.
    Foreign,
}

impl Error {
    pub(crate) fn trap(kind: TrapKind) -> Self {
        Self::Trap(Box::new(TrapReport::bare(kind)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(report) => report.fmt(f),
            Self::Stopped(report) => report.fmt(f),
            Self::Exit(code) => write!(f, "exit with code {code}"),
            Self::BrokenPipe => f.write_str("broken pipe"),
            Self::Host(message) => f.write_str(message),
            Self::NoSuchExport { name, wanted } => write!(f, "no exported {wanted} {name:?}"),
            Self::Arguments { wanted, found } => {
                write!(f, "wrong arguments for {wanted}: (")?;
                for (i, ty) in found.iter().enumerate() {
                    write!(f, "{}{ty}", if i == 0 { "" } else { " " })?;
                }
                write!(f, ")")
            }
            Self::Foreign => f.write_str("no such function or instance in this store"),
        }
    }
}

impl core::error::Error for Error {}

/// Error of a host function that does not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// As if the calling instruction had trapped.
    Trap(TrapKind),
    /// By stopping the program, because of an [`Interrupt`](crate::Interrupt).
    Interrupted,
    /// By ending the program with this code.
    Exit(i32),
    /// By ending the program with [`Error::BrokenPipe`].
    BrokenPipe,
    /// By failing, with a reason.
    Message(String),
}

impl From<TrapKind> for HostError {
    fn from(kind: TrapKind) -> Self {
        Self::Trap(kind)
    }
}

impl From<Trap> for HostError {
    fn from(trap: Trap) -> Self {
        Self::Trap(TrapKind::Memory(trap))
    }
}
