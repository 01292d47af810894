//! Types of memories (core specification, "Memory Types"; the memory64 and custom-page-sizes
//! proposals).

use core::fmt;

/// The type of a memory's addresses and sizes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IndexType {
    /// 32-bit addresses.
    I32,
    /// 64-bit addresses.
    I64,
}

impl IndexType {
    /// Bits of an address.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::I32 => 32,
            Self::I64 => 64,
        }
    }

    /// The value that `memory.grow` returns on failure: -1 in this type.
    #[must_use]
    pub const fn minus_one(self) -> u64 {
        match self {
            Self::I32 => u32::MAX as u64,
            Self::I64 => u64::MAX,
        }
    }
}

/// The size of a memory's pages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum PageSize {
    /// 1 byte: the size of the memory can be any number of bytes.
    One,
    /// 64 KiB, the page of WebAssembly 1.0.
    #[default]
    Wasm,
}

impl PageSize {
    /// The page of `1 << log2` bytes, if memories can have it.
    #[must_use]
    pub const fn from_log2(log2: u32) -> Option<Self> {
        match log2 {
            0 => Some(Self::One),
            16 => Some(Self::Wasm),
            _ => None,
        }
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        1 << self.log2()
    }

    /// The binary logarithm of the size in bytes.
    #[must_use]
    pub const fn log2(self) -> u32 {
        match self {
            Self::One => 0,
            Self::Wasm => 16,
        }
    }
}

/// A number of pages that a [`MemoryType`] allows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WasmPages {
    count: u64,
    page: PageSize,
}

impl WasmPages {
    /// The number of pages.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.count
    }

    /// The number of bytes. 2^64 bytes, which the specification allows and no host has, saturate to
    /// `u64::MAX`.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.count.saturating_mul(self.page.bytes())
    }
}

/// The type of a memory: minimum, maximum, page size and index type, always a valid combination.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    index: IndexType,
    page: PageSize,
    minimum: u64,
    maximum: Option<u64>,
}

/// The rule that a memory type breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InvalidMemoryType {
    /// The minimum is above what the index type can address.
    MinimumTooLarge {
        /// Pages requested.
        minimum: u64,
        /// The most pages possible.
        limit: u64,
    },
    /// The maximum is above what the index type can address.
    MaximumTooLarge {
        /// Pages requested.
        maximum: u64,
        /// The most pages possible.
        limit: u64,
    },
    /// The maximum is below the minimum.
    MaximumBelowMinimum {
        /// The minimum in pages.
        minimum: u64,
        /// The maximum in pages.
        maximum: u64,
    },
}

impl fmt::Display for InvalidMemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinimumTooLarge { minimum, limit } => {
                write!(f, "memory minimum of {minimum} pages exceeds the limit of {limit} pages")
            }
            Self::MaximumTooLarge { maximum, limit } => {
                write!(f, "memory maximum of {maximum} pages exceeds the limit of {limit} pages")
            }
            Self::MaximumBelowMinimum { minimum, maximum } => {
                write!(f, "memory maximum of {maximum} pages is below its minimum of {minimum}")
            }
        }
    }
}

impl core::error::Error for InvalidMemoryType {}

impl MemoryType {
    /// A memory of `minimum` pages that may grow to `maximum` pages.
    ///
    /// # Errors
    ///
    /// When the sizes exceed what the index type can address or contradict each other.
    ///
    /// ```
    /// use wrt_runtime::{IndexType, MemoryType, PageSize};
    ///
    /// let tiny = MemoryType::new(IndexType::I32, PageSize::One, 100, Some(1000))?;
    /// assert_eq!(tiny.limit().bytes(), 1000);
    /// assert!(MemoryType::wasm32(65537, None).is_err());
    /// # Ok::<(), wrt_runtime::InvalidMemoryType>(())
    /// ```
    pub const fn new(
        index: IndexType,
        page: PageSize,
        minimum: u64,
        maximum: Option<u64>,
    ) -> Result<Self, InvalidMemoryType> {
        let limit = Self::most_pages(index, page);
        if minimum > limit {
            return Err(InvalidMemoryType::MinimumTooLarge { minimum, limit });
        }
        match maximum {
            Some(maximum) if maximum > limit => {
                Err(InvalidMemoryType::MaximumTooLarge { maximum, limit })
            }
            Some(maximum) if maximum < minimum => {
                Err(InvalidMemoryType::MaximumBelowMinimum { minimum, maximum })
            }
            _ => Ok(Self { index, page, minimum, maximum }),
        }
    }

