//! Table of owners of an arena's runs, in whole pages, without access to its bytes.

/// A run of the arena that belongs to one memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    /// Bytes from the start of the arena.
    pub(super) start: usize,
    /// Bytes that no other memory may take.
    pub(super) held: usize,
    /// The most bytes that the memory may hold.
    pub(super) capacity: usize,
    /// Committed bytes.
    pub(super) committed: usize,
    /// Whether there is a canary right behind the committed bytes.
    pub(super) canary: bool,
}

impl Slot {
    pub(super) const fn held_end(&self) -> usize {
        self.start + self.held
    }

    /// Whether it may grow into free space behind its run.
    const fn elastic(&self) -> bool {
        self.capacity > self.held
    }
}

impl Slot {
    /// An unused entry of the table: all zeroes, so that an arena can lie in `.bss`.
    const UNUSED: Self = Self { start: 0, held: 0, capacity: 0, committed: 0, canary: false };
}

/// The runs of an arena, in order of their starts, in a fixed table, so that an arena needs no
/// allocator. The first `len` entries are in use.
pub(super) struct Slots<const MEMORIES: usize> {
    len: usize,
    table: [Slot; MEMORIES],
}

/// Reason for refusing a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// All entries of the table are in use.
    TableFull,
    /// No free run is large enough; the largest has this many bytes.
    LargestRun(usize),
}

/// A free run, and whether the memory before it may grow into it.
#[derive(Clone, Copy)]
struct Gap {
    start: usize,
    len: usize,
    behind_elastic: bool,
}

impl<const MEMORIES: usize> Slots<MEMORIES> {
    pub(super) const fn new() -> Self {
        Self { len: 0, table: [Slot::UNUSED; MEMORIES] }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.table.iter().take(self.len)
    }

    pub(super) fn at(&mut self, start: usize) -> Option<&mut Slot> {
        self.table.iter_mut().take(self.len).find(|slot| slot.start == start)
    }

    /// The free runs of an arena of `size` bytes, in order of address.
    fn gaps(&self, size: usize) -> impl Iterator<Item = Gap> {
        let ends = self.iter().map(|slot| slot.start).chain([size]);
        let starts = self.iter().map(|slot| (slot.held_end(), slot.elastic()));
        [(0, false)].into_iter().chain(starts).zip(ends).filter_map(
            |((start, behind_elastic), end)| {
                let len = end.checked_sub(start).filter(|len| *len > 0)?;
                Some(Gap { start, len, behind_elastic })
            },
        )
    }

    /// Takes a run for a memory of `initial` bytes that may grow to `maximum`.
    ///
    /// A maximum that fits is held from the start, at the end of the smallest run with enough room,
    /// which leaves the beginning of the run to the memory before it. With a larger maximum, a
    /// memory holds its initial bytes and may grow into the bytes that follow; it starts in the
    /// largest run, half-way if the memory before it may grow as well.
    pub(super) fn take(
        &mut self,
        size: usize,
        page: usize,
        initial: usize,
        maximum: usize,
    ) -> Result<Slot, Refusal> {
        if self.len == MEMORIES {
            return Err(Refusal::TableFull);
        }
        // Even a memory of no bytes holds a page, so that no two memories have the same base.
        let (initial, maximum) = (initial.max(page), maximum.max(page));
        let fitting = self.gaps(size).filter(|gap| gap.len >= maximum).min_by_key(|gap| gap.len);
        let slot = match fitting {
            Some(gap) => {
                let start =
                    if gap.behind_elastic { gap.start + gap.len - maximum } else { gap.start };
                Slot { start, held: maximum, capacity: maximum, committed: 0, canary: false }
            }
            None => self.place_elastic(size, page, initial, maximum)?,
        };
        self.insert(slot);
        Ok(slot)
    }

    fn place_elastic(
        &self,
        size: usize,
        page: usize,
        initial: usize,
        maximum: usize,
    ) -> Result<Slot, Refusal> {
        let room = |gap: &Gap| if gap.behind_elastic { gap.len / 2 } else { gap.len };
        let roomiest = self.gaps(size).filter(|gap| gap.len >= initial).max_by_key(room);
        let Some(gap) = roomiest else {
            let largest = self.gaps(size).map(|gap| gap.len).max().unwrap_or(0);
            return Err(Refusal::LargestRun(largest));
        };
        let end = gap.start + gap.len;
        let halfway = (gap.start + gap.len / 2) / page * page;
        let start = if gap.behind_elastic { halfway.min(end - initial) } else { gap.start };
        let capacity = maximum.min(size - start);
        Ok(Slot { start, held: initial, capacity, committed: 0, canary: false })
    }

