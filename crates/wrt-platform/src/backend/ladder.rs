//! The reservation ladder: requests to the host, from the best level to the lowest.

use core::ptr::NonNull;

use crate::commit::CommitPolicy;
use crate::error::{AllocError, AllocErrorKind, Operation, OsError};
use crate::request::{GuardPolicy, ReserveRequest};
use crate::reservation::{Fallback, FallbackReason, GuardLevel, Reservation};
use crate::units::{HostBytes, HostPage};

/// The largest memory that can have full guards.
const FOUR_GIB: u64 = 1 << 32;

/// Sizes of a request in whole host pages.
struct Wanted {
    /// The requested capacity, and the least one: the initial bytes.
    capacity: HostBytes,
    floor: HostBytes,
    /// The small guard, unless the host cannot address it.
    guard: Option<HostBytes>,
    /// The extent with full guards, if they are requested and possible.
    full: Option<Extent>,
}

/// The address space of one reservation: a guard, the capacity, a guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Bytes of guard before the base.
    pub before: HostBytes,
    /// Bytes from the base that can be committed.
    pub capacity: HostBytes,
    /// Bytes of guard past the capacity.
    pub after: HostBytes,
}

impl Extent {
    /// Total bytes, or `None` if the host could not address them.
    #[must_use]
    pub fn total(self) -> Option<HostBytes> {
        self.before.checked_add(self.capacity)?.checked_add(self.after)
    }

    /// Extent of a reservation made by [`descend_ladder`], for its release.
    #[must_use]
    pub const fn of(reservation: &Reservation) -> Self {
        Self {
            before: reservation.guard_before(),
            capacity: reservation.capacity(),
            after: reservation.guard_after(),
        }
    }
}

/// A host's refusal of an [`Extent`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExtentRefusal {
    /// The host's error.
    pub error: OsError,
    /// The limit on the process's address space in bytes, if that may be the cause.
    pub limit: Option<u64>,
}

/// Reserves address space for `request` at the highest level of the reservation ladder that the
/// host can give: full guards, then small guards with decreasing capacity, then no guards. A
/// [`GuardPolicy`] chooses the first level; a demanded level is also the last.
///
/// For backends that map inaccessible address space and commit it later, as those of this crate do.
/// `map` is called with one extent after another until it succeeds. It maps the whole extent
/// inaccessible and returns the base, which is the address past the first guard. Only committed
/// bytes may become accessible later. The base of an extent of no bytes is any page-aligned
/// address.
///
/// The reservation records its capacity, guards and [`GuardLevel`], and in its [`Fallback`] the
/// reason for any step down. A backend adds its cookie, image and tags.
///
/// ```
/// use core::ptr::NonNull;
/// use wrt_platform::{
///     Extent, ExtentRefusal, HostPage, OsError, ReserveRequest, GuardLevel, FallbackReason,
///     descend_ladder,
/// };
///
/// const NO_MEMORY: ExtentRefusal = ExtentRefusal { error: OsError(12), limit: None };
///
/// /// A host that has 1 GiB of addresses, from 4 GiB on.
/// fn map_closed(extent: Extent) -> Result<NonNull<u8>, ExtentRefusal> {
///     let total = extent.total().ok_or(NO_MEMORY)?.as_u64();
///     let base = (4 << 30) + extent.before.as_u64();
///     let base = NonNull::new(core::ptr::without_provenance_mut(base as usize));
///     base.filter(|_| total <= 1 << 30).ok_or(NO_MEMORY)
/// }
///
/// # #[cfg(target_pointer_width = "64")] {
/// let request = ReserveRequest::new(64 << 10, 4 << 30);
/// let reservation = descend_ladder(&request, HostPage::SMALLEST, map_closed)?;
/// assert_eq!(reservation.guard_level(), GuardLevel::SmallGuard);
/// assert_eq!(reservation.capacity().as_u64(), 512 << 20);
/// assert_eq!(reservation.guard_before().as_u64(), ReserveRequest::DEFAULT_GUARD);
/// let fallback = reservation.fallback().map(|fallback| fallback.reason);
/// assert_eq!(fallback, Some(FallbackReason::Os(OsError(12))));
/// # }
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
///
/// # Errors
///
/// When the host refuses even the initial bytes, or a demanded level. The error carries the host's
/// last answer.
pub fn descend_ladder(
    request: &ReserveRequest<'_>,
    page: HostPage,
    mut map: impl FnMut(Extent) -> Result<NonNull<u8>, ExtentRefusal>,
) -> Result<Reservation, AllocError> {
    let wanted = Wanted::new(request, page)?;
    let first = wanted.best().total().map_or(u64::MAX, HostBytes::as_u64);
    let mut reason = wanted.known_fallback(request);
    let mut last = None;
    for (level, extent) in wanted.levels(request, page) {
        match map(extent) {
            Ok(base) => {
                let fallback = reason.map(|reason| Fallback { wanted: first, reason });
                return Ok(Reservation::new(base, extent.capacity)
                    .with_guards(extent.before, extent.after)
                    .with_guard_level(level)
                    .with_exact_faults(request.wants_exact_faults(page))
                    .with_fallback(fallback));
            }
            Err(refusal) => {
                last = Some(refusal);
                reason = reason.or(Some(why(refusal)));
            }
        }
    }
    Err(refused(request, last))
}

