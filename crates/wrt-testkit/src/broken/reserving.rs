//! Defects of reservations.
#![allow(unsafe_code, reason = "breaks reservations on purpose")]

use core::num::NonZeroU64;
use core::time::Duration;
use std::fs::File;
use std::{env, thread};

use wrt_platform::{
    AllocError, AllocErrorKind, Fallback, FallbackReason, GuardLevel, GuardPolicy, HostBytes,
    MemoryImage, Operation, PageAllocator, Reservation, ReserveRequest, Tagging,
};

use super::memory::{Filling, Memory, Shape, State, shape_of};
use super::{BrokenAllocator, Defect};

/// A size that no host can address.
pub(super) const IMPOSSIBLE: u64 = 1 << 56;

/// Bytes by which a base misses its page.
const OFF_PAGE: usize = 64;

/// Time between the search for a free memory and taking it.
const MEANWHILE: Duration = Duration::from_micros(200);

/// The longest name that the defect which refuses names accepts.
const LONGEST_NAME: usize = 79;

impl<P: PageAllocator> BrokenAllocator<P> {
    pub(super) fn broken_reserve(
        &self,
        request: &ReserveRequest<'_>,
    ) -> Result<Reservation, AllocError> {
        self.refuse(request)?;
        if let Some(again) = self.same_again(request) {
            return Ok(again);
        }
        let asked = self.what_is_asked(request);
        let inner = self.inner.reserve(&asked).map_err(|error| self.told(error))?;
        let mut memory = self.memory(request, inner);
        let shown = self.shown(request, &memory);
        let mut state = self.state();
        state.home = core::ptr::from_ref(self).addr();
        state.reserved += 1;
        if self.is(Defect::DescriptorLeft) && memory.image.is_some() {
            state.descriptors.extend(env::current_exe().and_then(File::open));
        }
        memory.shown = shown.with_cookie(state.memories.len());
        let shown = memory.shown;
        state.memories.push(memory);
        Ok(shown)
    }

    /// The error as reported to callers.
    pub(super) fn told(&self, mut error: AllocError) -> AllocError {
        if self.is(Defect::WrongNumbers) {
            error.requested = 1;
        }
        error
    }

    /// Refuses requests that a good backend accepts.
    fn refuse(&self, request: &ReserveRequest<'_>) -> Result<(), AllocError> {
        let long_name = request.display_name().is_some_and(|name| name.len() > LONGEST_NAME);
        let refused = match self.defect {
            Defect::EmptyRefused => request.maximum() == 0,
            Defect::NamesRefused => long_name,
            Defect::GuardsClaimed => request.demands_guards(),
            _ => false,
        };
        let kind = AllocErrorKind::Unsupported;
        let error = AllocError::new(Operation::Reserve, kind, request.initial());
        if refused { Err(error) } else { Ok(()) }
    }

    /// A memory that another owner has or had.
    fn same_again(&self, request: &ReserveRequest<'_>) -> Option<Reservation> {
        let shape = shape_of(request);
        if self.is(Defect::NoLock) {
            return self.taken_without_lock(shape);
        }
        let mut state = self.state();
        let found = match self.defect {
            Defect::Overlap => {
                state.memories.iter().position(|memory| memory.owners > 0 && memory.shape == shape)
            }
            Defect::DoubleRelease | Defect::StaleMemory => {
                let fits = |index: &usize| state.memories[*index].shape == shape;
                let place = state.spare.iter().position(fits);
                place.map(|place| state.spare.remove(place))
            }
            _ => None,
        }?;
        let memory = &mut state.memories[found];
        memory.owners += 1;
        Some(memory.shown.moved_to(memory.inner.base()))
    }

    /// Finds a free memory and takes it later, so that another thread may have found the same.
    fn taken_without_lock(&self, shape: Shape) -> Option<Reservation> {
        let fits = |state: &State, index: &usize| state.memories[*index].shape == shape;
        let state = self.state();
        let found = state.spare.iter().copied().find(|index| fits(&state, index))?;
        drop(state);
        thread::sleep(MEANWHILE);
        let mut state = self.state();
        state.spare.retain(|index| *index != found);
        let memory = &mut state.memories[found];
        memory.owners += 1;
        Some(memory.shown.moved_to(memory.inner.base()))
    }

