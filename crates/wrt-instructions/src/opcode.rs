//! Opcodes of the binary format.

use core::fmt;

/// An opcode: one byte, or a prefix byte and a number (core specification, "Binary Format,
/// Instructions").
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Opcode {
    /// `0xFC` or `0xFD`, if the instruction has a prefix.
    pub prefix: Option<u8>,
    /// The byte, or the number after the prefix.
    pub code: u32,
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix {
            Some(prefix) => write!(f, "{prefix:#04x} {:#04x}", self.code),
            None => write!(f, "{:#04x}", self.code),
        }
    }
}

/// The [`Opcode`] of a table row's brackets.
macro_rules! opcode {
    ([$code:literal]) => {
        $crate::opcode::Opcode { prefix: None, code: $code }
    };
    ([$prefix:literal $code:literal]) => {
        $crate::opcode::Opcode { prefix: Some($prefix), code: $code }
    };
}
pub(crate) use opcode;
