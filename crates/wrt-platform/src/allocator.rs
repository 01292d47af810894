//! The contract between a region and the backend that supplies its pages.
#![allow(unsafe_code, reason = "the contract that backends guarantee")]

use core::ptr::NonNull;

use crate::capabilities::Capabilities;
use crate::error::{AllocError, Corruption, Operation};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// Location of a memory after a commit or a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Committed {
    /// The base is unchanged.
    InPlace,
    /// The base is new; the old one must not be used any more. Either the bytes were moved, or the
    /// same bytes have another hardware tag.
    Moved(NonNull<u8>),
}

/// Outcome of a reset: the bytes that stayed committed, and their location.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResetOutcome {
    /// Bytes that are still committed.
    pub kept: HostBytes,
    /// Location of these bytes.
    pub base: Committed,
}

impl ResetOutcome {
    /// An outcome of `kept` bytes at an unchanged base.
    #[must_use]
    pub const fn in_place(kept: HostBytes) -> Self {
        Self { kept, base: Committed::InPlace }
    }
}

/// Outcome of a discard. The bytes read zero in either case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discarded {
    /// The pages were returned to the host.
    Released,
    /// The pages were overwritten with zeroes and stay with the process.
    ZeroedOnly,
}

/// A source of page-aligned memory for linear memories.
///
/// Every operation is on the cold path: a [`Region`](crate::Region) holds its own base and length,
/// so a backend chosen at run time (`Arc<dyn PageAllocator>`) costs nothing per access. The trait
/// is also implemented for `&P`, `Arc<P>` and `Box<P>`.
///
/// All sizes are bytes. Sizes passed to a backend are multiples of its [`page`](Self::page).
///
/// A backend is used through a [`Region`](crate::Region) or a memory of `wrt-runtime`, which keep
/// the contract of the unsafe operations:
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
/// Callers rely on these guarantees of an implementation. The crate's SAFETY comments cite them:
///
/// - **C1** A reservation's committed bytes and its guards belong to it alone until it is released.
///   No byte up to its capacity is ever committed to it and to another reservation at once. The
///   base is aligned to the page and never null; capacity and guards are whole pages.
/// - **C2** After `commit(reservation, old, new)` succeeded, the first `new` bytes form a [valid
///   region](crate#valid-region), except where rights have been taken away since. The first `old`
///   bytes are unchanged. The others read zero, or as in the image where the reservation [has
///   one](Reservation::has_image).
/// - **C3** An operation that fails has changed nothing, unless its description says otherwise. One
///   that unwinds counts as failed.
/// - **C4** A reservation stays valid when the allocator value is moved, and for as long as the
///   allocator value lives.
/// - **C5** `discard` and `reset` leave a valid region: `discard` all committed bytes, `reset` the
///   bytes that it reports at the base that it reports, at least as many as it was asked to keep.
///   `protect` changes no byte and takes away no more rights than requested. In a reservation that
///   [faults exactly](Reservation::faults_exactly), an access to any uncommitted byte faults,
///   except during a call that may return [`Unrestored`](crate::AllocErrorKind::Unrestored) and
///   after one that did; `reset` keeps exactly the bytes that it was asked to keep.
/// - **C6** `page` always gives the same answer.
/// - **C7** `capabilities` always gives the same answer, and it holds for every reservation.
/// - **C8** `verify` and `resident` may run while other threads read the bytes. They change neither
///   bytes nor rights nor tags, not even for a moment.
pub unsafe trait PageAllocator {
    /// The backend's page, the unit of all sizes.
    fn page(&self) -> HostPage;

    /// Optional guarantees of this backend, beyond the rest of this trait.
    fn capabilities(&self) -> Capabilities;

    /// Prepares the calling thread for access to memories of this backend. Most backends have
    /// nothing to do. A backend with hardware tags enables the tag checks, which are a setting of
    /// each thread. Runtimes call this when a thread enters, before they rely on such checks.
    ///
    /// # Errors
    ///
    /// When the thread cannot be prepared: the hardware does not check its accesses.
    fn prepare_thread(&self) -> Result<(), AllocError> {
        Ok(())
    }