    /// The request to the inner backend.
    fn what_is_asked<'a>(&self, request: &ReserveRequest<'a>) -> ReserveRequest<'a> {
        let page = self.inner.page().bytes() as u64;
        let plain = ReserveRequest::new(request.initial(), request.maximum())
            .reservation(request.reservation_bytes())
            .guard(request.guard_bytes())
            .guards(request.guard_policy())
            .commit(request.commit_policy())
            .unit(NonZeroU64::new(request.unit_bytes()).unwrap_or(NonZeroU64::MIN))
            .tagging(request.tagging_policy());
        match self.defect {
            Defect::BaseOffPage | Defect::GuardOpen if self.shift(request) > 0 => {
                let maximum = request.maximum().saturating_add(page);
                plain
                    .sizes(request.initial(), maximum)
                    .reservation(request.reservation_bytes().saturating_add(page))
            }
            Defect::DemandIgnored if request.demands_guards() => {
                request.guards(GuardPolicy::ChecksOnly)
            }
            Defect::TagsClaimed => request.tagging(Tagging::Off),
            Defect::ImpossibleGranted if request.initial() >= IMPOSSIBLE => plain.sizes(page, page),
            Defect::ImagesClaimed => plain,
            defect if defect.fills_images() && request.initial_image().is_some() => plain,
            _ => *request,
        }
    }

    /// Offset of the base that callers see, in bytes.
    fn shift(&self, request: &ReserveRequest<'_>) -> usize {
        match self.defect {
            Defect::BaseOffPage => OFF_PAGE,
            Defect::GuardOpen if request.guard_policy() == GuardPolicy::SmallGuard => {
                self.inner.page().bytes()
            }
            _ => 0,
        }
    }

    fn memory(&self, request: &ReserveRequest<'_>, inner: Reservation) -> Memory {
        let page = self.inner.page();
        let shift = self.shift(request);
        let one_more = match self.defect {
            Defect::UncommittedOpen => true,
            Defect::NamedOpen => request.display_name().is_some(),
            _ => shift > 0,
        };
        let extra = if one_more { page.round_up(1).unwrap_or_default() } else { HostBytes::ZERO };
        Memory {
            inner,
            committed: HostBytes::ZERO,
            gone: false,
            owners: 1,
            shape: shape_of(request),
            shown: inner,
            shift,
            extra,
            image: request.initial_image().cloned(),
            filling: self.filling(request.initial_image()),
            rights: Vec::new(),
            was_protected: false,
            was_refused: false,
            covered: 0,
        }
    }

    /// The filling of a memory with this image.
    fn filling(&self, image: Option<&MemoryImage>) -> Option<Filling> {
        let mut state = self.state();
        let stale = match self.defect {
            Defect::StaleImage if image.is_none() => state.stale.take(),
            _ => None,
        };
        let image = image.filter(|_| self.defect.fills_images()).or(stale.as_ref())?;
        let written = state.written.as_ref().filter(|(other, _)| other.is_same(image));
        let written = written.map(|(_, bytes)| bytes.as_slice());
        let filling = Filling::new(image, written, self.inner.page())?;
        let cut = self.cut(filling.range.start);
        Some(if self.is(Defect::ImageCut) { filling.moved_to(cut) } else { filling })
    }

    fn shows_exact_faults(&self, inner: &Reservation) -> bool {
        match self.defect {
            Defect::ExactUnwanted => true,
            // A reset that only discards keeps all there is, which nothing forbids otherwise.
            Defect::TagReused => false,
            _ => inner.faults_exactly(),
        }
    }

    /// The reservation as reported to callers.
    fn shown(&self, request: &ReserveRequest<'_>, memory: &Memory) -> Reservation {
        let inner = &memory.inner;
        let page = self.inner.page();
        // SAFETY: a shifted memory has a page more than was asked for, and the shift is no more.
        let base = unsafe { inner.base().add(memory.shift) };
        let less = page.round_down(inner.capacity().as_u64().saturating_sub(page.bytes() as u64));
        let capacity = match self.defect {
            Defect::RoomMissing => less,
            Defect::ImpossibleGranted if request.initial() >= IMPOSSIBLE => {
                page.round_up(request.initial()).unwrap_or(inner.capacity())
            }
            _ if memory.shift > 0 => less,
            _ => inner.capacity(),
        };
        let half = page.round_down(inner.guard_before().as_u64() / 2);
        let before = if self.is(Defect::GuardsTooSmall) { half } else { inner.guard_before() };
        let level = if self.is(Defect::LevelTooHigh) {
            GuardLevel::FullGuards
        } else {
            inner.guard_level()
        };
        let invented = Fallback::new(u64::MAX, FallbackReason::NoRoom);
        let fallback = match self.defect {
            Defect::ReasonMissing => None,
            Defect::ReasonInvented => Some(invented),
            _ => inner.fallback(),
        };
        let image = match &memory.filling {
            Some(filling) if memory.image.is_some() => filling.range,
            _ => inner.image_range(),
        };
        let shown = Reservation::new(base, capacity)
            .with_guards(before, inner.guard_after())
            .with_guard_level(level)
            .with_fallback(fallback)
            .with_image(image)
            .with_exact_faults(self.shows_exact_faults(inner));
        if inner.tagged() { shown.with_tags() } else { shown }
    }
}
