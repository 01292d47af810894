//! Leaks of released memories: address space, guards, descriptors.

use core::ops::Range;
use std::fs;

use wrt_platform::{GuardLevel, PageAllocator, Protection, Region, Reservation};

use super::{Outcome, pages, poisoned, request};
use crate::contract::{RawMemory, address_of};
use crate::guarantee::{Detail, ensure};
use crate::laid_out;
use crate::mappings::Mappings;

pub(crate) fn release<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    const CYCLES: usize = 1000;
    let all = pages(allocator, 64).as_u64();
    for cycle in 0..CYCLES {
        // Without full guards: an emulator that keeps a record of each page would not end.
        let grown = Region::new(allocator, &request(allocator, 1, 64).reservation(all))
            .and_then(|mut region| region.grow_to(pages(allocator, 2).as_u64()));
        ensure!(grown.is_ok(), "memory {cycle} of {CYCLES}, one at a time: {grown:?}");
    }
    address_space(allocator)?;
    guards(allocator)
}

/// A backend may keep resources for the next memory, but must not take more for each. Other threads
/// map and unmap memory too, so many rounds decide: it is a leak if most rounds took at least half
/// of what their memories take.
fn address_space<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    const LEAKS: usize = 6;
    const CLEAN: usize = 2;
    let (mut clean, mut leaks) = (0, Vec::new());
    while clean < CLEAN && leaks.len() < LEAKS {
        match taken_in_a_round(allocator)? {
            Some(bytes) => leaks.push(bytes),
            None => clean += 1,
        }
    }
    let rounds = clean + leaks.len();
    ensure!(leaks.len() < LEAKS, "of {rounds} rounds of memories some left {leaks:?} bytes mapped");
    Ok(())
}

/// Number of bytes that a round of memories has left mapped, if it is enough for a leak.
fn taken_in_a_round<A: PageAllocator + ?Sized>(allocator: &A) -> Result<Option<u64>, Detail> {
    const MEMORIES: u64 = 100;
    let Some(before) = Mappings::of_process() else { return Ok(None) };
    let (mut committed, mut reserved) = (0, 0);
    for _ in 0..MEMORIES {
        let memory = poisoned(allocator, 64, 64)?;
        let reservation = memory.reservation();
        committed = memory.committed().as_u64();
        // Smaller ones are less than what others do meanwhile.
        if reservation.guard_level() == GuardLevel::FullGuards {
            reserved = reservation.capacity().as_u64() + reservation.guard_after().as_u64();
        }
    }
    let Some(after) = Mappings::of_process() else { return Ok(None) };
    let accessible = after.accessible_bytes().saturating_sub(before.accessible_bytes());
    let all = after.bytes().saturating_sub(before.bytes());
    let leaks =
        accessible > MEMORIES * committed / 2 || reserved > 0 && all > MEMORIES * reserved / 2;
    Ok(leaks.then_some(all))
}

/// Checks that the guards of released memories are unmapped, or are the same as before: a backend
/// may keep resources for the next memory. Mappings by other threads are rarely at the same
/// addresses.
fn guards<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    const MEMORIES: usize = 8;
    let mut left = Vec::new();
    for _ in 0..MEMORIES {
        let Some(before) = Mappings::of_process() else { return Ok(()) };
        let memory = poisoned(allocator, 1, 4)?;
        let guards = guards_of(memory.reservation());
        drop(memory);
        let Some(after) = Mappings::of_process() else { return Ok(()) };
        let is_left = |guard: &Range<usize>| {
            !guard.is_empty() && !before.touch(guard) && after.list(guard, Protection::empty())
        };
        left.extend(guards.into_iter().find(is_left));
    }
    let count = left.len();
    ensure!(count <= MEMORIES / 2, "of {MEMORIES} memories {count} left guards mapped: {left:#x?}");
    Ok(())
}

/// The addresses before the base, and past the capacity.
fn guards_of(reservation: &Reservation) -> [Range<usize>; 2] {
    let base = address_of(reservation.base());
    let end = base.saturating_add(reservation.capacity().get());
    let before = base.saturating_sub(reservation.guard_before().get())..base;
    [before, end..end.saturating_add(reservation.guard_after().get())]
}

/// Checks for leaked descriptors. Other threads open and close descriptors too, so many rounds
/// decide, as for address space.
pub(crate) fn descriptors<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    const LEAKS: usize = 6;
    const CLEAN: usize = 2;
    let (mut clean, mut leaks) = (0, Vec::new());
    while clean < CLEAN && leaks.len() < LEAKS {
        match opened_in_a_round(allocator)? {
            Some(count) => leaks.push(count),
            None => clean += 1,
        }
    }
    let rounds = clean + leaks.len();
    ensure!(leaks.len() < LEAKS, "of {rounds} rounds of memories some left {leaks:?} open");
    Ok(())
}

/// Number of descriptors that a round of memories has left open, if at least half of them left one.
fn opened_in_a_round<A: PageAllocator + ?Sized>(allocator: &A) -> Result<Option<usize>, Detail> {
    const MEMORIES: usize = 16;
    let Some(before) = open_descriptors() else { return Ok(None) };
    for number in 0..MEMORIES {
        // An image of its own, as each of many modules has.
        let image = laid_out::image(&[(number as u64, b"image")])?;
        let request = request(allocator, 2, 4).image(&image).name("descriptors");
        let mut memory = RawMemory::reserve(allocator, &request)?;
        memory.commit(pages(allocator, 4))?;
        let _ = (memory.verify(), memory.resident());
        memory.reset(pages(allocator, 2))?;
    }
    let Some(after) = open_descriptors() else { return Ok(None) };
    let opened = after.saturating_sub(before);
    Ok((opened > MEMORIES / 2).then_some(opened))
}

/// Descriptors of the process, where the host lists them (`proc(5)`, `fd(4)`).
pub(crate) fn open_descriptors() -> Option<usize> {
    let list = |folder: &str| fs::read_dir(folder).ok();
    list("/proc/self/fd").or_else(|| list("/dev/fd")).map(Iterator::count)
}