    /// A memory of WebAssembly 1.0: 32-bit addresses, pages of 64 KiB.
    ///
    /// # Errors
    ///
    /// As [`MemoryType::new`].
    pub const fn wasm32(minimum: u64, maximum: Option<u64>) -> Result<Self, InvalidMemoryType> {
        Self::new(IndexType::I32, PageSize::Wasm, minimum, maximum)
    }

    /// A memory with 64-bit addresses and pages of 64 KiB.
    ///
    /// # Errors
    ///
    /// As [`MemoryType::new`].
    pub const fn wasm64(minimum: u64, maximum: Option<u64>) -> Result<Self, InvalidMemoryType> {
        Self::new(IndexType::I64, PageSize::Wasm, minimum, maximum)
    }

    /// The most pages that the specification allows for such a memory: the whole address range, but
    /// no more than the index type can count.
    #[must_use]
    pub const fn most_pages(index: IndexType, page: PageSize) -> u64 {
        match (index, page) {
            (IndexType::I32, PageSize::One) => u32::MAX as u64,
            (IndexType::I32, PageSize::Wasm) => 1 << 16,
            (IndexType::I64, PageSize::One) => u64::MAX,
            (IndexType::I64, PageSize::Wasm) => 1 << 48,
        }
    }

    /// The index type.
    #[must_use]
    pub const fn index_type(&self) -> IndexType {
        self.index
    }

    /// The page size.
    #[must_use]
    pub const fn page_size(&self) -> PageSize {
        self.page
    }

    /// The minimum in pages: the size of a new memory.
    #[must_use]
    pub const fn minimum(&self) -> u64 {
        self.minimum
    }

    /// The declared maximum in pages.
    #[must_use]
    pub const fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// The minimum.
    #[must_use]
    pub const fn initial(&self) -> WasmPages {
        WasmPages { count: self.minimum, page: self.page }
    }

    /// The declared maximum, or the limit of the specification.
    #[must_use]
    pub const fn limit(&self) -> WasmPages {
        let count = match self.maximum {
            Some(maximum) => maximum,
            None => Self::most_pages(self.index, self.page),
        };
        WasmPages { count, page: self.page }
    }

    /// `count` pages, unless that is more than [`limit`](Self::limit).
    #[must_use]
    pub const fn pages(&self, count: u64) -> Option<WasmPages> {
        if count <= self.limit().count { Some(WasmPages { count, page: self.page }) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_specification() {
        use IndexType::{I32, I64};
        use PageSize::{One, Wasm};
        let accepts = |index, page, pages| MemoryType::new(index, page, 0, Some(pages)).is_ok();
        assert!(accepts(I32, Wasm, 65536) && !accepts(I32, Wasm, 65537));
        assert!(accepts(I32, One, 0xFFFF_FFFF) && !accepts(I32, One, 1 << 32));
        assert!(accepts(I64, Wasm, 1 << 48) && !accepts(I64, Wasm, (1 << 48) + 1));
        assert!(accepts(I64, One, u64::MAX));
    }

    #[test]
    fn an_error_names_the_rule_and_the_sizes() {
        let below = MemoryType::wasm32(3, Some(2)).unwrap_err();
        assert_eq!(
            alloc::format!("{below}"),
            "memory maximum of 2 pages is below its minimum of 3"
        );
        let large = MemoryType::wasm32(65537, None).unwrap_err();
        let text = "memory minimum of 65537 pages exceeds the limit of 65536 pages";
        assert_eq!(alloc::format!("{large}"), text);
    }

    #[test]
    fn the_largest_64_bit_memory_does_not_overflow() {
        assert_eq!(MemoryType::wasm64(0, None).unwrap().limit().bytes(), u64::MAX);
    }
}
