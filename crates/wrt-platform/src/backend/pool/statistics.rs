//! Counters of a pool, divided by CPU so that threads do not contend for cache lines.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::config::PoolStatistics;
use super::free_slots::Match;
use crate::units::HostPage;

/// The events that are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Count {
    Taken,
    Released,
    SameImage,
    ImageChanges,
    Untouched,
    InPlace,
    Dropped,
}

const COUNTS: usize = 7;
const STRIPES: usize = 8;

/// The counts of some CPUs, on separate cache lines.
#[derive(Default)]
#[repr(align(128))]
struct Stripe([AtomicUsize; COUNTS]);

#[derive(Default)]
pub(super) struct Counters {
    stripes: [Stripe; STRIPES],
    kept_pages: AtomicUsize,
    retired: AtomicUsize,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Counts on behalf of `cpu`.
    pub(super) fn count(&self, cpu: usize, what: Count) {
        let stripe = self.stripes.get(cpu % STRIPES);
        if let Some(counter) = stripe.and_then(|stripe| stripe.0.get(what as usize)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// Counts a slot that was taken.
    pub(super) fn taken(&self, cpu: usize, found: Match, image_changed: bool) {
        self.count(cpu, Count::Taken);
        if found != Match::Fresh {
            self.count(cpu, if image_changed { Count::ImageChanges } else { Count::SameImage });
        }
    }

    /// Counts the pages that a slot keeps: `new` instead of `old`.
    pub(super) fn keep(&self, old: u32, new: u32) {
        if old < new {
            self.kept_pages.fetch_add((new - old) as usize, Relaxed);
        } else if old > new {
            self.kept_pages.fetch_sub((old - new) as usize, Relaxed);
        }
    }

    /// Pages that all slots keep in total.
    pub(super) fn kept_pages(&self) -> usize {
        self.kept_pages.load(Relaxed)
    }

    pub(super) fn retire(&self) {
        self.retired.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self, slots: usize, page: HostPage) -> PoolStatistics {
        let sum = |what: Count| {
            let counters = self.stripes.iter().filter_map(|stripe| stripe.0.get(what as usize));
            counters.map(|counter| counter.load(Relaxed) as u64).sum::<u64>()
        };
        let live = sum(Count::Taken).saturating_sub(sum(Count::Released)) as usize;
        let retired = self.retired.load(Relaxed);
        PoolStatistics {
            live,
            free: slots.saturating_sub(live + retired),
            retired,
            reused: sum(Count::SameImage) + sum(Count::ImageChanges),
            same_image: sum(Count::SameImage),
            image_changes: sum(Count::ImageChanges),
            untouched: sum(Count::Untouched),
            in_place: sum(Count::InPlace),
            dropped: sum(Count::Dropped),
            kept_bytes: (self.kept_pages() * page.bytes()) as u64,
        }
    }
}
