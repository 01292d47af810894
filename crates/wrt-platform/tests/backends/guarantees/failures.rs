//! Exact faults after operations that fail: they hold, or the memory is empty.

use core::num::NonZeroU64;

use wrt_platform::{
    AllocErrorKind, Capabilities, PageAllocator, Protection, Region, ReserveRequest,
    for_each_backend,
};
use wrt_testkit::FaultyAllocator;

use super::stray::Stray;

const UNIT: u64 = 64 << 10;

fn request() -> ReserveRequest<'static> {
    let unit = NonZeroU64::new(UNIT).unwrap();
    ReserveRequest::new(2 * UNIT, 16 * UNIT).unit(unit).reservation(1 << 26)
}

/// Checks that faults are exact, and that the committed bytes are the accessible ones.
fn expect_exact<P: PageAllocator>(region: &Region<P>, pages: u64) {
    assert!(region.guarantees().faults_exactly);
    assert_eq!(region.len() as u64, pages * UNIT);
    assert_eq!(region.committed().as_u64(), pages * UNIT, "committed beyond the length");
    region.verify().unwrap();
}

fn expect_zeroes<P: PageAllocator>(region: &Region<P>) {
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0));
}

/// A growth that fails half-way and cannot be undone empties the memory; a reset restores it.
fn unrestored_growth(allocator: impl PageAllocator) {
    let stray = Stray::new(allocator);
    let mut region = Region::new(&stray, &request()).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    stray.fail(1, 0);
    let refused = region.grow_to(5 * UNIT).unwrap_err();
    assert!(matches!(refused.kind, AllocErrorKind::Unrestored(_)), "{refused}");
    expect_exact(&region, 0);
    assert!(region.load::<1>(0).is_err() && region.grow_to(2 * UNIT).is_err());
    region.reset().unwrap();
    expect_exact(&region, 2);
    expect_zeroes(&region);
    region.grow_to(5 * UNIT).unwrap();
    expect_exact(&region, 5);
    expect_zeroes(&region);
}

/// If a memory does not guarantee exact faults, the same failure changes nothing.
fn unrestored_growth_of_others(allocator: impl PageAllocator) {
    if !allocator.capabilities().contains(Capabilities::STABLE_BASE) {
        // A block that moves is committed as a whole or not at all.
        return;
    }
    let stray = Stray::new(allocator);
    let unit = NonZeroU64::MIN;
    let mut region = Region::new(&stray, &request().unit(unit)).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    stray.fail(1, 0);
    region.grow_to(5 * UNIT).unwrap_err();
    assert!(!region.guarantees().faults_exactly);
    assert_eq!((region.len() as u64, region.committed().as_u64()), (2 * UNIT, 2 * UNIT));
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0xB6));
    region.verify().unwrap();
    region.grow_to(5 * UNIT).unwrap();
    assert!(region.slice(2 * UNIT, 3 * UNIT).unwrap().iter().all(|byte| *byte == 0));
}

/// If the host refuses even to close the whole memory, the guarantee ends and the memory is empty.
/// A successful reset restores both.
fn nothing_can_be_closed(allocator: impl PageAllocator) {
    let stray = Stray::new(allocator);
    let mut region = Region::new(&stray, &request()).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    stray.fail(1, 1);
    region.grow_to(5 * UNIT).unwrap_err();
    assert!(region.is_empty() && !region.guarantees().faults_exactly);
    region.reset().unwrap();
    expect_exact(&region, 2);
    expect_zeroes(&region);
}

/// A failed reset closes all bytes; a second one restores the memory.
fn failed_reset(allocator: impl PageAllocator) {
    let stray = Stray::new(allocator);
    let mut region = Region::new(&stray, &request()).unwrap();
    for round in 1..4 {
        region.grow_to(5 * UNIT).unwrap();
        region.data_mut().unwrap().fill(0xB6);
        stray.fail(0, 1);
        region.reset().unwrap_err();
        expect_exact(&region, 0);
        region.reset().unwrap();
        expect_exact(&region, 2);
        expect_zeroes(&region);
        region.grow_to((2 + round) * UNIT).unwrap();
        expect_zeroes(&region);
    }
}

