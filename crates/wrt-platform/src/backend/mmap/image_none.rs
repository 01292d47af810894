//! Images are copied by the region where they cannot be mapped.

use crate::capabilities::Capabilities;
use crate::image::MemoryImage;
use crate::reservation::Reservation;
use crate::units::HostPage;

pub(super) const CAPABILITY: Capabilities = Capabilities::empty();

pub(super) const fn map(reservation: &Reservation, _: &MemoryImage, _: HostPage) -> Reservation {
    *reservation
}
