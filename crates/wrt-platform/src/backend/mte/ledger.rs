//! Ledger of the tags of address ranges, current and last, from which a new tag must differ.
//!
//! A process has one ledger, since memories of different allocators can be neighbours.

use alloc::vec::Vec;
use core::ops::Range;

use spin::mutex::SpinMutex;

use super::tag::{Tag, TagSet};

/// A range of addresses, without tag bits, and its state.
#[derive(Clone, Debug)]
struct Entry {
    start: usize,
    end: usize,
    /// The tag of the memory in the range, or of the last one there.
    tag: Tag,
    /// Tags before that one, which pointers to the range may still carry.
    earlier: TagSet,
    /// Whether a live memory has the range.
    live: bool,
}

/// Reason for refusing a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// Every tag is the last one of some part of the range, or that of a neighbour.
    NoTag,
    /// No memory for the ledger itself.
    OutOfMemory,
}

/// The ranges of live memories, and of released ones until another memory takes them.
///
/// - **M1** `entries` are in the order of their addresses, not empty, and do not overlap.
/// - **M2** The tag given to a range differs from the last tag of every part of it, and from those
///   of the nearest live ranges below and above.
///
/// As far as there are tags left, it also differs from earlier ones of the range, then from those
/// of more live ranges, the nearest first: of up to fifteen memories at addresses without a past,
/// no two have the same.
pub(super) struct Ledger {
    entries: Vec<Entry>,
}

/// The ledger of this process. Entries of released ranges stay, so its size is bounded by the
/// address space ever used, not by the number of memories ever created.
pub(super) static LEDGER: SpinMutex<Ledger> = SpinMutex::new(Ledger::new());

impl Ledger {
    const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Assigns a tag to a new live range, which no live range overlaps. `choose` picks one of a
    /// set.
    pub(super) fn claim(
        &mut self,
        range: Range<usize>,
        choose: impl FnOnce(TagSet) -> Option<Tag>,
    ) -> Result<Tag, Refusal> {
        // The range itself, and the two ends of an entry that it lies within.
        self.entries.try_reserve(2).map_err(|_| Refusal::OutOfMemory)?;
        let first = self.entries.partition_point(|entry| entry.end <= range.start);
        let past = self.entries.partition_point(|entry| entry.start < range.end);
        let (mut last, mut earlier) = (TagSet::NONE, TagSet::NONE);
        for old in self.entries.get(first..past).unwrap_or_default() {
            last = last.with(old.tag);
            earlier = earlier.union(old.earlier);
        }
        let allowed = self.allowed(first, past, last, earlier).ok_or(Refusal::NoTag)?;
        let tag = choose(allowed).ok_or(Refusal::NoTag)?;
        let earlier = remembered(earlier, last);
        let new = Entry { start: range.start, end: range.end, tag, earlier, live: true };
        self.replace(first..past, new);
        Ok(tag)
    }

    /// Replaces the entries at `old` by `new`; their parts on either side of it stay.
    fn replace(&mut self, old: Range<usize>, new: Entry) {
        let below = self.entries.get(old.start).filter(|_| !old.is_empty()).cloned();
        let above = old.end.checked_sub(1).and_then(|last| self.entries.get(last));
        let above = above.filter(|_| !old.is_empty()).cloned();
        let below = below.filter(|entry| entry.start < new.start);
        let above = above.filter(|entry| entry.end > new.end);
        let below = below.map(|entry| Entry { end: new.start, ..entry });
        let above = above.map(|entry| Entry { start: new.end, ..entry });
        self.entries.drain(old.clone());
        for piece in [above, Some(new), below].into_iter().flatten() {
            self.entries.insert(old.start, piece);
        }
    }

    /// Assigns another tag to the live range from `start`.
    pub(super) fn retag(
        &mut self,
        start: usize,
        choose: impl FnOnce(TagSet) -> Option<Tag>,
    ) -> Option<Tag> {
        let index = self.find(start)?;
        let old = self.entries.get(index)?;
        let last = TagSet::NONE.with(old.tag);
        let earlier = old.earlier;
        let tag = choose(self.allowed(index, index + 1, last, earlier)?)?;
        let entry = self.entries.get_mut(index)?;
        entry.earlier = remembered(earlier, last);
        entry.tag = tag;
        Some(tag)
    }

    /// Releases the range from `start`, and keeps its tag in the ledger.
    pub(super) fn release(&mut self, start: usize) {
        if let Some(entry) = self.find(start).and_then(|index| self.entries.get_mut(index)) {
            entry.live = false;
        }
    }

    fn find(&self, start: usize) -> Option<usize> {
        self.entries.binary_search_by_key(&start, |entry| entry.start).ok()
    }

    /// The tags that the range of the entries `first..past` may get. `None` if there is none.
    fn allowed(&self, first: usize, past: usize, last: TagSet, earlier: TagSet) -> Option<TagSet> {
        let live = |entry: &&Entry| entry.live;
        let mut below = self.entries.iter().take(first).rev().filter(live).map(|entry| entry.tag);
        let mut above = self.entries.iter().skip(past).filter(live).map(|entry| entry.tag);
        let one = |tag: Option<Tag>| tag.map_or(TagSet::NONE, |tag| TagSet::NONE.with(tag));
        let neighbours = one(below.next()).union(one(above.next()));
        let allowed = TagSet::ALL.without(last.union(neighbours));
        if allowed.is_empty() {
            return None;
        }
        let mut allowed = allowed.rather_without(earlier);
        // Fifteen ranges on each side include all tags, or all ranges.
        for _ in 0..15 {
            allowed = allowed.rather_without(one(below.next()));
            allowed = allowed.rather_without(one(above.next()));
        }
        Some(allowed)
    }
}