impl Wanted {
    fn new(request: &ReserveRequest<'_>, page: HostPage) -> Result<Self, AllocError> {
        let refuse = |kind| AllocError::new(Operation::Reserve, kind, request.initial());
        let floor = page.round_up(request.initial());
        let floor = floor.ok_or_else(|| refuse(AllocErrorKind::AddressSpace))?;
        let most = page.round_down(u64::MAX);
        let capacity = page.round_up(request.wanted_capacity()).unwrap_or(most);
        let guard = page.round_up(request.guard_bytes());
        let policy = request.guard_policy();
        if guard.is_none() && request.demands_guards() {
            return Err(refuse(AllocErrorKind::AddressSpace));
        }
        let full = full_guards(request, page, capacity, guard);
        if policy == GuardPolicy::FullGuards && full.is_none() {
            return Err(refuse(AllocErrorKind::InvalidRequest(
                "full guards need 64-bit addresses and a memory of at most 4 GiB",
            )));
        }
        Ok(Self { capacity, floor, guard, full })
    }

    /// The first extent to request.
    fn best(&self) -> Extent {
        self.full.unwrap_or(self.guarded(self.capacity, self.guard.unwrap_or_default()))
    }

    const fn guarded(&self, capacity: HostBytes, guard: HostBytes) -> Extent {
        Extent { before: guard, capacity, after: guard }
    }

    /// The reason for a first level below the requested sizes, or below full guards where these
    /// could be expected.
    fn known_fallback(&self, request: &ReserveRequest<'_>) -> Option<FallbackReason> {
        let best = request.guard_policy() == GuardPolicy::BestThatFits;
        if self.guard.is_none() || self.capacity.as_u64() < request.wanted_capacity() {
            return Some(FallbackReason::AddressSpace);
        }
        if !best || self.full.is_some() || request.guard_bytes() == 0 {
            return None;
        }
        if request.commit_policy() != CommitPolicy::Exact {
            None
        } else if request.maximum() > FOUR_GIB {
            Some(FallbackReason::BeyondFourGib)
        } else if usize::BITS < 64 {
            Some(FallbackReason::AddressSpace)
        } else {
            // The request allows less address space than full guards take.
            None
        }
    }

