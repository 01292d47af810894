//! The reservation ladder over mappings.

use core::ptr::NonNull;

use rustix::io::Errno;

use super::pages::Extent;
use crate::backend::ladder::{ExtentRefusal, descend_ladder};
use crate::error::{AllocError, OsError};
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::HostPage;

/// Descends from the level that `request` asks for until `map` succeeds.
pub(in crate::backend) fn reserve(
    request: &ReserveRequest<'_>,
    page: HostPage,
    mut map: impl FnMut(Extent) -> Result<NonNull<u8>, Errno>,
) -> Result<Reservation, AllocError> {
    descend_ladder(request, page, |extent| map(extent).map_err(refusal))
}

fn refusal(errno: Errno) -> ExtentRefusal {
    let limit = if errno == Errno::NOMEM { super::address_space_limit() } else { None };
    ExtentRefusal { error: OsError(errno.raw_os_error()), limit }
}
