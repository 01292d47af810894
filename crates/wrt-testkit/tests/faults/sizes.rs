//! Known bugs at the limits of sizes: zero, impossible sizes, more than was reserved.

use wrt_instructions::{MemArg, i32_load8_u, i32_store8, memory_grow, memory_size, v128_load};
use wrt_platform::{
    AllocErrorKind, CommitPolicy, HeapAllocator, PageAllocator, Region, ReserveRequest,
    for_each_backend,
};
use wrt_runtime::{
    GrowErrorCause, GuestMemory, IndexType, LinearMemory, MemoryBuilder, MemoryError, MemoryType,
    PageSize, Trap,
};
use wrt_testkit::FaultyAllocator;

use crate::host::HostAllocator;

const INDEXES: [IndexType; 2] = [IndexType::I32, IndexType::I64];

/// Every combination of zeros: minimum, maximum, guard, reservation; both page sizes, index types
/// and policies.
fn f04_zeros(allocator: impl PageAllocator) {
    for (index, page) in [
        (IndexType::I32, PageSize::Wasm),
        (IndexType::I32, PageSize::One),
        (IndexType::I64, PageSize::Wasm),
        (IndexType::I64, PageSize::One),
    ] {
        for maximum in [0, 1, 3] {
            for (guard, reservation) in [(0, 0), (0, 1 << 20), (65536, 0), (65536, 1 << 20)] {
                for policy in [CommitPolicy::Exact, CommitPolicy::Ahead] {
                    let ty = MemoryType::new(index, page, 0, Some(maximum)).unwrap();
                    let builder = MemoryBuilder::new(ty).commit(policy).guard(guard);
                    let made = builder.reservation(reservation).allocate(&allocator);
                    empty_but_sound(made.unwrap(), maximum);
                }
            }
        }
    }
}

fn empty_but_sound<P: PageAllocator>(mut memory: LinearMemory<P>, maximum: u64) {
    assert_eq!((memory.size(), memory.byte_len(), memory.peak_memory()), (0, 0, 0));
    memory.verify_integrity().unwrap();
    assert_eq!(memory.load(0, u8::from_le_bytes), Err(Trap::OutOfBounds));
    let failed = memory.index_type().minus_one();
    assert_eq!(memory_grow(&mut memory, maximum + 1), failed);
    let grown = memory_grow(&mut memory, maximum);
    // Where nothing was reserved and the base may not move, there is nowhere to grow.
    assert!(grown == 0 || grown == failed);
    assert!(memory.data().unwrap().iter().all(|byte| *byte == 0));
    memory.data_mut().unwrap().fill(0xB6);
    memory.verify_integrity().unwrap();
    memory.reset().unwrap();
    assert_eq!(memory.size(), 0);
    memory.verify_integrity().unwrap();
}

/// Sizes up to 2^64 bytes: an error with the size requested, never a panic.
fn f13_beyond_the_address_space(allocator: impl PageAllocator) {
    for index in INDEXES {
        for page in [PageSize::One, PageSize::Wasm] {
            let most = MemoryType::most_pages(index, page);
            for pages in [most, most - 1, most / 2 + 1] {
                let ty = MemoryType::new(index, page, pages, None).unwrap();
                // A memory of 4 GiB is possible, on some hosts.
                let Err(error) = LinearMemory::new(&allocator, ty) else {
                    assert!(ty.initial().bytes() <= 1 << 32, "{pages} pages of {page:?}");
                    continue;
                };
                let MemoryError::Platform { cause, .. } = error else { panic!("{error}") };
                assert_eq!(cause.requested, ty.initial().bytes());
            }
            assert!(MemoryType::new(index, page, 1, Some(0)).is_err());
        }
    }
    for delta in [1 << 32, 1 << 47, (1 << 48) - 1, 1 << 48, u64::MAX - 1, u64::MAX] {
        for page in [PageSize::One, PageSize::Wasm] {
            let ty = MemoryType::new(IndexType::I64, page, 1, None).unwrap();
            let mut memory = LinearMemory::new(&allocator, ty).unwrap();
            memory.write(0, b"x").unwrap();
            // 4 GiB more in single bytes is something that some hosts have.
            if page == PageSize::Wasm || delta > 1 << 47 {
                assert_eq!(memory_grow(&mut memory, delta), u64::MAX, "{delta} pages of {page:?}");
                assert_eq!((memory.size(), memory.data().unwrap()[0]), (1, b'x'));
            }
        }
    }
}

