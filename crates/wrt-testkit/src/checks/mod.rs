//! One check for each [`Promise`], by concern: `sizes.rs` what a reservation is, `growth.rs`
//! commit, `rights.rs` protection and capabilities, `reuse.rs` the ways back, `requests.rs` odd
//! requests.

pub(crate) mod growth;
pub(crate) mod requests;
pub(crate) mod reuse;
pub(crate) mod rights;
pub(crate) mod sizes;

use wrt_platform::{HostBytes, PageAllocator, Region, ReserveRequest};

use crate::contract::RawMemory;
use crate::promise::{Broken, Detail, Promise, Violation, ensure};

/// What a check returns.
pub(crate) type Outcome = Result<(), Detail>;

/// Checks every [`Promise`] of the contract on `allocator`.
///
/// # Errors
///
/// All promises that it breaks, each with what was seen.
pub fn check_backend<A: PageAllocator + ?Sized>(allocator: &A) -> Result<(), Broken> {
    let checked = Promise::ALL.iter().map(|promise| promise.check(allocator));
    let violations: Vec<Violation> = checked.filter_map(Result::err).collect();
    if violations.is_empty() { Ok(()) } else { Err(Broken(violations)) }
}

/// Checks that a memory outlives moves of the allocator it holds.
///
/// # Errors
///
/// When bytes were lost on the way.
pub fn check_moving<A: PageAllocator>(allocator: A) -> Result<(), Violation> {
    let bytes = 4 * allocator.page().bytes() as u64;
    let request = ReserveRequest::new(bytes, 2 * bytes);
    moved_region(allocator, &request)
        .map_err(|detail| Violation { promise: Promise::OldBytes, detail: detail.0 })
}

fn moved_region<A: PageAllocator>(allocator: A, request: &ReserveRequest<'_>) -> Outcome {
    let mut region = Region::new(allocator, request)?;
    region.data_mut()?.fill(POISON);
    let mut boxed = Box::new(region);
    boxed.grow_to(request.maximum())?;
    let region = *boxed;
    expect_bytes("moved bytes", &region.data()?[..request.initial() as usize], POISON)?;
    expect_bytes("new bytes", &region.data()?[request.initial() as usize..], 0)?;
    Ok(region.verify()?)
}

/// What memories are filled with before they are let go: not zero, and no plausible data.
const POISON: u8 = 0xB6;

/// `count` of the backend's pages. Checks use at most 64, which any host can address.
fn pages<A: PageAllocator + ?Sized>(allocator: &A, count: u64) -> HostBytes {
    allocator.page().round_down(count * allocator.page().bytes() as u64)
}

/// A request for so many of the backend's pages.
fn request<A: PageAllocator + ?Sized>(
    allocator: &A,
    initial: u64,
    maximum: u64,
) -> ReserveRequest<'static> {
    ReserveRequest::new(pages(allocator, initial).as_u64(), pages(allocator, maximum).as_u64())
}

/// A memory with `committed` of up to `maximum` pages, all of them poisoned.
fn poisoned<A: PageAllocator + ?Sized>(
    allocator: &A,
    committed: u64,
    maximum: u64,
) -> Result<RawMemory<'_, A>, Detail> {
    let mut memory = RawMemory::reserve(allocator, &request(allocator, committed, maximum))?;
    memory.commit(pages(allocator, committed))?;
    memory.bytes_mut().fill(POISON);
    Ok(memory)
}

fn expect_bytes(what: &str, bytes: &[u8], expected: u8) -> Outcome {
    let odd = bytes.iter().position(|byte| *byte != expected);
    let Some(index) = odd else { return Ok(()) };
    let found = bytes.get(index).copied().unwrap_or_default();
    ensure!(false, "{what}: byte {index} of {} is {found:#04x}, not {expected:#04x}", bytes.len());
    Ok(())
}
