//! Growth, its hooks, and the reset to the initial size.

use wrt_platform::PageAllocator;

use super::LinearMemory;
use crate::bulk::BulkOperation;
use crate::error::{GrowError, GrowErrorCause, MemoryError};
use crate::growth::{GrowEvent, GrowRequest};
use crate::memory_type::WasmPages;
use crate::observer::{Approved, Observer, PostGrowHook, PreGrowHook, both};
use crate::trap::Access;
use crate::veto::GrowVeto;

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Adds `delta` pages, all zero, and returns the previous size in pages. A growth by 0 pages
    /// always succeeds and is not observed.
    ///
    /// # Errors
    ///
    /// When the size would exceed the maximum, an observer vetoes, or the platform refuses. The
    /// memory is unchanged.
    pub fn grow(&mut self, delta: u64) -> Result<u64, GrowError> {
        let (current, maximum) = (self.size(), self.limit);
        if delta == 0 {
            return Ok(current);
        }
        let page_bytes = self.ty.page_size().bytes();
        let name = self.given_name();
        let request = GrowRequest { current, delta, maximum, page_bytes, at_creation: false, name };
        let Some(new_size) = self.within_limit(&request) else {
            let cause = GrowErrorCause::Maximum { limit: maximum };
            self.observer.grow_refused(&request.failed(cause));
            return Err(request.error(cause));
        };
        self.add_pages(&request, new_size).map_err(|cause| request.error(cause))?;
        self.observer.after_grow(&request.done());
        Ok(current)
    }

    /// The size after a growth, unless it exceeds the limit.
    fn within_limit(&self, request: &GrowRequest) -> Option<WasmPages> {
        let GrowRequest { current, delta, maximum, .. } = *request;
        let sum = current.checked_add(delta);
        sum.filter(|pages| *pages <= maximum).and_then(|pages| self.ty.pages(pages))
    }

    /// Adds pages if the observer approves, which then receives the outcome.
    fn add_pages(
        &mut self,
        request: &GrowRequest,
        new_size: WasmPages,
    ) -> Result<(), GrowErrorCause> {
        let approved = Approved::ask(&self.observer.observer, request);
        let approved = approved.map_err(GrowErrorCause::Vetoed)?;
        if let Err(error) = self.region.grow_to(new_size.bytes()) {
            let cause = GrowErrorCause::Platform(error);
            approved.fail(cause, self.size());
            return Err(cause);
        }
        approved.succeed();
        self.observer.pages = request.new_size();
        self.peak = self.peak.max(self.byte_len());
        Ok(())
    }

    /// Adds a hook that is called before every later growth. After its veto the memory has its old
    /// size. A hook added by [`MemoryBuilder::pre_grow_hook`](crate::MemoryBuilder::pre_grow_hook)
    /// is called for the initial pages too.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{GrowRequest, GrowVeto, LinearMemory, MemoryType};
    ///
    /// let memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
    /// let mut memory = memory.with_pre_grow_hook(|request: &GrowRequest| {
    ///     if request.new_size() > 2 { Err(GrowVeto::new("two pages are enough")) } else { Ok(()) }
    /// });
    /// assert_eq!(memory.grow(1)?, 1);
    /// let refused = memory.grow(1).unwrap_err();
    /// assert_eq!(refused.to_string(), "cannot grow a memory of 2 pages by 1: two pages are enough");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_pre_grow_hook<F>(self, hook: F) -> LinearMemory<P, (O, PreGrowHook<F>)>
    where
        F: Fn(&GrowRequest) -> Result<(), GrowVeto>,
    {
        self.also_observed_by(PreGrowHook(hook))
    }

    /// Adds a hook that receives the outcome of every later growth.
    #[must_use]
    pub fn with_post_grow_hook<F>(self, hook: F) -> LinearMemory<P, (O, PostGrowHook<F>)>
    where
        F: Fn(&GrowEvent),
    {
        self.also_observed_by(PostGrowHook(hook))
    }

    /// Returns to the initial size and contents, zeroes or the image, for the memory's next use.
    /// Seals and protected ranges are removed; counts and the peak are kept. The observer receives
    /// the released pages.
    ///
    /// # Errors
    ///
    /// When the old contents could not be erased. In that case the memory is empty until a later
    /// reset succeeds.
    pub fn reset(&mut self) -> Result<(), MemoryError> {
        if let Some(seals) = self.seals.get_mut() {
            seals.forget_all();
        }
        self.region.reset().map_err(|cause| self.refused_by_platform(cause))?;
        let target = Access { address: 0, size: self.byte_len() };
        let pages = self.size();
        let released = self.observer.keep(pages, false);
        let observer = self.observer();
        both(
            || observer.bulk(BulkOperation::Reset { target }),
            || {
                if released.bytes() > 0 {
                    observer.released(&released);
                }
            },
        );
        Ok(())
    }
}