/// The tags to avoid besides the current one. When all have been used, only the last ones count.
fn remembered(earlier: TagSet, last: TagSet) -> TagSet {
    let all = earlier.union(last);
    if all == TagSet::ALL { last } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowest(allowed: TagSet) -> Option<Tag> {
        allowed.iter().next()
    }

    /// Checks M1, and the part of M2 that is visible afterwards.
    fn check(ledger: &Ledger) {
        for pair in ledger.entries.windows(2) {
            assert!(pair[0].end <= pair[1].start, "{pair:?}");
        }
        assert!(ledger.entries.iter().all(|entry| entry.start < entry.end));
    }

    fn live_tags(ledger: &Ledger) -> Vec<Tag> {
        ledger.entries.iter().filter(|entry| entry.live).map(|entry| entry.tag).collect()
    }

    #[test]
    fn fifteen_memories_have_fifteen_tags() {
        let mut ledger = Ledger::new();
        for index in [5, 1, 9, 2, 14, 0, 3, 11, 7, 13, 10, 6, 8, 4, 12] {
            ledger.claim(index * 10..index * 10 + 10, lowest).unwrap();
            check(&ledger);
        }
        let tags = live_tags(&ledger);
        let all = tags.iter().fold(TagSet::NONE, |all, tag| all.with(*tag));
        assert_eq!((tags.len(), all.iter().count()), (15, 15));
    }

    #[test]
    fn a_range_forgets_no_tag_that_it_had_last() {
        let mut ledger = Ledger::new();
        for index in 0..6 {
            ledger.claim(index * 10..index * 10 + 10, lowest).unwrap();
        }
        let old = live_tags(&ledger);
        (0..6).for_each(|index| ledger.release(index * 10));
        let new = ledger.claim(5..45, lowest).unwrap();
        check(&ledger);
        assert!(!old[..5].contains(&new), "{new:?} was the tag of a part");
        // The uncovered ends of the old entries are still known.
        assert_eq!(ledger.entries.len(), 4);
        assert_eq!((ledger.entries[0].end, ledger.entries[2].start), (5, 45));
        let within = ledger.claim(52..54, lowest).unwrap();
        check(&ledger);
        assert_ne!(within, old[5]);
        assert_eq!(ledger.entries.len(), 6);
    }

    #[test]
    fn a_range_with_every_tag_in_its_past_is_refused() {
        let mut ledger = Ledger::new();
        for index in 0..40 {
            ledger.claim(index * 10..index * 10 + 10, lowest).unwrap();
        }
        (0..40).for_each(|index| ledger.release(index * 10));
        let before = ledger.entries.len();
        assert_eq!(ledger.claim(0..400, lowest), Err(Refusal::NoTag));
        assert_eq!(ledger.entries.len(), before, "a refusal changes nothing");
        assert!(ledger.claim(1000..1400, lowest).is_ok());
    }

    #[test]
    fn resets_come_back_to_a_tag_as_late_as_they_can() {
        let mut ledger = Ledger::new();
        let mut seen = TagSet::NONE.with(ledger.claim(0..10, lowest).unwrap());
        for reset in 1..15 {
            let tag = ledger.retag(0, lowest).unwrap();
            assert!(!seen.contains(tag), "{tag:?} is back after {reset} resets");
            seen = seen.with(tag);
        }
        let last = ledger.entries[0].tag;
        assert_ne!(ledger.retag(0, lowest), Some(last));
        assert_eq!(ledger.retag(7, lowest), None);
    }

    #[test]
    fn neighbours_differ_whatever_comes_and_goes() {
        let mut ledger = Ledger::new();
        let mut seed = 3_u64;
        let mut live = [false; 64];
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let slot = (seed >> 58) as usize;
            let start = slot * 100;
            let last = ledger.find(start).map(|index| ledger.entries[index].tag);
            let pick =
                |allowed: TagSet| allowed.iter().nth((seed >> 40) as usize % 2).or(lowest(allowed));
            if !live[slot] {
                let size = 1 + (seed >> 33) as usize % 100;
                let tag = ledger.claim(start..start + size, pick).unwrap();
                assert_ne!(Some(tag), last);
            } else if seed >> 20 & 1 == 0 {
                assert_ne!(ledger.retag(start, pick), last);
            } else {
                ledger.release(start);
                live[slot] = false;
                continue;
            }
            live[slot] = true;
            check(&ledger);
            let index = ledger.find(start).unwrap();
            let tag = ledger.entries[index].tag;
            let above = ledger.entries[index + 1..].iter().find(|entry| entry.live);
            let below = ledger.entries[..index].iter().rev().find(|entry| entry.live);
            for neighbour in [above, below].into_iter().flatten() {
                assert_ne!(neighbour.tag, tag);
            }
        }
    }
}
