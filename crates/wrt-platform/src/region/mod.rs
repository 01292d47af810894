//! The one type that owns a base pointer.
//!
//! `mod.rs` is its life: creation, growth, reset, release. `access.rs` is every access to its
//! bytes, `protection.rs` which of them may be accessed, `rights.rs` the list of those that may
//! not. `view.rs` is what compiled code may know of it, `faults.rs` what signal handlers may.
#![allow(unsafe_code)]

mod access;
mod faults;
mod protection;
mod rights;
mod view;

use core::fmt;
use core::ptr::NonNull;

use self::rights::RightsTable;
pub use view::RegionView;

use crate::allocator::{Committed, Discarded, PageAllocator, Renewed};
use crate::commit::CommitPolicy;
use crate::error::{AccessFault, AllocError, AllocErrorKind, Corruption, Operation};
use crate::fault::FaultRegistration;
use crate::image::MemoryImage;
use crate::on_demand::{NoRoom, OnDemand};
use crate::planted::planted;
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRange};

/// Bytes of the widest access of an instruction: a vector.
const WIDEST: usize = 16;

/// The bytes of one linear memory: a base that nobody else holds, a length that only growth and
/// reset change, and access that is checked against it.
///
/// All sizes are bytes. The region is released when it is dropped.
pub struct Region<P: PageAllocator> {
    /// - **I1** `base..base + len`, without the bytes of `rights`, is a
    ///   [valid region](crate#valid-region) that this value owns: through `&self` it is only read,
    ///   through `&mut self` it may be written. Bytes of `rights` have at least the rights that
    ///   stand there.
    /// - **I2** `base..base + committed`, with the same exception, is a valid region too (I1 is a
    ///   part of it), and its bytes from `len` on read zero unless `unerased` is set.
    base: NonNull<u8>,
    /// - **I3** `len <= committed <= capacity of the reservation <= isize::MAX`, and
    ///   `len <= limit`.
    len: usize,
    /// - **I4** `wide_places` is the number of addresses at which 16 bytes, the widest access of an
    ///   instruction, lie below `len` and below the first range of `rights`: as many as there are
    ///   such bytes, less 15, or none.
    wide_places: usize,
    /// - **I6** `window_start..window_start + window_len` lies below `len` and outside of `rights`.
    ///   It is the largest run of such bytes that does not start at 0, or else the one that does.
    window_start: usize,
    window_len: usize,
    /// Bytes that may not be read and written; all lie below `len`.
    rights: OnDemand<RightsTable>,
    /// The host has refused to give pages of `rights` the rights that stand there, and those that
    /// they had as well: what they have is not known.
    unsettled: bool,
    /// How the memory starts, if not with zeroes that everybody may access.
    start: OnDemand<Start>,
    committed: HostBytes,
    /// The declared maximum in bytes, which may be more than the host can ever give.
    limit: u64,
    initial: u64,
    /// Bytes from `len` on may hold old contents, so nothing may grow over them.
    unerased: bool,
    policy: CommitPolicy,
    page: HostPage,
    /// Counts the changes that make an older [`RegionView`] wrong.
    epoch: u64,
    /// - **I5** `reservation` came from `allocator`, is not released, and exactly `committed`
    ///   bytes of it are committed.
    reservation: Reservation,
    /// Where signal handlers find this memory, if it was asked for.
    faults: Option<FaultRegistration>,
    allocator: P,
}

/// How a memory starts, at first and after every reset.
#[derive(Debug)]
struct Start {
    /// Bytes at the start that nobody may access, as far as the memory has them.
    prefix: u64,
    /// The image that the region itself copies into the memory, if the backend does not.
    image: Option<MemoryImage>,
}

// SAFETY: the region owns its bytes (I1), so they go where it goes; the allocator is used from
// the new thread only if it may be.
unsafe impl<P: PageAllocator + Send> Send for Region<P> {}

// SAFETY: through `&Region` bytes are only read (I1), and reading needs the allocator not at all
// or through `&P`, which `P: Sync` allows from several threads.
unsafe impl<P: PageAllocator + Sync> Sync for Region<P> {}

