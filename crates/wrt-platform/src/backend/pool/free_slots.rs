//! Lists of free slots, from which several threads take at once.
//!
//! There are a few shards, each with a lock that is held for a few instructions and never across a
//! system call. A thread holds one of the locks, or takes all of them in the order of the shards.
//! It looks first in the shard of its CPU, where the bytes of returned slots may still be in the
//! caches. Within a shard, slots are found by their last image. Unused slots are divided among the
//! shards too, in runs, so that threads use slots far apart: neighbours would share page tables,
//! and the host's locks on them.

use alloc::boxed::Box;
use core::ops::DerefMut;

use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

/// Lookup key of slots: a number for their image, [`PLAIN`] for none. Two images may have the same
/// number, so the taker of a slot compares the image.
pub(super) type ImageKey = usize;

/// Slots without an image.
pub(super) const PLAIN: ImageKey = 0;

/// Quality of a taken slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Match {
    /// Its last memory had an image of the requested key.
    Same,
    /// It was never used before.
    Fresh,
    /// Its last memory had another image.
    Other,
}

const SHARDS: usize = 8;
const BUCKETS: usize = 16;

/// The most entries of a bucket to search for a key.
const SEARCHED: usize = 16;

/// The end of a list.
const NONE: u32 = u32::MAX;

/// A slot's link in a list. Read and written under the lock of the slot's shard, on a separate
/// cache line.
#[repr(align(64))]
struct Node {
    next: AtomicU32,
    key: AtomicUsize,
}

/// A shard, on separate cache lines.
#[repr(align(128))]
struct Shard {
    /// The first slot of each bucket.
    heads: Mutex<[u32; BUCKETS]>,
    /// The first unused slot of this shard's run, and the end of the run.
    fresh: AtomicUsize,
    end: usize,
}

pub(super) struct FreeSlots {
    nodes: Box<[Node]>,
    shards: [Shard; SHARDS],
}

impl FreeSlots {
    /// Lists of `slots` slots, all free and unused; `None` if there is no memory for the lists, or
    /// the number exceeds 32 bits.
    pub(super) fn new(slots: usize) -> Option<Self> {
        let mut nodes = alloc::vec::Vec::new();
        nodes.try_reserve_exact(slots).ok()?;
        nodes.resize_with(slots, || Node {
            next: AtomicU32::new(NONE),
            key: AtomicUsize::new(PLAIN),
        });
        let nodes = (slots < NONE as usize).then(|| nodes.into_boxed_slice())?;
        let run = slots.div_ceil(SHARDS);
        let shards = core::array::from_fn(|index| Shard {
            heads: Mutex::new([NONE; BUCKETS]),
            fresh: AtomicUsize::new(index * run),
            end: ((index + 1) * run).min(slots),
        });
        Some(Self { nodes, shards })
    }

    /// Takes a slot, preferably one whose last image has `key`. `cpu` is the caller's CPU. `None`
    /// if there was a moment at which no slot was free.
    pub(super) fn take(&self, cpu: usize, key: ImageKey) -> Option<(usize, Match)> {
        let same = || self.find(cpu, |shard| self.pop_key(&mut shard.heads.lock(), key));
        let other = || self.find(cpu, |shard| self.pop_any(&mut shard.heads.lock()));
        same()
            .map(|slot| (slot, Match::Same))
            .or_else(|| self.find(cpu, Shard::take_fresh).map(|slot| (slot, Match::Fresh)))
            .or_else(|| other().map(|slot| (slot, Match::Other)))
            .or_else(|| self.take_last(key))
    }

    /// Takes a slot after each shard in turn seemed empty. Other threads may have returned slots to
    /// shards already searched and taken the rest, so this holds all locks while it searches. No
    /// unused slot is left.
    #[cold]
    fn take_last(&self, key: ImageKey) -> Option<(usize, Match)> {
        let mut all = self.lock_all();
        let slot = all.iter_mut().find_map(|heads| self.pop_any(heads))?;
        let same = self.nodes.get(slot).is_some_and(|node| node.key.load(Relaxed) == key);
        Some((slot, if same { Match::Same } else { Match::Other }))
    }

