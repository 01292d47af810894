//! Byte counts that carry their invariants, so that no code checks them again.

use core::fmt;

use crate::count::Count;
use crate::protection::Protection;

/// Page size of a backend, the unit in which it commits and protects memory: a power of two, in
/// bytes.
///
/// 4, 16 or 64 KiB on systems with an MMU; backends without one state their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostPage(usize);

impl HostPage {
    /// 4 KiB, the page of backends that have no host.
    pub const SMALLEST: Self = Self(4096);

    /// A page of `bytes` bytes, or `None` unless that is a power of two.
    #[must_use]
    pub const fn new(bytes: usize) -> Option<Self> {
        if bytes.is_power_of_two() && bytes <= isize::MAX as usize {
            Some(Self(bytes))
        } else {
            None
        }
    }

    /// The size of the page in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }

    /// The smallest whole number of pages that holds `bytes` bytes, or `None` when the host
    /// could not address it (more than `isize::MAX` bytes).
    #[must_use]
    pub const fn round_up(self, bytes: u64) -> Option<HostBytes> {
        let mask = self.0 as u64 - 1;
        let Some(padded) = bytes.checked_add(mask) else { return None };
        let rounded = padded & !mask;
        if rounded > isize::MAX as u64 { None } else { Some(HostBytes(rounded as usize)) }
    }

    /// The largest whole number of pages within `bytes` bytes, at most `isize::MAX`.
    #[must_use]
    pub const fn round_down(self, bytes: u64) -> HostBytes {
        let most = isize::MAX as u64;
        let capped = if bytes < most { bytes } else { most };
        HostBytes((capped & !(self.0 as u64 - 1)) as usize)
    }
}

/// A number of bytes that is a whole number of [`HostPage`]s and at most `isize::MAX`.
///
/// Only [`HostPage`] constructs it, so a value can be passed to the host without another check.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct HostBytes(usize);

impl HostBytes {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// The count in bytes.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// The count in bytes as `u64`, the type of sizes in public signatures.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0 as u64
    }

    /// `self - other`, or no bytes if `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum, or `None` above `isize::MAX`.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) if sum <= isize::MAX as usize => Some(Self(sum)),
            _ => None,
        }
    }
}

impl fmt::Display for HostBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Count(self.as_u64(), "byte").fmt(f)
    }
}

/// A run of whole host pages inside a reservation: `start..start + len`, counted from its base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostRange {
    /// Bytes from the base to the first byte.
    pub start: HostBytes,
    /// Bytes in the range.
    pub len: HostBytes,
}

impl HostRange {
    /// No pages.
    pub const EMPTY: Self = Self { start: HostBytes::ZERO, len: HostBytes::ZERO };

    /// The first byte past the range.
    #[must_use]
    pub const fn end(self) -> HostBytes {
        HostBytes(self.start.0 + self.len.0)
    }

    /// The intersection of both ranges.
    #[must_use]
    pub const fn overlap(self, other: Self) -> Self {
        let start = if self.start.0 > other.start.0 { self.start } else { other.start };
        let (one, two) = (self.end(), other.end());
        let end = if one.0 < two.0 { one } else { two };
        Self { start, len: end.saturating_sub(start) }
    }
}

/// A range of whole pages inside a reservation, and its rights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostRights {
    /// The pages.
    pub range: HostRange,
    /// The rights of each page.
    pub protection: Protection,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_power_of_two() {
        assert!(HostPage::new(0).is_none());
        assert!(HostPage::new(4095).is_none());
        assert_eq!(HostPage::new(65536).map(HostPage::bytes), Some(65536));
    }

    #[test]
    fn rounding_reaches_the_next_page_and_never_wraps() {
        let page = HostPage::SMALLEST;
        assert_eq!(page.round_up(0), Some(HostBytes::ZERO));
        assert_eq!(page.round_up(1).map(HostBytes::get), Some(4096));
        assert_eq!(page.round_up(4096).map(HostBytes::get), Some(4096));
        assert_eq!(page.round_up(u64::MAX), None);
        assert_eq!(page.round_up(isize::MAX as u64), None);
        assert_eq!(page.round_down(8191).get(), 4096);
        assert_eq!(page.round_down(u64::MAX).get(), isize::MAX as usize & !4095);
    }
}
