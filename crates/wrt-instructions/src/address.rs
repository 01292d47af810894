//! Effective addresses: the sum of an address operand and a static offset.

use core::fmt;

use wrt_runtime::IndexType;

/// An address operand: `u32` or `i32` for memories with 32-bit addresses, `u64` or `i64` for 64-bit
/// ones. Signed operands, which many interpreters keep on their stacks, are read as unsigned, as in
/// the specification.
pub trait Address: Copy {
    /// The sum of this address and a static offset.
    ///
    /// A sum of 2^64 or more, which only 64-bit addresses reach, saturates to 2^64 - 1. No memory
    /// has that byte, so the access traps as required, without a second compare.
    fn effective(self, offset: u64) -> u64;
}

macro_rules! address {
    ($($type:ty: $unsigned:ident),*) => {$(
        impl Address for $type {
            #[inline(always)]
            fn effective(self, offset: u64) -> u64 {
                (self as $unsigned as u64).saturating_add(offset)
            }
        }
    )*};
}

address!(u32: u32, i32: u32, u64: u64, i64: u64);

/// The immediates of a memory access: static offset, alignment hint, memory index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct MemArg {
    offset: u64,
    memory: u32,
    align_log2: u32,
}

impl MemArg {
    /// A static offset in bytes, the binary logarithm of the alignment hint, and the index of
    /// the memory.
    #[must_use]
    pub const fn new(offset: u64, align_log2: u32, memory: u32) -> Self {
        Self { offset, memory, align_log2 }
    }

    /// A static offset into memory 0, with an alignment hint of one byte.
    #[inline(always)]
    #[must_use]
    pub const fn offset(offset: u64) -> Self {
        Self::new(offset, 0, 0)
    }

    /// The static offset in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn byte_offset(&self) -> u64 {
        self.offset
    }

    /// The index of the memory.
    #[must_use]
    pub const fn memory(&self) -> u32 {
        self.memory
    }

    /// The binary logarithm of the alignment hint.
    #[must_use]
    pub const fn align_log2(&self) -> u32 {
        self.align_log2
    }

    /// Checks the immediates of an access of `bytes` bytes, a power of two, to a memory with
    /// addresses of type `index`.
    pub(crate) const fn validate(
        self,
        bytes: u32,
        index: IndexType,
    ) -> Result<Self, InvalidOperation> {
        let natural = bytes.trailing_zeros();
        if self.align_log2 > natural {
            return Err(InvalidOperation::Alignment { align_log2: self.align_log2, natural });
        }
        if matches!(index, IndexType::I32) && self.offset > u32::MAX as u64 {
            return Err(InvalidOperation::Offset { offset: self.offset });
        }
        Ok(self)
    }
}

/// Invalid immediates, which no valid module has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InvalidOperation {
    /// The alignment hint is above the size of the access.
    Alignment {
        /// Binary logarithm of the hint.
        align_log2: u32,
        /// Binary logarithm of the size.
        natural: u32,
    },
    /// The offset is beyond what a 32-bit memory can address.
    Offset {
        /// The offset in bytes.
        offset: u64,
    },
    /// The lane is beyond the vector's lanes.
    Lane {
        /// The lane.
        lane: u8,
        /// Number of lanes of the vector.
        lanes: u8,
    },
}

impl fmt::Display for InvalidOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alignment { align_log2, natural } => write!(
                f,
                "alignment must not be larger than natural: 2^{align_log2} for an access of 2^{natural} bytes"
            ),
            Self::Offset { offset } => {
                write!(f, "offset out of range: {offset:#x} in a memory with 32-bit addresses")
            }
            Self::Lane { lane, lanes } => {
                write!(f, "invalid lane index: {lane} in a vector of {lanes} lanes")
            }
        }
    }
}

impl core::error::Error for InvalidOperation {}
