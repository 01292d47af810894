//! This host does not list a process's mappings.

use crate::error::Corruption;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRights};

/// Finds nothing.
pub(crate) const fn verify(
    _reservation: &Reservation,
    _committed: HostBytes,
    _exceptions: &[HostRights],
) -> Result<(), Corruption> {
    Ok(())
}

/// Cannot say.
pub(crate) const fn resident(
    _reservation: &Reservation,
    _committed: HostBytes,
    _page: HostPage,
) -> Option<u64> {
    None
}
