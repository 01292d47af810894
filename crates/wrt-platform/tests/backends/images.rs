//! Costs of images to the process and the host.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use wrt_platform::{
    Discarded, HeapAllocator, MemoryImage, MmapAllocator, PageAllocator, PoolAllocator, PoolConfig,
    Protection, Region, ReserveRequest,
};
use wrt_testkit::{ChildTest, Ending};

/// Runs the rest of the test in a child, once; returns whether this is the child.
fn in_child(child: &ChildTest) -> bool {
    if child.case().is_some() {
        return true;
    }
    if ChildTest::is_emulated() {
        println!("skipped: the emulator's own memory and files count too");
        return false;
    }
    let (ending, output) = child.run("alone").unwrap();
    assert_eq!(ending, Ending::Success, "{output}");
    false
}

/// A figure of the process in bytes (`proc_pid_status(5)`).
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// The peak of the process's physical memory.
fn peak() -> u64 {
    status("VmHWM")
}

const MIB: u64 = 1 << 20;

/// Address of the second of two bytes.
const FAR: u64 = 512 * MIB;

/// A memory that starts with two bytes far apart.
fn far_apart<P: PageAllocator>(allocator: P) -> Region<P> {
    let image = MemoryImage::new(&[(0, b"a"), (FAR, b"b")]).unwrap();
    let request = ReserveRequest::new(FAR + 65536, FAR + 65536).image(&image);
    let region = Region::new(allocator, &request).unwrap();
    assert_eq!((region.load(0), region.load(FAR)), (Ok(*b"a"), Ok(*b"b")));
    region
}

#[test]
fn gaps_are_not_copied() {
    if !in_child(&ChildTest::new("images::gaps_are_not_copied")) {
        return;
    }
    let before = peak();
    let mut region = far_apart(HeapAllocator::new());
    let made = peak() - before;
    assert!(made < 16 * MIB, "{made} bytes for two that are {FAR} apart");
    region.store(1, [1]).unwrap();
    region.reset().unwrap();
    // The heap overwrites the memory, and that is all.
    let reset = peak() - before;
    assert!(reset < FAR + 16 * MIB, "{reset} bytes after a reset");
    assert_eq!((region.load(0), region.load(1), region.load(FAR)), (Ok(*b"a"), Ok([0]), Ok(*b"b")));
}

/// Reads the gap: if it were mapped from the image's file, it would get pages of the file.
fn read_the_gap<P: PageAllocator>(mut region: Region<P>) {
    assert!(region.reservation().has_image());
    for _ in 0..2 {
        let zeroes = [0; 65536];
        let gap = region.slice(1, FAR - 1).unwrap();
        assert!(gap.chunks(zeroes.len()).all(|chunk| *chunk == zeroes[..chunk.len()]));
        (0..100).for_each(|index| region.store(index * 4 * MIB + 9, [0xB6]).unwrap());
        region.reset().unwrap();
        assert_eq!((region.load(0), region.load(FAR)), (Ok(*b"a"), Ok(*b"b")));
    }
}

#[test]
fn gaps_take_no_pages_of_the_file() {
    if !in_child(&ChildTest::new("images::gaps_take_no_pages_of_the_file")) {
        return;
    }
    let before = peak();
    let pool = PoolAllocator::new(&PoolConfig::new(1, FAR + 65536)).unwrap();
    read_the_gap(far_apart(MmapAllocator::new()));
    read_the_gap(far_apart(&pool));
    // What the pool erased is found by the next memory.
    read_the_gap(far_apart(&pool));
    let more = peak() - before;
    assert!(more < 64 * MIB, "{more} bytes for a gap of {FAR}");
}

/// Discarded pages between the bytes of an image return to the host, whether or not they are mapped
/// from its file.
fn discard_around_the_image<P: PageAllocator>(allocator: &P) {
    let bytes = [0x2D; 5000];
    for far in [MIB / 2, 4 * MIB] {
        let image = MemoryImage::new(&[(70_000, &bytes), (far, b"far")]).unwrap();
        let mut region =
            Region::new(allocator, &ReserveRequest::new(8 * MIB, 8 * MIB).image(&image)).unwrap();
        let mut expected = vec![0xB6; 8 * MIB as usize];
        region.data_mut().unwrap().fill(0xB6);
        for (range, outcome) in [
            (131_072..262_144, Discarded::Released),
            (far + 65536..far + 131_072, Discarded::Released),
            (65536..131_072, Discarded::ZeroedOnly),
            (far - 65536..far + 65536, Discarded::ZeroedOnly),
        ] {
            let found = region.discard(range.start, range.end - range.start);
            assert_eq!(found, Ok(outcome), "{range:?}, {far}");
            expected[range.start as usize..range.end as usize].fill(0);
            assert!(region.data().unwrap() == expected, "{range:?}, {far}");
        }
        region.reset().unwrap();
        assert_eq!((region.load(70_000), region.load(far)), (Ok([0x2D; 8]), Ok(*b"far")));
        assert_eq!(region.load(131_072), Ok([0; 16]));
    }
}

#[test]
fn gaps_are_given_back_when_discarded() {
    discard_around_the_image(&MmapAllocator::new());
    discard_around_the_image(&PoolAllocator::new(&PoolConfig::new(1, 8 * MIB)).unwrap());
}

/// The descriptors of image files that this process has.
fn image_files() -> Vec<PathBuf> {
    let folder = format!("/proc/{}/fd", std::process::id());
    let files = fs::read_dir(folder).unwrap().flatten().map(|file| file.path());
    let is_image = |target: PathBuf| target.to_string_lossy().contains("wasm-memory-image");
    files.filter(|file| file.read_link().is_ok_and(is_image)).collect()
}

/// A file beyond the limit would end the process by a signal with its default action.
#[test]
fn a_limit_on_file_sizes_is_kept() {
    // 16 blocks are 8 or 16 KiB, depending on the shell; files of images have 64 KiB at least.
    let shell = ["sh", "-c", "ulimit -f 16; exec \"$0\" \"$@\""];
    if !in_child(&ChildTest::new("images::a_limit_on_file_sizes_is_kept").by_way_of(shell)) {
        return;
    }
    let image = MemoryImage::new(&[(1000, b"copied")]).unwrap();
    assert!(image_files().is_empty());
    let request = ReserveRequest::new(65536, 65536).image(&image);
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    assert!(!region.reservation().has_image());
    for _ in 0..2 {
        assert_eq!(region.load(1000), Ok(*b"copied"));
        region.fill(0, 0xB6, 65536).unwrap();
        region.reset().unwrap();
    }
}

/// Whether the kernel has a seal against execution (Linux 6.3).
fn can_seal_execution() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(3))
}

#[test]
fn image_files_cannot_be_executed() {
    if !in_child(&ChildTest::new("images::image_files_cannot_be_executed")) {
        return;
    }
    if !can_seal_execution() {
        println!("skipped: before Linux 6.3 every file of memory can be executed");
        return;
    }
    let program = fs::read(fs::canonicalize("/bin/true").unwrap()).unwrap();
    let image = MemoryImage::new(&[(0, &program)]).unwrap();
    let files = image_files();
    assert_eq!(files.len(), 1);
    let refused = Command::new(&files[0]).status().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    // What is in the memory may become executable all the same.
    let len = program.len().next_multiple_of(65536) as u64;
    let request = ReserveRequest::new(len, len).image(&image);
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    assert!(region.reservation().has_image());
    region.protect(0, len, Protection::READ | Protection::EXECUTE).unwrap();
    assert_eq!(region.slice(0, program.len() as u64).unwrap(), program);
}
