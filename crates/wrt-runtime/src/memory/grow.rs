//! Growth, its hooks, and the way back to the initial size.

use wrt_platform::PageAllocator;

use super::LinearMemory;
use crate::bulk::BulkOperation;
use crate::error::{GrowError, GrowErrorCause, MemoryError};
use crate::hooks::{PostGrowHook, PreGrowHook};
use crate::observer::{GrowEvent, GrowRequest, GrowVeto, Observer};
use crate::planted::planted;
use crate::trap::Access;

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// Adds `delta` pages, all zero, and returns how many there were. By no pages always
    /// succeeds and is not observed.
    ///
    /// # Errors
    ///
    /// Above the maximum, by an observer's veto, or when the platform refuses. The memory is as
    /// it was.
    pub fn grow(&mut self, delta: u64) -> Result<u64, GrowError> {
        let previous = self.size();
        if delta == 0 {
            return Ok(previous);
        }
        let outcome = self.try_grow(previous, delta).map_err(|cause| GrowError {
            current: previous,
            delta,
            cause,
        });
        self.observer.after_grow(&GrowEvent { previous, current: self.size(), outcome });
        outcome.map(|()| previous)
    }

    fn try_grow(&mut self, current: u64, delta: u64) -> Result<(), GrowErrorCause> {
        let within_limit = |pages: &u64| *pages <= self.limit;
        let sum =
            if planted("F13-grow") { Some(current + delta) } else { current.checked_add(delta) };
        let new_size = sum
            .filter(within_limit)
            .and_then(|pages| self.ty.pages(pages))
            .ok_or(GrowErrorCause::Maximum { limit: self.limit })?;
        let page_bytes = self.ty.page_size().bytes();
        let request = GrowRequest { current, delta, maximum: self.limit, page_bytes };
        self.observer.before_grow(&request).map_err(GrowErrorCause::Vetoed)?;
        self.region.grow_to(new_size.bytes()).map_err(GrowErrorCause::Platform)?;
        self.peak = self.peak.max(self.byte_len());
        Ok(())
    }

    /// Asks `hook` before every growth; its veto lets the memory as it is.
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

    /// Tells `hook` what became of every growth.
    #[must_use]
    pub fn with_post_grow_hook<F>(self, hook: F) -> LinearMemory<P, (O, PostGrowHook<F>)>
    where
        F: Fn(&GrowEvent),
    {
        self.also_observed_by(PostGrowHook(hook))
    }

    /// Returns to the initial size and contents, zeroes or the image, for the memory's next use.
    /// Seals and protected ranges are forgotten; counts and the peak go on.
    ///
    /// # Errors
    ///
    /// When the old contents could not be erased. The memory is empty then and stays so unless a
    /// later reset succeeds.
    pub fn reset(&mut self) -> Result<(), MemoryError> {
        if let Some(seals) = self.seals.get_mut() {
            seals.forget_all();
        }
        self.region.reset()?;
        let target = Access { address: 0, size: self.byte_len() };
        self.observer.bulk(BulkOperation::Reset { target });
        Ok(())
    }
}
