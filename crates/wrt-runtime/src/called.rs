//! What a memory is called in the texts of errors.

use core::fmt;

use wrt_platform::MemoryName;

/// A memory as the subject of a sentence: its name, or "a memory".
pub(crate) struct Called<'a>(pub(crate) &'a Option<MemoryName>);

impl fmt::Display for Called<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "memory {name:?}"),
            None => f.write_str("a memory"),
        }
    }
}

/// The name of a memory before a sentence; empty if it has none.
pub(crate) struct Prefix<'a>(pub(crate) &'a Option<MemoryName>);

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(_) => write!(f, "{}: ", Called(self.0)),
            None => Ok(()),
        }
    }
}
