//! Reuse of slots: no memory observes bytes of an earlier one, whatever changes between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use wrt_testkit::{ChildTest, Ending};

use wrt_platform::{
    AllocErrorKind, CommitPolicy, FallbackReason, GuardLevel, GuardPolicy, MemoryImage,
    PoolAllocator, PoolConfig, PoolLayout, Protection, Region, ReserveRequest, Tagging,
};

/// Bytes of a slot.
const SLOT: u64 = 2 << 20;

const LAYOUTS: [PoolLayout; 3] =
    [PoolLayout::SmallGuard, PoolLayout::Dense, PoolLayout::FullGuards];

/// The expected contents of most of a memory.
static ZEROES: [u8; SLOT as usize] = [0; SLOT as usize];

/// Total number of memories in the matrix.
const CYCLES: u64 = 100_000;

/// The layouts that this host has room for.
fn layouts() -> impl Iterator<Item = PoolLayout> {
    LAYOUTS.into_iter().filter(|layout| usize::BITS >= 64 || *layout != PoolLayout::FullGuards)
}

/// Properties that differ between users of a slot, drawn from a seed.
struct User {
    initial: u64,
    grown: u64,
    image: Option<usize>,
    policy: CommitPolicy,
    prefix: u64,
    seed: u64,
}

impl User {
    fn draw(random: &mut Random, images: &[MemoryImage]) -> Self {
        let sizes = [0, 1, 4096, 5000, 65536, 65537, 3 << 16, 1 << 20, SLOT];
        let image = Some(random.below(2 * images.len())).filter(|index| *index < images.len());
        let least = image.map_or(0, |index| images[index].end());
        // Small ones more often: they are quicker, and use the other way of erasing.
        let most = if random.below(8) == 0 { sizes.len() } else { 6 };
        let initial = sizes[random.below(most)].max(least);
        let grown = sizes[random.below(most)].max(initial);
        let policies = [CommitPolicy::Exact, CommitPolicy::Ahead];
        let prefix = if random.below(6) == 0 { 70_000 } else { 0 };
        Self {
            initial,
            grown,
            image,
            policy: policies[random.below(2)],
            prefix,
            seed: random.next(),
        }
    }

    /// Lives in the pool: checks the initial contents, and leaves the slot in the worst state.
    fn live(&self, pool: &PoolAllocator, images: &[MemoryImage]) -> Result<(), String> {
        let mut random = Random(self.seed | 1);
        let mut request = ReserveRequest::new(self.initial, SLOT).commit(self.policy);
        request = request.inaccessible_prefix(self.prefix);
        let image = self.image.map(|index| &images[index]);
        if let Some(image) = image {
            request = request.image(image);
        }
        let mut region = Region::new(pool, &request).map_err(|error| error.to_string())?;
        if random.below(64) == 0 {
            region.verify().map_err(|error| error.to_string())?;
        }
        let rounds = 1 + random.below(2);
        for round in 0..rounds {
            self.expect_untouched(&region, image)?;
            region.grow_to(self.grown).map_err(|error| error.to_string())?;
            self.expect_untouched(&region, image)?;
            self.spoil(&mut region, &mut random)?;
            if round + 1 < rounds {
                region.reset().map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn expect_untouched(
        &self,
        region: &Region<&PoolAllocator>,
        image: Option<&MemoryImage>,
    ) -> Result<(), String> {
        let len = region.len() as u64;
        let from = self.prefix.min(len);
        let bytes = region.slice(from, len - from).map_err(|error| error.to_string())?;
        let expect = |range: core::ops::Range<u64>, expected: &[u8]| {
            let found = &bytes[(range.start - from) as usize..(range.end - from) as usize];
            if found == expected {
                return Ok(());
            }
            let same = found.iter().zip(expected).take_while(|(one, other)| one == other).count();
            Err(format!("byte {} of {len} was left by someone", range.start + same as u64))
        };
        let zero = |range: core::ops::Range<u64>| {
            expect(range.clone(), &ZEROES[..(range.end - range.start) as usize])
        };
        let mut done = from;
        for (start, contents) in image.iter().flat_map(|image| image.extents()) {
            let end = start + contents.len() as u64;
            let held = start.clamp(from, len)..end.clamp(from, len);
            zero(done..held.start)?;
            let visible =
                &contents[(held.start.saturating_sub(start) as usize).min(contents.len())..];
            expect(held.clone(), &visible[..(held.end - held.start) as usize])?;
            done = held.end;
        }
        zero(done..len)
    }

    /// Writes everywhere or in some places, and takes rights away.
    fn spoil(
        &self,
        region: &mut Region<&PoolAllocator>,
        random: &mut Random,
    ) -> Result<(), String> {
        let len = region.len() as u64;
        let from = self.prefix.min(len);
        let text = |error: wrt_platform::AllocError| error.to_string();
        match random.below(4) {
            0 => region.fill(from, 0xB6, len - from).map_err(|error| error.to_string())?,
            1 => {}
            _ => {
                for _ in 0..random.below(40) {
                    let at = random.next() % len.max(1);
                    let _ = region.store(at, [0xB6]);
                }
            }
        }
        if len > 0 && random.below(4) == 0 {
            let at = random.next() % len;
            region.discard(at.max(from), (len - at.max(from)).min(9000)).map_err(text)?;
        }
        if len > 0 && random.below(4) == 0 {
            let at = random.next() % len;
            region.protect(at, (len - at).min(20_000), Protection::empty()).map_err(text)?;
        }
        Ok(())
    }
}

/// Xorshift (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 11) as usize % limit
    }
}

fn images() -> Vec<MemoryImage> {
    let long: Vec<u8> = (0..300_000_u32).map(|index| index as u8 | 1).collect();
    vec![
        MemoryImage::new(&[(1024, b"first")]).unwrap(),
        MemoryImage::new(&[(65_530, &[9; 12]), (0, &[3; 5000])]).unwrap(),
        MemoryImage::new(&[(70_000, &long)]).unwrap(),
        MemoryImage::new(&[(60_000, &[7; 9]), (100, &long[..100]), (20_480, b"end")]).unwrap(),
        MemoryImage::from_static(3, b"a static one"),
    ]
}

/// Users follow one another through few slots, two threads of them at once.
#[test]
fn nobody_sees_what_others_left() {
    let images = Arc::new(images());
    let layouts: Vec<_> = layouts().collect();
    let done = AtomicU64::new(0);
    for layout in &layouts {
        // Little to keep in one pool, much in the other: both ways of erasing come up.
        for keep in [16 << 10, 1 << 20] {
            let config = PoolConfig::new(3, SLOT).layout(*layout).keep_resident(keep);
            let pool = PoolAllocator::new(&config).unwrap();
            let cycles = CYCLES / (2 * 2 * layouts.len() as u64);
            thread::scope(|scope| {
                for me in 0..2 {
                    let (pool, images, done) = (&pool, &images, &done);
                    scope.spawn(move || {
                        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ me ^ keep);
                        for cycle in 0..cycles {
                            let user = User::draw(&mut random, images);
                            user.live(pool, images).unwrap_or_else(|why| {
                                panic!("{layout:?}, thread {me}, cycle {cycle}: {why}")
                            });
                            done.fetch_add(1, Relaxed);
                        }
                    });
                }
            });
            let statistics = pool.statistics();
            assert_eq!((statistics.live, statistics.retired, statistics.free), (0, 0, 3));
            assert!(statistics.kept_bytes <= 3 * keep.max(64 << 10), "{statistics:?}");
            assert!(statistics.untouched > 0 && statistics.in_place > 0, "{statistics:?}");
        }
    }
    println!("{} memories, none saw a byte of another", done.into_inner());
}

