//! Counts, hooks, names, seals, and messages of errors.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use wrt_instructions::{MemArg, i32_load8_u, i64_load, i64_store, memory_fill, memory_grow};
use wrt_platform::{HeapAllocator, PageAllocator, for_each_backend};
use wrt_runtime::{
    Access, AccessCounts, BulkOperation, Counting, GrowErrorCause, GrowEvent, GrowRequest,
    GrowVeto, GuestMemory, LinearMemory, MemoryBuilder, MemoryType, Metrics, Observer,
    ReleaseEvent, SyncMetrics, Trap,
};

fn one_page() -> MemoryType {
    MemoryType::wasm32(1, Some(4)).unwrap()
}

/// One operation of each kind, and the expected counts.
fn exact_counts<O: Counting>(allocator: impl PageAllocator, observer: O) {
    let mut memory =
        MemoryBuilder::new(one_page()).observer(observer).allocate(&allocator).unwrap();
    for address in 0..100_u32 {
        i64_store(&mut memory, MemArg::offset(8), address, 1).unwrap();
        i64_load(&memory, MemArg::offset(8), address).unwrap();
        i32_load8_u(&memory, MemArg::offset(0), address).unwrap();
    }
    memory.write(0, b"abc").unwrap();
    memory.read(0, &mut [0; 5]).unwrap();
    memory_fill(&mut memory, 0, 1, 1000).unwrap();
    memory.copy_within(10, 0, 100).unwrap();
    memory.memory_init(0, b"abcd", 0, 4).unwrap();
    for _ in 0..3 {
        i64_load(&memory, MemArg::offset(0), u32::MAX).unwrap_err();
        memory.write(65535, b"ab").unwrap_err();
    }
    assert_eq!(memory_grow(&mut memory, 0), 1);
    assert_eq!(memory_grow(&mut memory, 2), 1);
    assert_eq!(memory_grow(&mut memory, 2), u64::from(u32::MAX));
    memory.reset().unwrap();
    let metrics = memory.metrics();
    let counts = metrics.counts;
    assert_eq!((counts.loads, counts.stores, counts.traps), (200, 100, 6));
    assert_eq!((counts.bulk_operations, counts.bulk_bytes), (5, 3 + 5 + 1000 + 100 + 4));
    assert_eq!((counts.grows, counts.refused_grows), (1, 1));
    assert_eq!(memory.access_count(), 305);
    assert_eq!((metrics.bytes, metrics.peak_bytes), (65536, 3 * 65536));
    let table = metrics.to_string();
    assert!(table.starts_with("loads                            200\n"), "{table}");
    assert_eq!(table.lines().count(), 10);
}

/// `threads` threads read one memory at once; each of their accesses is counted.
fn counts_of(threads: u32, allocator: impl PageAllocator + Sync) {
    const ROUNDS: u32 = 2000;
    let builder = MemoryBuilder::new(one_page()).observer(SyncMetrics::default());
    let memory = builder.allocate(&allocator).unwrap();
    let start = Barrier::new(threads as usize);
    thread::scope(|scope| {
        for thread in 0..threads {
            let (memory, start) = (&memory, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    i32_load8_u(memory, MemArg::offset(0), round).unwrap();
                    memory.read(u64::from(thread), &mut [0; 3]).unwrap();
                    if round % 10 == 0 {
                        i32_load8_u(memory, MemArg::offset(1), u32::MAX).unwrap_err();
                    }
                }
            });
        }
    });
    let all = u64::from(threads * ROUNDS);
    let counts = memory.metrics().counts;
    assert_eq!((counts.loads, counts.bulk_operations, counts.bulk_bytes), (all, all, 3 * all));
    assert_eq!(counts.traps, all / 10);
    assert_eq!(memory.access_count(), 2 * all);
}

/// More threads than stripes: the counting threads share one.
fn counts_beyond_the_stripes(allocator: impl PageAllocator + Sync) {
    const IDLE: usize = 16;
    const BUSY: usize = 4;
    const ROUNDS: u32 = 30_000;
    let builder = MemoryBuilder::new(one_page()).observer(SyncMetrics::default());
    let memory = builder.allocate(&allocator).unwrap();
    let (taken, done) = (Barrier::new(IDLE + BUSY), Barrier::new(IDLE + BUSY));
    let load = |round: u32| i32_load8_u(&memory, MemArg::offset(0), round).unwrap();
    thread::scope(|scope| {
        for _ in 0..IDLE {
            scope.spawn(|| {
                load(0);
                taken.wait();
                done.wait();
            });
        }
        for _ in 0..BUSY {
            scope.spawn(|| {
                taken.wait();
                for round in 0..ROUNDS {
                    load(round);
                }
                done.wait();
            });
        }
    });
    let all = IDLE as u64 + BUSY as u64 * u64::from(ROUNDS);
    assert_eq!(memory.metrics().counts.loads, all);
}