impl<P: PageAllocator> Region<P> {
    /// Reserves what `request` asks for and makes its initial bytes accessible. They read zero.
    ///
    /// # Errors
    ///
    /// When the request contradicts itself, is larger than the host can address, or the backend
    /// cannot give the initial bytes. Nothing stays allocated.
    pub fn new(allocator: P, request: &ReserveRequest<'_>) -> Result<Self, AllocError> {
        let page = allocator.page();
        let initial = check_request(request, page)?;
        let reservation = allocator.reserve(request)?;
        let mut region = Self {
            base: reservation.base(),
            len: 0,
            wide_places: 0,
            window_start: 0,
            window_len: 0,
            rights: OnDemand::none(),
            unsettled: false,
            start: OnDemand::none(),
            committed: HostBytes::ZERO,
            limit: request.maximum(),
            initial: request.initial(),
            unerased: false,
            policy: request.commit_policy(),
            page,
            epoch: 0,
            reservation,
            faults: None,
            allocator,
        };
        region.register(request)?;
        region.remember_start(request)?;
        region.commit(initial)?;
        region.show_initial()?;
        Ok(region)
    }

    /// Keeps what the request says of the start and the backend does not see to.
    fn remember_start(&mut self, request: &ReserveRequest<'_>) -> Result<(), AllocError> {
        let image = request.initial_image().filter(|_| !self.reservation.has_image());
        let prefix = request.prefix_bytes();
        if image.is_some() || prefix > 0 {
            let start = || Start { prefix, image: image.cloned() };
            let no_room = |NoRoom| AllocError::no_room(Operation::Reserve, size_of::<Start>());
            self.start.get_or_insert_with(start).map_err(no_room)?;
        }
        Ok(())
    }

    /// Shows the initial bytes, which are committed and zero or the backend's image: copies the
    /// image if the backend has not, and takes away the rights on the prefix.
    fn show_initial(&mut self) -> Result<(), AllocError> {
        self.set_len(self.initial as usize);
        let image = self.start.get().and_then(|start| start.image.clone());
        if let Some(image) = image {
            for (start, bytes) in image.extents() {
                // The image lies within the initial size, as the request was checked.
                if let Ok(target) = self.slice_mut(start, bytes.len() as u64) {
                    target.copy_from_slice(bytes);
                }
            }
        }
        self.protect_prefix(0).inspect_err(|_| self.set_len(0))
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

    /// Bytes that are committed: the length, rounded up to host pages, and the slack of the
    /// commit policy.
    #[must_use]
    pub const fn committed(&self) -> HostBytes {
        self.committed
    }

    /// The most bytes this region can ever have: its declared maximum or its reservation,
    /// whichever is less.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.limit.min(self.reservation.capacity().as_u64())
    }

    /// The declared maximum in bytes.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// What the backend gave.
    #[must_use]
    pub const fn reservation(&self) -> &Reservation {
        &self.reservation
    }

    /// The backend.
    #[must_use]
    pub const fn allocator(&self) -> &P {
        &self.allocator
    }

    /// Makes `new_len` bytes accessible. New bytes read zero. A length that the region has
    /// already is fine; a smaller one is refused.
    ///
    /// # Errors
    ///
    /// Beyond the declared maximum or the reservation, or when the host refuses. The region is as
    /// it was then, and the error says how many bytes would have been possible.
    pub fn grow_to(&mut self, new_len: u64) -> Result<(), AllocError> {
        let refuse = |kind| AllocError::new(Operation::Commit, kind, new_len);
        if new_len < self.len as u64 {
            let kind = AllocErrorKind::InvalidRequest("a memory cannot shrink");
            return Err(refuse(kind).possible(self.len as u64));
        }
        if self.unerased {
            let kind = AllocErrorKind::InvalidRequest("its old contents could not be erased");
            return Err(refuse(kind).possible(0));
        }
        if new_len > self.limit {
            return Err(refuse(AllocErrorKind::Maximum).possible(self.capacity()));
        }
        let needed = self
            .page
            .round_up(new_len)
            .ok_or_else(|| refuse(AllocErrorKind::AddressSpace).possible(self.capacity()))?;
        if needed > self.reservation.capacity() && !planted("F18") {
            return Err(refuse(AllocErrorKind::Capacity).possible(self.capacity()));
        }
        if needed > self.committed {
            self.commit_for_growth(needed)?;
        }
        // I2 made these bytes accessible and zero, I3 bounds them by what was just checked.
        let old_len = self.len;
        self.set_len(new_len as usize);
        self.protect_prefix(old_len).inspect_err(|_| self.set_len(old_len))
    }