    /// Extends the run of the memory at `start` to `bytes`, into free space behind it.
    ///
    /// # Errors
    ///
    /// The most bytes that it could hold.
    pub(super) fn hold(&mut self, size: usize, start: usize, bytes: usize) -> Result<(), usize> {
        let next = self.iter().map(|slot| slot.start).find(|other| *other > start).unwrap_or(size);
        let Some(slot) = self.at(start) else { return Err(0) };
        let possible = slot.capacity.min(next - start);
        if bytes > possible {
            return Err(possible);
        }
        slot.held = slot.held.max(bytes);
        Ok(())
    }

    /// Frees the run at `start`.
    pub(super) fn give_back(&mut self, start: usize) {
        let index = self.iter().position(|slot| slot.start == start);
        if let Some(tail) = index.and_then(|index| self.table.get_mut(index..self.len)) {
            tail.rotate_left(1);
            self.len -= 1;
        }
    }

    /// Inserts a run in order of its start. The table has room.
    fn insert(&mut self, slot: Slot) {
        let index = self.iter().take_while(|other| other.start < slot.start).count();
        if let Some(tail) = self.table.get_mut(index..=self.len) {
            tail.rotate_right(1);
            if let Some(first) = tail.first_mut() {
                *first = slot;
            }
            self.len += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    fn arena() -> Slots<4> {
        Slots::new()
    }

    #[test]
    fn a_maximum_that_fits_is_held_whole() {
        let mut slots = arena();
        let slot = slots.take(16 * PAGE, PAGE, PAGE, 4 * PAGE).unwrap();
        assert_eq!((slot.start, slot.held, slot.capacity), (0, 4 * PAGE, 4 * PAGE));
        assert_eq!(slots.hold(16 * PAGE, 0, 5 * PAGE), Err(4 * PAGE));
    }

    #[test]
    fn memories_without_a_fitting_maximum_share_what_is_free() {
        let size = 16 * PAGE;
        let mut slots = arena();
        let first = slots.take(size, PAGE, PAGE, usize::MAX).unwrap();
        let second = slots.take(size, PAGE, PAGE, usize::MAX).unwrap();
        assert_eq!((first.start, first.held), (0, PAGE));
        assert_eq!(second.start, 8 * PAGE, "half-way into what the first may grow into");
        assert_eq!(slots.hold(size, first.start, 8 * PAGE), Ok(()));
        assert_eq!(slots.hold(size, first.start, 9 * PAGE), Err(8 * PAGE));
        slots.give_back(second.start);
        assert_eq!(slots.hold(size, first.start, 9 * PAGE), Ok(()));
    }

    #[test]
    fn a_bounded_memory_leaves_room_to_a_growing_neighbour() {
        let size = 16 * PAGE;
        let mut slots = arena();
        slots.take(size, PAGE, PAGE, usize::MAX).unwrap();
        let bounded = slots.take(size, PAGE, PAGE, 2 * PAGE).unwrap();
        assert_eq!(bounded.start, 14 * PAGE);
        assert_eq!(slots.hold(size, 0, 14 * PAGE), Ok(()));
    }

    #[test]
    fn refusals_say_what_is_left() {
        let size = 4 * PAGE;
        let mut slots = arena();
        slots.take(size, PAGE, 3 * PAGE, 3 * PAGE).unwrap();
        let refused = slots.take(size, PAGE, 2 * PAGE, 2 * PAGE);
        assert_eq!(refused, Err(Refusal::LargestRun(PAGE)));
        slots.take(size, PAGE, PAGE, PAGE).unwrap();
        slots.take(size, PAGE, 0, 0).unwrap_err();
    }

    #[test]
    fn runs_never_overlap_whatever_is_taken_and_given_back() {
        let size = 64 * PAGE;
        let mut slots = arena();
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pages = (seed >> 33) as usize % 24;
            let victim = slots.iter().nth((seed >> 40) as usize % 4).map(|slot| slot.start);
            match ((seed >> 60) % 4, victim) {
                (0, Some(start)) => slots.give_back(start),
                (1, Some(start)) => drop(slots.hold(size, start, pages * PAGE)),
                (2, _) => drop(slots.take(size, PAGE, pages * PAGE, usize::MAX)),
                _ => drop(slots.take(size, PAGE, pages * PAGE, 2 * pages * PAGE)),
            }
            let mut end = 0;
            for slot in slots.iter() {
                assert!(slot.start >= end && slot.start % PAGE == 0, "{slot:?} after {end}");
                end = slot.held_end();
            }
            assert!(end <= size);
        }
    }
}
