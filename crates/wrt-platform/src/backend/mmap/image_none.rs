//! Images are copied by the region where they cannot be mapped.
#![allow(unsafe_code, reason = "the same contract, never called")]

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use rustix::io::Errno;
use rustix::mm::ProtFlags;

use crate::capabilities::Capabilities;
use crate::image::MemoryImage;
use crate::reservation::Reservation;
use crate::units::{HostPage, HostRange};

pub(in crate::backend) const CAPABILITY: Capabilities = Capabilities::empty();

/// Why a mapping could not take another one's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(dead_code, reason = "the other host's answer")]
pub(in crate::backend) enum NotReplaced {
    /// The host refused and left what was there.
    Kept(Errno),
    /// The host has taken away what was there.
    Lost(Errno),
    /// The host has taken the addresses away.
    Gone(Errno),
}

/// The reservation as it is.
///
/// # Errors
///
/// None.
pub(super) const fn map(
    reservation: &Reservation,
    _: &MemoryImage,
    _: HostPage,
) -> Result<Reservation, Errno> {
    Ok(*reservation)
}

/// None, as no image is mapped.
///
/// # Safety
///
/// None.
pub(super) const unsafe fn kept(_: &Reservation) -> Option<ManuallyDrop<MemoryImage>> {
    None
}

/// There is nothing to give up.
///
/// # Safety
///
/// None.
pub(super) const unsafe fn let_go(_: &Reservation) {}

pub(in crate::backend) const fn range_of(_: &MemoryImage, _: HostPage) -> Option<HostRange> {
    None
}

/// Never called, as no image has a range.
///
/// # Errors
///
/// Always.
///
/// # Safety
///
/// None.
pub(in crate::backend) const unsafe fn map_over(
    _: NonNull<u8>,
    _: &MemoryImage,
    _: HostPage,
    _: ProtFlags,
) -> Result<(), (NotReplaced, HostRange)> {
    Err((NotReplaced::Kept(Errno::NOSYS), HostRange::EMPTY))
}

/// Never called, as no image is mapped.
///
/// # Errors
///
/// Always.
///
/// # Safety
///
/// None.
pub(in crate::backend) const unsafe fn map_zeroes_over(
    _: NonNull<u8>,
    _: HostRange,
    _: ProtFlags,
) -> Result<(), NotReplaced> {
    Err(NotReplaced::Kept(Errno::NOSYS))
}
