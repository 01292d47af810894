//! Table of restricted ranges: a short list in order of address, in which adjacent ranges have
//! different rights.

use crate::protection::Protection;

/// A range `start..end`, in bytes from the base, with its remaining rights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Restricted {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) protection: Protection,
}

impl Restricted {
    const NOWHERE: Self = Self { start: 0, end: 0, protection: Protection::READ_WRITE };

    /// Whether a byte of `start..end` lies in the range.
    fn overlaps(&self, start: usize, end: usize) -> bool {
        self.start.max(start) < self.end.min(end)
    }
}

/// The restricted ranges of a memory. All other bytes are readable and writable.
#[derive(Clone, Copy, Debug)]
pub(super) struct RightsTable {
    len: usize,
    /// The first `len` are in use: not empty, in order, apart from each other, and never with the
    /// usual rights.
    ranges: [Restricted; Self::ROOM],
}

impl RightsTable {
    /// The most ranges that a memory may have.
    pub(super) const MOST: usize = 8;

    /// While a range changes, it is inaccessible and thus a separate range, even if it will merge
    /// with both of its neighbours.
    pub(super) const ROOM: usize = Self::MOST + 2;

    /// The table of a memory whose bytes are all readable and writable.
    pub(super) const EMPTY: &Self = &Self::new();

    pub(super) const fn new() -> Self {
        Self { len: 0, ranges: [Restricted::NOWHERE; Self::ROOM] }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there are more than [`MOST`](Self::MOST) ranges.
    pub(super) const fn is_too_long(&self) -> bool {
        self.len > Self::MOST
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Restricted> + Clone {
        self.ranges.iter().take(self.len)
    }

    /// The rights that all bytes of `start..end` have.
    pub(super) fn shared_by(&self, start: usize, end: usize) -> Protection {
        let overlapping = self.iter().filter(|range| range.overlaps(start, end));
        overlapping.fold(Protection::READ_WRITE, |all, range| all & range.protection)
    }

    /// The rights that at least one byte of `start..end` has.
    fn any_of(&self, start: usize, end: usize) -> Protection {
        let mut covered = start;
        let mut any = Protection::empty();
        for range in self.iter().filter(|range| range.overlaps(start, end)) {
            if covered < range.start {
                any |= Protection::READ_WRITE;
            }
            any |= range.protection;
            covered = range.end;
        }
        if covered < end { any | Protection::READ_WRITE } else { any }
    }

    /// The rights that pages at `start..end` need: those that any of their bytes has. A page that
    /// is writable is readable too, since an instruction that only writes may read: s390x clears
    /// bytes by an exclusive-or with themselves.
    pub(super) fn of_pages(&self, start: usize, end: usize) -> Protection {
        let any = self.any_of(start, end);
        if any.contains(Protection::WRITE) { any | Protection::READ } else { any }
    }

    /// The first offset past `from` at which a restricted range starts or ends.
    pub(super) fn next_change(&self, from: usize) -> usize {
        let edges = self.iter().flat_map(|range| [range.start, range.end]);
        edges.filter(|edge| *edge > from).min().unwrap_or(usize::MAX)
    }

    /// The table with `protection` on `start..end`, or `None` if it has no room for the ranges.
    pub(super) fn with(&self, start: usize, end: usize, protection: Protection) -> Option<Self> {
        let mut new = Self::new();
        let before = self.iter().filter(|range| range.start < start);
        for range in before.clone() {
            new.push(Restricted { end: range.end.min(start), ..*range })?;
        }
        new.push(Restricted { start, end, protection })?;
        for range in self.iter().filter(|range| range.end > end) {
            new.push(Restricted { start: range.start.max(end), ..*range })?;
        }
        Some(new)
    }

    /// Appends a range that starts where the last one ends or later.
    fn push(&mut self, range: Restricted) -> Option<()> {
        if range.start >= range.end || range.protection == Protection::READ_WRITE {
            return Some(());
        }
        let last = self.len.checked_sub(1).and_then(|last| self.ranges.get_mut(last));
        if let Some(last) = last
            && last.end == range.start
            && last.protection == range.protection
        {
            last.end = range.end;
            return Some(());
        }
        *self.ranges.get_mut(self.len)? = range;
        self.len += 1;
        Some(())
    }

    /// The number of readable and writable bytes from 0 on, and the largest run of such bytes below
    /// `len`. That run is not the one at 0 if there is another.
    pub(super) fn windows(&self, len: usize) -> (usize, core::ops::Range<usize>) {
        // Most memories have no such ranges, and some grow often.
        if self.is_empty() {
            return (len, 0..len);
        }
        let starts = [0].into_iter().chain(self.iter().map(|range| range.end.min(len)));
        let ends = self.iter().map(|range| range.start.min(len)).chain([len]);
        let mut runs = starts.zip(ends);
        let (_, open) = runs.next().unwrap_or((0, 0));
        let largest = runs.max_by_key(|(start, end)| end.saturating_sub(*start));
        match largest.filter(|(start, end)| start < end) {
            Some((start, end)) => (open, start..end),
            None => (open, 0..open),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const NONE: Protection = Protection::empty();
    const USUAL: Protection = Protection::READ_WRITE;

    /// A table and the rights of each byte, kept side by side.
    #[test]
    fn the_table_agrees_with_a_list_of_bytes() {
        const LEN: usize = 64;
        let code = Protection::READ | Protection::EXECUTE;
        let rights = [NONE, Protection::READ, USUAL, code];
        let (mut table, mut model) = (RightsTable::new(), [USUAL; LEN]);
        let mut seed = 7_u64;
        let mut refused = 0;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (a, b) = ((seed >> 33) as usize % LEN, (seed >> 43) as usize % (LEN + 1));
            // Short and long ranges alternate, so that the table sometimes fills up.
            let narrow = (a, (a + 2).min(LEN));
            let (start, end) = if seed >> 58 & 3 > 0 { narrow } else { (a.min(b), a.max(b)) };
            let protection = rights[(seed >> 60) as usize % 4];
            let new = table.with(start, end, protection).filter(|new| !new.is_too_long());
            let Some(new) = new else {
                refused += 1;
                (table, model) = (RightsTable::new(), [USUAL; LEN]);
                continue;
            };
            table = new;
            model[start..end].fill(protection);
            let probe = ((seed >> 20) as usize % LEN).min(start)..end.max(1);
            let expected = model[probe.clone()].iter().fold(USUAL, |all, one| all & *one);
            assert_eq!(table.shared_by(probe.start, probe.end), expected);
            let expected = model[probe.clone()].iter().fold(NONE, |any, one| any | *one);
            assert_eq!(table.any_of(probe.start, probe.end), expected);
            check_windows(&table, &model);
        }
        assert!(refused > 0, "the table was never full");
    }

    fn check_windows(table: &RightsTable, model: &[Protection]) {
        let (open, window) = table.windows(model.len());
        let first = model.iter().take_while(|one| **one == USUAL).count();
        assert_eq!(open, first);
        let mut runs = Vec::new();
        for (index, one) in model.iter().enumerate().skip(first) {
            match (*one == USUAL, runs.last_mut()) {
                (true, Some((_, end))) if *end == index => *end += 1,
                (true, _) => runs.push((index, index + 1)),
                _ => {}
            }
        }
        let longest = runs.iter().map(|(start, end)| end - start).max();
        match longest {
            None => assert_eq!(window, 0..open),
            Some(len) => {
                assert_eq!(window.len(), len);
                assert!(runs.contains(&(window.start, window.end)));
            }
        }
    }
}
