//! Images and protected ranges, on every backend.

use wrt_instructions::{MemArg, i32_load, i32_store8, memory_copy, memory_fill};
use wrt_platform::{
    Capabilities, CommitPolicy, Discarded, GuardLevel, MemoryImage, PageAllocator, Protection,
    Region, ReserveRequest, for_each_backend,
};
use wrt_runtime::{
    Access, GuestMemory, LinearMemory, MemoryBuilder, MemoryError, MemoryType, Metrics, Trap,
};

const PAGE: u64 = 65536;

fn image() -> MemoryImage {
    MemoryImage::new(&[(70_000, &[1; 5000]), (1024, b"first"), (74_000, &[2; 1000])]).unwrap()
}

/// The contents of memories that start from it.
fn expected(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    bytes[70_000..75_000].fill(1);
    bytes[1024..1029].copy_from_slice(b"first");
    bytes[74_000..75_000].fill(2);
    bytes
}

fn images(allocator: impl PageAllocator) {
    let image = image();
    let ty = MemoryType::wasm32(2, Some(4)).unwrap();
    let mut memory = MemoryBuilder::new(ty).image(&image).allocate(&allocator).unwrap();
    let able = allocator.capabilities().contains(Capabilities::IMAGES);
    assert_eq!(memory.region().reservation().has_image(), able);
    drop(image);
    let first = expected(2 << 16);
    for round in 0..3_u8 {
        assert!(memory.data().unwrap() == first, "round {round}");
        memory.grow(2).unwrap();
        assert!(memory.data().unwrap()[2 << 16..].iter().all(|byte| *byte == 0));
        // A discarded range reads zero, image or not, and what is around it stays.
        memory.discard(66_000..72_000).unwrap();
        let mut now = first.clone();
        now.resize(4 << 16, 0);
        now[66_000..72_000].fill(0);
        assert!(memory.data().unwrap() == now, "round {round}");
        memory.fill(u64::from(round), 0xB6, 4 * PAGE - 2).unwrap();
        memory.verify_integrity().unwrap();
        memory.reset().unwrap();
    }
    let other = Region::new(&allocator, &ReserveRequest::new(PAGE, PAGE)).unwrap();
    assert!(other.data().unwrap().iter().all(|byte| *byte == 0));
}

fn image_must_fit(allocator: impl PageAllocator) {
    let image = image();
    let ty = MemoryType::wasm32(1, None).unwrap();
    let refused = MemoryBuilder::new(ty).image(&image).allocate(&allocator).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot reserve 75000 bytes: the image reaches beyond the initial size (65536 bytes were \
         possible)"
    );
    let nothing = MemoryImage::new(&[(1 << 60, b"")]).unwrap();
    let memory = MemoryBuilder::new(ty).image(&nothing).allocate(&allocator).unwrap();
    assert!(memory.data().unwrap().iter().all(|byte| *byte == 0));
}

/// Every access to a protected range traps with a specific message; accesses around it do not trap.
fn protection(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(4, Some(8)).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    memory.fill(0, 7, 4 * PAGE).unwrap();
    let (start, end) = (PAGE + 100, 2 * PAGE + 9000);
    memory.protect(start..end, Protection::empty()).unwrap();
    memory.protect(3 * PAGE..3 * PAGE + 1, Protection::READ).unwrap();
    memory.verify_integrity().unwrap();
    let arg = MemArg::offset(0);
    let load = |memory: &LinearMemory<_>, at: u64| i32_load(memory, arg, at as u32);
    for at in [start - 3, start, end - 1, end - 4] {
        assert_eq!(load(&memory, at), Err(Trap::Protected), "{at}");
        assert_eq!(memory_fill(&mut memory, at, 1, 4), Err(Trap::Protected));
        assert_eq!(memory_copy(&mut memory, 0, at, 4), Err(Trap::Protected));
        assert_eq!(memory_copy(&mut memory, at, 0, 4), Err(Trap::Protected));
    }
    for at in [0, start - 4, end, 3 * PAGE - 3, 3 * PAGE, 4 * PAGE - 4] {
        assert_eq!(load(&memory, at), Ok(0x0707_0707), "{at}");
    }
    assert_eq!(i32_store8(&mut memory, arg, 3 * PAGE as u32, 1), Err(Trap::Protected));
    assert_eq!(i32_store8(&mut memory, arg, 3 * PAGE as u32 + 1, 1), Ok(()));
    assert_eq!(load(&memory, 4 * PAGE - 3), Err(Trap::OutOfBounds));
    assert!(memory.get_safe_slice(start, 0).is_ok(), "no bytes are never protected");
    assert!(memory.data().is_err() && memory.data_mut().is_err());
    let refused = memory.write(start, b"secret").unwrap_err().to_string();
    let text =
        format!("access to protected memory: 6 bytes at address {start:#x} of a memory with");
    assert!(refused.starts_with(&text), "{refused}");
    assert!(memory.discard(start..start + 4096).is_err());
    memory.grow(1).unwrap();
    memory.verify_integrity().unwrap();
    assert_eq!(load(&memory, start), Err(Trap::Protected), "growth gives no right back");
    rights_come_back(memory);
}

