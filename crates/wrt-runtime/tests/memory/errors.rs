//! Messages and sources of errors: the unmet demand, the exhausted resource, the memory, and the
//! source of each error.

use core::error::Error;

use wrt_platform::{
    AllocError, AllocErrorKind, Corruption, GuardPolicy, HeapAllocator, NoRoom, Operation, OsError,
    PageAllocator, Region, ReserveRequest, StaticArena, Tagging,
};
use wrt_runtime::{
    DataSegment, GrowError, GrowErrorCause, GrowRequest, GrowVeto, IntegrityError,
    IntegrityErrorCause, InvalidMemoryType, LinearMemory, MemoryBuilder, MemoryError, MemoryType,
    Trap, TrapReport,
};

/// A source of type `E` that is `expected`.
fn expect_source<E: Error + PartialEq + 'static>(error: &dyn Error, expected: &E) {
    let source = error.source().unwrap_or_else(|| panic!("no source of: {error}"));
    let found = source.downcast_ref::<E>();
    assert!(found == Some(expected), "the source of `{error}` is `{source}`, not `{expected}`");
}

fn expect_no_source(error: &dyn Error) {
    assert!(error.source().is_none(), "`{error}` rests on nothing");
}

fn refusal<P: PageAllocator>(allocator: P, request: &ReserveRequest<'_>) -> String {
    Region::new(allocator, request).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_demand_that_fails_is_named() {
    static ARENA: StaticArena<65536> = StaticArena::new();
    let request = ReserveRequest::new(4096, 65536);
    let full = request.guards(GuardPolicy::FullGuards);
    let small = request.guards(GuardPolicy::SmallGuard);
    let tagged = request.tagging(Tagging::Required);
    for (found, expected) in [
        (
            refusal(HeapAllocator::new(), &full),
            "the heap backend has no guards; full guards were demanded",
        ),
        (
            refusal(HeapAllocator::new(), &small),
            "the heap backend has no guards; guards were demanded",
        ),
        (
            refusal(HeapAllocator::new(), &tagged),
            "the heap backend has no memory tags; memory tags were required",
        ),
        (refusal(&ARENA, &full), "the static arena has no guards; full guards were demanded"),
        (
            refusal(&ARENA, &tagged),
            "the static arena has no memory tags; memory tags were required",
        ),
    ] {
        assert_eq!(found, format!("cannot reserve 4096 bytes: {expected}"));
    }
}

#[test]
fn an_arena_says_what_it_is_out_of() {
    static ARENA: StaticArena<{ 8 * 4096 }, 2> = StaticArena::new();
    let request = ReserveRequest::new(4096, 4096);
    assert_eq!(
        refusal(&ARENA, &ReserveRequest::new(65536, 65536)),
        "cannot reserve 65536 bytes: no free run of that size is left (32768 bytes were possible)"
    );
    let _memories =
        [Region::new(&ARENA, &request).unwrap(), Region::new(&ARENA, &request).unwrap()];
    assert_eq!(refusal(&ARENA, &request), "cannot reserve 4096 bytes: all 2 slots are in use");
}

#[cfg(all(unix, feature = "std"))]
#[test]
fn a_pool_says_what_it_is_out_of() {
    use wrt_platform::{MmapAllocator, PoolAllocator, PoolConfig, PoolLayout};

    let request = ReserveRequest::new(4096, 65536);
    let tagged = request.tagging(Tagging::Required);
    assert_eq!(
        refusal(MmapAllocator::new(), &tagged),
        "cannot reserve 4096 bytes: the mmap backend has no memory tags; memory tags were required"
    );
    let pool = |layout| PoolAllocator::new(&PoolConfig::new(1, 65536).layout(layout)).unwrap();
    let small = pool(PoolLayout::SmallGuard);
    let wide = request.guards(GuardPolicy::SmallGuard).guard(1 << 20);
    assert_eq!(
        refusal(&small, &wide),
        "cannot reserve 4096 bytes: the pool's guards are smaller; guards were demanded"
    );
    assert_eq!(
        refusal(pool(PoolLayout::Dense), &request.guards(GuardPolicy::FullGuards)),
        "cannot reserve 4096 bytes: a dense pool has no guards; full guards were demanded"
    );
    assert_eq!(
        refusal(&small, &ReserveRequest::new(65537, 1 << 20)),
        "cannot reserve 65537 bytes: more than a slot of the pool has (65536 bytes were possible)"
    );
    let _only = Region::new(&small, &request).unwrap();
    assert_eq!(refusal(&small, &request), "cannot reserve 4096 bytes: the only slot is in use");
}

#[test]
fn one_byte_is_singular() {
    let refused = AllocError::new(Operation::Commit, AllocErrorKind::Capacity, 1).possible(1);
    assert_eq!(
        refused.to_string(),
        "cannot commit 1 byte: beyond what the memory has reserved (1 byte was possible)"
    );
    let ty = MemoryType::wasm32(1, Some(1)).unwrap();
    let mut memory = LinearMemory::new(HeapAllocator::new(), ty).unwrap();
    assert_eq!(
        memory.write(65536, &[1]).unwrap_err().to_string(),
        "out of bounds memory access: 1 byte at address 0x10000 of a memory with 65536 bytes"
    );
    assert_eq!(
        memory.grow(1).unwrap_err().to_string(),
        "cannot grow a memory of 1 page by 1: its maximum is 1 page"
    );
    let segment = DataSegment::new([7_u8]);
    assert_eq!(
        memory.init_from(0, &segment, 1, 1).unwrap_err().to_string(),
        "cannot copy 1 byte from byte 1 of a data segment of 1 byte"
    );
    assert_eq!(
        AllocError::unsupported(Operation::Discard).to_string(),
        "this backend cannot discard memory"
    );
}

#[test]
fn errors_say_which_memory() {
    let ty = MemoryType::wasm32(2, Some(3)).unwrap();
    let builder = || MemoryBuilder::new(ty).name("heap");
    let mut memory = builder().allocate(HeapAllocator::new()).unwrap();
    assert_eq!(
        memory.grow(2).unwrap_err().to_string(),
        "cannot grow memory \"heap\" of 2 pages by 2: its maximum is 3 pages"
    );
    let full = builder().guards(GuardPolicy::FullGuards);
    assert_eq!(
        full.allocate(HeapAllocator::new()).map(|_| ()).unwrap_err().to_string(),
        "memory \"heap\": cannot reserve 131072 bytes: the heap backend has no guards; full guards \
         were demanded"
    );
    let refusing = |_: &GrowRequest| Err(GrowVeto::new("not today"));
    let vetoed = builder().pre_grow_hook(refusing).allocate(HeapAllocator::new());
    assert_eq!(
        vetoed.map(|_| ()).unwrap_err().to_string(),
        "cannot create memory \"heap\" of 2 pages: not today"
    );
    let limited = builder().limit_pages(1).allocate(HeapAllocator::new());
    assert_eq!(
        limited.map(|_| ()).unwrap_err().to_string(),
        "memory \"heap\" of 2 pages exceeds the embedder's limit of 1"
    );
}

/// Errors of host access name the memory, since the request may come from one of many guests.
#[test]
#[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
fn errors_of_the_host_say_which_memory() {
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = MemoryBuilder::new(ty).name("heap").allocate(HeapAllocator::new()).unwrap();
    let seals: Vec<_> = core::iter::from_fn(|| memory.seal(0..1).ok()).collect();
    assert_eq!(seals.len(), 8);
    memory.write_value(7, 0xFFFF_u16).unwrap();
    memory.write(65535, b"!").unwrap();
    let segment = DataSegment::new([7_u8]);
    for (refused, expected) in [
        (memory.seal(0..1).map(drop), "the memory has 8 seals already"),
        (memory.discard(16..8).map(drop), "the range 0x10..0x8 ends before it starts"),
        (memory.get_str(6, 2).map(drop), "the byte at 0x7 is not UTF-8"),
        (memory.get_c_str(65535).map(drop), "no zero ends the string at 0xffff within the memory"),
        (
            memory.init_from(0, &segment, 1, 1),
            "cannot copy 1 byte from byte 1 of a data segment of 1 byte",
        ),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), format!("memory \"heap\": {expected}"));
    }
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
fn a_reversed_range_is_called_so() {
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = LinearMemory::new(HeapAllocator::new(), ty).unwrap();
    let usual = wrt_platform::Protection::READ_WRITE;
    for refused in [
        memory.seal(16..8).map(|_| ()).unwrap_err(),
        memory.protect(16..8, usual).unwrap_err(),
        memory.discard(16..8).map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(refused, MemoryError::ReversedRange { start: 16, end: 8, name: None });
        assert_eq!(refused.to_string(), "the range 0x10..0x8 ends before it starts");
    }
}

