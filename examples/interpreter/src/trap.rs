//! Traps, and reports of their location.

use core::fmt;

use wrt_runtime::Trap;

/// Kind of a trap. `Display` is the specification's wording.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrapKind {
    /// The `unreachable` instruction.
    Unreachable,
    /// An access beyond the end of a memory, or another trap a memory raises.
    Memory(Trap),
    /// An access beyond the end of a table.
    TableOutOfBounds,
    /// `call_indirect` beyond the end of a table.
    UndefinedElement,
    /// `call_indirect` of a null reference.
    UninitializedElement,
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch,
    /// Division or remainder by zero.
    IntegerDivideByZero,
    /// A quotient or a conversion that does not fit.
    IntegerOverflow,
    /// The conversion of NaN to an integer.
    InvalidConversionToInteger,
    /// Too many calls, or too many values, on the interpreter's stack.
    CallStackExhausted,
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::Memory(trap) => return trap.fmt(f),
            Self::TableOutOfBounds => "out of bounds table access",
            Self::UndefinedElement => "undefined element",
            Self::UninitializedElement => "uninitialized element",
            Self::IndirectCallTypeMismatch => "indirect call type mismatch",
            Self::IntegerDivideByZero => "integer divide by zero",
            Self::IntegerOverflow => "integer overflow",
            Self::InvalidConversionToInteger => "invalid conversion to integer",
            Self::CallStackExhausted => "call stack exhausted",
        })
    }
}

impl From<Trap> for TrapKind {
    fn from(trap: Trap) -> Self {
        Self::Memory(trap)
    }
}

/// A function of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionRef {
    /// Its index in the module, imports counted.
    pub index: u32,
    /// Its name, if the module has a name section.
    pub name: Option<String>,
}

impl fmt::Display for FunctionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}"),
            None => write!(f, "function {}", self.index),
        }
    }
}

/// The access that a memory refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryAccess {
    /// The memory's index in the module.
    pub memory: u32,
    /// The memory's name, if it has one.
    pub memory_name: Option<String>,
    /// The first byte accessed: address plus offset, which may need 65 bits.
    pub address: u128,
    /// Size of the access in bytes.
    pub size: u64,
    /// Size of the memory in bytes.
    pub memory_bytes: u64,
}

impl fmt::Display for MemoryAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, size, memory_bytes, .. } = self;
        let unit = if *size == 1 { "byte" } else { "bytes" };
        write!(f, "{size} {unit} at address {address:#x} of a memory of {memory_bytes} bytes")
    }
}

/// Report of a trap. `Display` is one line.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapReport {
    /// The kind of trap.
    pub kind: TrapKind,
    /// The function; `None` if a host function trapped that the host itself called.
    pub function: Option<FunctionRef>,
    /// The offset of the instruction in the module's bytes.
    pub offset: Option<usize>,
    /// The access, for a trap raised by a memory.
    pub access: Option<MemoryAccess>,
}

impl TrapReport {
    pub(crate) fn bare(kind: TrapKind) -> Self {
        Self { kind, function: None, offset: None, access: None }
    }
}

impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        if let Some(access) = &self.access {
            write!(f, ": {access}")?;
        }
        write_place(f, self.function.as_ref(), self.offset)
    }
}

/// Writes a location, as the end of a line.
pub(crate) fn write_place(
    f: &mut fmt::Formatter<'_>,
    function: Option<&FunctionRef>,
    offset: Option<usize>,
) -> fmt::Result {
    if let Some(function) = function {
        write!(f, ", in {function}")?;
    }
    match offset {
        Some(offset) => write!(f, " at offset {offset:#x}"),
        None => Ok(()),
    }
}
