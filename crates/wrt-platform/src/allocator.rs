//! The contract between a region and where its pages come from.
#![allow(unsafe_code, reason = "the contract that backends guarantee")]

use core::ptr::NonNull;

use crate::capabilities::Capabilities;
use crate::error::{AllocError, Corruption, Operation};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// Where a commit or a reset has left the memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Committed {
    /// At the base it had.
    InPlace,
    /// At a new base; the old one must not be used any more. Either the bytes were moved, or the
    /// same bytes have another hardware tag.
    Moved(NonNull<u8>),
}

/// What a reset has left of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResetOutcome {
    /// Bytes that are still committed.
    pub kept: HostBytes,
    /// Where they are.
    pub base: Committed,
}

impl ResetOutcome {
    /// So many bytes, at the base they had.
    #[must_use]
    pub const fn in_place(kept: HostBytes) -> Self {
        Self { kept, base: Committed::InPlace }
    }
}

/// What happened to the bytes of a discarded range; they read zero either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discarded {
    /// The host has the pages back.
    Released,
    /// The pages were only overwritten.
    ZeroedOnly,
}

/// A source of page-aligned memory for linear memories.
///
/// Every operation is on the cold path: a [`Region`](crate::Region) keeps base and length to
/// itself, so a backend chosen at run time (`Arc<dyn PageAllocator>`) costs nothing per access.
/// The trait is also implemented for `&P`, `Arc<P>` and `Box<P>`.
///
/// Bytes are the only unit. Sizes handed in are whole numbers of the backend's own
/// [`page`](Self::page).
///
/// A backend is used through a [`Region`](crate::Region) or a memory of `wrt-runtime`, which call it
/// as its contract says:
///
/// ```
/// use wrt_platform::{Capabilities, HeapAllocator, PageAllocator, Region, ReserveRequest};
///
/// fn one_page(allocator: &dyn PageAllocator) -> Result<usize, wrt_platform::AllocError> {
///     let region = Region::new(allocator, &ReserveRequest::new(4096, 4096))?;
///     Ok(region.len())
/// }
///
/// # #[cfg(feature = "alloc")] {
/// assert_eq!(one_page(&HeapAllocator::new())?, 4096);
/// assert!(!HeapAllocator::new().capabilities().contains(Capabilities::STABLE_BASE));
/// # }
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
///
/// # Safety
///
/// Callers trust an implementation with these guarantees, which the crate's SAFETY comments cite:
///
/// - **C1** A reservation's committed bytes and its guards belong to it alone until it is released.
///   No byte up to its capacity is ever committed to it and to another reservation at once. The
///   base is aligned to the page and never null; capacity and guards are whole pages.
/// - **C2** After `commit(reservation, old, new)` succeeded, the first `new` bytes form a
///   [valid region](crate#valid-region), as far as no right on them was taken since; the first
///   `old` bytes hold what they held, the others read zero, or what the image says where the
///   reservation [has one](Reservation::has_image).
/// - **C3** An operation that fails has changed nothing, unless its description says otherwise. One
///   that unwinds counts as failed.
/// - **C4** A reservation stays valid when the allocator value is moved, and for as long as the
///   allocator value lives.
/// - **C5** `discard` and `reset` keep a valid region: `discard` all that was committed, `reset` the
///   bytes that it reports, at the base that it reports, which are at least those it was asked to
///   keep. `protect` leaves bytes and takes no more rights than it was told to. Of a reservation
///   that [faults exactly](Reservation::faults_exactly), every byte that is not committed faults,
///   but during a call that may end with [`Unrestored`](crate::AllocErrorKind::Unrestored), and
///   after it; `reset` keeps just the bytes that it was asked to.
/// - **C6** `page` always gives the same answer.
/// - **C7** `capabilities` always gives the same answer, which is true of every reservation.
/// - **C8** `verify` and `resident` only read, and only what the backend itself keeps in order while
///   other threads read the bytes: neither bytes nor rights nor tags change, not for a moment.
pub unsafe trait PageAllocator {
    /// The unit of all sizes: the backend's page.
    fn page(&self) -> HostPage;

    /// What this backend guarantees beyond the rest of this trait.
    fn capabilities(&self) -> Capabilities;

    /// Prepares the calling thread for access to memories of this backend. Most have nothing to
    /// do; one with hardware tags turns the checks on, which every thread has for itself. Runtimes
    /// call it when a thread enters, before they rely on such checks.
    ///
    /// # Errors
    ///
    /// When the thread cannot be prepared: accesses by it are not checked by the hardware.
    fn prepare_thread(&self) -> Result<(), AllocError> {
        Ok(())
    }

    /// Takes address space for one memory. Nothing is accessible yet.
    ///
    /// # Errors
    ///
    /// When not even the initial size can be had, or a required property cannot be given. The
    /// error says what was asked and what was possible.
    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError>;

    /// Makes the first `new` bytes accessible, of which `old` are already. All or nothing.
    ///
    /// # Errors
    ///
    /// When the host refuses; nothing has changed then. An error of the kind
    /// [`Unrestored`](crate::AllocErrorKind::Unrestored) says that some bytes past `old` may have
    /// become accessible; they read zero.
    ///
    /// # Safety
    ///
    /// `reservation` came from this allocator and is not released; exactly `old` bytes of it are
    /// committed, and `old <= new <= capacity`, both whole pages of this allocator; nobody else uses
    /// the memory during the call.
    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError>;

