//! Observers that approve pages receive their outcome.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wrt_platform::PageAllocator;
use wrt_runtime::{LinearMemory, MemoryBuilder, MemoryError, Observer};
use wrt_testkit::FaultyAllocator;

use super::pages;
use super::witness::{Mood, Witness};

/// Three observers, and the events that they received.
struct Court<'a> {
    a: Witness<'a>,
    b: Witness<'a>,
    c: Witness<'a>,
    log: &'a RefCell<Vec<String>>,
}

impl<'a> Court<'a> {
    fn new(log: &'a RefCell<Vec<String>>) -> Self {
        Self {
            a: Witness::new('a', log),
            b: Witness::new('b', log),
            c: Witness::new('c', log),
            log,
        }
    }

    fn memory<P: PageAllocator>(
        &self,
        allocator: P,
    ) -> Result<LinearMemory<P, impl Observer + use<'_, 'a, P>>, MemoryError> {
        let builder = MemoryBuilder::new(pages(1)).observer(&self.a).also(&self.b).also(&self.c);
        builder.allocate(allocator)
    }

    fn told(&self, expected: &[&str]) {
        assert_eq!(self.log.take(), expected);
    }
}

pub(crate) fn approvals_are_answered(allocator: impl PageAllocator) {
    let log = RefCell::default();
    let court = Court::new(&log);
    let faulty = FaultyAllocator::new(allocator);
    let mut memory = court.memory(&faulty).unwrap();
    court.told(&[
        "a create 0 + 1?",
        "b create 0 + 1?",
        "c create 0 + 1?",
        "a create 0 -> 1: done",
        "b create 0 -> 1: done",
        "c create 0 -> 1: done",
    ]);
    memory.grow(1).unwrap();
    court.told(&[
        "a 1 + 1?",
        "b 1 + 1?",
        "c 1 + 1?",
        "a 1 -> 2: done",
        "b 1 -> 2: done",
        "c 1 -> 2: done",
    ]);
    memory.grow(0).unwrap();
    court.told(&[]);
    memory.grow(3).unwrap_err();
    court.told(&[
        "a unasked 2 -> 2: above 4",
        "b unasked 2 -> 2: above 4",
        "c unasked 2 -> 2: above 4",
    ]);
}

pub(crate) fn releases_are_told(allocator: impl PageAllocator) {
    let log = RefCell::default();
    let court = Court::new(&log);
    let faulty = FaultyAllocator::new(allocator);
    let mut memory = court.memory(&faulty).unwrap();
    memory.grow(1).unwrap();
    court.log.take();
    memory.reset().unwrap();
    court.told(&[
        "a reset 1",
        "b reset 1",
        "c reset 1",
        "c release 2 -> 1",
        "b release 2 -> 1",
        "a release 2 -> 1",
    ]);
    memory.reset().unwrap();
    court.told(&["a reset 1", "b reset 1", "c reset 1"]);
    faulty.fail_once(1);
    memory.reset().unwrap_err();
    memory.grow(1).unwrap_err();
    assert_eq!(memory.size(), 0);
    court.told(&[
        "a 0 + 1?",
        "b 0 + 1?",
        "c 0 + 1?",
        "c 0 -> 0: no bytes",
        "b 0 -> 0: no bytes",
        "a 0 -> 0: no bytes",
    ]);
    drop(memory);
    court.told(&["c drop 1 -> 0", "b drop 1 -> 0", "a drop 1 -> 0"]);
}

