//! What the registry knows of one memory, and how it is laid out in words.

use core::array;
use core::ops::Range;

use crate::fault::extent::MemoryExtent;
use crate::name::MemoryName;

/// All that is known of one memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::fault) struct Record {
    pub(in crate::fault) extent: MemoryExtent,
    pub(in crate::fault) protected: Protected,
    pub(in crate::fault) name: MemoryName,
}

/// Offsets from the base that have lost rights: `(start, end)`, empty where not used.
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

    pub(in crate::fault) fn contains(&self, wasm_address: i64) -> bool {
        usize::try_from(wasm_address)
            .is_ok_and(|offset| self.0.iter().any(|(start, end)| (*start..*end).contains(&offset)))
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

    /// The extent alone, for those who may not need the rest.
    pub(super) fn extent(word: impl Fn(usize) -> usize) -> MemoryExtent {
        MemoryExtent {
            base: word(0),
            len: word(1),
            capacity: word(2),
            guard_before: word(3),
            guard_after: word(4),
        }
    }

    /// The record in these words. Torn words give a wrong record, and no worse.
    pub(super) fn from_words(word: impl Fn(usize) -> usize) -> Self {
        let protected = array::from_fn(|range| {
            let first = EXTENT_WORDS + 2 * range;
            (word(first), word(first + 1))
        });
        let name: [[u8; size_of::<usize>()]; NAME_WORDS] =
            array::from_fn(|index| word(EXTENT_WORDS + PROTECTED_WORDS + index).to_ne_bytes());
        let mut bytes = name.into_iter().flatten();
        let name = MemoryName::from_bytes(array::from_fn(|_| bytes.next().unwrap_or_default()));
        Self { extent: Self::extent(word), protected: Protected(protected), name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_everything() {
        let extent =
            MemoryExtent { base: 1, len: 2, capacity: 3, guard_before: 4, guard_after: usize::MAX };
        let protected = Protected::new([0..7, 9..11, 20..21]);
        let name = MemoryName::new("a name of forty-seven bytes, all of them kept.!");
        let record = Record { extent, protected, name };
        let words = record.to_words();
        assert_eq!(Record::from_words(|index| words[index]), record);
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
        let inside: std::vec::Vec<i64> = (-1..50).filter(|at| many.contains(*at)).collect();
        let joined = 25..41;
        assert_eq!(
            inside,
            [0, 2, 4, 6, 8, 10, 20].into_iter().chain(joined).collect::<std::vec::Vec<_>>()
        );
    }
}