    /// Changes the rights on a range of committed pages.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::AllocErrorKind::Unsupported) without [`Capabilities::PROTECT`], or
    /// when the host says no. Some pages of the range may have the new rights then and others the
    /// old.
    ///
    /// # Safety
    ///
    /// As for [`commit`](Self::commit), with `range` inside the committed bytes; until the rights
    /// are restored nobody accesses the range in a way they forbid. `protection` is not both
    /// writable and executable unless the request
    /// [allowed it](ReserveRequest::allows_write_execute).
    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        let _ = (reservation, range, protection);
        Err(AllocError::unsupported(Operation::Protect))
    }

    /// Makes a range of committed pages read zero, whatever the image says, giving them back to the
    /// host if it can.
    ///
    /// # Errors
    ///
    /// A backend may refuse; nothing has changed then.
    ///
    /// # Safety
    ///
    /// As for [`commit`](Self::commit), with `range` inside the committed bytes and writable.
    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError>;

    /// Prepares the memory for its next use: all committed bytes read zero, or what the image says
    /// where the reservation has one. At least `keep` stay committed, and if possible no more; just
    /// `keep` where the reservation [faults exactly](Reservation::faults_exactly). Returns how many
    /// did, and where: a backend with hardware tags gives the bytes another one.
    ///
    /// # Errors
    ///
    /// When old contents could not be erased, or more than `keep` bytes would stay where they must
    /// not; the caller must not show the memory to anyone before a later reset succeeds. All bytes
    /// that were committed still are, at the old base.
    ///
    /// # Safety
    ///
    /// As for [`commit`](Self::commit), with `committed` bytes committed, all of them readable and
    /// writable, `keep <= committed`.
    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError>;

    /// Ends the reservation, whatever rights its pages have. No other memory will see a byte of it.
    /// Where the host does not take address space back, it is lost; contents are not kept.
    ///
    /// # Safety
    ///
    /// As for [`commit`](Self::commit), with `committed` bytes committed. This is the last use of
    /// the reservation.
    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes);

    /// Asks the host whether guards, rights and tags are still what they should be: committed pages
    /// readable and writable but for `exceptions`, which lie within them in order of address. A
    /// backend that has no way to know finds nothing. Other threads may read the bytes meanwhile.
    ///
    /// # Errors
    ///
    /// The first guarantee found broken.
    ///
    /// # Safety
    ///
    /// `reservation` came from this allocator and is not released, exactly `committed` bytes of it
    /// are committed, and others only read them during the call.
    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        let _ = (reservation, committed, exceptions);
        Ok(())
    }

    /// Bytes of the memory that occupy physical memory now, where the host can say.
    ///
    /// # Safety
    ///
    /// As for [`verify`](Self::verify).
    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        let _ = (reservation, committed);
        None
    }
}

/// Implements the trait for a pointer to an allocator by handing every call on.
macro_rules! forward_to_pointee {
    ($([$($generics:tt)*] $pointer:ty),*) => {$(
        // SAFETY: C1 to C8 are the pointee's, which outlives the pointer; every call is handed
        // on unchanged, and moving the pointer does not move the pointee (C4).
        unsafe impl<$($generics)*> PageAllocator for $pointer {
            fn page(&self) -> HostPage {
                (**self).page()
            }

            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }

            fn prepare_thread(&self) -> Result<(), AllocError> {
                (**self).prepare_thread()
            }

            fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
                (**self).reserve(request)
            }

            unsafe fn commit(
                &self,
                reservation: &Reservation,
                old: HostBytes,
                new: HostBytes,
            ) -> Result<Committed, AllocError> {
                // SAFETY: the caller keeps this very contract.
                unsafe { (**self).commit(reservation, old, new) }
            }

            unsafe fn protect(
                &self,
                reservation: &Reservation,
                range: HostRange,
                protection: Protection,
            ) -> Result<(), AllocError> {
                // SAFETY: the caller keeps this very contract.
                unsafe { (**self).protect(reservation, range, protection) }
            }

            unsafe fn discard(
                &self,
                reservation: &Reservation,
                range: HostRange,
            ) -> Result<Discarded, AllocError> {
                // SAFETY: the caller keeps this very contract.
                unsafe { (**self).discard(reservation, range) }
            }

            unsafe fn reset(
                &self,
                reservation: &Reservation,
                committed: HostBytes,
                keep: HostBytes,
            ) -> Result<ResetOutcome, AllocError> {
                // SAFETY: the caller keeps this very contract.
                unsafe { (**self).reset(reservation, committed, keep) }
            }

            unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
                // SAFETY: the caller keeps this very contract.
                unsafe { (**self).release(reservation, committed) }
            }

            unsafe fn verify(
                &self,
                reservation: &Reservation,
                committed: HostBytes,
                exceptions: &[HostRights],
            ) -> Result<(), Corruption> {
                // SAFETY: the caller keeps this very contract.
                unsafe { (**self).verify(reservation, committed, exceptions) }
            }

            unsafe fn resident(
                &self,
                reservation: &Reservation,
                committed: HostBytes,
            ) -> Option<u64> {
                // SAFETY: the caller keeps this very contract.
                unsafe { (**self).resident(reservation, committed) }
            }
        }
    )*};
}

forward_to_pointee!([P: PageAllocator + ?Sized] &P);

#[cfg(any(unix, windows))]
forward_to_pointee!([] crate::backend::PlatformAllocator);

#[cfg(feature = "alloc")]
forward_to_pointee!(
    [P: PageAllocator + ?Sized] alloc::sync::Arc<P>,
    [P: PageAllocator + ?Sized] alloc::boxed::Box<P>
);
