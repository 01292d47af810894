//! [`Region`]: the one type that owns a base pointer.
//!
//! `mod.rs` adds exclusive access to a [`Lifecycle`]: creation, growth, reset. `access.rs` holds
//! every access to its bytes, `lent.rs` copies between two regions, `protection.rs` takes rights
//! away from bytes and restores them, `rights.rs` is the table of protected ranges, and `view.rs`
//! gives base and length to compiled code.
#![allow(unsafe_code, reason = "the one type that owns the pointer")]

mod access;
mod lent;
mod protection;
mod rights;
mod view;

use core::fmt;
use core::ptr::NonNull;

use self::rights::RightsTable;
pub use lent::LentBytes;
pub use view::RegionView;

use crate::allocator::{Discarded, PageAllocator};
use crate::error::{AllocError, AllocErrorKind, Corruption, InaccessibleCause, NoRoom, Operation};
use crate::guarantees::AccessGuarantees;
use crate::image::MemoryImage;
use crate::lifecycle::Lifecycle;
use crate::on_demand::OnDemand;
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostRange};

/// Bytes of the widest access of an instruction: a vector.
const WIDEST: usize = 16;

/// The bytes of one linear memory: a base pointer that it owns, a length that only growth and reset
/// change, and access checked against that length.
///
/// All sizes are bytes. The region is released when it is dropped.
///
/// ```
/// use wrt_platform::{Region, ReserveRequest, StaticArena};
///
/// static ARENA: StaticArena<65536> = StaticArena::new();
/// let mut region = Region::new(&ARENA, &ReserveRequest::new(4096, 65536))?;
/// region.store(4092, 7_u32.to_le_bytes()).unwrap();
/// assert_eq!(region.load(4092).map(u32::from_le_bytes), Ok(7));
/// assert!(region.load::<4>(4093).is_err());
/// region.grow_to(8192)?;
/// assert!(region.load::<4>(4093).is_ok());
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
pub struct Region<P: PageAllocator> {
    /// - **I1** `base..base + len`, without the bytes of `rights`, is a [valid
    ///   region](crate#valid-region) that this value owns: through `&self` it is only read, through
    ///   `&mut self` it may be written. Bytes in `rights` have at least the rights listed there.
    ///   Base and length are those of `life` (I2, I3).
    base: NonNull<u8>,
    len: usize,
    /// - **I4** `wide_places` is the number of addresses at which 16 bytes, the widest access of an
    ///   instruction, lie below `len` and below the first range of `rights`: the number of such
    ///   bytes less 15, or 0.
    wide_places: usize,
    /// - **I6** `window_start..window_start + window_len` lies below `len` and outside of `rights`.
    ///   It is the largest run of such bytes that does not start at 0, or, if there is none, the
    ///   run that does.
    window_start: usize,
    window_len: usize,
    /// Ranges with fewer rights than read and write; all lie below `len`.
    rights: OnDemand<RightsTable>,
    /// The host refused to set the rights of `rights` on some pages and refused to restore the old
    /// ones: the rights that these pages have are unknown.
    unsettled: bool,
    /// Initial state of the memory, if not accessible zeroes.
    start: OnDemand<Start>,
    /// Number of changes that invalidated an older [`RegionView`].
    epoch: u64,
    life: Lifecycle<P>,
}

/// Initial state of a memory, at creation and after every reset.
#[derive(Debug)]
struct Start {
    /// Inaccessible bytes at the start; the memory may be shorter.
    prefix: u64,
    /// The image for the region to copy, if the backend does not.
    image: Option<MemoryImage>,
}

// SAFETY: the region owns its bytes (I1), so they go where it goes; the allocator is used from
// the new thread only if it may be.
unsafe impl<P: PageAllocator + Send> Send for Region<P> {}

// SAFETY: through `&Region` bytes are only read (I1), and reading needs the allocator not at all
// or through `&P`, which `P: Sync` allows from several threads.
unsafe impl<P: PageAllocator + Sync> Sync for Region<P> {}

impl<P: PageAllocator> Region<P> {
    /// Reserves address space for `request` and makes its initial bytes accessible. They read zero,
    /// or as in the request's image.
    ///
    /// # Errors
    ///
    /// When the request contradicts itself, is larger than the host can address, or the backend
    /// cannot give the initial bytes. Nothing stays allocated.
    pub fn new(allocator: P, request: &ReserveRequest<'_>) -> Result<Self, AllocError> {
        let life = Lifecycle::new(allocator, request)?;
        let mut region = Self {
            base: life.base(),
            len: 0,
            wide_places: 0,
            window_start: 0,
            window_len: 0,
            rights: OnDemand::none(),
            unsettled: false,
            start: OnDemand::none(),
            epoch: 0,
            life,
        };
        region.remember_start(request)?;
        region.publish();
        region.show_start()?;
        Ok(region)
    }

