//! Validation of requests, before the backend is called.

use super::Lifecycle;
use crate::allocator::PageAllocator;
use crate::error::{AllocError, AllocErrorKind, Operation};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::units::{HostBytes, HostPage};

/// Refuses a request that contradicts itself or exceeds what the host can address.
pub(super) fn check_request(
    request: &ReserveRequest<'_>,
    page: HostPage,
) -> Result<(), AllocError> {
    let invalid = |rule, bytes| {
        AllocError::new(Operation::Reserve, AllocErrorKind::InvalidRequest(rule), bytes)
    };
    if request.initial() > request.maximum() {
        let error = invalid("the initial size exceeds the maximum", request.initial());
        return Err(error.possible(request.maximum()));
    }
    if request.demands_full_guards_and_ahead() {
        let rule = "full guards need exact commit, and committing ahead was asked for";
        return Err(invalid(rule, request.initial()));
    }
    if let Some(image) = request.initial_image()
        && image.end() > request.initial()
    {
        let error = invalid("the image reaches beyond the initial size", image.end());
        return Err(error.possible(request.initial()));
    }
    round_up(page, request.initial(), Operation::Reserve)?;
    if !is_whole(request.initial(), request.unit_bytes()) {
        return Err(invalid("the initial size is not a multiple of its unit", request.initial()));
    }
    Ok(())
}

/// `bytes` rounded up to whole pages, or an error with the most that the host can address.
pub(super) fn round_up(
    page: HostPage,
    bytes: u64,
    operation: Operation,
) -> Result<HostBytes, AllocError> {
    page.round_up(bytes).ok_or_else(|| {
        let most = page.round_down(u64::MAX).as_u64();
        AllocError::new(operation, AllocErrorKind::AddressSpace, bytes).possible(most)
    })
}

/// Refuses a length that the memory cannot have; returns the length in whole pages.
pub(super) fn check_growth<P: PageAllocator>(
    life: &Lifecycle<P>,
    new_len: u64,
) -> Result<HostBytes, AllocError> {
    let capacity = life.reservation.capacity();
    let refuse = |kind| AllocError::new(Operation::Commit, kind, new_len);
    if new_len < life.len as u64 {
        let kind = AllocErrorKind::InvalidRequest("a memory cannot shrink");
        return Err(refuse(kind).possible(life.len as u64));
    }
    if !is_whole(new_len, life.unit) {
        let kind = AllocErrorKind::InvalidRequest("the length is not a multiple of its unit");
        return Err(refuse(kind).possible(life.capacity()));
    }
    if life.unerased {
        let kind = AllocErrorKind::InvalidRequest(
            "a failed operation has emptied the memory; reset it first",
        );
        return Err(refuse(kind));
    }
    if new_len > life.limit {
        return Err(refuse(AllocErrorKind::Maximum).possible(life.capacity()));
    }
    let needed = life.page.round_up(new_len);
    let needed =
        needed.ok_or_else(|| refuse(AllocErrorKind::AddressSpace).possible(life.capacity()))?;
    if needed > capacity {
        return Err(refuse(AllocErrorKind::Capacity).possible(life.capacity()));
    }
    Ok(needed)
}

/// Whether a length in bytes is a whole number of units. Units that are powers of two, as pages of
/// WebAssembly are, need no division.
const fn is_whole(len: u64, unit: u64) -> bool {
    if unit.is_power_of_two() { len & (unit - 1) == 0 } else { len.is_multiple_of(unit) }
}

/// Refuses pages that are writable and executable at once, unless the request `allowed` them.
pub(super) fn check_rights(
    allowed: bool,
    protection: Protection,
    len: u64,
) -> Result<(), AllocError> {
    if protection.contains(Protection::WRITE | Protection::EXECUTE) && !allowed {
        let rule = "the memory was not made to have pages both writable and executable";
        return Err(AllocError::new(Operation::Protect, AllocErrorKind::InvalidRequest(rule), len));
    }
    Ok(())
}