fn hooks(allocator: impl PageAllocator) {
    let log = RefCell::new(Vec::new());
    let memory = LinearMemory::new(&allocator, one_page()).unwrap();
    let memory = memory.with_pre_grow_hook(|request: &GrowRequest| {
        log.borrow_mut().push(format!("{} + {}", request.current, request.delta));
        assert_eq!((request.maximum, request.page_bytes), (4, 65536));
        assert_eq!(request.new_bytes(), request.new_size() * 65536);
        if request.new_size() == 3 { Err(GrowVeto::new("three is unlucky")) } else { Ok(()) }
    });
    let mut memory = memory.with_post_grow_hook(|event: &GrowEvent| {
        let fate = event.outcome.map_or_else(|error| error.to_string(), |()| "done".to_owned());
        log.borrow_mut().push(format!("{} -> {}: {fate}", event.previous, event.current));
    });
    assert_eq!(memory.grow(1).unwrap(), 1);
    let veto = memory.grow(1).unwrap_err();
    assert_eq!((veto.current, veto.delta), (2, 1));
    assert_eq!(veto.cause, GrowErrorCause::Vetoed(GrowVeto::new("three is unlucky")));
    assert_eq!(memory_grow(&mut memory, 1), u64::from(u32::MAX));
    assert_eq!(memory.grow(0).unwrap(), 2);
    memory.grow(3).unwrap_err();
    assert_eq!(memory.grow(2).unwrap(), 2);
    drop(memory);
    let vetoed = "2 -> 2: cannot grow a memory of 2 pages by 1: three is unlucky";
    let log = log.into_inner();
    assert_eq!(
        log,
        [
            "1 + 1",
            "1 -> 2: done",
            "2 + 1",
            vetoed,
            "2 + 1",
            vetoed,
            "2 -> 2: cannot grow a memory of 2 pages by 3: its maximum is 4 pages",
            "2 + 2",
            "2 -> 4: done",
        ]
    );
}

fn panicking_hooks(allocator: impl PageAllocator) {
    let memory = LinearMemory::new(&allocator, one_page()).unwrap();
    let mut memory = memory.with_pre_grow_hook(|request: &GrowRequest| {
        assert_ne!(request.delta, 2, "before");
        Ok(())
    });
    memory.write(9, b"kept").unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| memory.grow(2))).is_err());
    assert_eq!((memory.size(), memory.peak_memory()), (1, 65536), "it never began");
    let mut memory = memory.with_post_grow_hook(|event: &GrowEvent| {
        assert_ne!(event.current, 4, "after");
    });
    assert!(catch_unwind(AssertUnwindSafe(|| memory.grow(3))).is_err());
    assert_eq!((memory.size(), memory.peak_memory()), (4, 4 * 65536), "it was done");
    memory.verify_integrity().unwrap();
    assert_eq!(&*memory.get_safe_slice(9, 4).unwrap(), b"kept");
    memory.write(4 * 65536 - 4, b"used").unwrap();
}

fn names_and_errors(allocator: impl PageAllocator) {
    let builder = MemoryBuilder::new(one_page()).name("guest heap");
    let mut memory = builder.allocate(&allocator).unwrap();
    assert_eq!(memory.debug_name(), Some("guest heap"));
    assert!(format!("{memory:?}").contains("\"guest heap\""));
    assert_eq!(
        memory.write(65530, b"too long").unwrap_err().to_string(),
        "out of bounds memory access: 8 bytes at address 0xfffa of memory \"guest heap\" with \
         65536 bytes"
    );
    let report = memory.explain(Trap::OutOfBounds, Access { address: u64::MAX, size: 4 });
    assert_eq!(
        report.to_string(),
        "out of bounds memory access: 4 bytes at address 0xffffffffffffffff of memory \"guest \
         heap\" with 65536 bytes"
    );
    assert_eq!(
        memory.grow(4).unwrap_err().to_string(),
        "cannot grow memory \"guest heap\" of 1 page by 4: its maximum is 4 pages"
    );
    let seal = memory.seal(16..32).unwrap();
    memory.write(31, b"!").unwrap();
    let broken = "memory \"guest heap\": 16 sealed bytes at 0x10 changed";
    assert_eq!(memory.verify(&seal).unwrap_err().to_string(), broken);
    assert_eq!(memory.verify_integrity().unwrap_err().to_string(), broken);
    assert!(memory.unseal(&seal));
    let unknown = "memory \"guest heap\": the seal is not one of this memory";
    assert_eq!(memory.verify(&seal).unwrap_err().to_string(), unknown);
    memory.verify_integrity().unwrap();
}