    /// The levels that the policy allows, from the best to the lowest. Within the last two, the
    /// capacity is halved until only the initial bytes are left.
    fn levels(
        &self,
        request: &ReserveRequest<'_>,
        page: HostPage,
    ) -> impl Iterator<Item = (GuardLevel, Extent)> {
        let policy = request.guard_policy();
        let guard = self.guard.filter(|guard| *guard > HostBytes::ZERO);
        let small =
            guard.filter(|_| matches!(policy, GuardPolicy::BestThatFits | GuardPolicy::SmallGuard));
        // A small guard of zero bytes was requested and counts as no guard.
        let unguarded = guard.is_none() && policy == GuardPolicy::SmallGuard
            || matches!(policy, GuardPolicy::BestThatFits | GuardPolicy::ChecksOnly);
        let (capacity, floor) = (self.capacity, self.floor);
        let halves = move || {
            let half = move |last: &HostBytes| {
                let next = page.round_down(last.as_u64() / 2).max(floor);
                (next < *last).then_some(next)
            };
            core::iter::successors(Some(capacity), half)
        };
        let with = |level, guard: HostBytes| {
            move |capacity| (level, Extent { before: guard, capacity, after: guard })
        };
        let guarded = small
            .into_iter()
            .flat_map(move |guard| halves().map(with(GuardLevel::SmallGuard, guard)));
        let bare = unguarded
            .then_some(HostBytes::ZERO)
            .into_iter()
            .flat_map(move |none| halves().map(with(GuardLevel::ChecksOnly, none)));
        self.full
            .map(|extent| (GuardLevel::FullGuards, extent))
            .into_iter()
            .chain(guarded)
            .chain(bare)
    }
}

/// The extent of full guards, where the policy, the memory and the host allow them.
fn full_guards(
    request: &ReserveRequest<'_>,
    page: HostPage,
    capacity: HostBytes,
    guard: Option<HostBytes>,
) -> Option<Extent> {
    let reach = page.round_up(ReserveRequest::REACH_33_BIT).filter(|_| usize::BITS >= 64)?;
    let asked = match request.guard_policy() {
        GuardPolicy::FullGuards => true,
        // Only under exact commit can compiled code use them, since all of the memory past the
        // length must fault.
        GuardPolicy::BestThatFits => {
            request.commit_policy() == CommitPolicy::Exact
                && request.guard_bytes() > 0
                && request.reservation_bytes() >= reach.as_u64()
        }
        GuardPolicy::SmallGuard | GuardPolicy::ChecksOnly => false,
    };
    if !asked || request.maximum() > FOUR_GIB {
        return None;
    }
    let guard = guard?.max(page.round_up(1)?);
    Some(Extent { before: guard, capacity, after: reach.saturating_sub(capacity).max(guard) })
}

/// The likely reason of a refusal.
fn why(refusal: ExtentRefusal) -> FallbackReason {
    match refusal.limit {
        Some(limit) => FallbackReason::AddressSpaceLimit { limit },
        None => FallbackReason::Os(refusal.error),
    }
}