    /// The one place that sets the length, which callers keep within what is committed (I3).
    fn set_len(&mut self, len: usize) {
        self.len = len;
        self.set_windows();
        if let Some(faults) = &mut self.faults {
            faults.set_len(len);
        }
    }

    /// Commits what the policy wants for `needed` bytes, or just those if that is refused.
    fn commit_for_growth(&mut self, needed: HostBytes) -> Result<(), AllocError> {
        let target = self.policy.target(needed, self.reservation.capacity(), self.page);
        match self.commit(target) {
            Err(_) if target > needed => self.commit(needed),
            outcome => outcome,
        }
    }

    /// Commits `target` bytes, which are not fewer than are committed. The one place where a
    /// commit is asked for, so that none exceeds the reservation.
    fn commit(&mut self, target: HostBytes) -> Result<(), AllocError> {
        if target > self.reservation.capacity() && !planted("F18") {
            let kind = AllocErrorKind::Capacity;
            let error = AllocError::new(Operation::Commit, kind, target.as_u64());
            return Err(error.possible(self.capacity()));
        }
        self.hide_if_it_may_move();
        // SAFETY: I5; `committed <= target <= capacity`, and `&mut self` means that nobody else
        // uses the bytes.
        let outcome = unsafe { self.allocator.commit(&self.reservation, self.committed, target) };
        // By C2 the bytes now committed are a valid region and the new ones zero: I1 and I2 hold
        // at the base the backend names, which C1 aligns; by C3 a failure left them as they were.
        if let Ok(moved) = outcome {
            self.follow(moved);
        }
        self.show_where_it_is();
        outcome?;
        self.committed = target;
        Ok(())
    }

    /// Goes where the backend says that the bytes are (C2, C5).
    fn follow(&mut self, outcome: Committed) {
        if let Committed::Moved(base) = outcome {
            if !planted("F10") || self.committed == HostBytes::ZERO {
                self.base = base;
            }
            self.reservation = self.reservation.moved_to(base);
            self.epoch += u64::from(!planted("F11-growth"));
        }
    }