fn errors_of_creation(allocator: impl PageAllocator) {
    let unnamed = LinearMemory::new(&allocator, one_page()).unwrap();
    assert_eq!(unnamed.debug_name(), None);
    assert_eq!(
        unnamed.get_safe_slice(1, 65536).unwrap_err().to_string(),
        "out of bounds memory access: 65536 bytes at address 0x1 of a memory with 65536 bytes"
    );
    let limited = MemoryBuilder::new(MemoryType::wasm32(5, None).unwrap()).limit_pages(4);
    assert_eq!(
        limited.allocate(&allocator).unwrap_err().to_string(),
        "a memory of 5 pages exceeds the embedder's limit of 4"
    );
    let huge = LinearMemory::new(&allocator, MemoryType::wasm64(1 << 48, None).unwrap());
    let most = isize::MAX as u64 & !(allocator.page().bytes() as u64 - 1);
    assert_eq!(
        huge.unwrap_err().to_string(),
        format!(
            "cannot reserve 18446744073709551615 bytes: more than the host can address ({most} \
             bytes were possible)"
        )
    );
}

fn seals(allocator: impl PageAllocator) {
    let mut memory = LinearMemory::new(&allocator, one_page()).unwrap();
    let seals: Vec<_> = (0..8).map(|n| memory.seal(n * 100..n * 100 + 10).unwrap()).collect();
    let ninth = memory.seal(0..1).unwrap_err();
    assert_eq!(ninth.to_string(), "the memory has 8 seals already");
    memory.grow(2).unwrap();
    memory.verify_integrity().unwrap();
    memory_fill(&mut memory, 310, 1, 90).unwrap();
    for (index, seal) in seals.iter().enumerate() {
        memory.verify(seal).unwrap();
        memory.write(index as u64 * 100 + 5, &[1]).unwrap();
        assert!(memory.verify(seal).is_err());
        memory.write(index as u64 * 100 + 5, &[0]).unwrap();
        memory.verify(seal).unwrap();
    }
    memory.reset().unwrap();
    assert!(memory.verify(&seals[0]).is_err(), "a reset forgets seals");
    memory.seal(0..65536).unwrap();
    assert!(memory.seal(0..65537).is_err());
    let backwards = core::ops::Range { start: 5, end: 4 };
    assert!(memory.seal(backwards).is_err());
    memory.verify_integrity().unwrap();
}

/// Shared observers, and observers as trait objects.
fn shared_observers(allocator: impl PageAllocator) {
    let (local, shared) = (Metrics::default(), Arc::new(SyncMetrics::default()));
    exact_counts(&allocator, &local);
    exact_counts(&allocator, Arc::clone(&shared));
    assert_eq!(local.counts(), shared.counts());
    assert_eq!(local.counts().loads, 200);
    let counting: Box<dyn Counting> = Box::new(Metrics::default());
    exact_counts(&allocator, counting);
    let counting: Arc<dyn Counting + Send + Sync> = Arc::new(SyncMetrics::default());
    exact_counts(&allocator, (Arc::clone(&counting), Some(())));
    assert_eq!(counting.counts(), local.counts());
    exact_counts(&allocator, Some(Rc::new(Metrics::default())));

    let builder = MemoryBuilder::new(one_page()).observer(None::<Metrics>);
    let mut memory = builder.allocate(&allocator).unwrap();
    i64_store(&mut memory, MemArg::offset(0), 0_u32, 1).unwrap();
    memory.grow(1).unwrap();
    assert_eq!(memory.metrics().counts, AccessCounts::default());
}

/// A pointer forwards every event, including a veto.
fn forwarded<O: Observer>(allocator: impl PageAllocator, seen: &AtomicU32, observer: O) {
    seen.store(0, Ordering::Relaxed);
    let mut memory = MemoryBuilder::new(one_page()).observer(observer).allocate(allocator).unwrap();
    i64_store(&mut memory, MemArg::offset(0), 0_u32, 1).unwrap();
    i64_load(&memory, MemArg::offset(0), 0_u32).unwrap();
    memory.write(65536, &[1]).unwrap_err();
    memory.fill(0, 1, 1).unwrap();
    memory.grow(9).unwrap_err();
    memory.grow(2).unwrap_err();
    drop(memory);
    assert_eq!(seen.load(Ordering::Relaxed), 0b1111_1111, "an event for each method");
}

/// Records which methods were called.
struct Each<'a>(&'a AtomicU32);

