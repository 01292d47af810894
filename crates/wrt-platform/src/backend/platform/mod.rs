//! Choice of the platform's backend by hardening policy.
#![allow(unsafe_code, reason = "hands the contract on to the backend that was chosen")]

#[cfg_attr(windows, path = "virtual_alloc.rs")]
mod pages;
#[cfg_attr(
    not(all(
        feature = "alloc",
        target_arch = "aarch64",
        any(target_os = "linux", target_os = "android")
    )),
    path = "tagged_none.rs"
)]
mod tagged;

use core::fmt;
use core::ops::Deref;

use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome, forward_to_pointee};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation};
use crate::protection::Protection;
use crate::request::{ReserveRequest, Tagging};
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// A backend of the platform.
pub(super) struct Choice {
    name: &'static str,
    allocator: &'static (dyn PageAllocator + Send + Sync),
}

/// The platform's backend for a hardening policy: pages with hardware tags, or plain ones.
///
/// ```
/// use wrt_platform::{PlatformAllocator, Region, ReserveRequest, Tagging};
///
/// let allocator = PlatformAllocator::new(Tagging::Wanted)?;
/// println!("memories come from the {} backend", allocator.name());
/// let region = Region::new(allocator, &ReserveRequest::new(65536, 1 << 20))?;
/// assert_eq!(region.reservation().tagged(), allocator.is_tagged());
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
#[derive(Clone, Copy)]
pub struct PlatformAllocator {
    choice: &'static Choice,
    tagged: bool,
}

impl PlatformAllocator {
    /// Chooses the backend for a policy. With [`Tagging::Wanted`] it is the one with hardware tags
    /// where the machine and its kernel support them, and `MmapAllocator` or `VirtualAllocator`
    /// otherwise. With tags, checks are enabled for the calling thread; other threads call
    /// [`prepare_thread`](PageAllocator::prepare_thread).
    ///
    /// # Errors
    ///
    /// [`NoTags`](AllocErrorKind::NoTags) where tags are [required](Tagging::Required) and not
    /// available; the kernel's error where it supports tags and refuses to check them.
    pub fn new(tagging: Tagging) -> Result<Self, AllocError> {
        let tagged = match tagging {
            Tagging::Off => None,
            Tagging::Wanted | Tagging::Required => tagged::choose()?,
        };
        match (tagged, tagging) {
            (Some(choice), _) => Ok(Self { choice, tagged: true }),
            (None, Tagging::Required) => {
                Err(AllocError::new(Operation::Reserve, AllocErrorKind::NoTags, 0))
            }
            (None, _) => Ok(Self { choice: &pages::CHOICE, tagged: false }),
        }
    }

    /// The name of the backend: `mmap`, `virtual-alloc` or `mte`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.choice.name
    }

    /// Whether memories carry hardware tags.
    #[must_use]
    pub const fn is_tagged(&self) -> bool {
        self.tagged
    }
}

impl Deref for PlatformAllocator {
    type Target = dyn PageAllocator + Send + Sync;

    fn deref(&self) -> &Self::Target {
        self.choice.allocator
    }
}

forward_to_pointee!(unsafe [] PlatformAllocator);

impl fmt::Debug for PlatformAllocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlatformAllocator").field(&self.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;

    #[test]
    fn tags_are_given_where_the_machine_has_them_and_refused_elsewhere() {
        let plain = PlatformAllocator::new(Tagging::Off).unwrap();
        assert!(!plain.is_tagged() && plain.name() != "mte");
        let wanted = PlatformAllocator::new(Tagging::Wanted).unwrap();
        assert_eq!(wanted.is_tagged(), wanted.name() == "mte");
        match PlatformAllocator::new(Tagging::Required) {
            Ok(required) => assert!(required.is_tagged() && wanted.is_tagged()),
            Err(error) => {
                assert_eq!(error.kind, AllocErrorKind::NoTags);
                assert!(!wanted.is_tagged());
            }
        }
        for allocator in [plain, wanted] {
            let region = Region::new(allocator, &ReserveRequest::new(4096, 65536)).unwrap();
            assert_eq!(region.reservation().tagged(), allocator.is_tagged());
            region.verify().unwrap();
        }
    }
}
