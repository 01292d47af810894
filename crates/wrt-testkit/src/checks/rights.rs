//! Rights on pages, guards, and what a backend says it can do.

use wrt_platform::{
    AllocErrorKind, Capabilities, HostBytes, HostRange, PageAllocator, Protection, ReserveRequest,
};

use super::{Outcome, POISON, expect_bytes, pages, poisoned, request};
use crate::contract::RawMemory;
use crate::promise::ensure;

/// The second and third page.
fn middle<A: PageAllocator + ?Sized>(allocator: &A) -> HostRange {
    HostRange { start: pages(allocator, 1), len: pages(allocator, 2) }
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

pub(crate) fn write_execute<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut memory = poisoned(allocator, 4, 8)?;
    let rights = Protection::READ_WRITE | Protection::EXECUTE;
    let outcome = memory.with_protection(middle(allocator), rights, |_| ());
    ensure!(outcome.is_err(), "they were granted");
    expect_bytes("bytes after the refusal", memory.bytes(), POISON)
}

pub(crate) fn guards<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let claimed = allocator.capabilities().contains(Capabilities::GUARDS);
    let page = allocator.page();
    for wanted in [1, 64 << 10, 1 << 20] {
        let memory = RawMemory::reserve(allocator, &request(allocator, 1, 2).guard(wanted))?;
        let (before, after) =
            (memory.reservation().guard_before(), memory.reservation().guard_after());
        let enough = page.round_up(wanted).unwrap_or_default();
        if claimed && memory.reservation().shortfall().is_none() {
            ensure!(before >= enough, "{before} lie before the base, {enough} were asked for");
            ensure!(after >= enough, "{after} lie past the capacity, {enough} were asked for");
        } else if !claimed {
            let none = before == HostBytes::ZERO && after == HostBytes::ZERO;
            ensure!(none, "{before} and {after} of guard without the capability");
        }
    }
    Ok(())
}

pub(crate) fn capabilities<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let claimed = allocator.capabilities();
    ensure!(claimed == allocator.capabilities(), "they change");
    for (one, needs) in [
        (Capabilities::SHARED, Capabilities::STABLE_BASE),
        (Capabilities::FAULTS_PAST_LENGTH, Capabilities::GUARDS),
    ] {
        let consistent = !claimed.contains(one) || claimed.contains(needs);
        ensure!(consistent, "{one:?} is nothing without {needs:?}");
    }
    if claimed.contains(Capabilities::FAULTS_PAST_LENGTH) {
        // 2^32 - 1 as address and as offset, and 16 bytes from there.
        let reach = 2 * u64::from(u32::MAX) + 16;
        let request = ReserveRequest::new(0, 1 << 32);
        let memory = RawMemory::reserve(allocator, &request)?;
        let reservation = memory.reservation();
        let covered = reservation.capacity().as_u64() + reservation.guard_after().as_u64();
        ensure!(covered >= reach, "{covered} bytes can be told from others, {reach} reached");
    }
    Ok(())
}
