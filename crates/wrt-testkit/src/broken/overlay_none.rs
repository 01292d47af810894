//! Twin for hosts without these calls, where the defects that need them are not tried.
#![allow(unsafe_code, reason = "the same contract, without the calls")]

use core::convert::Infallible;
use core::ptr::NonNull;

/// Nothing is mapped.
///
/// # Safety
///
/// None.
pub(super) unsafe fn repeat(_base: NonNull<u8>, _unit: usize, _len: usize) -> Result<(), ()> {
    Err(())
}

/// Nothing is mapped.
///
/// # Safety
///
/// None.
pub(super) unsafe fn replace(_base: NonNull<u8>, _len: usize) {}

/// A mapping that this host never makes.
#[derive(Debug)]
pub(super) struct Leftover(#[allow(dead_code, reason = "there is none")] Infallible);

impl Leftover {
    /// None.
    pub(super) const fn at(_start: usize, _len: usize) -> Option<Self> {
        None
    }
}
