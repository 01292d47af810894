//! Cost of `memory.fill` and `memory.copy`, beside `memset` and `memmove`.
//!
//! Both sides write the same mapping; addresses and lengths are hidden from the compiler, as in an
//! interpreter.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wrt_benches::{Case, Contest, Limit, RawMemory, bare_copy, bare_fill};
use wrt_instructions::{memory_copy, memory_fill};
use wrt_platform::MmapAllocator;
use wrt_runtime::{LinearMemory, MemoryType};

const MEMORY_BYTES: u64 = 128 << 20;

/// Sizes, with the guaranteed limits.
const SIZES: [(&str, u64, Limit); 7] = [
    ("16 B", 16, Limit::MoreNanos(1.5)),
    ("256 B", 256, Limit::MoreNanos(1.5)),
    ("4 KiB", 4 << 10, Limit::Ratio(1.10)),
    ("64 KiB", 64 << 10, Limit::Ratio(1.05)),
    ("1 MiB", 1 << 20, Limit::Ratio(1.05)),
    ("16 MiB", 16 << 20, Limit::Ratio(1.05)),
    ("64 MiB", 64 << 20, Limit::Ratio(1.05)),
];

/// Target of fills and copies, and source of copies, in different lines of a cache.
const TARGET: u64 = 64;
const SOURCE: u64 = (64 << 20) - 4096;

fn case(what: &str, size: &str, operations: u64, limit: Limit) -> Case {
    Case { group: "bulk", name: format!("{what}, {size}"), operations, limit: Some(limit) }
}

type Memory = LinearMemory<MmapAllocator>;

fn fills(contest: &mut Contest<'_>, memory: &mut Memory, case: &Case, bytes: u64) {
    let raw = RawMemory::from(memory.view());
    let operations = case.operations;
    contest.run(
        case,
        &mut |runs| {
            for _ in 0..runs * operations {
                let (target, len) = black_box((TARGET, bytes));
                let _ = black_box(memory_fill(black_box(memory), target, 7, len));
            }
        },
        &mut [&mut |runs| {
            for _ in 0..runs * operations {
                let (target, len) = black_box((TARGET, bytes));
                bare_fill(black_box(raw), target as usize, 7, len as usize);
            }
        }],
    );
}

fn copies(contest: &mut Contest<'_>, memory: &mut Memory, case: &Case, bytes: u64) {
    let raw = RawMemory::from(memory.view());
    let operations = case.operations;
    contest.run(
        case,
        &mut |runs| {
            for _ in 0..runs * operations {
                let (target, source, len) = black_box((TARGET, SOURCE, bytes));
                let _ = black_box(memory_copy(black_box(memory), target, source, len));
            }
        },
        &mut [&mut |runs| {
            for _ in 0..runs * operations {
                let (target, source, len) = black_box((TARGET, SOURCE, bytes));
                bare_copy(black_box(raw), target as usize, source as usize, len as usize);
            }
        }],
    );
}

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn bulk(criterion: &mut Criterion) {
    let ty = MemoryType::wasm32(MEMORY_BYTES >> 16, None).expect("the type is valid");
    let mut memory = LinearMemory::new(MmapAllocator::new(), ty).expect("128 MiB");
    memory.fill(0, 1, memory.byte_len()).expect("the whole memory");
    let mut contest = Contest::new(criterion);
    for (size, bytes, limit) in SIZES {
        // One run is long enough that reading the clock does not matter.
        let operations = (4096 / bytes).max(1);
        fills(&mut contest, &mut memory, &case("fill", size, operations, limit), bytes);
        copies(&mut contest, &mut memory, &case("copy", size, operations, limit), bytes);
    }
}

criterion_group!(benches, bulk);
criterion_main!(benches);