#[test]
fn errors_of_memories_have_their_source() {
    let cause = AllocError::new(Operation::Commit, AllocErrorKind::Os(OsError(12)), 5);
    let veto = GrowVeto::new("no");
    let invalid = MemoryType::wasm32(65537, None).unwrap_err();
    let ty = MemoryType::wasm32(1, None).unwrap();
    let memory = LinearMemory::new(HeapAllocator::new(), ty).unwrap();
    let refused = memory.get_safe_slice(65536, 1).map(|_| ()).unwrap_err();
    let MemoryError::Refused(report) = refused else { panic!("{refused}") };
    expect_source::<Trap>(&report, &Trap::OutOfBounds);
    expect_source::<TrapReport>(&refused, &report);
    expect_source::<InvalidMemoryType>(&MemoryError::InvalidType(invalid), &invalid);
    expect_source::<AllocError>(&MemoryError::Platform { cause, name: None }, &cause);
    expect_source::<GrowVeto>(&MemoryError::Vetoed { pages: 1, veto, name: None }, &veto);
    expect_source::<NoRoom>(&MemoryError::NoRoom(NoRoom), &NoRoom);
    expect_no_source(&MemoryError::AboveLimit { minimum: 2, limit: 1, name: None });
    expect_no_source(&MemoryError::ReversedRange { start: 2, end: 1, name: None });
    expect_no_source(&MemoryError::SegmentOutOfBounds {
        source: 1,
        len: 1,
        segment_len: 0,
        name: None,
    });
    expect_no_source(&MemoryError::TooManySeals { most: 8, name: None });
    expect_no_source(&cause);
}

