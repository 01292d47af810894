//! What does a scalar load or store cost through `LinearMemory`?
//!
//! Baselines: the better of two hand-written checked loops over base and length
//! ([`CheckedBySum`], [`CheckedByDifference`]), on the same mapping; and, without a limit, the
//! unchecked pointer. Patterns: addresses within 16 KiB in a random order (`L1`), one after the
//! other through 4 MiB (`sequential`), anywhere in 64 MiB (`random`).

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wrt_benches::{
    Case, CheckedByDifference, CheckedBySum, Contest, Limit, RawMemory, Unchecked, addresses,
};
use wrt_instructions::{MemArg, i32_load, i32_store, i64_load, i64_store};
use wrt_platform::MmapAllocator;
use wrt_runtime::{LinearMemory, MemoryType};

const MEMORY_BYTES: u64 = 64 << 20;
const L1_BYTES: u32 = 16 << 10;
const SEQUENTIAL_BYTES: u32 = 4 << 20;
const OFFSET: u32 = 16;

type Memory = LinearMemory<MmapAllocator>;

macro_rules! our_loops {
    ($load_loop:ident, $load:ident, $store_loop:ident, $store:ident, $int:ty, $value:ty) => {
        #[inline(never)]
        fn $load_loop(memory: &Memory, addresses: &[u32]) -> Option<$value> {
            let mut sum: $value = 0;
            for &address in addresses {
                let memarg = MemArg::offset(u64::from(OFFSET));
                sum = sum.wrapping_add($load(memory, memarg, address).ok()?.cast_unsigned());
            }
            Some(sum)
        }

        #[inline(never)]
        fn $store_loop(memory: &mut Memory, addresses: &[u32], value: $value) -> Option<()> {
            for &address in addresses {
                let memarg = MemArg::offset(u64::from(OFFSET));
                let value = value.wrapping_add(<$value>::from(address)).cast_signed();
                $store(memory, memarg, address, value).ok()?;
            }
            Some(())
        }
    };
}

our_loops!(load_u32, i32_load, store_u32, i32_store, i32, u32);
our_loops!(load_u64, i64_load, store_u64, i64_store, i64, u64);

macro_rules! contests {
    ($contest:expr, $memory:expr, $pattern:expr, $addresses:expr, $limit:expr, $name:literal,
     $ours_load:ident, $ours_store:ident, $raw_load:ident, $raw_store:ident) => {{
        let raw = RawMemory::from($memory.view());
        let addresses: &[u32] = $addresses;
        let operations = addresses.len() as u64;
        let named = |what: &str| format!("{} {what}, {}", $name, $pattern);
        let case = |name, limit| Case { group: "access", name, operations, limit };
        $contest.run(
            &case(named("load"), Some(Limit::Ratio($limit))),
            &mut |runs| {
                for _ in 0..runs {
                    black_box($ours_load(black_box(&$memory), black_box(addresses)));
                }
            },
            &mut [
                &mut |runs| {
                    for _ in 0..runs {
                        black_box(raw.$raw_load::<CheckedBySum>(black_box(addresses), OFFSET));
                    }
                },
                &mut |runs| {
                    for _ in 0..runs {
                        black_box(
                            raw.$raw_load::<CheckedByDifference>(black_box(addresses), OFFSET),
                        );
                    }
                },
            ],
        );
        $contest.run(
            &case(named("load / unchecked"), None),
            &mut |runs| {
                for _ in 0..runs {
                    black_box($ours_load(black_box(&$memory), black_box(addresses)));
                }
            },
            &mut [&mut |runs| {
                for _ in 0..runs {
                    black_box(raw.$raw_load::<Unchecked>(black_box(addresses), OFFSET));
                }
            }],
        );
        $contest.run(
            &case(named("store"), Some(Limit::Ratio($limit))),
            &mut |runs| {
                for _ in 0..runs {
                    black_box($ours_store(black_box(&mut $memory), black_box(addresses), 1));
                }
            },
            &mut [
                &mut |runs| {
                    for _ in 0..runs {
                        black_box(raw.$raw_store::<CheckedBySum>(black_box(addresses), OFFSET, 1));
                    }
                },
                &mut |runs| {
                    for _ in 0..runs {
                        black_box(raw.$raw_store::<CheckedByDifference>(
                            black_box(addresses),
                            OFFSET,
                            1,
                        ));
                    }
                },
            ],
        );
    }};
}

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn access(criterion: &mut Criterion) {
    let ty = MemoryType::wasm32(MEMORY_BYTES >> 16, None).expect("the type is valid");
    let mut memory = LinearMemory::new(MmapAllocator::new(), ty).expect("64 MiB");
    // Every page is touched, so that no page fault is measured.
    memory.data_mut().fill(1);
    let patterns = [
        ("L1", addresses(2048, L1_BYTES - OFFSET, false), 1.05),
        ("sequential", addresses(1 << 19, SEQUENTIAL_BYTES - OFFSET, true), 1.05),
        ("random", addresses(1 << 18, MEMORY_BYTES as u32 - OFFSET, false), 1.10),
    ];
    let mut contest = Contest::new(criterion);
    for (pattern, addresses, limit) in &patterns {
        contests!(
            contest, memory, pattern, addresses, *limit, "u32", load_u32, store_u32, load_u32,
            store_u32
        );
        contests!(
            contest, memory, pattern, addresses, *limit, "u64", load_u64, store_u64, load_u64,
            store_u64
        );
    }
}

criterion_group!(benches, access);
criterion_main!(benches);
