//! A name for diagnostics, stored in place so that it needs no allocator.

use core::fmt;

/// Up to [`Name::CAPACITY`] bytes of text; longer names are cut at a character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    len: u8,
    text: [u8; Self::CAPACITY],
}

impl Name {
    pub(crate) const CAPACITY: usize = 47;

    pub(crate) fn new(name: &str) -> Self {
        let len = name.floor_char_boundary(Self::CAPACITY);
        let mut text = [0; Self::CAPACITY];
        for (slot, byte) in text.iter_mut().zip(name.bytes().take(len)) {
            *slot = byte;
        }
        Self { len: len as u8, text }
    }

    pub(crate) fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.len)).unwrap_or_default();
        // It was cut at a character, so it is UTF-8.
        str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_at_a_character() {
        assert_eq!(Name::new("heap").as_str(), "heap");
        assert_eq!(Name::new("").as_str(), "");
        let long = "x".repeat(46) + "é";
        assert_eq!(Name::new(&long).as_str(), "x".repeat(46));
    }
}
