//! The registry while it changes.

use core::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::vec::Vec;

use super::*;
use crate::fault::{FaultKind, FaultReport, FaultSignal};

const SEGV: FaultSignal = FaultSignal::Segmentation(2);

fn extent(base: usize, len: usize) -> MemoryExtent {
    MemoryExtent { base, len, capacity: 0x1_0000, guard_before: 0x1000, guard_after: 0x1000 }
}

/// Addresses for one test, where nothing is ever mapped.
const fn place(test: usize) -> usize {
    0x4000_0000 + (test << 26)
}

#[test]
fn a_memory_is_found_from_its_registration_to_its_end() {
    let _slots = SLOTS.read();
    let base = place(0);
    assert_eq!(FaultReport::classify(base, SEGV), None);
    let mut memory = FaultRegistration::new(Some("heap"), extent(base, 0x1000)).unwrap();
    let kind = |offset: usize| FaultReport::classify(base + offset, SEGV).unwrap().kind;
    assert_eq!(kind(0x2000), FaultKind::BeyondLength);
    memory.set_len(0x3000);
    assert_eq!(kind(0x2000), FaultKind::Accessible);
    memory.set_protected([0x2000..0x3000, 0x3800..0x3900]);
    assert_eq!(kind(0x2000), FaultKind::Protected);
    assert_eq!(kind(0x1fff), FaultKind::Accessible);
    memory.set_len(0x4000);
    assert_eq!(kind(0x2000), FaultKind::Protected, "a new length is no new right");
    let report = FaultReport::classify(base - 1, SEGV).unwrap();
    assert_eq!((report.name.as_str(), report.wasm_address, report.len), ("heap", -1, 0x4000));
    memory.set_extent(extent(base + 0x10_0000, 0x1000));
    assert_eq!(FaultReport::classify(base, SEGV), None);
    assert!(FaultReport::classify(base + 0x10_0000, SEGV).is_some());
    drop(memory);
    assert_eq!(FaultReport::classify(base + 0x10_0000, SEGV), None);
}

#[test]
fn neighbours_that_share_a_guard_are_told_apart() {
    let _slots = SLOTS.read();
    let base = place(1);
    let second = base + 0x1_1000;
    let _low = FaultRegistration::new(Some("low"), extent(base, 0)).unwrap();
    let _high = FaultRegistration::new(Some("high"), extent(second, 0)).unwrap();
    let owner = |address| FaultReport::classify(address, SEGV).unwrap().name;
    assert_eq!(owner(base + 0x1_0001).as_str(), "low");
    assert_eq!(owner(second - 1).as_str(), "high");
    assert_eq!(owner(second).as_str(), "high");
}

#[test]
fn tags_do_not_count() {
    if !cfg!(target_arch = "aarch64") {
        assert_eq!(without_tag(usize::MAX), usize::MAX, "here no bit of an address is a tag");
        return;
    }
    let _slots = SLOTS.read();
    let (base, tag) = (place(2), 0x0b_usize.rotate_right(8));
    let _memory = FaultRegistration::new(Some("tagged"), extent(base | tag, 0x1000)).unwrap();
    let signal = FaultSignal::Segmentation(FaultSignal::SYNCHRONOUS_TAG);
    let report = FaultReport::classify(base | tag.rotate_left(1), signal).unwrap();
    assert_eq!((report.kind, report.address), (FaultKind::TagMismatch, base));
}

/// Number of memories for the tests: several chunks, or only the first.
#[cfg(feature = "alloc")]
const LIMIT: usize = 5 * CHUNK;
#[cfg(not(feature = "alloc"))]
const LIMIT: usize = CHUNK;

#[test]
fn entries_are_used_again_and_more_are_made() {
    let _all_slots = SLOTS.write();
    let base = place(3);
    for _ in 0..3 {
        let made = (0..LIMIT).map_while(|index| {
            FaultRegistration::new(None, extent(base + index * 0x2_0000, 0x1000)).ok()
        });
        let mut made: Vec<_> = made.collect();
        assert_eq!(made.len(), LIMIT);
        if LIMIT == CHUNK {
            let error = FaultRegistration::new(None, extent(base, 1)).unwrap_err();
            assert_eq!(error.kind, AllocErrorKind::RegistryFull);
        }
        for (index, _) in made.iter().enumerate() {
            let at = base + index * 0x2_0000 + 0x1000;
            assert_eq!(FaultReport::classify(at, SEGV).unwrap().distance, 0);
        }
        made.clear();
        assert_eq!(FaultReport::classify(base, SEGV), None);
    }
}

/// A record mixed from two would have a length that does not match its name.
#[test]
fn readers_see_one_record_while_it_changes() {
    let _slots = SLOTS.read();
    let base = place(4);
    let stop = AtomicBool::new(false);
    let changes = 30_000;
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0_usize;
                    while !stop.load(Ordering::Relaxed) {
                        let Some(report) = FaultReport::classify(base + 0xf000, SEGV) else {
                            continue;
                        };
                        let len = report.name.as_str().len() as u64 * 0x100;
                        assert!(report.len == len, "{report:?}");
                        assert_eq!(report.distance, 0xf000 - len);
                        seen += 1;
                    }
                    seen
                })
            })
            .collect();
        // Each registration has another name and length; the entry is reused each time.
        for change in 0..changes {
            let name = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMN";
            let len = change % MemoryName::CAPACITY + 1;
            let memory = FaultRegistration::new(name.get(..len), extent(base, len * 0x100));
            drop(memory.unwrap());
        }
        // Both threads make progress on any number of processors.
        let memory = FaultRegistration::new(Some("seen"), extent(base, 0x400)).unwrap();
        thread::sleep(core::time::Duration::from_millis(200));
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
        drop(memory);
    });
}

/// The state for a signal handler that interrupts the thread that changes a record.
#[test]
fn a_change_that_is_half_done_is_in_nobodys_way() {
    let _slots = SLOTS.read();
    let base = place(5);
    let mut memory = FaultRegistration::new(Some("half"), extent(base, 0x1000)).unwrap();
    memory.set_len(0x2000);
    let half = Record { extent: extent(base, 0x7000), ..memory.read() };
    memory.entry.begin_write(half.to_words());
    assert_eq!(FaultReport::classify(base, SEGV).unwrap().len, 0x2000);
    memory.set_len(0x3000);
    assert_eq!(FaultReport::classify(base, SEGV).unwrap().len, 0x3000);
}

/// If another thread was registering a memory at the fork, which this thread imitates, the child
/// can change records and find memories, but not register any.
#[cfg(all(unix, feature = "std"))]
#[test]
fn a_child_may_change_records_and_not_make_them() {
    use crate::sys::forked::{Forked, in_child};

    let _slots = SLOTS.read();
    let base = place(6);
    let mut memory = FaultRegistration::new(Some("parent's"), extent(base, 0x1000)).unwrap();
    let _held = REGISTRY.free.lock();
    let ended = in_child(20, || {
        memory.set_len(0x2000);
        assert_eq!(FaultReport::classify(base, SEGV).unwrap().len, 0x2000);
    });
    assert_eq!(ended, Forked::Done);
    let register = || drop(FaultRegistration::new(None, extent(base, 0x1000)));
    assert_eq!(in_child(1, register), Forked::Hung);
}
