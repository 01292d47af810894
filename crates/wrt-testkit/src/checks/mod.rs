//! One check for each [`Guarantee`], by concern: `capabilities.rs` claims of the backend,
//! `sizes.rs` reservations, `ladder.rs` guards, `growth.rs` commit, `reach.rs` the far ends of
//! large memories, `rights.rs` protection, `queries.rs` read-only operations, `reuse.rs` discard,
//! reset and reuse, `leaks.rs` leaks, `images.rs` initial contents, `tags.rs` hardware tags,
//! `requests.rs` unusual requests, `threads.rs` several threads.

pub(crate) mod capabilities;
pub(crate) mod growth;
pub(crate) mod images;
pub(crate) mod ladder;
pub(crate) mod leaks;
pub(crate) mod queries;
pub(crate) mod reach;
pub(crate) mod requests;
pub(crate) mod reuse;
pub(crate) mod rights;
pub(crate) mod sizes;
pub(crate) mod tags;
mod threads;

use wrt_platform::{HostBytes, HostRange, PageAllocator, Protection, Region, ReserveRequest};

use crate::asked::text_of;
use crate::child::ChildTest;
use crate::contract::RawMemory;
use crate::guarantee::{Broken, Detail, Guarantee, Violation, ensure};
use crate::mappings::Mappings;

pub use threads::check_threads;

/// Result of a check.
pub(crate) type Outcome = Result<(), Detail>;

/// Checks every [`Guarantee`] of the contract on `allocator`. A guarantee that
/// [presupposes](Guarantee::presupposes) a broken one is skipped and listed as [not
/// judged](Broken::not_judged), so that the report names the cause and not its effects.
///
/// # Errors
///
/// All broken guarantees, each with a detail.
pub fn check_backend<A: PageAllocator + ?Sized>(allocator: &A) -> Result<(), Broken> {
    let mut broken = Broken { violations: Vec::new(), not_judged: Vec::new() };
    for guarantee in Guarantee::ALL {
        let stands = |needed: &Guarantee| {
            let is_broken = |violation: &Violation| violation.guarantee == *needed;
            !broken.violations.iter().any(is_broken) && !broken.not_judged.contains(needed)
        };
        if !guarantee.presupposes().iter().all(stands) {
            broken.not_judged.push(*guarantee);
        } else if let Err(violation) = guarantee.check(allocator) {
            broken.violations.push(violation);
        }
    }
    if broken.violations.is_empty() { Ok(()) } else { Err(broken) }
}

/// Checks that a memory stays valid when its allocator value is moved.
///
/// # Errors
///
/// When bytes were lost.
pub fn check_moving<A: PageAllocator>(allocator: A) -> Result<(), Violation> {
    let bytes = 4 * allocator.page().bytes() as u64;
    let request = ReserveRequest::new(bytes, 2 * bytes);
    moved_region(allocator, &request).map_err(|detail| Violation {
        guarantee: Guarantee::OldBytes,
        detail: detail.0,
        request: Some(text_of(&request)),
    })
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

/// The byte with which memories are filled before release: not zero, and unlikely as data.
const POISON: u8 = 0xB6;

/// `count` pages of the backend. Checks use at most 64, which any host can address.
fn pages<A: PageAllocator + ?Sized>(allocator: &A, count: u64) -> HostBytes {
    allocator.page().round_down(count * allocator.page().bytes() as u64)
}

/// A request in pages of the backend.
fn request<A: PageAllocator + ?Sized>(
    allocator: &A,
    initial: u64,
    maximum: u64,
) -> ReserveRequest<'static> {
    let (initial, maximum) =
        (pages(allocator, initial).as_u64(), pages(allocator, maximum).as_u64());
    ReserveRequest::new(initial, maximum).reservation(ROOM)
}

/// Address space for a memory of a check in bytes, without guards. It has no room for full guards,
/// unless the check is about them: there are thousands of these memories, and an emulator keeps a
/// record of every page ever reserved.
const ROOM: u64 = 1 << 26;

/// The default reservation, which has room for full guards. Where address space is costly, only the
/// first memory of a check uses it.
fn usual_room(first: bool) -> u64 {
    let affordable = first || !ChildTest::space_is_dear();
    if affordable { ReserveRequest::DEFAULT_RESERVATION } else { ROOM }
}

/// A memory of at most `maximum` pages with `committed` pages, all poisoned.
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

/// A run of the backend's pages.
fn page_range<A: PageAllocator + ?Sized>(allocator: &A, start: u64, len: u64) -> HostRange {
    HostRange { start: pages(allocator, start), len: pages(allocator, len) }
}

/// Checks that a range has exactly these rights, where the host reports them.
fn expect_rights<A: PageAllocator + ?Sized>(
    what: &str,
    memory: &RawMemory<'_, A>,
    range: HostRange,
    rights: Protection,
) -> Outcome {
    let Some(mappings) = Mappings::of_process() else { return Ok(()) };
    let addresses = memory.addresses(range);
    let as_expected = mappings.have(&addresses, rights);
    ensure!(as_expected, "{what} at {addresses:#x?} should have the rights {rights:?}");
    Ok(())
}

fn expect_bytes(what: &str, bytes: &[u8], expected: u8) -> Outcome {
    // One comparison of all is much faster where nothing is optimized.
    if bytes == vec![expected; bytes.len()] {
        return Ok(());
    }
    let odd = bytes.iter().position(|byte| *byte != expected);
    let Some(index) = odd else { return Ok(()) };
    let found = bytes.get(index).copied().unwrap_or_default();
    ensure!(false, "{what}: byte {index} of {} is {found:#04x}, not {expected:#04x}", bytes.len());
    Ok(())
}
