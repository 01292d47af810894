//! Error of installing a handler or creating its stack.

use core::fmt;

use crate::error::OsError;

/// The most callbacks.
pub(super) const CALLBACKS: usize = 8;

/// Error of installing a handler or creating its stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HandlerError {
    /// Eight callbacks are installed already.
    TooManyCallbacks,
    /// More bytes than the host can address.
    AddressSpace,
    /// The host refused.
    Os(OsError),
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyCallbacks => write!(f, "{CALLBACKS} callbacks for faults are installed"),
            Self::AddressSpace => f.write_str("a signal stack larger than the host can address"),
            Self::Os(error) => write!(f, "signal handling: {error}"),
        }
    }
}

impl core::error::Error for HandlerError {}
