//! Cost of a scalar load or store through `LinearMemory`.
//!
//! Baselines: the faster of two hand-written checked loops over base and length ([`CheckedBySum`],
//! [`CheckedByDifference`]), on the same mapping; and, without a limit, the unchecked pointer.
//! Patterns: addresses within 16 KiB in a random order (`L1`), one after the other through 4 MiB
//! (`sequential`), anywhere in 64 MiB (`random`). Addresses have 32 bits, or 64 (`i64`), where both
//! sides must see that the offset does not overflow.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wrt_benches::{
    Case, CheckedByDifference, CheckedBySum, Contest, Limit, RawMemory, Unchecked, Word, addresses,
    repeat,
};
use wrt_instructions::{Address, MemArg, i32_load, i32_store, i64_load, i64_store};
use wrt_platform::MmapAllocator;
use wrt_runtime::{LinearMemory, MemoryType};

const MEMORY_BYTES: u64 = 64 << 20;
const OFFSET: u64 = 16;

type Memory = LinearMemory<MmapAllocator>;

/// The loops of one width and the contests between them.
macro_rules! width {
    ($module:ident, $load:ident, $store:ident, $raw_load:ident, $raw_store:ident, $value:ty) => {
        mod $module {
            use super::*;

            #[inline(never)]
            fn load<A: Address>(memory: &Memory, addresses: &[A]) -> Option<$value> {
                let mut sum: $value = 0;
                for &address in addresses {
                    let value = $load(memory, MemArg::offset(OFFSET), address).ok()?;
                    sum = sum.wrapping_add(value.cast_unsigned());
                }
                Some(sum)
            }

            #[inline(never)]
            fn store<A: Address + Word>(
                memory: &mut Memory,
                addresses: &[A],
                value: $value,
            ) -> Option<()> {
                for &address in addresses {
                    let value = value.wrapping_add(address.into() as $value).cast_signed();
                    $store(memory, MemArg::offset(OFFSET), address, value).ok()?;
                }
                Some(())
            }

            pub(super) fn loads<A: Address + Word>(
                contest: &mut Contest<'_>,
                memory: &mut Memory,
                pattern: &Pattern<A>,
            ) {
                let raw = RawMemory::from(memory.view());
                let addresses = pattern.addresses.as_slice();
                let ours = || black_box(load(black_box(memory), black_box(addresses)));
                let by_sum =
                    || black_box(raw.$raw_load::<CheckedBySum, A>(black_box(addresses), OFFSET));
                let by_difference = || {
                    black_box(raw.$raw_load::<CheckedByDifference, A>(black_box(addresses), OFFSET))
                };
                let unchecked =
                    || black_box(raw.$raw_load::<Unchecked, A>(black_box(addresses), OFFSET));
                let name = concat!(stringify!($value), " load");
                contest.run(
                    &pattern.case(name, Some(pattern.limit)),
                    &mut repeat(ours),
                    &mut [&mut repeat(by_sum), &mut repeat(by_difference)],
                );
                let name = concat!(stringify!($value), " load / unchecked");
                contest.run(
                    &pattern.case(name, None),
                    &mut repeat(ours),
                    &mut [&mut repeat(unchecked)],
                );
            }

            pub(super) fn stores<A: Address + Word>(
                contest: &mut Contest<'_>,
                memory: &mut Memory,
                pattern: &Pattern<A>,
            ) {
                let raw = RawMemory::from(memory.view());
                let addresses = pattern.addresses.as_slice();
                let ours = || black_box(store(black_box(&mut *memory), black_box(addresses), 1));
                let by_sum = || {
                    black_box(raw.$raw_store::<CheckedBySum, A>(black_box(addresses), OFFSET, 1))
                };
                let by_difference = || {
                    black_box(raw.$raw_store::<CheckedByDifference, A>(
                        black_box(addresses),
                        OFFSET,
                        1,
                    ))
                };
                let name = concat!(stringify!($value), " store");
                contest.run(
                    &pattern.case(name, Some(pattern.limit)),
                    &mut repeat(ours),
                    &mut [&mut repeat(by_sum), &mut repeat(by_difference)],
                );
            }
        }
    };
}

width!(narrow, i32_load, i32_store, load_u32, store_u32, u32);
width!(wide, i64_load, i64_store, load_u64, store_u64, u64);

/// The addresses of the loops, and the guaranteed limit.
struct Pattern<A> {
    name: &'static str,
    addresses: Vec<A>,
    limit: f64,
}

impl<A: Word> Pattern<A> {
    fn case(&self, what: &str, limit: Option<f64>) -> Case {
        let index = if size_of::<A>() == 8 { ", i64" } else { "" };
        Case {
            group: "access",
            name: format!("{what}, {}{index}", self.name),
            operations: self.addresses.len() as u64,
            limit: limit.map(Limit::Ratio),
        }
    }
}

fn patterns<A: From<u32>>() -> [Pattern<A>; 3] {
    let pattern = |name, count, span: u64, in_order, limit| {
        let addresses = addresses(count, (span - OFFSET) as u32, in_order);
        Pattern { name, addresses: addresses.into_iter().map(A::from).collect(), limit }
    };
    [
        pattern("L1", 2048, 16 << 10, false, 1.05),
        pattern("sequential", 1 << 19, 4 << 20, true, 1.05),
        pattern("random", 1 << 18, MEMORY_BYTES, false, 1.10),
    ]
}

fn contests<A: Address + Word + From<u32>>(contest: &mut Contest<'_>, memory: &mut Memory) {
    for pattern in &patterns::<A>() {
        narrow::loads(contest, memory, pattern);
        narrow::stores(contest, memory, pattern);
        wide::loads(contest, memory, pattern);
        wide::stores(contest, memory, pattern);
    }
}

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn access(criterion: &mut Criterion) {
    let ty = MemoryType::wasm32(MEMORY_BYTES >> 16, None).expect("the type is valid");
    let mut memory = LinearMemory::new(MmapAllocator::new(), ty).expect("64 MiB");
    // Every page is touched, so that no page fault is measured.
    memory.fill(0, 1, memory.byte_len()).expect("the whole memory");
    let mut contest = Contest::new(criterion);
    contests::<u32>(&mut contest, &mut memory);
    contests::<u64>(&mut contest, &mut memory);
}

criterion_group!(benches, access);
criterion_main!(benches);