    /// Keeps the parts of the initial state that the backend does not provide.
    fn remember_start(&mut self, request: &ReserveRequest<'_>) -> Result<(), AllocError> {
        let image = request.initial_image().filter(|_| !self.life.reservation().has_image());
        let prefix = request.prefix_bytes();
        if image.is_some() || prefix > 0 {
            let start = || Start { prefix, image: image.cloned() };
            let no_room = |NoRoom| AllocError::no_room(Operation::Reserve, size_of::<Start>());
            self.start.get_or_insert_with(start).map_err(no_room)?;
        }
        Ok(())
    }

    /// Sets contents and rights of the initial bytes, which are zero or the backend's image: copies
    /// the image if the backend has not, and takes away the rights on the prefix.
    fn show_start(&mut self) -> Result<(), AllocError> {
        let image = self.start.get().and_then(|start| start.image.clone());
        if let Some(image) = image {
            for (start, bytes) in image.extents() {
                // The image lies within the initial size, as the request was checked.
                if let Ok(target) = self.slice_mut(start, bytes.len() as u64) {
                    target.copy_from_slice(bytes);
                }
            }
        }
        self.protect_prefix(0)
    }

    /// Adopts base and length from the lifecycle. Everything that depends on them changes here
    /// alone: windows, epoch, and the entry in the fault registry.
    #[inline]
    fn publish(&mut self) {
        let (base, len) = (self.life.base(), self.life.len());
        self.epoch += u64::from(base != self.base || len < self.len);
        self.base = base;
        self.len = len;
        self.set_windows();
        self.life.publish();
    }

    /// The accessible length in bytes.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no byte is accessible.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Committed bytes: the length, rounded up to host pages, and the slack of the commit policy.
    #[must_use]
    pub const fn committed(&self) -> HostBytes {
        self.life.committed()
    }