pub(crate) fn failures_are_told_in_reverse(allocator: impl PageAllocator) {
    let log = RefCell::default();
    let court = Court::new(&log);
    let faulty = FaultyAllocator::new(allocator);
    let mut memory = court.memory(&faulty).unwrap();
    court.log.take();
    court.c.mood.set(Mood::Veto);
    let vetoed = memory.grow(1).unwrap_err();
    assert_eq!(vetoed.to_string(), "cannot grow a memory of 1 page by 1: c says no");
    court.told(&["a 1 + 1?", "b 1 + 1?", "c 1 + 1?", "b 1 -> 1: c says no", "a 1 -> 1: c says no"]);
    court.b.mood.set(Mood::Veto);
    memory.grow(1).unwrap_err();
    court.told(&["a 1 + 1?", "b 1 + 1?", "a 1 -> 1: b says no", "c unasked 1 -> 1: b says no"]);
    court.a.mood.set(Mood::Veto);
    memory.grow(1).unwrap_err();
    court.told(&["a 1 + 1?", "b unasked 1 -> 1: a says no", "c unasked 1 -> 1: a says no"]);
    let refused = court.memory(&faulty).unwrap_err();
    assert_eq!(refused.to_string(), "cannot create a memory of 1 page: a says no");
    court.told(&[
        "a create 0 + 1?",
        "b unasked create 0 -> 0: a says no",
        "c unasked create 0 -> 0: a says no",
    ]);
    for witness in [&court.a, &court.b, &court.c] {
        witness.mood.set(Mood::Calm);
    }
    faulty.fail_once(1);
    court.memory(&faulty).unwrap_err();
    court.told(&[
        "a create 0 + 1?",
        "b create 0 + 1?",
        "c create 0 + 1?",
        "c create 0 -> 0: no bytes",
        "b create 0 -> 0: no bytes",
        "a create 0 -> 0: no bytes",
    ]);
}

/// A hook that panics does not prevent the others from receiving the outcome.
pub(crate) fn panics_are_survived(allocator: impl PageAllocator) {
    let log = RefCell::default();
    let court = Court::new(&log);
    let mut memory = court.memory(&allocator).unwrap();
    let mut in_mood = |witness: &Witness<'_>, mood, pages| {
        court.log.take();
        witness.mood.set(mood);
        assert!(catch_unwind(AssertUnwindSafe(|| memory.grow(pages))).is_err());
        witness.mood.set(Mood::Calm);
        memory.size()
    };
    assert_eq!(in_mood(&court.c, Mood::PanicBefore, 1), 1);
    court.told(&["a 1 + 1?", "b 1 + 1?", "c 1 + 1?", "b 1 -> 1: Panicked", "a 1 -> 1: Panicked"]);
    assert_eq!(in_mood(&court.b, Mood::PanicAfter, 1), 2);
    court.told(&[
        "a 1 + 1?",
        "b 1 + 1?",
        "c 1 + 1?",
        "a 1 -> 2: done",
        "b 1 -> 2: done",
        "c 1 -> 2: done",
    ]);
    assert_eq!(in_mood(&court.a, Mood::PanicRefused, 9), 2);
    court.told(&[
        "a unasked 2 -> 2: above 4",
        "b unasked 2 -> 2: above 4",
        "c unasked 2 -> 2: above 4",
    ]);
}

pub(crate) fn panics_at_the_end_are_survived(allocator: impl PageAllocator) {
    let log = RefCell::default();
    let court = Court::new(&log);
    let mut memory = court.memory(&allocator).unwrap();
    memory.grow(1).unwrap();
    court.log.take();
    court.b.mood.set(Mood::PanicReset);
    assert!(catch_unwind(AssertUnwindSafe(|| memory.reset())).is_err());
    court.told(&[
        "a reset 1",
        "b reset 1",
        "c release 2 -> 1",
        "b release 2 -> 1",
        "a release 2 -> 1",
    ]);
    court.c.mood.set(Mood::PanicReleased);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(memory))).is_err());
    court.told(&["c drop 1 -> 0", "b drop 1 -> 0", "a drop 1 -> 0"]);
    court.c.mood.set(Mood::PanicAfter);
    assert!(catch_unwind(AssertUnwindSafe(|| court.memory(&allocator).is_ok())).is_err());
    let created: Vec<_> = court.log.take().split_off(3);
    let created: Vec<&str> = created.iter().map(String::as_str).collect();
    let expected = ["a create 0 -> 1: done", "b create 0 -> 1: done", "c create 0 -> 1: done"];
    assert_eq!(created[..3], expected);
    assert_eq!(created[3..], ["c drop 1 -> 0", "b drop 1 -> 0", "a drop 1 -> 0"]);
}
