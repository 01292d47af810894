//! Requests that violate the callers' contract never reach a backend: regions and the checks'
//! memories refuse them.

use wrt_platform::{
    AllocErrorKind, CommitPolicy, HostRange, PageAllocator, Protection, Region, ReserveRequest,
    for_each_backend,
};
use wrt_testkit::{FaultyAllocator, RawMemory};

/// Growth beyond the capacity, by a page and by so many bytes that sums wrap.
fn capacity(allocator: impl PageAllocator) {
    let allocator = FaultyAllocator::new(allocator);
    let page = allocator.page();
    let bytes = page.bytes() as u64;
    for policy in [CommitPolicy::Exact, CommitPolicy::Ahead] {
        let request = ReserveRequest::new(bytes, u64::MAX).reservation(4 * bytes).commit(policy);
        let mut region = Region::new(&allocator, &request).unwrap();
        let calls = allocator.calls();
        let capacity = region.reservation().capacity().as_u64();
        for new_len in [capacity + 1, capacity + bytes, 1 << 63, u64::MAX - bytes, u64::MAX] {
            let error = region.grow_to(new_len).unwrap_err();
            let told = [AllocErrorKind::Capacity, AllocErrorKind::AddressSpace];
            assert!(told.contains(&error.kind), "{error}");
            assert_eq!(error.possible, Some(region.capacity()));
            assert_eq!(allocator.calls(), calls, "the backend was asked for {new_len} bytes");
        }
        region.grow_to(2 * bytes).unwrap();
    }
    let mut memory = RawMemory::reserve(&allocator, &ReserveRequest::new(bytes, bytes)).unwrap();
    let beyond = memory.reservation().capacity().as_u64() + bytes;
    let calls = allocator.calls();
    if let Some(beyond) = page.round_up(beyond) {
        assert!(memory.commit(beyond).is_err());
        assert_eq!(allocator.calls(), calls);
    }
}

/// Writable and executable pages that the request did not allow.
fn write_execute(allocator: impl PageAllocator) {
    let allocator = FaultyAllocator::new(allocator);
    let page = allocator.page();
    let bytes = page.bytes() as u64;
    let rights = Protection::READ_WRITE | Protection::EXECUTE;
    let mut region = Region::new(&allocator, &ReserveRequest::new(bytes, bytes)).unwrap();
    let calls = allocator.calls();
    for rights in [rights, Protection::WRITE | Protection::EXECUTE] {
        region.protect(0, bytes, rights).unwrap_err();
        assert_eq!(allocator.calls(), calls, "the backend was asked for {rights:?}");
    }
    region.protect(0, bytes, Protection::READ).unwrap();
    let mut memory = RawMemory::reserve(&allocator, &ReserveRequest::new(bytes, bytes)).unwrap();
    memory.commit(page.round_up(bytes).unwrap()).unwrap();
    let all = HostRange { len: memory.committed(), ..HostRange::EMPTY };
    let calls = allocator.calls();
    assert!(memory.protect(all, rights).is_err());
    assert_eq!(allocator.calls(), calls);
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn no_commit_exceeds_the_capacity() {
                super::capacity($new);
            }

            #[test]
            fn no_page_is_writable_and_executable_unasked() {
                super::write_execute($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