#[test]
fn a_full_pool_says_so_and_has_room_again() {
    let pool = PoolAllocator::new(&PoolConfig::new(2, 65536)).unwrap();
    let request = ReserveRequest::new(65536, 65536);
    let first = Region::new(&pool, &request).unwrap();
    let _second = Region::new(&pool, &request).unwrap();
    let error = Region::new(&pool, &request).unwrap_err();
    assert_eq!((error.kind, error.possible), (AllocErrorKind::Slots { most: 2 }, None));
    assert_eq!(pool.statistics().live, 2);
    drop(first);
    Region::new(&pool, &request).unwrap();
}

#[test]
fn a_slot_is_what_the_pool_has_and_no_more() {
    let pool = PoolAllocator::new(&PoolConfig::new(2, 65536)).unwrap();
    let error = Region::new(&pool, &ReserveRequest::new(65537, 1 << 20)).unwrap_err();
    assert_eq!((error.kind, error.possible), (AllocErrorKind::SlotSize, Some(65536)));
    let mut region = Region::new(&pool, &ReserveRequest::new(4096, 1 << 20)).unwrap();
    assert_eq!(region.reservation().fallback().unwrap().reason, FallbackReason::NoRoom);
    assert_eq!(region.capacity(), 65536);
    region.grow_to(65536).unwrap();
    assert!(region.grow_to(65537).is_err());
    for demanded in [
        ReserveRequest::new(0, 1).guards(GuardPolicy::FullGuards),
        ReserveRequest::new(0, 1).tagging(Tagging::Required),
        ReserveRequest::new(0, 1).guards(GuardPolicy::SmallGuard).guard(1 << 30),
    ] {
        let error = Region::new(&pool, &demanded).unwrap_err();
        assert!(matches!(error.kind, AllocErrorKind::Unmet { .. }), "{error}");
    }
    assert_eq!(region.reservation().guard_level(), GuardLevel::SmallGuard);
}

#[test]
fn memories_find_a_slot_with_their_image() {
    let pool = PoolAllocator::new(&PoolConfig::new(8, 1 << 20)).unwrap();
    let images = images();
    let make = |image: &MemoryImage| {
        Region::new(&pool, &ReserveRequest::new(1 << 19, 1 << 20).image(image)).unwrap()
    };
    if !make(&images[0]).reservation().has_image() {
        println!("this host maps no images: regions copy them, and slots have none");
        return;
    }
    drop((make(&images[0]), make(&images[1]), make(&images[2])));
    let before = pool.statistics();
    for _ in 0..100 {
        drop((make(&images[2]), make(&images[0]), make(&images[1])));
    }
    let after = pool.statistics();
    assert_eq!(after.same_image - before.same_image, 300);
    assert_eq!(after.image_changes, before.image_changes);
}