/// The error of a growth that the hook or a small arena refuses.
fn grow_error(hook: impl Fn(&GrowRequest) -> Result<(), GrowVeto>) -> GrowError {
    static ARENA: StaticArena<{ 3 * 65536 }> = StaticArena::new();
    let builder = MemoryBuilder::new(MemoryType::wasm32(1, Some(9)).unwrap());
    let mut memory = builder.allocate(&ARENA).unwrap().with_pre_grow_hook(hook);
    memory.grow(4).unwrap_err()
}

#[test]
fn errors_of_growth_have_their_source() {
    let platform = grow_error(|_| Ok(()));
    let GrowErrorCause::Platform(cause) = platform.cause else { panic!("{platform}") };
    expect_source::<AllocError>(&platform, &cause);
    let vetoed = grow_error(|_| Err(GrowVeto::new("no")));
    expect_source::<GrowVeto>(&vetoed, &GrowVeto::new("no"));
    let ty = MemoryType::wasm32(1, Some(1)).unwrap();
    let mut full = LinearMemory::new(HeapAllocator::new(), ty).unwrap();
    expect_no_source(&full.grow(1).unwrap_err());
}

#[test]
fn errors_of_integrity_have_their_source() {
    let ty = MemoryType::wasm32(1, Some(1)).unwrap();
    let mut memory = LinearMemory::new(HeapAllocator::new(), ty).unwrap();
    let seal = memory.seal(0..8).unwrap();
    memory.write(0, &[1]).unwrap();
    let broken: IntegrityError = memory.verify(&seal).unwrap_err();
    assert!(matches!(broken.cause, IntegrityErrorCause::SealBroken(_)));
    expect_no_source(&broken);
    expect_no_source(&Corruption::Guard);
}
