//! Record of the last request to an allocator, for messages.
#![allow(unsafe_code, reason = "hands the contract's operations on")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use wrt_platform::{
    AllocError, Capabilities, Committed, Corruption, Discarded, HostBytes, HostPage, HostRange,
    HostRights, MemoryImage, PageAllocator, Protection, Reservation, ReserveRequest, ResetOutcome,
    Tagging,
};

/// Forwards every call, and keeps the text of the last request.
#[derive(Debug)]
pub(crate) struct Asked<P> {
    inner: P,
    last: Mutex<Option<String>>,
}

impl<P> Asked<P> {
    pub(crate) const fn new(inner: P) -> Self {
        Self { inner, last: Mutex::new(None) }
    }

    /// The last request, if any.
    pub(crate) fn last_request(&self) -> Option<String> {
        self.last().clone()
    }

    fn last(&self) -> MutexGuard<'_, Option<String>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Text of a request: sizes in bytes, and tags, image, name and the like where they are set.
pub(crate) fn text_of(request: &ReserveRequest<'_>) -> String {
    let (initial, maximum) = (request.initial(), request.maximum());
    let (reservation, guard) = (request.reservation_bytes(), request.guard_bytes());
    let (guards, commit) = (request.guard_policy(), request.commit_policy());
    let mut text = format!(
        "{initial} to {maximum} bytes, reservation {reservation}, guard {guard}, {guards:?}, \
         {commit:?}"
    );
    let unit = Some(request.unit_bytes()).filter(|unit| *unit > 1);
    let tags = Some(request.tagging_policy()).filter(|tagging| *tagging != Tagging::Off);
    let prefix = Some(request.prefix_bytes()).filter(|prefix| *prefix > 0);
    let image = |image: &MemoryImage| format!(", image up to {:#x}", image.end());
    // Names can be longer than anybody reads.
    let name = |name: &str| format!(", name {:?}", name.chars().take(40).collect::<String>());
    let details = [
        unit.map(|unit| format!(", unit {unit}")),
        tags.map(|tagging| format!(", tags {tagging:?}")),
        request.allows_write_execute().then(|| ", write-execute allowed".to_owned()),
        prefix.map(|prefix| format!(", prefix {prefix}")),
        request.initial_image().map(image),
        request.display_name().map(name),
    ];
    text.extend(details.into_iter().flatten());
    text
}

// SAFETY: C1 to C8 are the inner allocator's, to which every call is handed on unchanged.
unsafe impl<P: PageAllocator> PageAllocator for Asked<P> {
    fn page(&self) -> HostPage {
        self.inner.page()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn prepare_thread(&self) -> Result<(), AllocError> {
        self.inner.prepare_thread()
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        *self.last() = Some(text_of(request));
        self.inner.reserve(request)
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.commit(reservation, old, new) }
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.protect(reservation, range, protection) }
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.discard(reservation, range) }
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.reset(reservation, committed, keep) }
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.release(reservation, committed) }
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.verify(reservation, committed, exceptions) }
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.inner.resident(reservation, committed) }
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU64;

    use wrt_platform::{CommitPolicy, GuardPolicy};

    use super::*;

    #[test]
    fn a_request_is_named_with_all_that_it_asks_for() {
        let request = ReserveRequest::new(1, 2).reservation(3).guard(4);
        assert_eq!(text_of(&request), "1 to 2 bytes, reservation 3, guard 4, BestThatFits, Exact");
        let image = MemoryImage::from_static(16, b"image");
        let request = request
            .guards(GuardPolicy::ChecksOnly)
            .commit(CommitPolicy::Ahead)
            .unit(NonZeroU64::MIN.saturating_add(15))
            .tagging(Tagging::Wanted)
            .allow_write_execute()
            .inaccessible_prefix(5)
            .image(&image)
            .name("\u{0}name");
        assert_eq!(
            text_of(&request),
            "1 to 2 bytes, reservation 3, guard 4, ChecksOnly, Ahead, unit 16, tags Wanted, write-execute \
             allowed, prefix 5, image up to 0x15, name \"\\0name\""
        );
    }
}
