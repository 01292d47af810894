//! Allocation tags: four bits in an address, and for every 16 bytes of memory.

/// Position of the tag in an address: bits 56 to 59.
const SHIFT: u32 = 56;

/// The top byte, which the processor ignores when it translates an address.
const TOP_BYTE: usize = 0xff << SHIFT;

/// The tag of a memory, 1 to 15. Untagged memory has 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tag(u8);

impl Tag {
    /// The tag of a pointer, if it has one.
    pub(super) const fn of(address: usize) -> Option<Self> {
        match (address >> SHIFT) & 0xf {
            0 => None,
            tag => Some(Self(tag as u8)),
        }
    }

    /// The address with this tag.
    pub(super) const fn on(self, address: usize) -> usize {
        without_tag(address) | (self.0 as usize) << SHIFT
    }
}

/// The address without its tag, for calls to the host.
pub(super) const fn without_tag(address: usize) -> usize {
    address & !TOP_BYTE
}

/// A set of tags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TagSet(u16);

impl TagSet {
    pub(super) const NONE: Self = Self(0);

    /// All tags but 0.
    pub(super) const ALL: Self = Self(0xfffe);

    pub(super) const fn with(self, tag: Tag) -> Self {
        Self(self.0 | 1 << tag.0)
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn contains(self, tag: Tag) -> bool {
        self.0 & 1 << tag.0 != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set without `other`, unless that leaves nothing.
    pub(super) const fn rather_without(self, other: Self) -> Self {
        let rest = self.without(other);
        if rest.is_empty() { self } else { rest }
    }

    /// The tags of the set, one by one.
    pub(super) fn iter(self) -> impl Iterator<Item = Tag> {
        (1..16).map(Tag).filter(move |tag| self.contains(*tag))
    }

    /// One bit for each tag that is not in the set, as `irg` takes it.
    pub(super) const fn excluded(self) -> u64 {
        !self.0 as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_off_as_it_went_on() {
        let address = 0x7f12_3456_7000;
        assert_eq!(Tag::of(address), None);
        assert_eq!(TagSet::ALL.iter().count(), 15);
        for tag in TagSet::ALL.iter() {
            let tagged = tag.on(address);
            assert_eq!(Tag::of(tagged), Some(tag));
            assert_eq!(without_tag(tagged), address);
        }
        assert_eq!(Tag(3).on(Tag(12).on(address)), Tag(3).on(address));
    }

    #[test]
    fn a_wish_never_empties_a_set() {
        let two = TagSet::NONE.with(Tag(2)).with(Tag(9));
        assert_eq!(two.rather_without(TagSet::NONE.with(Tag(2))), TagSet::NONE.with(Tag(9)));
        assert_eq!(two.rather_without(TagSet::ALL), two);
        assert!(two.without(TagSet::ALL).is_empty());
        assert_eq!(two.excluded() & 0xffff, 0xffff & !(1 << 2 | 1 << 9));
    }
}