/// An inaccessible prefix over bytes of a growth: if they cannot be closed, they must neither be
/// accessible nor stay committed.
fn failed_prefix(allocator: impl PageAllocator) {
    if !allocator.capabilities().contains(Capabilities::PROTECT) {
        return;
    }
    let faulty = FaultyAllocator::new(allocator);
    let request = request().inaccessible_prefix(4 * UNIT);
    let mut region = Region::new(&faulty, &request).unwrap();
    expect_exact(&region, 2);
    // The second call closes the part of the prefix that the first one commits.
    faulty.fail_once(2);
    region.grow_to(5 * UNIT).unwrap_err();
    expect_exact(&region, 0);
    region.reset().unwrap();
    expect_exact(&region, 2);
    region.grow_to(5 * UNIT).unwrap();
    expect_exact(&region, 5);
    assert!(region.load::<1>(4 * UNIT - 1).is_err() && region.load::<1>(4 * UNIT).is_ok());
    faulty.fail_once(2);
    region.reset().unwrap_err();
    assert!(region.is_empty());
    region.reset().unwrap();
    expect_exact(&region, 2);
}

/// Every call of a lifecycle fails, once and from then on.
fn every_call(allocator: impl PageAllocator) {
    for first in 1..40 {
        for last in [first, first + 1, usize::MAX] {
            let faulty = FaultyAllocator::new(&allocator);
            let Ok(mut region) = Region::new(&faulty, &request()) else { continue };
            faulty.fail_between(first, last);
            let consistent = |region: &Region<_>| {
                let exact = region.guarantees().faults_exactly;
                assert!(exact || region.is_empty(), "calls {first} to {last} fail");
                assert!(!exact || region.committed().get() == region.len());
                region.verify().unwrap();
            };
            for _ in 0..3 {
                let _ = region.protect(5, UNIT, Protection::READ);
                consistent(&region);
                let _ = region.grow_to(3 * UNIT);
                consistent(&region);
                let _ = region.discard(UNIT, UNIT);
                consistent(&region);
                let _ = region.grow_to(9 * UNIT);
                consistent(&region);
                let _ = region.protect(UNIT + 9, 7, Protection::empty());
                consistent(&region);
                let _ = region.reset();
                consistent(&region);
            }
        }
    }
}

/// Rights that were taken away, on a host that keeps the pages: emptying the memory restores the
/// rights before it overwrites, and clears the table of ranges.
fn unrestored_growth_over_protected(allocator: impl PageAllocator) {
    let stray = Stray::new(allocator);
    let mut region = Region::new(&stray, &request()).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    let locked = super::locked::lock(&mut region, UNIT as usize);
    region.protect(0, UNIT, Protection::empty()).unwrap();
    stray.fail(1, 0);
    region.grow_to(9 * UNIT).unwrap_err();
    expect_exact(&region, 0);
    drop(locked);
    region.reset().unwrap();
    expect_exact(&region, 2);
    expect_zeroes(&region);
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            use super::*;

            /// The backend, where its memories can fault exactly.
            fn exact() -> Option<$type> {
                let allocator: $type = $new;
                allocator.capabilities().contains(Capabilities::GUARDS).then_some(allocator)
            }

            #[test]
            fn a_growth_that_cannot_be_undone_empties_the_memory() {
                exact().into_iter().for_each(unrestored_growth);
                unrestored_growth_of_others($new);
            }

            #[test]
            fn an_emptied_memory_has_all_rights() {
                exact().into_iter().for_each(unrestored_growth_over_protected);
            }

            #[test]
            fn a_memory_that_cannot_be_closed_guarantees_nothing() {
                exact().into_iter().for_each(nothing_can_be_closed);
            }

            #[test]
            fn a_failed_reset_closes_all() {
                exact().into_iter().for_each(failed_reset);
            }

            #[test]
            fn a_prefix_that_cannot_be_closed_is_not_shown() {
                exact().into_iter().for_each(failed_prefix);
            }

            #[test]
            fn failures_leave_exact_faults_or_nothing() {
                exact().into_iter().for_each(every_call);
            }
        }
    )*};
}

for_each_backend!(on_backends);
