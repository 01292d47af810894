//! The checks catch every defect, and report the guarantee that it breaks and no other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

use std::sync::Mutex;

use wrt_platform::{HeapAllocator, PageAllocator, Region, ReserveRequest};
use wrt_testkit::{ChildTest, Defect, Guarantee, Mappings};

/// Lock of tests, since the leaks of one defect must not disturb the counts of another.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Adds each of these defects that it can have to a backend. Returns those that it can have.
fn caught_on(name: &str, inner: impl PageAllocator + Sync, defects: &[Defect]) -> Vec<Defect> {
    let _alone = ONE_AT_A_TIME.lock();
    let able = |defect: &Defect| inner.capabilities().contains(defect.needs());
    let (with, without): (Vec<_>, Vec<_>) = defects.iter().copied().partition(able);
    let mut wrong = Vec::new();
    for defect in &with {
        if let Some(reason) = why_not_tried(*defect, &inner) {
            println!("{name}: {} is not tried: {reason}", defect.name());
            continue;
        }
        let blamed = match defect.seen_by_checks(&inner) {
            Ok(()) => Vec::new(),
            Err(broken) => broken.violations().to_vec(),
        };
        let guarantees: Vec<_> = blamed.iter().map(|violation| violation.guarantee).collect();
        if guarantees != [defect.breaks()] {
            wrong.push(format!("{}: {blamed:#?}", defect.name()));
        }
    }
    let missing: Vec<_> = without.iter().map(|defect| defect.name()).collect();
    println!("{name}: {} defects tried; it lacks what these need: {missing:?}", with.len());
    assert!(wrong.is_empty(), "missed, or blamed on others: {}", wrong.join("\n"));
    with
}

/// The reason that this host does not show a defect.
fn why_not_tried(defect: Defect, inner: &impl PageAllocator) -> Option<&'static str> {
    let narrow = usize::BITS < 64;
    match defect {
        Defect::ResidentNothing | Defect::ReleasedOnPaper => {
            ChildTest::is_emulated().then_some("an emulator hides resident pages")
        }
        Defect::Leaks | Defect::ProtectIgnored => {
            Mappings::of_process().is_none().then_some("the host lists no mappings")
        }
        Defect::WriteExecuteLost => {
            let listed = Mappings::of_process().is_some() && !ChildTest::is_emulated();
            (!listed).then_some("the host does not list what can be executed")
        }
        Defect::GuardLeft => {
            let listed = Mappings::of_process().is_some_and(|mappings| mappings.is_complete());
            (!listed).then_some("the host does not list closed mappings")
        }
        Defect::DescriptorLeft => cfg!(windows).then_some("the host lists no descriptors"),
        // A region refuses such sizes before its backend hears of them.
        Defect::ImpossibleGranted | Defect::WrongNumbers => {
            narrow.then_some("no size has more than 32 bits")
        }
        Defect::CommitCut | Defect::DiscardCut | Defect::ProtectCut | Defect::ImageCut => {
            let wide = Region::new(inner, &ReserveRequest::new(5 << 30, 5 << 30));
            wide.is_err().then_some("the host has no room for more than 4 GiB")
        }
        _ => None,
    }
}

/// Backends with all capabilities that a defect can need.
#[cfg(target_os = "linux")]
mod on_linux {
    use wrt_platform::{Capabilities, MmapAllocator};
    use wrt_testkit::{ChildTest, Defect, Ending};

    use super::caught_on;

    /// The most defects in one process under an emulator, which keeps a record of every page ever
    /// reserved, with full guards for every defect.
    const AT_ONCE: usize = 8;

    #[test]
    fn every_defect_is_caught_on_mmap() {
        let tags = Capabilities::TAGGED;
        let all: Vec<_> =
            Defect::ALL.iter().copied().filter(|defect| !defect.needs().contains(tags)).collect();
        let in_this_process = |defects: &[Defect]| {
            let caught = caught_on("mmap", MmapAllocator::new(), defects);
            assert_eq!(caught, defects, "mmap has all that a defect can need, but tags");
        };
        let child = ChildTest::new("on_linux::every_defect_is_caught_on_mmap");
        if let Some(case) = child.case() {
            return in_this_process(all.chunks(AT_ONCE).nth(case.parse().unwrap()).unwrap());
        }
        if !ChildTest::space_is_dear() {
            return in_this_process(&all);
        }
        for number in 0..all.chunks(AT_ONCE).len() {
            let (ending, output) = child.run(&number.to_string()).unwrap();
            print!("{output}");
            assert_eq!(ending, Ending::Success, "part {number}");
        }
    }

    /// The defects that only memory with tags can have; the others are caught on mmap.
    #[cfg(target_arch = "aarch64")]
    #[test]
    fn defects_of_tags_are_caught() {
        let _alone = super::ONE_AT_A_TIME.lock();
        let inner = wrt_platform::MteAllocator::new().unwrap();
        let of_tags = |defect: &&Defect| defect.needs().contains(Capabilities::TAGGED);
        let mut tried = 0;
        for defect in Defect::ALL.iter().filter(of_tags) {
            let broken = defect.seen_by_checks(&inner).unwrap_err();
            let guarantees: Vec<_> = broken.violations().iter().map(|one| one.guarantee).collect();
            assert_eq!(guarantees, [defect.breaks()], "{}: {broken}", defect.name());
            tried += 1;
        }
        assert!(tried > 0, "no defect needs tags");
    }
}

#[test]
fn defects_are_caught_on_the_heap() {
    let caught = caught_on("heap", HeapAllocator::new(), Defect::ALL);
    assert!(caught.len() > Defect::ALL.len() / 2, "{caught:?}");
}

#[test]
fn messages_name_the_request() {
    let broken = Defect::DirtyGrowth.seen_by_checks(HeapAllocator::new()).unwrap_err();
    let text = "guarantees that are broken: 1\n- fresh-zero (bytes that become accessible read \
                zero): new bytes: byte 4095 of 4096 is 0xee, not 0x00; the last request: 0 to \
                262144 bytes, reservation 67108864, guard 65536, BestThatFits, Exact\n";
    assert!(broken.to_string().starts_with(text), "{broken}");
    let broken = Defect::NamesRefused.seen_by_checks(HeapAllocator::new()).unwrap_err();
    let text = broken.violations()[0].to_string();
    assert!(text.contains("; the last request: 8192 to 16384 bytes, "), "{text}");
    assert!(text.ends_with(&format!(", name \"{}\"", "n".repeat(40))), "{text}");
    let moved = Defect::FeelsMoves.seen_by_checks(HeapAllocator::new()).unwrap_err();
    let text = moved.violations()[0].request.as_deref().unwrap();
    assert!(text.starts_with("16384 to 32768 bytes, "), "{text}");
}

#[test]
fn every_guarantee_can_be_broken() {
    for guarantee in Guarantee::ALL {
        let broken = Defect::ALL.iter().any(|defect| defect.breaks() == *guarantee);
        assert!(broken, "no defect breaks {guarantee}");
    }
}

#[test]
fn defects_have_names_of_their_own() {
    let mut names: Vec<_> = Defect::ALL.iter().map(|defect| defect.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Defect::ALL.len());
}

#[test]
fn guarantees_presuppose_only_what_is_checked_before() {
    for (place, guarantee) in Guarantee::ALL.iter().enumerate() {
        let before = &Guarantee::ALL[..place];
        let checked = guarantee.presupposes().iter().all(|needed| before.contains(needed));
        assert!(checked, "{guarantee} comes too early");
    }
}
