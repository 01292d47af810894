//! Several threads that create memories at once.

use core::ops::Range;
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::{AcqRel, Acquire};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use wrt_platform::PageAllocator;

use super::{Outcome, expect_bytes, pages, request};
use crate::asked::Asked;
use crate::child::ChildTest;
use crate::contract::RawMemory;
use crate::guarantee::{Detail, Guarantee, Violation, ensure};

const THREADS: usize = 4;

/// Checks that memories created by several threads at once share no byte.
/// [`check_backend`](crate::check_backend) uses one thread: not every allocator is [`Sync`].
///
/// ```
/// use wrt_platform::HeapAllocator;
///
/// wrt_testkit::check_threads(&HeapAllocator::new())?;
/// # Ok::<(), wrt_testkit::Violation>(())
/// ```
///
/// # Errors
///
/// When two memories share a byte, or one could not be created.
pub fn check_threads<A: PageAllocator + Sync + ?Sized>(allocator: &A) -> Result<(), Violation> {
    let rounds = if ChildTest::is_emulated() { 16 } else { 64 };
    let asked = Asked::new(allocator);
    (0..rounds).try_for_each(|_| round(&asked)).map_err(|detail| Violation {
        guarantee: Guarantee::Apart,
        detail: detail.0,
        request: asked.last_request(),
    })
}

/// One memory for each thread.
fn round<A: PageAllocator + Sync>(allocator: &A) -> Outcome {
    let (gates, places) = (Gates::default(), Mutex::new(Vec::new()));
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let one = |number| {
            let (gates, places) = (&gates, &places);
            scope.spawn(move || one_memory(allocator, gates.pass(), places, number))
        };
        let threads: Vec<_> = (1..=THREADS as u8).map(one).collect();
        let panicked = |_| Err(Detail("a thread panicked".to_owned()));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    outcomes.into_iter().collect()
}

/// Creates a memory at the same time as all threads, and checks its addresses before using it.
fn one_memory<A: PageAllocator>(
    allocator: &A,
    mut pass: Pass<'_>,
    places: &Mutex<Vec<Range<usize>>>,
    mark: u8,
) -> Outcome {
    pass.wait();
    let mut memory = RawMemory::reserve(allocator, &request(allocator, 2, 4))?;
    memory.commit(pages(allocator, 2))?;
    let bytes = memory.bytes().as_ptr_range();
    lock(places).push(bytes.start.addr()..bytes.end.addr());
    pass.wait();
    expect_apart(&mut lock(places))?;
    expect_bytes("a new memory", memory.bytes(), 0)?;
    pass.wait();
    memory.bytes_mut().fill(mark);
    pass.wait();
    expect_bytes("a memory that other threads write beside", memory.bytes(), mark)
}

fn expect_apart(places: &mut [Range<usize>]) -> Outcome {
    places.sort_by_key(|place| place.start);
    for pair in places.windows(2) {
        let [one, other] = pair else { continue };
        ensure!(one.end <= other.start, "two threads have {one:#x?} and {other:#x?} at once");
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gates that open when every thread has reached them or has ended.
#[derive(Default)]
struct Gates([AtomicUsize; 4]);

impl Gates {
    const fn pass(&self) -> Pass<'_> {
        Pass { gates: self, passed: 0 }
    }
}

/// A thread's progress through the gates.
struct Pass<'a> {
    gates: &'a Gates,
    passed: usize,
}

impl Pass<'_> {
    /// Waits for the others at the next gate.
    fn wait(&mut self) {
        let Some(gate) = self.gates.0.get(self.passed) else { return };
        self.passed += 1;
        gate.fetch_add(1, AcqRel);
        while gate.load(Acquire) < THREADS {
            thread::yield_now();
        }
    }
}

impl Drop for Pass<'_> {
    /// Opens the remaining gates for a thread that ended early.
    fn drop(&mut self) {
        for gate in self.gates.0.iter().skip(self.passed) {
            gate.fetch_add(1, AcqRel);
        }
    }
}
