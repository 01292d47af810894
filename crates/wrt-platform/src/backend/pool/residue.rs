//! Whether the pages that a slot keeps are worth keeping.
//!
//! A kept page that the next user writes again saves a page fault. One that it does not write is
//! compared in vain, and finding out costs a scan. What a slot's users do tends to stay the same, so
//! each slot judges by its last uses: what some have saved, others may spend. One that has nothing
//! left waits before it tries again, each time longer unless the last try has saved something: a
//! slot never costs much more than dropping its pages would.

/// In units of one page fault with what it takes to drop the page again: what a scan costs beyond
/// dropping, and how many kept pages can be compared for one.
const SCAN_COST: usize = 1;
const COMPARED_FOR_ONE: usize = 12;

/// What good uses may leave for bad ones, in the same units, and what a new try starts with.
const MOST_CREDIT: usize = 64;
const FIRST_CREDIT: u16 = 10;

/// Uses to wait after the first mistake and after many.
const FIRST_WAIT: u16 = 16;
const LONGEST_WAIT: u16 = 1024;

/// What is known of the pages that a slot keeps.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Residue {
    /// Pages that were written and are kept, erased.
    pub(super) kept: u32,
    /// What former uses have saved.
    credit: u16,
    /// Uses left in which pages are dropped without a look.
    wait: u16,
    /// How long the next wait is.
    next_wait: u16,
}

impl Residue {
    /// Nothing is kept and nothing known.
    pub(super) const UNKNOWN: Self = Self { kept: 0, credit: 0, wait: 0, next_wait: 0 };

    /// What is under the pages has changed: nothing that was learnt holds. Pages may be kept still.
    pub(super) const fn forget(&mut self) {
        *self = Self { kept: self.kept, ..Self::UNKNOWN };
    }

    /// Whether to drop all pages now, without a look. To be asked once for every use.
    pub(super) fn drops_unseen(&mut self) -> bool {
        let waits = self.wait > 0;
        self.wait = self.wait.saturating_sub(1);
        waits
    }

    /// Learns from a use that left `written` pages, kept ones among them, of which `changed` were
    /// not as they should be. All of them are kept now.
    pub(super) fn learn(&mut self, written: usize, changed: usize) {
        let before = self.kept as usize;
        self.kept = u32::try_from(written).unwrap_or(u32::MAX);
        if before == 0 {
            self.credit = FIRST_CREDIT;
            return;
        }
        // Pages that were not kept have cost a fault and have changed.
        let again = changed.saturating_sub(written.saturating_sub(before));
        let cost = SCAN_COST + written / COMPARED_FOR_ONE;
        match (usize::from(self.credit) + again).checked_sub(cost) {
            Some(left) => self.credit = left.min(MOST_CREDIT) as u16,
            None => return self.regret(),
        }
        if self.credit > FIRST_CREDIT {
            self.next_wait = 0;
        }
    }

    /// All pages were dropped, after a look if `looked`: there were more than a slot may keep.
    pub(super) fn dropped(&mut self, looked: bool) {
        self.kept = 0;
        if looked {
            self.regret();
        }
    }

    fn regret(&mut self) {
        self.credit = 0;
        self.next_wait = (self.next_wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT);
        self.wait = self.next_wait;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses of a slot that leave so many pages, of which so many were written; gives how many of
    /// `uses` looked.
    fn looks(uses: usize, mut each: impl FnMut(usize, usize) -> (usize, usize)) -> usize {
        let mut residue = Residue::default();
        let mut looked = 0;
        for number in 0..uses {
            if residue.drops_unseen() {
                residue.dropped(false);
                continue;
            }
            looked += 1;
            let (written, changed) = each(number, residue.kept as usize);
            residue.learn(written, changed);
        }
        looked
    }

    #[test]
    fn users_that_write_the_same_pages_are_looked_at_always() {
        assert_eq!(looks(1000, |_, _| (4, 4)), 1000);
        assert_eq!(looks(1000, |_, _| (256, 256)), 1000);
    }

    #[test]
    fn a_large_user_pays_for_small_ones() {
        let by_turns = |number: usize, kept: usize| {
            let pages = if number.is_multiple_of(2) { 1 } else { 64 };
            (kept.max(pages), pages)
        };
        assert_eq!(looks(1000, by_turns), 1000);
        assert_eq!(looks(1000, |number, kept| by_turns(number + 1, kept)), 1000);
        // But not for long.
        let looked = looks(1000, |number, kept| (kept.max(64), if number < 2 { 64 } else { 1 }));
        assert!(looked < 50, "{looked}");
    }

    #[test]
    fn users_that_write_others_each_time_are_looked_at_ever_less() {
        let looked = looks(10_000, |_, kept| (kept + 8, 8));
        assert!(looked < 80, "{looked}");
    }

    /// Now and then such users hit a kept page, which must not make up for all the others.
    #[test]
    fn users_that_write_at_random_are_looked_at_ever_less() {
        for pages in [8, 16] {
            let (mut written, mut seed) = ([false; 256], 1_u64);
            let looked = looks(20_000, |_, kept| {
                if kept == 0 {
                    written = [false; 256];
                }
                for _ in 0..pages {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    written[(seed >> 56) as usize] = true;
                }
                (written.iter().filter(|page| **page).count(), pages)
            });
            assert!(looked < 250, "{pages} pages: {looked}");
        }
    }

    #[test]
    fn a_slot_that_was_unlucky_learns_again() {
        let looked =
            looks(10_000, |number, kept| if number < 100 { (kept + 1, 1) } else { (3, 3) });
        assert!(looked > 9_000, "{looked}");
    }
}
