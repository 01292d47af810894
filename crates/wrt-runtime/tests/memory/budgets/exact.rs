//! Budgets are exact under any sequence of events, and with threads.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::{prop_assert, prop_assert_eq, proptest};
use wrt_platform::{Capabilities, CommitPolicy, PageAllocator};
use wrt_runtime::{Budget, IndexType, LinearMemory, MemoryBuilder, MemoryType, Metrics, PageSize};
use wrt_testkit::{ChildTest, FaultyAllocator};

use super::witness::{MOODS, Mood, Witness};
use super::{PAGE, pages};

type Shared<'a, A> = LinearMemory<
    &'a FaultyAllocator<A>,
    ((&'a Witness<'a>, Arc<Budget>), (Metrics, &'a Witness<'a>)),
>;

/// A place for a memory, and the expected charge for it.
struct Place<'a, A: PageAllocator> {
    memory: Option<Shared<'a, A>>,
    charged: u64,
    /// A reset or a growth has failed and left an empty memory.
    empty: bool,
}

impl<'a, A: PageAllocator> Place<'a, A> {
    fn create(
        &mut self,
        allocator: &'a FaultyAllocator<A>,
        budget: &Arc<Budget>,
        [first, last]: [&'a Witness<'a>; 2],
        minimum: u64,
    ) {
        let observers = ((first, Arc::clone(budget)), (Metrics::default(), last));
        // Exact commits and a prefix that growth extends: a failure may empty the memory.
        let builder = MemoryBuilder::new(pages(minimum))
            .name("of a tenant")
            .commit(CommitPolicy::Exact)
            .inaccessible_prefix(100_000)
            .observer(observers);
        let created = catch_unwind(AssertUnwindSafe(|| builder.allocate(allocator).ok()));
        self.memory = created.ok().flatten();
        self.charged = self.memory.as_ref().map_or(0, LinearMemory::size);
        self.empty = false;
    }

    fn grow(&mut self, delta: u64) {
        let Some(memory) = &mut self.memory else { return };
        let _ = catch_unwind(AssertUnwindSafe(|| memory.grow(delta)));
        self.empty |= memory.size() < self.charged;
        if !self.empty {
            self.charged = memory.size();
        }
    }

    fn reset(&mut self) {
        let Some(memory) = &mut self.memory else { return };
        let outcome = catch_unwind(AssertUnwindSafe(|| memory.reset()));
        // What panics is an observer, which is called after a reset that was done.
        self.empty = matches!(outcome, Ok(Err(_)));
        if !self.empty {
            self.charged = memory.size();
        }
    }

    fn drop_memory(&mut self) {
        let memory = self.memory.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(memory)));
        self.charged = 0;
        self.empty = false;
    }
}

/// The next event: an operation, its place, an amount, a mood, the owner of the mood, a failing
/// call.
type Step = [u8; 6];

/// Memories that share a budget, and an observer on either side of it.
struct Tenant<'a, A: PageAllocator> {
    budget: Arc<Budget>,
    allocator: &'a FaultyAllocator<A>,
    witnesses: [&'a Witness<'a>; 2],
    places: [Place<'a, A>; 3],
}

impl<A: PageAllocator> Tenant<'_, A> {
    fn perform(&mut self, [what, which, amount, mood, who, failure]: Step) {
        // Only one is in the mood, since two that panic at once would end the process.
        let mood = MOODS.get(usize::from(mood) % 12).copied().unwrap_or(Mood::Calm);
        self.witnesses[usize::from(who % 2)].mood.set(mood);
        self.allocator.fail_never();
        if failure % 4 == 0 {
            let first = usize::from(failure / 4 % 3) + 1;
            self.allocator.fail_between(first, first + usize::from(failure / 12 % 3));
        }
        let place = &mut self.places[usize::from(which % 3)];
        let amount = u64::from(amount % 5);
        match what % 8 {
            0..3 if place.memory.is_none() => {
                place.create(self.allocator, &self.budget, self.witnesses, amount);
            }
            0..5 => place.grow(amount),
            5 | 6 => place.reset(),
            _ => place.drop_memory(),
        }
        self.witnesses.iter().for_each(|witness| witness.mood.set(Mood::Calm));
        self.allocator.fail_never();
    }

    fn charged(&self) -> u64 {
        self.places.iter().map(|place| place.charged * PAGE).sum()
    }
}

