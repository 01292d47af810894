//! Policy for keeping the pages of idle slots.
//!
//! A kept page that the next memory writes again saves a page fault. A page that it does not write
//! is compared in vain, and finding out costs a scan. The memories of a slot tend to behave alike,
//! so each slot decides by its last uses: savings are credit for later costs. A slot without credit
//! waits before it tries again, each time longer unless the last try saved something. So a slot
//! never costs much more than dropping its pages would.

/// Costs in units of one page fault, including the later drop of the page: the cost of a scan
/// beyond dropping, and the number of kept pages that can be compared for one unit.
const SCAN_COST: usize = 1;
const COMPARED_FOR_ONE: usize = 12;

/// The most credit from good uses, in the same units, and the credit at the start of a new try.
const MOST_CREDIT: usize = 64;
const FIRST_CREDIT: u16 = 10;

/// Uses to wait after the first failure and after many.
const FIRST_WAIT: u16 = 16;
const LONGEST_WAIT: u16 = 1024;

/// State of the policy for one slot.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Residue {
    /// Pages that were written and are kept, erased.
    pub(super) kept: u32,
    /// Savings of former uses.
    credit: u16,
    /// Remaining uses in which pages are dropped without a scan.
    wait: u16,
    /// Length of the next wait.
    next_wait: u16,
}

impl Residue {
    /// Nothing is kept and nothing known.
    pub(super) const UNKNOWN: Self = Self { kept: 0, credit: 0, wait: 0, next_wait: 0 };

    /// Resets the policy after the contents under the pages changed. Pages may still be kept.
    pub(super) const fn forget(&mut self) {
        *self = Self { kept: self.kept, ..Self::UNKNOWN };
    }

    /// Whether to drop all pages now, without a scan. Called once for every use.
    pub(super) fn drops_unseen(&mut self) -> bool {
        let waits = self.wait > 0;
        self.wait = self.wait.saturating_sub(1);
        waits
    }

    /// Learns from a use that left `written` pages, including kept ones, of which `changed`
    /// differed from the initial contents. All of them are kept now.
    pub(super) fn learn(&mut self, written: usize, changed: usize) {
        let before = self.kept as usize;
        self.kept = u32::try_from(written).unwrap_or(u32::MAX);
        if before == 0 {
            self.credit = FIRST_CREDIT;
            return;
        }
        // Pages that were not kept have cost a fault and are among the changed ones.
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

    /// Learns that all pages were dropped; if `looked`, after a scan that found more than a slot
    /// may keep.
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

    /// Runs `uses` uses of a slot, for which `each` gives the written and the changed pages;
    /// returns the number of scans.
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

    /// Such users sometimes hit a kept page, which must not outweigh all the misses.
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
