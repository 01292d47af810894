//! Rights on pages.

use wrt_platform::{AllocErrorKind, Capabilities, HostRange, PageAllocator, Protection, Region};

use super::{Outcome, POISON, expect_bytes, expect_rights, page_range, pages, poisoned, request};
use crate::child::ChildTest;
use crate::contract::{RawMemory, address_of};
use crate::guarantee::ensure;
use crate::mappings::Mappings;

/// The second and third page.
fn middle<A: PageAllocator + ?Sized>(allocator: &A) -> HostRange {
    page_range(allocator, 1, 2)
}

pub(crate) fn protect<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let able = allocator.capabilities().contains(Capabilities::PROTECT);
    let mut memory = poisoned(allocator, 4, 8)?;
    for rights in [Protection::empty(), Protection::READ, Protection::READ_WRITE] {
        let mut seen = None;
        let outcome = memory.with_protection(middle(allocator), rights, |byte| {
            seen = rights.contains(Protection::READ).then(|| byte.read());
        });
        match outcome {
            Ok(()) => ensure!(able, "{rights:?} was granted without the capability"),
            Err(error) => {
                ensure!(!able, "{rights:?}: {error}");
                let unsupported = error.kind == AllocErrorKind::Unsupported;
                ensure!(unsupported, "the answer should be that it cannot, not: {error}");
            }
        }
        ensure!(seen.is_none_or(|byte| byte == POISON), "a read-only byte changed to {seen:?}");
        expect_bytes("bytes whose rights came back", memory.bytes(), POISON)?;
        memory.bytes_mut().fill(POISON);
    }
    Ok(())
}

/// Rights that a page can have besides the usual ones.
const LESS: [Protection; 2] = [Protection::empty(), Protection::READ];

pub(crate) fn host_rights<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    if !allocator.capabilities().contains(Capabilities::PROTECT) {
        return Ok(());
    }
    for rights in LESS {
        let mut memory = poisoned(allocator, 4, 8)?;
        memory.protect(middle(allocator), rights)?;
        expect_rights("the range", &memory, middle(allocator), rights)?;
        for (what, page) in [("the page before it", 0), ("the page past it", 3)] {
            let page = page_range(allocator, page, 1);
            expect_rights(what, &memory, page, Protection::READ_WRITE)?;
        }
        memory.protect(middle(allocator), Protection::READ_WRITE)?;
        let all = page_range(allocator, 0, 4);
        expect_rights("what got its rights back", &memory, all, Protection::READ_WRITE)?;
        memory.protect(middle(allocator), rights)?;
        drop(memory);
        // The next one has all its rights, whatever its place had before.
        let mut next = RawMemory::reserve(allocator, &request(allocator, 4, 8))?;
        next.commit(pages(allocator, 4))?;
        expect_rights("the next memory", &next, all, Protection::READ_WRITE)?;
    }
    Ok(())
}

pub(crate) fn kept<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    if !allocator.capabilities().contains(Capabilities::PROTECT) {
        return Ok(());
    }
    for rights in LESS {
        let mut memory = poisoned(allocator, 8, 64)?;
        memory.protect(middle(allocator), rights)?;
        let expect = |memory: &RawMemory<'_, A>, after: &str| {
            expect_rights(&format!("after {after}, the range"), memory, middle(allocator), rights)
        };
        memory.commit(pages(allocator, 9))?;
        expect(&memory, "a growth")?;
        memory.discard(page_range(allocator, 4, 2))?;
        expect(&memory, "a discard elsewhere")?;
        // Not every backend says, but asking must not change anything.
        let _ = (memory.resident(), memory.verify());
        expect(&memory, "a verification")?;
        for other in [Protection::READ, Protection::empty(), Protection::READ_WRITE] {
            memory.protect(page_range(allocator, 6, 1), other)?;
            expect(&memory, "a change elsewhere")?;
        }
        memory.commit(pages(allocator, 64))?;
        expect(&memory, "another growth")?;
        let neighbour = poisoned(allocator, 8, 8)?;
        let page = page_range(allocator, 1, 2);
        expect_rights("the other memory", &neighbour, page, Protection::READ_WRITE)?;
        drop(neighbour);
        expect(&memory, "another memory's release")?;
    }
    prefix(allocator)
}

/// Checks that the inaccessible prefix of a region stays closed across growth and reset.
fn prefix<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let bytes = pages(allocator, 2).as_u64();
    let mut region = Region::new(allocator, &request(allocator, 1, 8).inaccessible_prefix(bytes))?;
    let closed = |region: &Region<&A>, after: &str| {
        let base = address_of(region.reservation().base());
        let there = region.len().min(bytes as usize);
        let Some(mappings) = Mappings::of_process() else { return Ok(()) };
        let is_closed = mappings.have(&(base..base + there), Protection::empty());
        ensure!(is_closed, "{after} the prefix of {there} bytes is accessible");
        Ok(())
    };
    closed(&region, "at first")?;
    for _ in 0..2 {
        for step in [2, 3, 8] {
            region.grow_to(pages(allocator, step).as_u64())?;
            closed(&region, "after a growth")?;
        }
        region.reset()?;
        closed(&region, "after a reset")?;
    }
    Ok(())
}

pub(crate) fn write_execute<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    if !allocator.capabilities().contains(Capabilities::PROTECT) {
        return Ok(());
    }
    let request = request(allocator, 4, 8).allow_write_execute();
    let mut memory = RawMemory::reserve(allocator, &request)?;
    memory.commit(pages(allocator, 4))?;
    memory.bytes_mut().fill(POISON);
    for usual in [Protection::READ, Protection::READ_WRITE] {
        let rights = usual | Protection::EXECUTE;
        // An emulator needs no right to execute from its host, and lists pages that are the same
        // to its host with the rights of the first.
        let merged = ChildTest::is_emulated() && usual == Protection::READ_WRITE;
        let shown = if merged { usual } else { rights };
        // A hardened host refuses, and may have got part of the way.
        if memory.protect(middle(allocator), rights).is_ok() {
            expect_rights("the range", &memory, middle(allocator), shown)?;
        }
        memory.protect(middle(allocator), Protection::READ_WRITE)?;
        expect_rights("the range", &memory, middle(allocator), Protection::READ_WRITE)?;
        expect_bytes("bytes that could be executed", memory.bytes(), POISON)?;
    }
    Ok(())
}