    /// The most bytes this region can ever have: its declared maximum or its reservation,
    /// whichever is less.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.life.capacity()
    }

    /// The declared maximum in bytes.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.life.limit()
    }

    /// The reservation that the backend made.
    #[must_use]
    pub const fn reservation(&self) -> &Reservation {
        self.life.reservation()
    }

    /// The backend.
    #[must_use]
    pub const fn allocator(&self) -> &P {
        self.life.allocator()
    }

    /// The guarantees to compiled code that accesses this memory.
    ///
    /// ```
    /// # #[cfg(all(unix, target_pointer_width = "64"))] {
    /// use core::num::NonZeroU64;
    /// use wrt_platform::{GuardPolicy, MmapAllocator, Region, ReserveRequest};
    ///
    /// let wasm_page = NonZeroU64::new(65536).unwrap();
    /// let request = ReserveRequest::new(65536, 4 << 30).unit(wasm_page);
    /// let request = request.guards(GuardPolicy::FullGuards);
    /// let region = Region::new(MmapAllocator::new(), &request)?;
    /// let guarantees = region.guarantees();
    /// assert!(guarantees.elides(32, 1 << 20, 8));
    /// assert!(!guarantees.elides(64, 0, 1), "an index of 64 bits reaches anywhere");
    /// # }
    /// # Ok::<(), wrt_platform::AllocError>(())
    /// ```
    #[must_use]
    pub fn guarantees(&self) -> AccessGuarantees {
        self.life.guarantees()
    }

    /// Grows the length to `new_len` bytes. New bytes read zero. The current length succeeds; a
    /// smaller one is refused.
    ///
    /// # Errors
    ///
    /// Beyond the declared maximum or the reservation, or when the host refuses. In that case the
    /// region is unchanged, and the error carries the number of bytes that were possible. There is
    /// one exception: where the [`guarantees`](Self::guarantees) include exact faults and the host
    /// refuses to undo a failed growth, the region is empty until a reset.
    pub fn grow_to(&mut self, new_len: u64) -> Result<(), AllocError> {
        // SAFETY: `&mut self` means that nobody else uses the bytes (I1).
        let outcome = unsafe { self.life.grow(new_len) };
        if self.life.is_emptied() {
            // The growth failed and could not be undone. All bytes have their usual rights again.
            self.set_rights(RightsTable::new());
            self.unsettled = false;
        }
        self.publish();
        let old_len = outcome?;
        self.protect_prefix(old_len).inspect_err(|_| self.undo_growth(old_len))
    }

    /// Undoes a growth whose bytes did not get their rights.
    #[cold]
    fn undo_growth(&mut self, old_len: usize) {
        if self.life.ungrow(old_len) {
            self.publish();
        } else {
            self.abandon();
        }
    }

    /// Makes `len` bytes from `start` read zero. Whole host pages return to the host where
    /// possible; bytes of partly covered pages are overwritten.
    ///
    /// # Errors
    ///
    /// When the range is not within the region, or the backend refuses. No byte outside the range
    /// changes.
    pub fn discard(&mut self, start: u64, len: u64) -> Result<Discarded, AllocError> {
        let (start, len) = self
            .range(start, len, Protection::WRITE)
            .map_err(|_| self.refuse_range(Operation::Discard, start, len))?;
        let end = start + len;
        let page = self.life.page();
        let last = page.round_down(end as u64);
        let first = page.round_up(start as u64).filter(|first| *first < last);
        let Some(first) = first else {
            self.zero(start, end);
            return Ok(Discarded::ZeroedOnly);
        };
        let range = HostRange { start: first, len: last.saturating_sub(first) };
        // SAFETY: the range is writable and ends at or below `len` (I3), and `&mut self` means that
        // nobody else uses it.
        let outcome = unsafe { self.life.discard(range) }?;
        self.zero(start, first.get());
        self.zero(last.get(), end);
        Ok(outcome)
    }

    /// Returns to the initial length with the initial contents, zeroes or the image, for the next
    /// use of the memory. Rights that were taken away are restored; the prefix stays inaccessible.
    ///
    /// # Errors
    ///
    /// When the backend could not erase the old contents. In that case the region is empty until a
    /// later reset succeeds: the old contents are never accessible again.
    pub fn reset(&mut self) -> Result<(), AllocError> {
        // These bytes must be hidden until the backend returns, and for good if it fails or panics.
        self.life.hide();
        self.publish();
        self.restore_rights().inspect_err(|_| self.life.give_up())?;
        // SAFETY: `&mut self` means that nobody else uses the bytes (I1), whose rights are the
        // usual ones again.
        let outcome = unsafe { self.life.reset() };
        self.publish();
        outcome?;
        self.show_start().inspect_err(|_| self.abandon())
    }

    /// Empties the region, whose bytes did not get their rights.
    #[cold]
    fn abandon(&mut self) {
        self.life.hide();
        self.publish();
        if self.restore_rights().is_ok() {
            // SAFETY: `&mut self` means that nobody else uses the bytes (I1).
            unsafe { self.life.empty() };
        } else {
            self.life.give_up();
        }
        self.publish();
    }

    /// Prepares the calling thread for access, where the backend needs it: see
    /// [`PageAllocator::prepare_thread`].
    ///
    /// # Errors
    ///
    /// When the hardware's checks cannot be enabled on this thread.
    pub fn prepare_thread(&self) -> Result<(), AllocError> {
        self.life.allocator().prepare_thread()
    }

    /// Checks the invariants of the region: its accounting and, through the backend, its guards,
    /// rights and canaries.
    ///
    /// # Errors
    ///
    /// The first violation found.
    pub fn verify(&self) -> Result<(), Corruption> {
        let agrees = (self.base, self.len) == (self.life.base(), self.life.len());
        if !agrees || !self.windows_agree() {
            return Err(Corruption::Accounting);
        }
        let (rights, count) = self.host_rights();
        match self.life.verify(rights.get(..count).unwrap_or_default()) {
            // A refusal by the host is not corruption.
            Err(Corruption::Protection) if self.unsettled => Ok(()),
            found => found,
        }
    }

    /// The cause for which an access to `len` bytes from `start` was refused.
    #[cold]
    #[must_use]
    pub const fn why_inaccessible(&self, start: u64, len: u64) -> InaccessibleCause {
        match (self.len as u64).checked_sub(len) {
            Some(last) if start <= last => InaccessibleCause::Protected,
            _ => InaccessibleCause::OutOfBounds,
        }
    }

    /// The error of an operation on a range that is not accessible.
    #[cold]
    fn refuse_range(&self, operation: Operation, start: u64, len: u64) -> AllocError {
        let refuse = |kind| AllocError::new(operation, kind, len);
        match self.why_inaccessible(start, len) {
            InaccessibleCause::OutOfBounds => {
                let rule = "the range is not within the memory";
                refuse(AllocErrorKind::InvalidRequest(rule)).possible(self.len as u64)
            }
            InaccessibleCause::Protected => refuse(AllocErrorKind::Protected),
        }
    }

    /// Bytes of the region that occupy physical memory, where the host reports it.
    #[must_use]
    pub fn resident(&self) -> Option<u64> {
        self.life.resident()
    }
}

impl<P: PageAllocator> fmt::Debug for Region<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("base", &self.base)
            .field("len", &self.len)
            .field("committed", &self.committed().get())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
