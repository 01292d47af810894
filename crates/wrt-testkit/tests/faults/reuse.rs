//! Known bugs in reuse of a memory, by its owner or by the next one.

use wrt_platform::{
    CommitPolicy, GuardPolicy, MemoryImage, PageAllocator, Region, ReserveRequest, for_each_backend,
};

const POISON: u8 = 0xB6;

/// The initial contents of a memory of `request`.
fn first_contents(request: &ReserveRequest<'_>) -> Vec<u8> {
    let mut contents = vec![0; request.initial() as usize];
    if let Some(image) = request.initial_image() {
        for (address, extent) in image.extents() {
            let start = address as usize;
            contents[start..start + extent.len()].copy_from_slice(extent);
        }
    }
    contents
}

/// Uses one memory three times and drops it; all accessible bytes are poisoned each time.
fn live(allocator: &impl PageAllocator, request: &ReserveRequest<'_>) {
    let first = first_contents(request);
    let mut region = Region::new(allocator, request).unwrap();
    for life in 1..=3 {
        let what = format!("life {life} of {request:?}");
        assert!(region.data().unwrap() == first, "{what}: other than the first contents");
        // Where little was reserved and the base may not move, it ends before the maximum.
        let reach = request.maximum().min(region.capacity());
        region.grow_to(reach).unwrap();
        let zeroes = vec![0; reach as usize];
        let grown = &region.data().unwrap()[first.len()..];
        assert!(*grown == zeroes[first.len()..], "{what}: growth shows old contents");
        region.data_mut().unwrap().fill(POISON);
        if life == 2 {
            region.discard(0, reach).unwrap();
            assert!(region.data().unwrap() == zeroes, "{what}: a discard shows something");
            region.data_mut().unwrap().fill(POISON);
        }
        region.verify().unwrap();
        if life < 3 {
            region.reset().unwrap();
        }
    }
}

/// Images one after another in every order, each after the memory of another.
fn f05_images(allocator: impl PageAllocator) {
    let long = vec![0x5A; 20_000];
    let images = [
        MemoryImage::new(&[(0, b"first".as_slice())]).unwrap(),
        MemoryImage::new(&[(4096, b"second".as_slice()), (30_000, b"its end")]).unwrap(),
        MemoryImage::new(&[(100, long.as_slice())]).unwrap(),
    ];
    // Full guards are much for an emulator to count, memory after memory.
    let plain = ReserveRequest::new(65536, 131_072).reservation(1 << 20);
    let requests: Vec<_> =
        [plain].into_iter().chain(images.iter().map(|image| plain.image(image))).collect();
    for before in &requests {
        for after in &requests {
            live(&allocator, before);
            live(&allocator, after);
        }
    }
}

/// Every combination of zeros, each reused by its owner and by the next memory: guard, reservation,
/// initial size and image decide how a memory is created, and must not decide what is erased.
fn f06_zeros(allocator: impl PageAllocator) {
    let image = MemoryImage::new(&[(8, b"contents".as_slice())]).unwrap();
    for (guard, policy) in [
        (0, GuardPolicy::BestThatFits),
        (0, GuardPolicy::ChecksOnly),
        (65536, GuardPolicy::BestThatFits),
    ] {
        for (initial, maximum) in [(0, 0), (0, 65536), (65536, 65536), (8192, 65536), (1, 5000)] {
            for (reservation, commit) in [
                (0, CommitPolicy::Exact),
                (1 << 20, CommitPolicy::Exact),
                (1 << 20, CommitPolicy::Ahead),
            ] {
                let request = ReserveRequest::new(initial, maximum)
                    .guard(guard)
                    .guards(policy)
                    .reservation(reservation)
                    .commit(commit);
                live(&allocator, &request);
                if image.end() <= initial {
                    live(&allocator, &request.image(&image));
                }
            }
        }
    }
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn f05_images_leave_nothing_behind() {
                super::f05_images($new);
            }

            #[test]
            fn f06_zeros_forget_like_others() {
                super::f06_zeros($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);

/// Pools of a single slot, where each memory is created in place of the last one.
#[cfg(unix)]
mod one_slot {
    use wrt_platform::{PoolAllocator, PoolConfig, PoolLayout};

    const LAYOUTS: [PoolLayout; 2] = [PoolLayout::SmallGuard, PoolLayout::Dense];

    fn pool(layout: PoolLayout) -> PoolAllocator {
        PoolAllocator::new(&PoolConfig::new(1, 1 << 20).layout(layout)).unwrap()
    }

    #[test]
    fn f05_images_leave_nothing_behind() {
        for layout in LAYOUTS {
            let pool = pool(layout);
            super::f05_images(&pool);
            let found = pool.statistics();
            assert!(found.reused > 0 && found.retired == 0, "{found:?}");
            let maps_images = cfg!(target_os = "linux") && layout == PoolLayout::SmallGuard;
            assert_eq!(found.image_changes > 0, maps_images, "{layout:?}: {found:?}");
        }
    }

    #[test]
    fn f06_zeros_forget_like_others() {
        for layout in LAYOUTS {
            let pool = pool(layout);
            super::f06_zeros(&pool);
            let found = pool.statistics();
            assert!(found.reused > 0 && found.retired == 0, "{found:?}");
        }
    }
}
