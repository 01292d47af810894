//! Twin for hosts that do not list a process's mappings.

use crate::error::Corruption;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRights};

/// Always succeeds: nothing is known.
pub(crate) const fn verify(
    _reservation: &Reservation,
    _committed: HostBytes,
    _exceptions: &[HostRights],
) -> Result<(), Corruption> {
    Ok(())
}

/// Always `None`: nothing is known.
pub(crate) const fn resident(
    _reservation: &Reservation,
    _committed: HostBytes,
    _page: HostPage,
) -> Option<u64> {
    None
}