    /// Makes `len` bytes from `start` read zero, giving whole host pages back to the host where
    /// it takes them. Bytes of partly covered pages are overwritten.
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
        let last = self.page.round_down(end as u64);
        let first = self.page.round_up(start as u64).filter(|first| *first < last);
        let Some(first) = first else {
            self.zero(start, end);
            return Ok(Discarded::ZeroedOnly);
        };
        let range = HostRange { start: first, len: last.saturating_sub(first) };
        // SAFETY: I5; the range ends at or below `len`, so it is committed (I3), and `&mut self`
        // means that nobody else uses it.
        let outcome = unsafe { self.allocator.discard(&self.reservation, range) };
        let outcome =
            if planted("F07-discard") { outcome.unwrap_or(Discarded::Released) } else { outcome? };
        self.zero(start, first.get());
        self.zero(last.get(), end);
        Ok(outcome)
    }

    /// Returns to the initial length with the initial contents, zeroes or the image, for the next
    /// use of the memory. Rights that were taken are given back; the prefix stays inaccessible.
    ///
    /// # Errors
    ///
    /// When the backend could not erase the old contents. The region is empty then and stays so
    /// unless a later reset succeeds: what it held is never shown again.
    pub fn reset(&mut self) -> Result<(), AllocError> {
        self.epoch += u64::from(!planted("F11-reset"));
        // Until the backend has answered, and for good if it fails or panics, growth must not show
        // those bytes.
        self.unerased = true;
        self.set_len(0);
        self.restore_rights()?;
        let keep = self.page.round_up(self.initial).unwrap_or(self.committed);
        // SAFETY: I5; the initial bytes were committed first of all and every reset has kept them
        // (C5), so `keep <= committed`; `&mut self` means that nobody else uses the bytes.
        let outcome = unsafe { self.allocator.reset(&self.reservation, self.committed, keep) };
        if planted("F07-shown") && outcome.is_err() {
            self.unerased = false;
            self.set_len(self.initial as usize);
        }
        let ignored = planted("F07-ignored") && outcome.is_err();
        let left = if ignored { Renewed::in_place(self.committed) } else { outcome? };
        self.follow(left.base);
        self.show_where_it_is();
        self.committed = left.kept;
        self.unerased = false;
        self.show_initial().inspect_err(|_| self.unerased = true)
    }

    /// Prepares the calling thread for access, where the backend has something to prepare: see
    /// [`PageAllocator::prepare_thread`].
    ///
    /// # Errors
    ///
    /// When the hardware's checks cannot be had on this thread.
    pub fn prepare_thread(&self) -> Result<(), AllocError> {
        self.allocator.prepare_thread()
    }

    /// Checks what must hold of the region: its own accounting, and with the backend's help its
    /// guards, rights and canaries.
    ///
    /// # Errors
    ///
    /// The first thing found wrong.
    pub fn verify(&self) -> Result<(), Corruption> {
        let sizes_agree = self.len <= self.committed.get()
            && self.committed <= self.reservation.capacity()
            && self.len as u64 <= self.limit
            && self.windows_agree()
            && self.base == self.reservation.base()
            && self.base.as_ptr().addr().is_multiple_of(self.page.bytes());
        if !sizes_agree {
            return Err(Corruption::Accounting);
        }
        let (rights, count) = self.host_rights();
        let exceptions = rights.get(..count).unwrap_or_default();
        // SAFETY: I5.
        match unsafe { self.allocator.verify(&self.reservation, self.committed, exceptions) } {
            // A host that said no has corrupted nothing.
            Err(Corruption::Protection) if self.unsettled => Ok(()),
            found => found,
        }
    }

    /// Why `len` bytes from `start`, which an access was refused, are not accessible.
    #[cold]
    #[must_use]
    pub const fn why_inaccessible(&self, start: u64, len: u64) -> AccessFault {
        match (self.len as u64).checked_sub(len) {
            Some(last) if start <= last => AccessFault::Protected,
            _ => AccessFault::OutOfBounds,
        }
    }

    /// The error of an operation on a range that is not accessible.
    #[cold]
    fn refuse_range(&self, operation: Operation, start: u64, len: u64) -> AllocError {
        let kind = match self.why_inaccessible(start, len) {
            AccessFault::OutOfBounds => {
                AllocErrorKind::InvalidRequest("the range is not within the memory")
            }
            AccessFault::Protected => AllocErrorKind::Protected,
        };
        AllocError::new(operation, kind, len).possible(self.len as u64)
    }

    /// Bytes of the region that occupy physical memory, where the host can say.
    #[must_use]
    pub fn resident(&self) -> Option<u64> {
        // SAFETY: I5.
        unsafe { self.allocator.resident(&self.reservation, self.committed) }
    }
}

/// Refuses a request that no backend could fulfil; returns the initial bytes as host pages.
fn check_request(request: &ReserveRequest<'_>, page: HostPage) -> Result<HostBytes, AllocError> {
    let refuse = |kind| AllocError::new(Operation::Reserve, kind, request.initial());
    if request.initial() > request.maximum() {
        let kind = AllocErrorKind::InvalidRequest("the initial size exceeds the maximum");
        return Err(refuse(kind).possible(request.maximum()));
    }
    if let Some(image) = request.initial_image()
        && image.end() > request.initial()
    {
        let kind = AllocErrorKind::InvalidRequest("the image reaches beyond the initial size");
        let error = AllocError::new(Operation::Reserve, kind, image.end());
        return Err(error.possible(request.initial()));
    }
    if planted("F13-create") {
        return Ok(page.round_down(request.initial() + (page.bytes() as u64 - 1)));
    }
    page.round_up(request.initial()).ok_or_else(|| {
        refuse(AllocErrorKind::AddressSpace).possible(page.round_down(u64::MAX).as_u64())
    })
}

impl<P: PageAllocator> Drop for Region<P> {
    fn drop(&mut self) {
        // What fails here is the backend's to clean up.
        let _ = self.restore_rights();
        // Its addresses may be another's as soon as they are released.
        self.faults = None;
        // SAFETY: I5, and a dropped region uses its reservation no more.
        unsafe { self.allocator.release(&self.reservation, self.committed) }
    }
}

impl<P: PageAllocator> fmt::Debug for Region<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("base", &self.base)
            .field("len", &self.len)
            .field("committed", &self.committed.get())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