/// Memories that share a budget, under any sequence of events.
pub(crate) fn exact_over_scripts(allocator: impl PageAllocator) {
    let cases = if ChildTest::is_emulated() { 32 } else { 128 };
    let config = ProptestConfig { cases, failure_persistence: None, ..Default::default() };
    let faulty = FaultyAllocator::new(allocator);
    proptest!(config, |(script in vec(any::<Step>(), 1..60))| {
        let log = RefCell::default();
        let (first, last) = (Witness::new('a', &log), Witness::new('z', &log));
        let budget = Arc::new(Budget::new(7 * PAGE + 1));
        let mut tenant = Tenant {
            budget: Arc::clone(&budget),
            allocator: &faulty,
            witnesses: [&first, &last],
            places: std::array::from_fn(|_| Place { memory: None, charged: 0, empty: false }),
        };
        for step in script {
            tenant.perform(step);
            prop_assert_eq!(budget.used(), tenant.charged());
            prop_assert_eq!(budget.left(), budget.limit() - tenant.charged());
            for memory in tenant.places.iter().filter_map(|place| place.memory.as_ref()) {
                prop_assert!(memory.verify_integrity().is_ok());
            }
        }
        drop(tenant);
        prop_assert_eq!(budget.used(), 0);
    });
    assert_eq!(faulty.alive(), 0);
}

/// A growth that fails and cannot be undone empties the memory, whose pages stay charged.
pub(crate) fn exact_when_emptied(allocator: impl PageAllocator) {
    let faulty = FaultyAllocator::new(allocator);
    let mut emptied = 0;
    for first in 1..6 {
        let (budget, log) = (Budget::new(9 * PAGE), RefCell::default());
        let builder = MemoryBuilder::new(pages(1)).inaccessible_prefix(100_000);
        let builder = builder.commit(CommitPolicy::Exact).observer(&budget);
        let builder = builder.also(Witness::new('w', &log));
        let mut memory = builder.allocate(&faulty).unwrap();
        log.take();
        faulty.fail_from(first);
        let grown = memory.grow(2).is_ok();
        faulty.fail_never();
        let outcome = if grown { "done" } else { "no bytes" };
        assert_eq!(log.take(), ["w 1 + 2?", &format!("w 1 -> {}: {outcome}", memory.size())]);
        assert_eq!(budget.used(), if grown { 3 * PAGE } else { PAGE });
        emptied += u32::from(memory.size() == 0);
        memory.reset().unwrap();
        assert_eq!((memory.size(), budget.used()), (1, PAGE));
        memory.grow(2).unwrap();
        drop(memory);
        assert_eq!(budget.used(), 0);
    }
    let guards = faulty.capabilities().contains(Capabilities::PROTECT | Capabilities::STABLE_BASE);
    assert_eq!(emptied > 0, guards, "memories were emptied {emptied} times");
}

/// Threads that create, grow, reset and drop memories never exceed the budget. Pages of one byte
/// make growth so fast that the threads contend all the time.
pub(crate) fn exact_with_threads(allocator: impl PageAllocator + Sync) {
    const LIMIT: u64 = 60;
    const MOST: u64 = 70;
    let ty = |initial| MemoryType::new(IndexType::I32, PageSize::One, initial, Some(MOST)).unwrap();
    let budget = Budget::new(LIMIT);
    let (live, vetoes) = (AtomicU64::new(0), AtomicU64::new(0));
    let start = Barrier::new(2);
    let rounds = if ChildTest::is_emulated() { 100 } else { 1000 };
    let work = || {
        start.wait();
        let mut vetoed = 0;
        for round in 0..rounds {
            let builder = MemoryBuilder::new(ty(round % 7)).observer(&budget);
            let Ok(mut memory) = builder.allocate(&allocator) else {
                vetoed += 1;
                continue;
            };
            let initial = live.fetch_add(memory.size(), Ordering::Relaxed) + memory.size();
            assert!(initial <= LIMIT);
            for _ in 0..3 {
                for _ in memory.size()..MOST {
                    match memory.grow(1) {
                        Ok(_) => assert!(live.fetch_add(1, Ordering::Relaxed) < LIMIT),
                        Err(_) => vetoed += 1,
                    }
                    assert!(budget.used() <= LIMIT);
                }
                live.fetch_sub(memory.size() - memory.memory_type().minimum(), Ordering::Relaxed);
                memory.reset().unwrap();
            }
            live.fetch_sub(memory.size(), Ordering::Relaxed);
        }
        vetoes.fetch_add(vetoed, Ordering::Relaxed);
    };
    thread::scope(|scope| [(); 2].map(|()| scope.spawn(work)).map(|thread| thread.join().unwrap()));
    assert_eq!(budget.used(), 0);
    assert!(vetoes.into_inner() > 0, "the budget was never short");
}
