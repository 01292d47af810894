//! Cost of counting.
//!
//! The loops of `access` within L1, on memories with `Metrics` and `SyncMetrics`, beside the faster
//! of the hand-written checked loops, which count nothing; and `SyncMetrics` on two threads at once
//! beside one thread. All counts are compared with the operations done.

use std::hint::black_box;
use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use wrt_benches::{
    Case, CheckedByDifference, CheckedBySum, Contest, Limit, RawMemory, addresses, repeat,
};
use wrt_instructions::{MemArg, i32_load, i32_store};
use wrt_platform::MmapAllocator;
use wrt_runtime::{Counting, LinearMemory, MemoryBuilder, MemoryType, Metrics, SyncMetrics};

const OFFSET: u64 = 16;
const ADDRESSES: u32 = 2048;

type Memory<O> = LinearMemory<MmapAllocator, O>;

#[inline(never)]
fn load<O: Counting>(memory: &Memory<O>, addresses: &[u32]) -> Option<u32> {
    let mut sum = 0_u32;
    for &address in addresses {
        let memarg = MemArg::offset(OFFSET);
        sum = sum.wrapping_add(i32_load(memory, memarg, address).ok()?.cast_unsigned());
    }
    Some(sum)
}

#[inline(never)]
fn store<O: Counting>(memory: &mut Memory<O>, addresses: &[u32], value: u32) -> Option<()> {
    for &address in addresses {
        let memarg = MemArg::offset(OFFSET);
        i32_store(memory, memarg, address, value.wrapping_add(address).cast_signed()).ok()?;
    }
    Some(())
}

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn counted<O: Counting>(observer: O) -> Memory<O> {
    let ty = MemoryType::wasm32(1, None).expect("the type is valid");
    let builder = MemoryBuilder::new(ty).observer(observer);
    let mut memory = builder.allocate(MmapAllocator::new()).expect("one page");
    // Untouched pages all read from one page of zeroes, which caches treat in a way of their own.
    memory.fill(0, 1, memory.byte_len()).expect("the whole memory");
    memory
}

/// Addresses within 16 KiB.
fn words() -> Vec<u32> {
    addresses(ADDRESSES, 16 << 10, false)
}

fn case(what: &str, name: &str, limit: f64) -> Case {
    Case {
        group: "observers",
        name: format!("u32 {what}, L1, {name}"),
        operations: ADDRESSES.into(),
        limit: Some(Limit::Ratio(limit)),
    }
}

fn loads<O: Counting + Default>(contest: &mut Contest<'_>, name: &str, limit: f64) {
    let mut memory = counted(O::default());
    let raw = RawMemory::from(memory.view());
    let words = words();
    let addresses = words.as_slice();
    let by_sum = || raw.load_u32::<CheckedBySum, _>(black_box(addresses), OFFSET);
    let by_difference = || raw.load_u32::<CheckedByDifference, _>(black_box(addresses), OFFSET);
    let mut done = 0;
    let ours = || {
        done += u64::from(ADDRESSES);
        load(black_box(&memory), black_box(addresses))
    };
    contest.run(
        &case("load", name, limit),
        &mut repeat(ours),
        &mut [&mut repeat(by_sum), &mut repeat(by_difference)],
    );
    assert_eq!(memory.metrics().counts.loads, done, "every load is counted once");
}

fn stores<O: Counting + Default>(contest: &mut Contest<'_>, name: &str, limit: f64) {
    let mut memory = counted(O::default());
    let raw = RawMemory::from(memory.view());
    let words = words();
    let addresses = words.as_slice();
    let by_sum = || raw.store_u32::<CheckedBySum, _>(black_box(addresses), OFFSET, 1);
    let by_difference = || raw.store_u32::<CheckedByDifference, _>(black_box(addresses), OFFSET, 1);
    let mut done = 0;
    let ours = || {
        done += u64::from(ADDRESSES);
        store(black_box(&mut memory), black_box(addresses), 1)
    };
    contest.run(
        &case("store", name, limit),
        &mut repeat(ours),
        &mut [&mut repeat(by_sum), &mut repeat(by_difference)],
    );
    assert_eq!(memory.metrics().counts.stores, done, "every store is counted once");
}

/// Two threads at once, each with the work of the baseline's one thread.
fn two_threads(contest: &mut Contest<'_>) {
    let memory = counted(SyncMetrics::default());
    let words = words();
    let addresses = words.as_slice();
    let work = |runs: u64| {
        for _ in 0..runs {
            black_box(load(black_box(&memory), black_box(addresses)));
        }
    };
    let threads = |count: u64, runs: u64| {
        thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(|| work(runs));
            }
        });
        count * runs * addresses.len() as u64
    };
    let (mut by_two, mut by_one) = (0, 0);
    contest.run(
        &case("load", "SyncMetrics, two threads / one", 1.2),
        &mut |runs| by_two += threads(2, runs),
        &mut [&mut |runs| by_one += threads(1, runs)],
    );
    assert_eq!(memory.metrics().counts.loads, by_two + by_one, "every load is counted once");
}

fn observers(criterion: &mut Criterion) {
    let mut contest = Contest::new(criterion);
    loads::<Metrics>(&mut contest, "Metrics", 1.4);
    stores::<Metrics>(&mut contest, "Metrics", 1.4);
    loads::<SyncMetrics>(&mut contest, "SyncMetrics", 1.5);
    stores::<SyncMetrics>(&mut contest, "SyncMetrics", 1.5);
    two_threads(&mut contest);
}

criterion_group!(benches, observers);
criterion_main!(benches);
