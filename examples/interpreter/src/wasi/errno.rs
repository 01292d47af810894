//! Error numbers of preview 1.

use std::io;

/// Error of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Errno {
    Access = 2,
    Again = 6,
    BadDescriptor = 8,
    Exists = 20,
    Fault = 21,
    IllegalSequence = 25,
    Interrupted = 27,
    Invalid = 28,
    Io = 29,
    IsDirectory = 31,
    Loop = 32,
    TooManyFiles = 33,
    NameTooLong = 37,
    NoEntry = 44,
    NoSystemCall = 52,
    NotDirectory = 54,
    NotSocket = 57,
    NotSupported = 58,
    Overflow = 61,
    BrokenPipe = 64,
    ReadOnly = 69,
    NotSeekable = 70,
    NotCapable = 76,
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoEntry,
            io::ErrorKind::PermissionDenied => Self::Access,
            io::ErrorKind::AlreadyExists => Self::Exists,
            io::ErrorKind::InvalidInput => Self::Invalid,
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            io::ErrorKind::WouldBlock => Self::Again,
            io::ErrorKind::Interrupted => Self::Interrupted,
            io::ErrorKind::NotADirectory => Self::NotDirectory,
            io::ErrorKind::IsADirectory => Self::IsDirectory,
            io::ErrorKind::InvalidFilename => Self::NameTooLong,
            io::ErrorKind::NotSeekable => Self::NotSeekable,
            io::ErrorKind::Unsupported => Self::NotSupported,
            _ => Self::Io,
        }
    }
}