    /// Reserves address space for one memory. No byte is accessible yet.
    ///
    /// # Errors
    ///
    /// When the initial size does not fit, or a required property is not available. The error
    /// carries the size requested and, where known, the size possible.
    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError>;

    /// Makes the first `new` bytes accessible, of which the first `old` already are. All or
    /// nothing.
    ///
    /// # Errors
    ///
    /// When the host refuses; in that case nothing has changed. An error of the kind
    /// [`Unrestored`](crate::AllocErrorKind::Unrestored) says that some bytes past `old` may have
    /// become accessible; they read zero.
    ///
    /// # Safety
    ///
    /// `reservation` came from this allocator and is not released; exactly `old` bytes of it are
    /// committed, and `old <= new <= capacity`, both whole pages of this allocator; no other code
    /// uses the memory during the call.
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
    /// when the host refuses. In that case some pages of the range may have the new rights and
    /// others the old.
    ///
    /// # Safety
    ///
    /// As for [`commit`](Self::commit), with `range` inside the committed bytes; until the rights
    /// are restored, no access to the range violates them. `protection` is not both writable and
    /// executable unless the request [allowed it](ReserveRequest::allows_write_execute).
    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        let _ = (reservation, range, protection);
        Err(AllocError::unsupported(Operation::Protect))
    }

    /// Makes a range of committed pages read zero, also where the memory has an image. The pages
    /// return to the host where possible.
    ///
    /// # Errors
    ///
    /// A backend may refuse; in that case nothing has changed.
    ///
    /// # Safety
    ///
    /// As for [`commit`](Self::commit), with `range` inside the committed bytes and writable.
    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError>;

    /// Prepares the memory for its next use: all committed bytes read zero, or as in the image
    /// where the reservation has one. At least `keep` bytes stay committed, and if possible no
    /// more; exactly `keep` where the reservation [faults exactly](Reservation::faults_exactly).
    /// Returns the number of bytes kept and their base: a backend with hardware tags assigns a new
    /// tag.
    ///
    /// # Errors
    ///
    /// When the old contents could not be erased, or more than `keep` bytes would stay committed
    /// under exact faults. The caller must not give access to the memory before a later reset
    /// succeeds. All bytes stay committed at the old base.
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

    /// Ends the reservation, whatever rights its pages have. No other memory can observe a byte of
    /// it. Address space that the host refuses to take back is leaked; the contents are not kept.
    ///
    /// # Safety
    ///
    /// As for [`commit`](Self::commit), with `committed` bytes committed. This is the last use of
    /// the reservation.
    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes);

    /// Asks the host whether guards, rights and tags are intact. Committed pages must be readable
    /// and writable, except for `exceptions`, which lie within them in order of address. A backend
    /// that cannot find out reports success. Other threads may read the bytes during the call.
    ///
    /// # Errors
    ///
    /// The first violation found.
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

    /// Bytes of the memory that occupy physical memory now, where the host reports it.
    ///
    /// # Safety
    ///
    /// As for [`verify`](Self::verify).
    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        let _ = (reservation, committed);
        None
    }
}

/// Implements the trait for a pointer to an allocator by forwarding every call. `unsafe`: the
/// pointer must refer to one allocator as long as it lives.
macro_rules! forward_to_pointee {
    ($(unsafe [$($generics:tt)*] $pointer:ty),*) => {$(
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

forward_to_pointee!(unsafe [P: PageAllocator + ?Sized] &P);

#[cfg(any(unix, windows))]
pub(crate) use forward_to_pointee;

#[cfg(feature = "alloc")]
forward_to_pointee!(
    unsafe [P: PageAllocator + ?Sized] alloc::sync::Arc<P>,
    unsafe [P: PageAllocator + ?Sized] alloc::boxed::Box<P>
);