/// The refusal of a copy names the side that is protected, or the higher one of what is outside.
fn refused_copies(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    memory.protect(1000..2000, Protection::empty()).unwrap();
    for (target, source, named) in [
        (1500, 0, 1500),
        (0, 1500, 1500),
        (1500, 3000, 1500),
        (3000, 1500, 1500),
        (PAGE - 1, 0, PAGE - 1),
        (0, PAGE - 1, PAGE - 1),
        (PAGE - 1, 1500, PAGE - 1),
    ] {
        let refused = memory.copy_within(target, source, 8).unwrap_err();
        let MemoryError::Refused(report) = refused else { panic!("{refused}") };
        assert_eq!(report.access, Access { address: named, size: 8 }, "{target} {source}");
    }
}

/// What the host says of pages in physical memory, and what the memory guarantees.
fn what_the_platform_says(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(2, None).unwrap();
    let builder = MemoryBuilder::new(ty).observer(Metrics::default());
    let mut memory = builder.commit(CommitPolicy::Exact).allocate(&allocator).unwrap();
    memory.data_mut().unwrap().fill(1);
    let resident = memory.region().resident();
    assert_eq!(memory.resident_bytes(), resident);
    assert_eq!(memory.metrics().resident_bytes, resident);
    let guarantees = memory.guarantees();
    assert_eq!(guarantees, memory.region().guarantees());
    for (offset, size) in [(0, 1), (0, 8), (1 << 20, 16), (u64::MAX, 1)] {
        assert_eq!(memory.elides(offset, size), guarantees.elides(32, offset, size));
    }
    let guarded = memory.region().reservation().guard_level() == GuardLevel::FullGuards;
    assert_eq!(memory.elides(0, 8), guarded && guarantees.faults_exactly);
    memory.prepare_thread().unwrap();
}

/// Rights return by another protection, and by a reset. The memory had four pages of sevens and one
/// more.
fn rights_come_back(mut memory: LinearMemory<impl PageAllocator>) {
    memory.protect(0..5 * PAGE, Protection::READ_WRITE).unwrap();
    assert!(
        memory.data().unwrap()[..4 << 16].iter().filter(|byte| **byte == 7).count() > 4 * 65530
    );
    memory.protect(0..PAGE, Protection::empty()).unwrap();
    memory.reset().unwrap();
    assert!(memory.data().unwrap().iter().all(|byte| *byte == 0), "a reset gives rights back");
    memory.verify_integrity().unwrap();
}

/// Ranges beyond the table, the memory or the backend are refused and change nothing.
fn refusals(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    for range in [0..PAGE + 1, PAGE + 1..PAGE + 1, 5..u64::MAX, u64::MAX..u64::MAX] {
        let refused = memory.protect(range.clone(), Protection::empty());
        assert!(refused.is_err(), "{range:?}");
        assert!(memory.discard(range.clone()).is_err(), "{range:?}");
    }
    #[expect(clippy::reversed_empty_ranges, reason = "it must be refused")]
    let backwards = 9..5;
    assert!(memory.protect(backwards, Protection::empty()).is_err());
    for range in 0..8 {
        memory.protect(range * 100..range * 100 + 10, Protection::empty()).unwrap();
    }
    let refused = memory.protect(5000..5001, Protection::READ).unwrap_err();
    assert!(refused.to_string().contains("at most 8 protected ranges"), "{refused}");
    memory.write(5000, b"open").unwrap();
    memory.protect(100..110, Protection::READ_WRITE).unwrap();
    memory.protect(5000..5001, Protection::READ).unwrap();
    let executable = memory.protect(0..PAGE, Protection::READ | Protection::EXECUTE);
    let able = allocator.capabilities().contains(Capabilities::PROTECT);
    assert_eq!(executable.is_ok(), able);
}

