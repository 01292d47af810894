//! Names for diagnostics, stored in place so that they need no allocator.

use core::fmt;

/// A name of up to [`MemoryName::CAPACITY`] bytes; longer names are truncated at a character
/// boundary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MemoryName {
    len: u8,
    text: [u8; Self::CAPACITY],
}

impl MemoryName {
    /// The most bytes of a name.
    pub const CAPACITY: usize = 47;

    /// No name.
    pub(crate) const NONE: Self = Self { len: 0, text: [0; Self::CAPACITY] };

    /// Bytes of a name in the form of [`to_bytes`](Self::to_bytes).
    pub(crate) const BYTES: usize = Self::CAPACITY + 1;

    /// The name, truncated to the capacity.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let len = name.floor_char_boundary(Self::CAPACITY);
        let mut text = [0; Self::CAPACITY];
        for (slot, byte) in text.iter_mut().zip(name.bytes().take(len)) {
            *slot = byte;
        }
        Self { len: len as u8, text }
    }

    /// The text, followed by its length.
    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [self.len; Self::BYTES];
        for (slot, byte) in bytes.iter_mut().zip(self.text) {
            *slot = byte;
        }
        bytes
    }

    /// The name in these bytes. Invalid bytes give some other name.
    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [text @ .., len] = bytes;
        Self { len, text }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.len)).unwrap_or_default();
        // The text was truncated at a character boundary, so it is UTF-8.
        str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Debug for MemoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_at_a_character() {
        assert_eq!(MemoryName::new("heap").as_str(), "heap");
        assert_eq!(MemoryName::new("").as_str(), "");
        let long = std::string::String::from("x").repeat(46) + "é";
        assert_eq!(MemoryName::new(&long).as_str(), "x".repeat(46));
    }
}