    /// Takes the lock of every shard.
    pub(super) fn lock_all(&self) -> [impl DerefMut<Target = [u32; BUCKETS]>; SHARDS] {
        self.shards.each_ref().map(|shard| shard.heads.lock())
    }

    /// Takes a slot whose last image has `key`, anywhere in the lists.
    pub(super) fn take_key(&self, cpu: usize, key: ImageKey) -> Option<usize> {
        self.find(cpu, |shard| {
            let mut heads = shard.heads.lock();
            self.pop_key(&mut heads, key).or_else(|| {
                self.bring_forward(&mut heads, key);
                self.pop_key(&mut heads, key)
            })
        })
    }

    /// Returns a slot that was taken.
    pub(super) fn put(&self, cpu: usize, slot: usize, key: ImageKey) {
        let (Some(node), Some(shard)) = (self.nodes.get(slot), self.shards.get(cpu % SHARDS))
        else {
            return;
        };
        let mut heads = shard.heads.lock();
        if let Some(head) = heads.get_mut(bucket(key)) {
            node.key.store(key, Relaxed);
            node.next.store(*head, Relaxed);
            // `new` has checked that the number of slots fits 32 bits.
            *head = slot as u32;
        }
    }

    /// Searches every shard, first the one of `cpu`.
    fn find(&self, cpu: usize, look: impl FnMut(&Shard) -> Option<usize>) -> Option<usize> {
        let order = (0..SHARDS).map(|step| (cpu + step) % SHARDS);
        order.filter_map(|index| self.shards.get(index)).find_map(look)
    }

    /// Unlinks the first slot with this key, if it is near the head of its list.
    fn pop_key(&self, heads: &mut [u32; BUCKETS], key: ImageKey) -> Option<usize> {
        let head = heads.get_mut(bucket(key))?;
        let mut before: Option<&Node> = None;
        let mut slot = *head;
        for _ in 0..SEARCHED {
            let node = self.nodes.get(slot as usize)?;
            let next = node.next.load(Relaxed);
            if node.key.load(Relaxed) == key {
                match before {
                    Some(before) => before.next.store(next, Relaxed),
                    None => *head = next,
                }
                return Some(slot as usize);
            }
            before = Some(node);
            slot = next;
        }
        None
    }

    /// Moves the slots with this key to the head of their list, where the search finds them.
    fn bring_forward(&self, heads: &mut [u32; BUCKETS], key: ImageKey) {
        let Some(head) = heads.get_mut(bucket(key)) else { return };
        let (mut first, mut last): (u32, Option<&Node>) = (NONE, None);
        let mut before: Option<&Node> = None;
        let mut slot = *head;
        while let Some(node) = self.nodes.get(slot as usize) {
            let next = node.next.load(Relaxed);
            if node.key.load(Relaxed) == key {
                match before {
                    Some(before) => before.next.store(next, Relaxed),
                    None => *head = next,
                }
                node.next.store(first, Relaxed);
                first = slot;
                last = last.or(Some(node));
            } else {
                before = Some(node);
            }
            slot = next;
        }
        if let Some(last) = last {
            last.next.store(*head, Relaxed);
            *head = first;
        }
    }

    fn pop_any(&self, heads: &mut [u32; BUCKETS]) -> Option<usize> {
        let head = heads.iter_mut().find(|head| **head != NONE)?;
        let slot = *head as usize;
        *head = self.nodes.get(slot)?.next.load(Relaxed);
        Some(slot)
    }
}

impl Shard {
    fn take_fresh(&self) -> Option<usize> {
        let within = |next: usize| (next < self.end).then_some(next + 1);
        self.fresh.fetch_update(Relaxed, Relaxed, within).ok()
    }
}

/// The list for a key: one for slots without an image, the others for images. Keys are addresses,
/// whose low bits carry little information.
const fn bucket(key: ImageKey) -> usize {
    if key == PLAIN { 0 } else { 1 + (key >> 6 ^ key >> 12 ^ key >> 20) % (BUCKETS - 1) }
}

