//! Failures of every allocator call in a memory's lifecycle: the memory is unchanged, and nothing
//! leaks.

use wrt_platform::{CommitPolicy, PageAllocator, Region, ReserveRequest, for_each_backend};
use wrt_runtime::{LinearMemory, MemoryBuilder, MemoryType, Metrics};
use wrt_testkit::{FaultyAllocator, for_each_failure};

const POLICIES: [CommitPolicy; 2] = [CommitPolicy::Exact, CommitPolicy::Ahead];

/// The pages that a memory of this job grows through.
const STEPS: [u64; 4] = [1, 2, 1, 4];

fn memories(allocator: impl PageAllocator) {
    for policy in POLICIES {
        let failures = for_each_failure(&allocator, |faulty| {
            let ty = MemoryType::wasm32(1, Some(9)).unwrap();
            let builder = MemoryBuilder::new(ty).commit(policy).observer(Metrics::default());
            let Ok(mut memory) = builder.allocate(faulty) else { return Ok(()) };
            grow_all_the_way(&mut memory)?;
            memory.verify_integrity().map_err(|error| error.to_string())?;
            match memory.reset() {
                Ok(()) => assert_eq!(memory.size(), 1),
                Err(_) => assert_eq!(memory.size(), 0),
            }
            assert!(
                memory.data().unwrap().iter().all(|byte| *byte == 0),
                "a reset shows old contents"
            );
            assert!(memory.peak_memory() >= memory.byte_len());
            memory.verify_integrity().map_err(|error| error.to_string())
        });
        // Creation makes two calls that can fail, the reset one, and exact growth one a step.
        let least = if policy == CommitPolicy::Exact { 2 * 7 } else { 2 * 4 };
        let failures = failures.unwrap();
        assert!(failures >= least, "{policy:?}: only {failures} failures");
    }
}

fn grow_all_the_way<P: PageAllocator>(memory: &mut LinearMemory<P, Metrics>) -> Result<(), String> {
    for step in STEPS {
        let mark = step as u8 | 0x40;
        memory.data_mut().unwrap().fill(mark);
        let (view, peak) = (memory.view(), memory.peak_memory());
        let counts = memory.metrics().counts;
        let before = memory.data().unwrap().to_vec();
        let outcome = memory.grow(step);
        let counted = memory.metrics().counts;
        if outcome.is_ok() {
            let (old, new) = memory.data().unwrap().split_at(before.len());
            assert!(old == before && new.iter().all(|byte| *byte == 0));
            assert_eq!(counted.grows, counts.grows + 1);
            continue;
        }
        assert_eq!(memory.view(), view, "base, length or epoch changed");
        assert!(memory.data().unwrap() == before, "bytes changed");
        assert_eq!(memory.peak_memory(), peak);
        assert_eq!(counted.refused_grows, counts.refused_grows + 1);
        memory.verify_integrity().map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn regions(allocator: impl PageAllocator) {
    let failures = for_each_failure(&allocator, |faulty| {
        let request = ReserveRequest::new(8192, 1 << 17);
        let Ok(mut region) = Region::new(faulty, &request) else { return Ok(()) };
        region.data_mut().unwrap().fill(0xB6);
        let _ = region.discard(1, 8191);
        let rest = region.data().unwrap()[1..].to_vec();
        assert!(rest == [0; 8191] || rest == [0xB6; 8191], "half a discard");
        assert_eq!(region.data().unwrap()[0], 0xB6);
        let _ = region.grow_to(1 << 17);
        assert!(region.len() == 8192 || region.len() == 1 << 17);
        assert!(region.data().unwrap()[..8192][1..] == rest);
        region.data_mut().unwrap().fill(0x11);
        // The second attempt finds what the first one left.
        let done = [region.reset().is_ok(), region.reset().is_ok()];
        assert_eq!(region.len(), if done[1] { 8192 } else { 0 });
        assert!(region.data().unwrap().iter().all(|byte| *byte == 0));
        region.verify().map_err(|error| error.to_string())
    });
    // Reserve, commit, discard, commit, two resets; alone and with all that follow.
    assert_eq!(failures.unwrap(), 2 * 6);
}

/// Two memories of one allocator: the failure of one does not affect the other.
fn neighbours(allocator: impl PageAllocator) {
    let faulty = FaultyAllocator::new(allocator);
    let ty = MemoryType::wasm32(1, Some(4)).unwrap();
    let mut first = LinearMemory::new(&faulty, ty).unwrap();
    first.data_mut().unwrap().fill(0xB6);
    for call in 1..4 {
        faulty.fail_from(call);
        if let Ok(mut second) = LinearMemory::new(&faulty, ty) {
            second.data_mut().unwrap().fill(0x11);
            assert!(second.grow(3).is_err() || call > 2);
        }
        assert!(first.data().unwrap().iter().all(|byte| *byte == 0xB6));
        first.verify_integrity().unwrap();
        assert_eq!(faulty.alive(), 1);
    }
    faulty.fail_never();
    assert_eq!(first.grow(3).unwrap(), 1);
}

/// A thread that cannot be prepared is told so, with the memory's name.
fn threads(allocator: impl PageAllocator) {
    let faulty = FaultyAllocator::new(allocator);
    let ty = MemoryType::wasm32(1, None).unwrap();
    let memory = MemoryBuilder::new(ty).name("checked").allocate(&faulty).unwrap();
    memory.prepare_thread().unwrap();
    faulty.fail_once(1);
    let refused = memory.prepare_thread().unwrap_err().to_string();
    assert!(refused.starts_with("memory \"checked\": cannot prepare a thread for"), "{refused}");
    memory.prepare_thread().unwrap();
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn memories_survive_every_failure() {
                super::memories($new);
            }

            #[test]
            fn regions_survive_every_failure() {
                super::regions($new);
            }

            #[test]
            fn a_thread_that_is_not_prepared_is_told() {
                super::threads($new);
            }

            #[test]
            fn failures_do_not_reach_the_neighbours() {
                super::neighbours($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
