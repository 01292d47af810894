//! Operations as values: decoded and validated once, executed many times. They share their code
//! with the typed functions.

mod bulk;
mod instruction;
mod lane;
mod load;
mod store;

use core::fmt;

pub use bulk::{DataDrop, MemoryCopy, MemoryFill, MemoryGrow, MemoryInit, MemorySize};
pub use instruction::{BulkOp, MemoryInstruction};
pub use lane::{LaneLoadOp, LaneStoreOp, MemoryLoadLane, MemoryStoreLane};
pub use load::{LoadOp, MemoryLoad};
pub use store::{MemoryStore, StoreOp};
use wrt_runtime::Trap;

use crate::value::ValueType;

/// Error of an operation that was not executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The guest trapped.
    Trap(Trap),
    /// An operand has the wrong type, which does not occur in a validated module.
    Operand {
        /// The type that the operation takes.
        expected: ValueType,
        /// The type of the operand.
        found: ValueType,
    },
    /// There is no memory with this index, which does not occur in a validated module.
    UnknownMemory(u32),
}

impl fmt::Display for ExecuteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(trap) => trap.fmt(f),
            Self::Operand { expected, found } => {
                write!(f, "the operation takes an operand of type {expected}, not {found}")
            }
            Self::UnknownMemory(index) => write!(f, "unknown memory {index}"),
        }
    }
}

impl core::error::Error for ExecuteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Trap(trap) => Some(trap),
            Self::Operand { .. } | Self::UnknownMemory(_) => None,
        }
    }
}

impl From<Trap> for ExecuteError {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

/// Declares the enum of one section's instructions, with the columns of the table.
macro_rules! opcodes {
    ($(#[$doc:meta])* $name:ident { $(($variant:ident, $text:literal, $opcode:tt, $bytes:literal);)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// All instructions of this kind, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in the text format.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The opcode in the binary format.
            #[must_use]
            pub const fn opcode(self) -> crate::opcode::Opcode {
                match self { $(Self::$variant => crate::opcode::opcode!($opcode),)* }
            }

            /// The instruction with this opcode, if there is one.
            #[must_use]
            pub const fn from_opcode(opcode: crate::opcode::Opcode) -> Option<Self> {
                match opcode {
                    $(crate::opcode::opcode!($opcode) => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Size of the access in bytes, which is its natural alignment.
            #[must_use]
            pub const fn access_size(self) -> u32 {
                match self { $(Self::$variant => $bytes,)* }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}
use opcodes;