#[cfg(all(test, wrt_loom))]
#[path = "free_slots_models.rs"]
mod models;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_slot_with_the_same_image_comes_first() {
        let free = FreeSlots::new(4).unwrap();
        let (a, b) = (0x1000, 0x7f00_1000);
        for expected in 0..3 {
            assert_eq!(free.take(0, a), Some((expected, Match::Fresh)));
        }
        free.put(0, 0, a);
        free.put(5, 1, b);
        free.put(0, 2, PLAIN);
        assert_eq!(free.take(0, b), Some((1, Match::Same)), "in another shard");
        assert_eq!(free.take(0, a), Some((0, Match::Same)));
        assert_eq!(free.take(0, b), Some((3, Match::Fresh)));
        assert_eq!(free.take(0, b), Some((2, Match::Other)));
        assert_eq!(free.take(0, b), None);
    }

    #[test]
    fn a_slot_is_found_by_its_image_wherever_it_is() {
        let free = FreeSlots::new(100).unwrap();
        let (image, other) = (0x40, 0x40 + BUCKETS * 64 - 64);
        assert_eq!(bucket(image), bucket(other));
        assert_eq!(free.take_key(0, image), None, "no slot was ever used");
        assert!((0..100).all(|_| free.take(0, PLAIN).is_some()));
        for slot in 0..100 {
            free.put(slot % 3, slot, if slot % 10 == 4 { image } else { other });
        }
        let mut found: Vec<_> = core::iter::from_fn(|| free.take_key(1, image)).collect();
        found.sort_unstable();
        assert!(found.iter().copied().eq((4..100).step_by(10)), "{found:?}");
        let others = core::iter::from_fn(|| free.take_key(2, other)).count();
        assert_eq!((others, free.take(0, PLAIN)), (90, None), "slots were lost");
    }

    #[test]
    fn cpus_take_slots_that_lie_apart_as_long_as_there_are_any() {
        let free = FreeSlots::new(80).unwrap();
        assert_eq!(free.take(0, PLAIN), Some((0, Match::Fresh)));
        assert_eq!(free.take(1, PLAIN), Some((10, Match::Fresh)));
        assert_eq!(free.take(SHARDS, PLAIN), Some((1, Match::Fresh)));
        let rest: Vec<_> = (0..77).map(|_| free.take(7, PLAIN).unwrap().0).collect();
        assert_eq!((rest[0], rest[10], rest[76]), (70, 2, 69));
        assert_eq!(free.take(7, PLAIN), None);
    }

    #[test]
    fn lists_hold_what_was_put_into_them() {
        const SLOTS: usize = 200;
        let free = FreeSlots::new(SLOTS).unwrap();
        let mut taken: Vec<_> = (0..SLOTS).map(|_| free.take(3, PLAIN).unwrap().0).collect();
        let mut seed = 5_u64;
        for _ in 0..50_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = (seed >> 40) as usize % 9 * 0x1040;
            let cpu = (seed >> 50) as usize % 11;
            if seed >> 63 == 0 && !taken.is_empty() {
                let slot = taken.swap_remove((seed >> 20) as usize % taken.len());
                free.put(cpu, slot, key);
            } else if let Some((slot, _)) = free.take(cpu, key) {
                assert!(!taken.contains(&slot), "{slot} was given out twice");
                taken.push(slot);
            }
        }
        while let Some((slot, _)) = free.take(0, PLAIN) {
            taken.push(slot);
        }
        taken.sort_unstable();
        assert!(taken.iter().copied().eq(0..SLOTS), "slots were lost");
    }

    #[test]
    fn threads_never_share_a_slot() {
        const SLOTS: usize = 12;
        let free = Arc::new(FreeSlots::new(SLOTS).unwrap());
        let owners: Arc<Vec<AtomicUsize>> =
            Arc::new((0..SLOTS).map(|_| AtomicUsize::new(0)).collect());
        let threads: Vec<_> = (1..=4)
            .map(|me| {
                let (free, owners) = (Arc::clone(&free), Arc::clone(&owners));
                std::thread::spawn(move || {
                    for round in 0..20_000 {
                        let Some((slot, _)) = free.take(round, round % 3 * 64) else { continue };
                        assert_eq!(owners[slot].swap(me, Relaxed), 0);
                        assert_eq!(owners[slot].swap(0, Relaxed), me);
                        free.put(round + me, slot, round % 5 * 64);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
