//! Record of one memory, and its layout in words.

use core::array;
use core::ops::Range;

use super::entry::Words;
use crate::fault::extent::MemoryExtent;
use crate::name::MemoryName;

/// The record of one memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::fault) struct Record {
    pub(in crate::fault) extent: MemoryExtent,
    pub(in crate::fault) protected: Protected,
    pub(in crate::fault) name: MemoryName,
}

/// Protected ranges as offsets from the base, `(start, end)`; unused ones are empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::fault) struct Protected([(usize, usize); Self::RANGES]);

impl Protected {
    pub(super) const RANGES: usize = 8;
    pub(super) const NONE: Self = Self([(0, 0); Self::RANGES]);

    pub(super) fn new(ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut kept = Self::NONE;
        let lost = ranges.into_iter().filter(|range| !range.is_empty());
        for (used, range) in lost.enumerate() {
            let place = used.min(Self::RANGES - 1);
            if let Some((start, end)) = kept.0.get_mut(place) {
                let hull = if used < Self::RANGES {
                    range
                } else {
                    range.start.min(*start)..range.end.max(*end)
                };
                (*start, *end) = (hull.start, hull.end);
            }
        }
        kept
    }
}

const NAME_WORDS: usize = MemoryName::BYTES.div_ceil(size_of::<usize>());
const EXTENT_WORDS: usize = 5;
const PROTECTED_WORDS: usize = 2 * Protected::RANGES;

/// Words of a record.
pub(super) const WORDS: usize = EXTENT_WORDS + PROTECTED_WORDS + NAME_WORDS;

impl Record {
    /// A memory that covers no address.
    pub(super) const NONE: Self = Self {
        extent: MemoryExtent { base: 0, len: 0, capacity: 0, guard_before: 0, guard_after: 0 },
        protected: Protected::NONE,
        name: MemoryName::NONE,
    };

    pub(super) fn to_words(self) -> [usize; WORDS] {
        let MemoryExtent { base, len, capacity, guard_before, guard_after } = self.extent;
        let extent = [base, len, capacity, guard_before, guard_after];
        let protected = self.protected.0.into_iter().flat_map(|(start, end)| [start, end]);
        let bytes = self.name.to_bytes();
        let name = bytes.chunks(size_of::<usize>()).map(|chunk| {
            let mut word = [0; size_of::<usize>()];
            word.iter_mut().zip(chunk).for_each(|(slot, byte)| *slot = *byte);
            usize::from_ne_bytes(word)
        });
        let mut words = extent.into_iter().chain(protected).chain(name);
        array::from_fn(|_| words.next().unwrap_or_default())
    }
}

/// A record in an entry. Torn words give a wrong record, and nothing worse.
#[derive(Clone, Copy)]
pub(in crate::fault) struct Recorded<'a>(pub(super) &'a Words<WORDS>);

impl Recorded<'_> {
    pub(in crate::fault) fn extent(self) -> MemoryExtent {
        let word = |index| self.0.get(index);
        MemoryExtent {
            base: word(0),
            len: word(1),
            capacity: word(2),
            guard_before: word(3),
            guard_after: word(4),
        }
    }

    /// Whether the byte at this offset from the base is protected.
    pub(in crate::fault) fn protects(self, wasm_address: i64) -> bool {
        let Ok(offset) = usize::try_from(wasm_address) else { return false };
        (0..Protected::RANGES).any(|range| {
            let (start, end) = self.protected(range);
            start <= offset && offset < end
        })
    }

    fn protected(self, range: usize) -> (usize, usize) {
        let first = EXTENT_WORDS + 2 * range;
        (self.0.get(first), self.0.get(first + 1))
    }

    pub(in crate::fault) fn name(self) -> MemoryName {
        let mut bytes = [0; MemoryName::BYTES];
        for (index, slots) in bytes.chunks_mut(size_of::<usize>()).enumerate() {
            let word = self.0.get(EXTENT_WORDS + PROTECTED_WORDS + index).to_ne_bytes();
            slots.iter_mut().zip(word).for_each(|(slot, byte)| *slot = byte);
        }
        MemoryName::from_bytes(bytes)
    }

    /// A copy of the record, for the entry's owner.
    pub(super) fn read(self) -> Record {
        let protected = Protected(array::from_fn(|range| self.protected(range)));
        Record { extent: self.extent(), protected, name: self.name() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::registry::entry::Entry;

    #[test]
    fn words_keep_everything() {
        let extent =
            MemoryExtent { base: 1, len: 2, capacity: 3, guard_before: 4, guard_after: usize::MAX };
        let protected = Protected::new([0..7, 9..11, 20..21]);
        let name = MemoryName::new("a name of forty-seven bytes, all of them kept.!");
        let record = Record { extent, protected, name };
        let entry = Entry::new();
        entry.write(record.to_words());
        assert_eq!(Recorded(entry.own()).read(), record);
        assert_eq!(Record::NONE.to_words(), [0; WORDS]);
    }

    #[test]
    fn ranges_beyond_those_kept_apart_are_joined() {
        let none: [Range<usize>; 0] = [];
        assert_eq!(Protected::new(none), Protected::NONE);
        let many = Protected::new([
            0..1,
            5..5,
            2..3,
            4..5,
            6..7,
            8..9,
            10..11,
            20..21,
            30..31,
            40..41,
            25..26,
        ]);
        let entry = Entry::new();
        entry.write(Record { protected: many, ..Record::NONE }.to_words());
        let recorded = Recorded(entry.own());
        let inside: std::vec::Vec<i64> = (-1..50).filter(|at| recorded.protects(*at)).collect();
        let joined = 25..41;
        assert_eq!(
            inside,
            [0, 2, 4, 6, 8, 10, 20].into_iter().chain(joined).collect::<std::vec::Vec<_>>()
        );
    }
}