/// Only the final number of ranges counts, not that of intermediate steps.
fn full_table(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    for range in 0..7 {
        memory.protect(range * 100..range * 100 + 50, Protection::READ).unwrap();
    }
    memory.protect(10..20, Protection::READ_WRITE).unwrap();
    memory.write(10, &[1; 10]).unwrap();
    assert!(memory.write(9, &[1]).is_err() && memory.write(20, &[1]).is_err());
    memory.protect(650..700, Protection::READ).unwrap();
    assert!(memory.protect(5000..5001, Protection::READ).is_err());
    assert!(memory.protect(120..130, Protection::READ_WRITE).is_err());
    memory.verify_integrity().unwrap();
    memory.protect(0..700, Protection::READ_WRITE).unwrap();
    memory.data_mut().unwrap().fill(1);
}

/// An inaccessible prefix stays closed across growth from zero and resets.
fn prefix(allocator: impl PageAllocator) {
    for initial in [0, 1] {
        let ty = MemoryType::wasm32(initial, Some(4)).unwrap();
        let builder = MemoryBuilder::new(ty).inaccessible_prefix(70_000);
        let mut memory = builder.allocate(&allocator).unwrap();
        for _ in 0..2 {
            memory.grow(3 - initial).unwrap();
            for (at, outcome) in
                [(0, Err(Trap::Protected)), (69_999, Err(Trap::Protected)), (70_000, Ok(()))]
            {
                assert_eq!(i32_store8(&mut memory, MemArg::offset(0), at, 1), outcome, "{at}");
            }
            memory.verify_integrity().unwrap();
            memory.reset().unwrap();
        }
    }
}

/// Writable bytes can be discarded and filled, readable or not.
fn write_only(allocator: impl PageAllocator) {
    let mut region = Region::new(&allocator, &ReserveRequest::new(PAGE, PAGE)).unwrap();
    region.fill(0, 7, PAGE).unwrap();
    region.protect(0, PAGE, Protection::WRITE).unwrap();
    region.discard(4090, 8192).unwrap();
    region.fill(100, 9, 50).unwrap();
    region.protect(0, PAGE, Protection::READ_WRITE).unwrap();
    let mut expected = vec![7; PAGE as usize];
    expected[4090..4090 + 8192].fill(0);
    expected[100..150].fill(9);
    assert!(region.data().unwrap() == expected);
}

/// Writable bytes can be the target of copies, readable or not.
fn copies_to_write_only(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    let mut other = LinearMemory::new(&allocator, ty).unwrap();
    other.write(500, b"another").unwrap();
    memory.protect(4000..4200, Protection::WRITE).unwrap();
    memory.write(4010, b"host").unwrap();
    memory.memory_init(4020, b"segment", 0, 7).unwrap();
    memory.memory_copy_from(4030, &other, 500, 7).unwrap();
    memory.memory_copy(4040, 100, 7).unwrap();
    assert_eq!(memory.memory_copy(100, 4040, 7), Err(Trap::Protected));
    assert_eq!(other.memory_copy_from(0, &memory, 4030, 7), Err(Trap::Protected));
    assert!(memory.read(4010, &mut [0; 4]).is_err());
    memory.protect(4000..4200, Protection::READ_WRITE).unwrap();
    let bytes = memory.get_safe_slice(4010, 30).unwrap();
    assert_eq!(&*bytes, b"host\0\0\0\0\0\0segment\0\0\0another\0\0\0");
}

fn discards(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(2, None).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    memory.fill(0, 0xB6, 2 * PAGE).unwrap();
    let outcome = memory.discard(PAGE..2 * PAGE).unwrap();
    let able = allocator.capabilities().contains(Capabilities::DISCARD);
    assert_eq!(outcome == Discarded::Released, able);
    assert!(memory.data().unwrap()[..1 << 16].iter().all(|byte| *byte == 0xB6));
    assert!(memory.data().unwrap()[1 << 16..].iter().all(|byte| *byte == 0));
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn a_memory_starts_from_its_image() {
                super::images($new);
            }

            #[test]
            fn an_image_that_does_not_fit_is_refused() {
                super::image_must_fit($new);
            }

            #[test]
            fn protected_ranges_trap() {
                super::protection($new);
            }

            #[test]
            fn a_refused_copy_names_its_culprit() {
                super::refused_copies($new);
            }

            #[test]
            fn the_platform_answers_for_the_memory() {
                super::what_the_platform_says($new);
            }

            #[test]
            fn what_cannot_be_protected_is_refused() {
                super::refusals($new);
            }

            #[test]
            fn as_many_ranges_as_fit_are_kept() {
                super::full_table($new);
            }

            #[test]
            fn a_prefix_stays_closed() {
                super::prefix($new);
            }

            #[test]
            fn bytes_to_write_only_are_erased_too() {
                super::write_only($new);
            }

            #[test]
            fn bytes_to_write_only_take_copies() {
                super::copies_to_write_only($new);
            }

            #[test]
            fn discarded_pages_read_zero() {
                super::discards($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
