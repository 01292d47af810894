//! Guarantees of memories.
#![allow(unsafe_code, reason = "accesses that must fault")]

use core::num::NonZeroU64;

use wrt_platform::{
    Capabilities, CommitPolicy, PageAllocator, Region, ReserveRequest, for_each_backend,
};
use wrt_runtime::{IndexType, MemoryBuilder, MemoryType, PageSize};

const WASM_PAGE: u64 = 64 << 10;

fn unit(bytes: u64) -> NonZeroU64 {
    NonZeroU64::new(bytes).unwrap()
}

/// Exact faults are claimed by backends with guards, for whole pages under exact commit, and by no
/// other memory.
fn claims(allocator: impl PageAllocator) {
    let guards = allocator.capabilities().contains(Capabilities::GUARDS);
    let page = allocator.page().bytes() as u64;
    for (bytes, policy, exact) in [
        (page, CommitPolicy::Exact, guards),
        (WASM_PAGE, CommitPolicy::Exact, guards),
        (1, CommitPolicy::Exact, false),
        (page / 2, CommitPolicy::Exact, false),
        (WASM_PAGE, CommitPolicy::Ahead, false),
    ] {
        let request =
            ReserveRequest::new(WASM_PAGE, 4 * WASM_PAGE).unit(unit(bytes)).commit(policy);
        let region = Region::new(&allocator, &request).unwrap();
        let given = region.guarantees();
        assert_eq!(given.faults_exactly, exact, "lengths in units of {bytes} bytes, {policy:?}");
        let stable = allocator.capabilities().contains(Capabilities::STABLE_BASE);
        assert_eq!(given.stable_base, stable && !region.reservation().tagged());
        let reservation = region.reservation();
        let reserved = reservation.capacity().as_u64() + reservation.guard_after().as_u64();
        let reach = if guards { reserved } else { region.committed().as_u64() };
        assert_eq!((given.reach, given.guard_before), (reach, reservation.guard_before().as_u64()));
        assert_eq!(given.elides(0, 0, 1), exact);
        assert!(!given.elides(64, 0, 1) && !given.elides(0, 0, reach + 1));
        if exact {
            assert!(given.elides(0, 0, reach));
        }
    }
}

/// No other memory starts within the reach of one.
fn apart(allocator: impl PageAllocator) {
    let request = ReserveRequest::new(WASM_PAGE, 4 * WASM_PAGE);
    let regions: Vec<_> = (0..3).map(|_| Region::new(&allocator, &request).unwrap()).collect();
    let base = |region: &Region<_>| region.reservation().base().as_ptr().addr() as u64;
    for one in &regions {
        let reach = base(one)..base(one) + one.guarantees().reach;
        assert_eq!(regions.iter().filter(|other| reach.contains(&base(other))).count(), 1);
    }
}

/// A length that is no multiple of its unit is refused, at first and later.
fn units(allocator: impl PageAllocator) {
    let request = ReserveRequest::new(100, 4 * WASM_PAGE).unit(unit(WASM_PAGE));
    let refused = Region::new(&allocator, &request).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("multiple of its unit"), "{refused}");
    let request = ReserveRequest::new(WASM_PAGE, 4 * WASM_PAGE).unit(unit(WASM_PAGE));
    let mut region = Region::new(&allocator, &request).unwrap();
    let refused = region.grow_to(WASM_PAGE + 4096).unwrap_err();
    assert!(refused.to_string().contains("multiple of its unit"), "{refused}");
    assert_eq!(region.len() as u64, WASM_PAGE);
    region.grow_to(2 * WASM_PAGE).unwrap();
}

/// Memories with pages of one byte are exact to the byte through checks alone.
fn one_byte_pages(allocator: impl PageAllocator) {
    let ty = MemoryType::new(IndexType::I32, PageSize::One, 100, Some(70_000)).unwrap();
    let builder = MemoryBuilder::new(ty);
    let mut memory = builder.commit(CommitPolicy::Exact).allocate(allocator).unwrap();
    assert!(!memory.guarantees().faults_exactly && !memory.guarantees().elides(32, 0, 1));
    memory.grow(4096).unwrap();
    assert!(!memory.guarantees().faults_exactly);
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn exact_faults_are_claimed_where_they_are_had() {
                super::claims($new);
            }

            #[test]
            fn nobody_else_is_within_reach() {
                super::apart($new);
            }

            #[test]
            fn lengths_are_multiples_of_their_unit() {
                super::units($new);
            }

            #[test]
            fn pages_of_one_byte_never_fault_exactly() {
                super::one_byte_pages($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);

#[cfg(target_pointer_width = "64")]
mod full_guards {
    use wrt_platform::GuardPolicy;
    use wrt_testkit::{ChildTest, Ending};

    use super::super::host::HostAllocator;
    use super::*;

    /// The builder commits ahead by default.
    #[test]
    fn full_guards_imply_exact_commit() {
        let ty = MemoryType::wasm32(1, Some(16)).unwrap();
        let builder = MemoryBuilder::new(ty).guards(GuardPolicy::FullGuards);
        let mut memory = builder.allocate(HostAllocator::new()).unwrap();
        assert_eq!(memory.region().committed().as_u64(), memory.byte_len());
        memory.grow(3).unwrap();
        assert_eq!(memory.region().committed().as_u64(), memory.byte_len());
        let given = memory.guarantees();
        assert!(given.elides(32, u32::MAX.into(), 16) && !given.elides(33, u32::MAX.into(), 16));
        assert!(memory.elides(u32::MAX.into(), 16) && !memory.elides(1 << 33, 16));
    }

    #[test]
    fn full_guards_and_ahead_contradict_each_other() {
        let ty = MemoryType::wasm32(1, Some(16)).unwrap();
        let builder = MemoryBuilder::new(ty).commit(CommitPolicy::Ahead);
        let builder = builder.guards(GuardPolicy::FullGuards);
        let refused = builder.allocate(HostAllocator::new()).map(|_| ()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "cannot reserve 65536 bytes: full guards need exact commit, and committing ahead was \
             asked for"
        );
    }

    /// Where guaranteed, accesses past the length end the process.
    #[test]
    fn accesses_past_the_length_fault() {
        let child =
            ChildTest::new("guarantees::given::full_guards::accesses_past_the_length_fault");
        let places = ["length", "length + 100", "reach - 1", "before", "last"];
        let Some(case) = child.case() else {
            for place in places {
                let (ending, output) = child.run(place).unwrap();
                let control = place == "last";
                assert_eq!(ending == Ending::Success, control, "{place}: {output}");
                assert!(control || ending.is_fault(), "{place}: {ending:?}: {output}");
            }
            return;
        };
        let ty = MemoryType::wasm32(1, Some(16)).unwrap();
        let builder = MemoryBuilder::new(ty).guards(GuardPolicy::FullGuards);
        let mut memory = builder.allocate(HostAllocator::new()).unwrap();
        memory.grow(2).unwrap();
        let (given, view) = (memory.guarantees(), memory.view());
        let address = match case.as_str() {
            "length" => view.base.as_ptr().wrapping_add(view.len),
            "length + 100" => view.base.as_ptr().wrapping_add(view.len + 100),
            "reach - 1" => view.base.as_ptr().wrapping_add(given.reach as usize - 1),
            "before" => view.base.as_ptr().wrapping_sub(1),
            _ => view.base.as_ptr().wrapping_add(view.len - 1),
        };
        // SAFETY: every place but the last lies in a guard or is not committed, so that the host
        // ends the process; the last is a byte of the memory, which nobody else uses.
        unsafe { address.read_volatile() };
    }
}