impl Each<'_> {
    fn note(&self, method: u32) {
        self.0.fetch_or(1 << method, Ordering::Relaxed);
    }
}

impl Observer for Each<'_> {
    fn load(&self, _: Access) {
        self.note(0);
    }

    fn store(&self, _: Access) {
        self.note(1);
    }

    fn bulk(&self, _: BulkOperation) {
        self.note(2);
    }

    fn trap(&self, _: Trap, _: Access) {
        self.note(3);
    }

    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        self.note(4);
        if request.delta == 2 { Err(GrowVeto::new("not two")) } else { Ok(()) }
    }

    fn after_grow(&self, _: &GrowEvent) {
        self.note(5);
    }

    fn grow_refused(&self, _: &GrowEvent) {
        self.note(6);
    }

    fn released(&self, _: &ReleaseEvent) {
        self.note(7);
    }
}

fn pointers_forward(allocator: impl PageAllocator) {
    let seen = AtomicU32::new(0);
    let each = Each(&seen);
    forwarded(&allocator, &seen, &each);
    forwarded(&allocator, &seen, each);
    forwarded(&allocator, &seen, Some(Each(&seen)));
    forwarded(&allocator, &seen, Rc::new(Each(&seen)));
    forwarded(&allocator, &seen, Box::new(Each(&seen)) as Box<dyn Observer + '_>);
    forwarded(&allocator, &seen, Arc::new(Each(&seen)) as Arc<dyn Observer + '_>);
    forwarded(&allocator, &seen, ((), Each(&seen)));
    forwarded(&allocator, &seen, (Each(&seen), ()));
}

/// Counts can be read while the guest counts, and never go back.
fn counts_while_the_guest_runs(allocator: impl PageAllocator + Sync) {
    const ROUNDS: u32 = 20_000;
    let metrics = Arc::new(SyncMetrics::default());
    let builder = MemoryBuilder::new(one_page()).observer(Arc::clone(&metrics));
    let mut memory = builder.allocate(&allocator).unwrap();
    let (start, running) = (Barrier::new(2), AtomicBool::new(true));
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            let mut last = AccessCounts::default();
            while running.load(Ordering::Acquire) {
                let now = metrics.counts();
                assert!(now.loads >= last.loads && now.stores >= last.stores);
                assert!(now.loads <= ROUNDS.into() && now.stores <= ROUNDS.into());
                last = now;
            }
            let counts = metrics.counts();
            assert_eq!((counts.loads, counts.stores), (ROUNDS.into(), ROUNDS.into()));
        });
        start.wait();
        for round in 0..ROUNDS {
            i64_store(&mut memory, MemArg::offset(0), round, 1).unwrap();
            i64_load(&memory, MemArg::offset(0), round).unwrap();
        }
        running.store(false, Ordering::Release);
    });
}

/// An observer in a struct of the embedder, whose type can be named.
struct Ledger {
    memory: LinearMemory<HeapAllocator, (Metrics, Refusals)>,
}

struct Refusals;

impl Observer for Refusals {
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        if request.at_creation { Ok(()) } else { Err(GrowVeto::new("never")) }
    }
}

#[test]
fn observers_compose_and_have_names() {
    let builder = MemoryBuilder::new(one_page()).observer((Metrics::default(), Refusals));
    let mut ledger = Ledger { memory: builder.allocate(HeapAllocator::new()).unwrap() };
    assert_eq!(memory_grow(&mut ledger.memory, 1), u64::from(u32::MAX));
    assert_eq!(ledger.memory.metrics().counts.refused_grows, 1);
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            use super::{Metrics, SyncMetrics};

            #[test]
            fn metrics_are_exact() {
                super::exact_counts($new, Metrics::default());
                super::exact_counts($new, SyncMetrics::default());
            }

            #[test]
            fn sync_metrics_are_exact_with_few_threads_and_with_many() {
                for threads in [1, 2, 16, 17, 40] {
                    super::counts_of(threads, $new);
                }
                super::counts_beyond_the_stripes($new);
            }

            #[test]
            fn observers_can_be_shared() {
                super::shared_observers($new);
                super::pointers_forward($new);
            }

            #[test]
            fn counts_are_read_while_the_guest_runs() {
                super::counts_while_the_guest_runs($new);
            }

            #[test]
            fn hooks_are_asked_and_told() {
                super::hooks($new);
            }

            #[test]
            fn hooks_that_panic_leave_the_old_or_the_new_size() {
                super::panicking_hooks($new);
            }

            #[test]
            fn errors_say_what_was_asked_and_what_was_possible() {
                super::names_and_errors($new);
                super::errors_of_creation($new);
            }

            #[test]
            fn seals_hold_until_bytes_change() {
                super::seals($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
