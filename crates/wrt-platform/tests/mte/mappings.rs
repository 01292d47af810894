//! Tags after every mapping operation, all read: by hand, by verification, in random scripts.

use wrt_platform::{Corruption, MemoryImage, MteAllocator, Protection, Region, ReserveRequest};

use crate::probe::{at, bare, drop_pages, expect_tagged, in_child, map_over, switch_off, tag_of};

#[test]
fn lost_tags_are_found_wherever_they_are() {
    let allocator = MteAllocator::new().unwrap();
    for page in 0..8 {
        let mut region = Region::new(allocator, &ReserveRequest::new(32768, 65536)).unwrap();
        assert_eq!(region.verify(), Ok(()));
        drop_pages(at(&region, page * 4096), 4096);
        assert_eq!(region.verify(), Err(Corruption::Tag), "page {page} dropped");
        region.reset().unwrap();
        assert_eq!(region.verify(), Ok(()), "a reset tags all anew");
        map_over(at(&region, page * 4096), 4096);
        assert_eq!(region.verify(), Err(Corruption::Tag), "page {page} mapped over");
    }
}

#[test]
fn rights_come_and_go_and_tags_stay() {
    in_child("mappings::rights_come_and_go_and_tags_stay", || {
        let allocator = MteAllocator::new().unwrap();
        let request = ReserveRequest::new(32768, 65536).name("tagged");
        let mut region = Region::new(allocator, &request).unwrap();
        for rights in
            [Protection::empty(), Protection::READ, Protection::READ | Protection::EXECUTE]
        {
            region.protect(4096, 8192, rights).unwrap();
            assert_eq!(region.verify(), Ok(()));
            region.protect(4096, 8192, Protection::READ_WRITE).unwrap();
            expect_tagged(&region);
        }
        region.data_mut().unwrap().fill(0xB6);
        region.discard(100, 20000).unwrap();
        expect_tagged(&region);
        let image = MemoryImage::from_static(5000, b"segment");
        let mut imaged = Region::new(allocator, &request.image(&image)).unwrap();
        for _ in 0..3 {
            expect_tagged(&imaged);
            imaged.data_mut().unwrap().fill(1);
            imaged.reset().unwrap();
            assert_eq!(imaged.slice(4999, 8).unwrap(), b"\0segment");
        }
    });
}

#[test]
fn random_lives_keep_their_tags() {
    let allocator = MteAllocator::new().unwrap();
    let mut memories: Vec<Region<MteAllocator>> = Vec::new();
    let mut seed = 11_u64;
    let mut done = [0; 6];
    for step in 0..600 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (choice, which, amount) =
            ((seed >> 60) as usize % 6, (seed >> 40) as usize, seed >> 50);
        done[choice] += 1;
        let count = memories.len();
        match (choice, memories.get_mut(which % count.max(1))) {
            (0, _) | (_, None) if count < 20 => {
                let request = ReserveRequest::new(4096, 32768).guard((amount % 2) * 4096);
                memories.push(Region::new(allocator, &request.reservation(32768)).unwrap());
            }
            (1, Some(memory)) => _ = memory.grow_to((memory.len() as u64 + amount).min(32768)),
            (2, Some(memory)) => {
                let rights = [Protection::empty(), Protection::READ, Protection::READ_WRITE];
                let _ = memory.protect(amount % 4096, 2000, rights[which % 3]);
            }
            (3, Some(memory)) => _ = memory.discard(0, amount % 4096),
            (4, Some(memory)) => {
                let old = at(memory, 0);
                memory.reset().unwrap();
                assert_ne!(at(memory, 0), old);
            }
            (_, Some(_)) => drop(memories.swap_remove(which % count)),
            (_, None) => {}
        }
        for memory in &memories {
            assert_eq!(memory.verify(), Ok(()), "step {step}, operation {choice}");
            assert_ne!(tag_of(at(memory, 0)), 0);
        }
    }
    assert!(done.iter().all(|times| *times > 50), "{done:?}");
}

/// The system takes no tagged address from a thread that has not enabled them: a call with one
/// would fail, and the memory would stay mapped.
#[test]
fn the_system_sees_no_tag() {
    in_child("mappings::the_system_sees_no_tag", || {
        let request = ReserveRequest::new(8192, 65536);
        let region = Region::new(MteAllocator::new().unwrap(), &request).unwrap();
        let line = format!("{:x}-", bare(at(&region, 0)));
        let listed = || std::fs::read_to_string("/proc/self/maps").unwrap().contains(&line);
        assert!(listed());
        switch_off();
        drop(region);
        assert!(!listed(), "a release without tagged addresses left the memory there");
    });
}