fn refused(request: &ReserveRequest<'_>, last: Option<ExtentRefusal>) -> AllocError {
    let refuse = |kind| AllocError::new(Operation::Reserve, kind, request.initial());
    match last {
        None => refuse(AllocErrorKind::AddressSpace),
        Some(ExtentRefusal { error, limit: None }) => refuse(AllocErrorKind::Os(error)),
        Some(ExtentRefusal { error, limit: Some(limit) }) => {
            refuse(AllocErrorKind::Os(error)).possible(limit)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const PAGE: HostPage = HostPage::SMALLEST;

    const FULL: ExtentRefusal = ExtentRefusal { error: OsError(12), limit: None };

    /// The level that a host with `room` bytes gives, and the extents requested before it.
    fn on_host(
        room: u64,
        request: &ReserveRequest<'_>,
    ) -> (Result<Reservation, AllocError>, Vec<Extent>) {
        let mut asked = Vec::new();
        let outcome = descend_ladder(request, PAGE, |extent: Extent| {
            asked.push(extent);
            let total = extent.total().map_or(u64::MAX, HostBytes::as_u64);
            if total <= room { Ok(NonNull::dangling()) } else { Err(FULL) }
        });
        (outcome, asked)
    }

    fn best() -> ReserveRequest<'static> {
        ReserveRequest::new(65536, 1 << 32)
    }

    #[cfg(all(test, target_pointer_width = "64"))]
    #[test]
    fn a_host_with_room_gives_full_guards() {
        let (given, asked) = on_host(u64::MAX, &best());
        let given = given.unwrap();
        assert_eq!((given.guard_level(), given.fallback()), (GuardLevel::FullGuards, None));
        let reach = given.capacity().as_u64() + given.guard_after().as_u64();
        assert!(reach >= ReserveRequest::REACH_33_BIT && given.guard_before().as_u64() == 65536);
        assert_eq!(asked.len(), 1);
    }

    #[cfg(all(test, target_pointer_width = "64"))]
    #[test]
    fn less_room_is_a_lower_level_with_a_reason() {
        let (given, _) = on_host(5 << 30, &best());
        let given = given.unwrap();
        assert_eq!(given.guard_level(), GuardLevel::SmallGuard);
        assert_eq!(given.capacity().as_u64(), 1 << 32);
        let wanted = given.fallback().unwrap().wanted;
        assert!((8 << 30..9 << 30).contains(&wanted), "{wanted}");
        let (given, asked) = on_host(1 << 30, &best());
        let given = given.unwrap();
        assert_eq!(
            (given.guard_level(), given.capacity().as_u64()),
            (GuardLevel::SmallGuard, 1 << 29)
        );
        assert_eq!(asked.len(), 5, "full, 4 GiB, 2 GiB, 1 GiB, 512 MiB");
    }

    #[test]
    fn the_last_level_is_the_initial_size_alone() {
        let (given, _) = on_host(65536, &best());
        let given = given.unwrap();
        assert_eq!((given.guard_level(), given.capacity().get()), (GuardLevel::ChecksOnly, 65536));
        assert!(given.fallback().is_some());
        let (refused, _) = on_host(65535, &best());
        assert_eq!(refused.unwrap_err().requested, 65536);
    }

    #[test]
    fn a_demand_is_not_lowered() {
        let small = best().guards(GuardPolicy::SmallGuard);
        let (refused, _) = on_host(65536, &small);
        refused.unwrap_err();
        let (given, _) = on_host(3 * 65536, &small);
        assert_eq!(given.unwrap().guard_level(), GuardLevel::SmallGuard);
        let full = best().guards(GuardPolicy::FullGuards);
        let (refused, asked) = on_host(5 << 30, &full);
        refused.unwrap_err();
        assert!(asked.len() <= 1);
        let wide = ReserveRequest::new(0, 1 << 33).guards(GuardPolicy::FullGuards);
        let (refused, asked) = on_host(u64::MAX, &wide);
        assert!(matches!(refused.unwrap_err().kind, AllocErrorKind::InvalidRequest(_)));
        assert!(asked.is_empty());
        let bare = best().guards(GuardPolicy::ChecksOnly);
        let (given, _) = on_host(u64::MAX, &bare);
        let given = given.unwrap();
        assert_eq!((given.guard_level(), given.fallback()), (GuardLevel::ChecksOnly, None));
    }

    #[test]
    fn guards_that_no_host_can_address_are_none() {
        let (given, _) = on_host(u64::MAX, &best().guard(u64::MAX));
        let given = given.unwrap();
        assert_eq!(given.guard_level(), GuardLevel::ChecksOnly);
        assert_eq!(given.fallback().unwrap().reason, FallbackReason::AddressSpace);
        let small = best().guard(u64::MAX).guards(GuardPolicy::SmallGuard);
        on_host(u64::MAX, &small).0.unwrap_err();
    }
}
