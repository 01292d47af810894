//! Budgets are exact through creation, growth, vetoes, failures, panics, reset and drop. Observers
//! that approve pages receive their outcome.

mod approvals;
mod exact;
mod witness;

use std::cell::{Cell, RefCell};

use wrt_platform::{HeapAllocator, for_each_backend};
use wrt_runtime::{
    Budget, Counting, GrowEvent, GrowRequest, GrowVeto, MemoryBuilder, MemoryType, Metrics,
};
use wrt_testkit::FaultyAllocator;

use witness::outcome;

const PAGE: u64 = 65536;

fn pages(minimum: u64) -> MemoryType {
    MemoryType::wasm32(minimum, Some(4)).unwrap()
}

#[test]
fn a_budget_says_what_is_left() {
    static BUDGET: Budget = Budget::new(3 * PAGE);
    let builder = MemoryBuilder::new(pages(2)).observer(&BUDGET);
    let memory = builder.allocate(HeapAllocator::new()).unwrap();
    assert_eq!((BUDGET.limit(), BUDGET.used(), BUDGET.left()), (3 * PAGE, 2 * PAGE, PAGE));
    let error = builder.allocate(HeapAllocator::new()).unwrap_err();
    let text = "cannot create a memory of 2 pages: 65536 bytes are left of a budget of 196608";
    assert_eq!(error.to_string(), text);
    assert!(std::error::Error::source(&error).unwrap().is::<GrowVeto>());
    drop(memory);
    assert_eq!(BUDGET.used(), 0);
    let whole = Budget::new(u64::MAX);
    assert_eq!(whole.limit(), usize::MAX as u64);
    let huge = MemoryBuilder::new(MemoryType::wasm64(1 << 48, None).unwrap()).observer(&whole);
    huge.allocate(HeapAllocator::new()).unwrap_err();
    assert_eq!(whole.used(), 0, "more than the host has is refused, or given back");
}

/// Creation does not count as a growth; the veto of another observer counts as one refused growth,
/// in any order of observers.
#[test]
fn metrics_count_growths_alone() {
    let counts = |observed: &dyn Counting| {
        let counts = observed.counts();
        (counts.grows, counts.refused_grows)
    };
    let at_most_two = |request: &GrowRequest| match request.new_size() {
        0..=2 => Ok(()),
        _ => Err(GrowVeto::new("two are enough")),
    };
    let before = Metrics::default();
    let after = Metrics::default();
    let builder = MemoryBuilder::new(pages(1)).observer(&before).pre_grow_hook(at_most_two);
    let mut memory = builder.also(&after).allocate(HeapAllocator::new()).unwrap();
    assert_eq!((counts(&before), counts(&after)), ((0, 0), (0, 0)));
    memory.grow(1).unwrap();
    memory.grow(1).unwrap_err();
    memory.grow(9).unwrap_err();
    assert_eq!((counts(&before), counts(&after)), ((1, 2), (1, 2)));
    let builder = MemoryBuilder::new(pages(3)).observer(&before).pre_grow_hook(at_most_two);
    builder.also(&after).allocate(HeapAllocator::new()).unwrap_err();
    assert_eq!((counts(&before), counts(&after)), ((1, 2), (1, 2)));
}

#[test]
fn hooks_of_a_builder_see_the_creation() {
    let log = RefCell::new(Vec::new());
    let builder = MemoryBuilder::new(pages(2))
        .pre_grow_hook(|request: &GrowRequest| {
            log.borrow_mut()
                .push(format!("{} at creation: {}", request.delta, request.at_creation));
            Ok(())
        })
        .post_grow_hook(|event: &GrowEvent| log.borrow_mut().push(outcome(event)));
    let mut memory = builder.allocate(HeapAllocator::new()).unwrap();
    memory.grow(1).unwrap();
    drop(memory);
    let expected =
        ["2 at creation: true", "create 0 -> 2: done", "1 at creation: false", "2 -> 3: done"];
    assert_eq!(log.into_inner(), expected);
}

/// A hook receives the same failure as the caller, with the memory's name.
#[test]
fn hooks_see_the_error_of_the_caller() {
    let seen = Cell::new(None);
    let builder = MemoryBuilder::new(pages(1))
        .name("guest heap")
        .post_grow_hook(|event: &GrowEvent| seen.set(event.outcome.err()))
        .pre_grow_hook(|request: &GrowRequest| {
            assert_eq!(request.name.as_ref().map(|name| name.as_str()), Some("guest heap"));
            if request.delta == 2 { Err(GrowVeto::new("not two")) } else { Ok(()) }
        });
    let faulty = FaultyAllocator::new(HeapAllocator::new());
    let mut memory = builder.allocate(&faulty).unwrap();
    for delta in [1, 2, 9] {
        faulty.fail_from(1);
        let error = memory.grow(delta).unwrap_err();
        assert!(error.to_string().contains("guest heap"), "{error}");
        assert_eq!(seen.take(), Some(error));
    }
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn observers_that_approve_are_told() {
                super::approvals::approvals_are_answered($new);
                super::approvals::releases_are_told($new);
            }

            #[test]
            fn failures_are_told_in_reverse() {
                super::approvals::failures_are_told_in_reverse($new);
            }

            #[test]
            fn panics_of_one_spare_the_others() {
                super::approvals::panics_are_survived($new);
                super::approvals::panics_at_the_end_are_survived($new);
            }

            #[test]
            fn a_budget_is_exact_over_scripts() {
                super::exact::exact_over_scripts($new);
                super::exact::exact_when_emptied($new);
            }

            #[test]
            fn a_budget_is_exact_with_threads() {
                super::exact::exact_with_threads($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