#[test]
fn sizes_that_no_host_has_are_errors() {
    let layouts = LAYOUTS.map(|layout| PoolConfig::new(1 << 30, 1 << 40).layout(layout));
    for config in layouts.into_iter().chain([
        PoolConfig::new(1, u64::MAX),
        PoolConfig::new(usize::MAX, 1),
        PoolConfig::new(1, 65536).guard(u64::MAX),
        PoolConfig::new(1, 1 << 33).layout(PoolLayout::FullGuards),
    ]) {
        let error = PoolAllocator::new(&config).unwrap_err();
        assert!(error.to_string().starts_with("cannot reserve"), "{error}");
    }
    let none = PoolAllocator::new(&PoolConfig::new(0, 65536)).unwrap();
    assert!(Region::new(&none, &ReserveRequest::new(0, 1)).is_err());
}

/// The budget limits the bytes that all slots keep together.
#[test]
fn slots_keep_no_more_than_the_budget() {
    const PAGES: u64 = 48;
    let budget = 3 * PAGES * 4096;
    let config = PoolConfig::new(16, 1 << 20).resident_budget(budget);
    let pool = PoolAllocator::new(&config).unwrap();
    for _ in 0..4 {
        let request = ReserveRequest::new(1 << 20, 1 << 20);
        let mut regions: Vec<_> = (0..16).map(|_| Region::new(&pool, &request).unwrap()).collect();
        for region in &mut regions {
            (0..PAGES).for_each(|page| region.store(page * 4096, [1]).unwrap());
        }
        drop(regions);
        let kept = pool.statistics().kept_bytes;
        assert!(kept <= budget, "{kept} bytes are kept of {budget}");
    }
}

/// A dropped region leaves rights as they are: the pool restores them.
#[test]
fn a_slot_gets_its_rights_back() {
    let pool = PoolAllocator::new(&PoolConfig::new(1, 1 << 20)).unwrap();
    let request = ReserveRequest::new(1 << 17, 1 << 20);
    for _ in 0..3 {
        let mut region = Region::new(&pool, &request).unwrap();
        assert!(region.data().unwrap().iter().all(|byte| *byte == 0));
        region.fill(0, 0xB6, 1 << 17).unwrap();
        region.protect(4096, 1 << 16, Protection::empty()).unwrap();
    }
    assert_eq!(pool.statistics().retired, 0);
}

/// A smaller memory does not reach the pages of a larger one: these return to the host.
#[test]
fn what_is_kept_is_counted() {
    for layout in [PoolLayout::SmallGuard, PoolLayout::Dense] {
        for policy in [CommitPolicy::Exact, CommitPolicy::Ahead] {
            let config = PoolConfig::new(1, 4 << 20).layout(layout);
            let pool = PoolAllocator::new(&config).unwrap();
            let request = ReserveRequest::new(4 << 20, 4 << 20).commit(policy);
            let mut large = Region::new(&pool, &request).unwrap();
            (0..200).for_each(|page| large.store(page * 4096 + (1 << 20), [1]).unwrap());
            drop(large);
            let small = Region::new(&pool, &request.sizes(4096, 4 << 20)).unwrap();
            drop(small);
            let large = Region::new(&pool, &request).unwrap();
            let (resident, kept) = (large.resident(), pool.statistics().kept_bytes);
            if usize::BITS < 64 && ChildTest::is_emulated() {
                println!(
                    "skipped: qemu-user looks up a 32-bit guest's pages at the host's addresses"
                );
                continue;
            }
            assert!(resident.is_none_or(|bytes| bytes <= kept), "{resident:?} of {kept} kept");
        }
    }
}

/// Idle slots do not keep an image without handles alive.
#[cfg(target_os = "linux")]
#[test]
fn slots_let_go_of_forgotten_images() {
    let pool = PoolAllocator::new(&PoolConfig::new(50, 1 << 20)).unwrap();
    let child = ChildTest::new("pool::slots_let_go_of_forgotten_images");
    if child.case().is_none() {
        // Alone in its process, which has no other files of this kind.
        let (ending, output) = child.run("alone").unwrap();
        assert_eq!(ending, Ending::Success, "{output}");
        return;
    }
    for number in 0..100_u8 {
        let image = MemoryImage::new(&[(65536, &[number; 100])]).unwrap();
        let request = ReserveRequest::new(1 << 18, 1 << 20).image(&image);
        let mut region = Region::new(&pool, &request).unwrap();
        drop(image);
        assert_eq!(region.load(65536), Ok([number]));
        region.store(65536, [0xB6]).unwrap();
    }
    let files = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let paths = files.filter_map(|file| file.path().read_link().ok());
    let images = paths.filter(|path| path.to_string_lossy().contains("wasm-memory-image"));
    assert_eq!(images.count(), 0, "files of images that nobody has");
    assert_eq!(pool.statistics().retired, 0);
}