fn f16_no_pages(allocator: impl PageAllocator) {
    for index in INDEXES {
        let ty = MemoryType::new(index, PageSize::Wasm, 0, None).unwrap();
        let mut memory = LinearMemory::new(&allocator, ty).unwrap();
        let arg = MemArg::offset(0);
        assert_eq!(memory_size(&memory), 0);
        assert_eq!(i32_load8_u(&memory, arg, 0_u32), Err(Trap::OutOfBounds));
        assert_eq!(v128_load(&memory, arg, 0_u32), Err(Trap::OutOfBounds));
        assert_eq!(i32_store8(&mut memory, arg, 0_u32, 1), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_fill(0, 1, 0), Ok(()));
        assert_eq!(memory.memory_fill(1, 1, 0), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_fill(0, 1, 1), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_copy(0, 0, 0), Ok(()));
        assert_eq!(memory.memory_copy(0, 0, 1), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_init(0, &[], 0, 0), Ok(()));
        assert_eq!(memory.memory_init(0, b"a", 0, 1), Err(Trap::OutOfBounds));
        let other = LinearMemory::new(HeapAllocator::new(), ty).unwrap();
        assert_eq!(memory.memory_copy_from(0, &other, 0, 0), Ok(()));
        assert_eq!(memory.memory_copy_from(0, &other, 0, 1), Err(Trap::OutOfBounds));
        memory.read(0, &mut []).unwrap();
        memory.write(0, &[]).unwrap();
        memory.read(0, &mut [0]).unwrap_err();
        assert!(memory.get_safe_slice(0, 0).unwrap().is_empty());
        let seal = memory.seal(0..0).unwrap();
        memory.verify(&seal).unwrap();
        memory.verify_integrity().unwrap();
        assert!(memory.resident_bytes().is_none_or(|bytes| bytes == 0));
        assert_eq!(memory_grow(&mut memory, 0), 0);
        memory.reset().unwrap();
        assert_eq!(memory_grow(&mut memory, 1), 0);
        assert_eq!(i32_load8_u(&memory, arg, 65535_u32), Ok(0));
    }
}

/// A memory that reserved less than its maximum ends at the end of its reservation.
fn f18_past_the_reservation(allocator: impl PageAllocator) {
    let request = ReserveRequest::new(65536, 1 << 40).reservation(1 << 20);
    let mut region = Region::new(&allocator, &request).unwrap();
    let mut neighbour = Region::new(&allocator, &request).unwrap();
    for memory in [&mut region, &mut neighbour] {
        memory.data_mut().unwrap().fill(0xB6);
    }
    let capacity = region.capacity();
    let (mut last, mut refusal) = (region.len() as u64, None);
    // What can be reached in steps; a moving memory reaches what the heap has, so there is an end.
    for target in (1..=24).map(|step| step << 20) {
        match region.grow_to(target) {
            Ok(()) => last = target,
            Err(error) => {
                refusal = refusal.or(Some(error));
                assert_eq!(region.len() as u64, last);
            }
        }
    }
    assert!(last <= capacity);
    if let Some(error) = refusal {
        let beyond = matches!(error.kind, AllocErrorKind::Capacity | AllocErrorKind::Exhausted);
        assert!(beyond && error.possible.is_some_and(|bytes| bytes < error.requested), "{error}");
    }
    let beyond = region.grow_to(capacity.saturating_add(1)).unwrap_err();
    assert!(beyond.possible.is_some(), "{beyond}");
    region.data_mut().unwrap()[65536..].fill(0x11);
    assert!(
        neighbour.data().unwrap().iter().all(|byte| *byte == 0xB6),
        "the neighbour was written"
    );
    neighbour.verify().unwrap();
    region.verify().unwrap();
}

/// A backend need not check the capacity of a reservation: the region requests nothing beyond it.
fn f18_the_region_refuses(allocator: impl PageAllocator) {
    let faulty = FaultyAllocator::new(allocator);
    let page = faulty.page().bytes() as u64;
    let request = ReserveRequest::new(page, 1 << 40).reservation(4 * page);
    let mut region = Region::new(&faulty, &request).unwrap();
    let capacity = region.capacity();
    for beyond in [capacity + 1, capacity + page, 2 * capacity, u64::MAX] {
        faulty.fail_from(1);
        let refused = region.grow_to(beyond).unwrap_err();
        assert!(!faulty.has_failed(), "the backend was asked for {beyond} of {capacity} bytes");
        assert!(refused.possible.is_some_and(|bytes| bytes <= capacity), "{refused}");
    }
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn f04_zeros_in_every_combination() {
                super::f04_zeros($new);
            }

            #[test]
            fn f13_sizes_beyond_the_address_space() {
                super::f13_beyond_the_address_space($new);
            }

            #[test]
            fn f16_memories_of_no_pages() {
                super::f16_no_pages($new);
            }

            #[test]
            fn f18_growth_ends_with_the_reservation() {
                super::f18_past_the_reservation($new);
            }

            #[test]
            fn f18_the_region_itself_refuses() {
                super::f18_the_region_refuses($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);

#[test]
fn f18_the_error_says_what_was_possible() {
    let ty = MemoryType::wasm32(1, None).unwrap();
    let builder = MemoryBuilder::new(ty).reservation(2 << 16);
    let mut memory = builder.allocate(HostAllocator::new()).unwrap();
    let error = memory.grow(2).unwrap_err();
    assert!(matches!(error.cause, GrowErrorCause::Platform(_)));
    assert_eq!(
        error.to_string(),
        "cannot grow a memory of 1 page by 2: cannot commit 196608 bytes: beyond what the memory \
         has reserved (131072 bytes were possible)"
    );
}
