//! Requests from a region to a backend.

use core::num::NonZeroU64;

use crate::commit::CommitPolicy;
use crate::error::{AllocError, Demand};
use crate::image::MemoryImage;
use crate::reservation::{Fallback, FallbackReason};
use crate::units::HostPage;

/// Tagging policy of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Tagging {
    /// No tags.
    #[default]
    Off,
    /// Tags where the host has them; [`Reservation::tagged`](crate::Reservation::tagged) tells
    /// whether the memory has them.
    Wanted,
    /// Tags, or an error.
    Required,
}

/// Guards that a request asks for: the rung of the reservation ladder, which trades address space
/// for protection of a memory's neighbours from stray accesses. The guards that a memory gets are
/// its [`GuardLevel`](crate::GuardLevel).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum GuardPolicy {
    /// The highest level that the host can give, down to no guards. It starts at full guards under
    /// [`CommitPolicy::Exact`], where compiled code can rely on them, and at small guards
    /// otherwise. A memory whose initial size fits is never refused for lack of guards.
    #[default]
    BestThatFits,
    /// No byte within reach of a 32-bit address plus a 32-bit offset belongs to another memory, and
    /// commit is exact. For memories of at most 4 GiB, on hosts with 64-bit addresses; otherwise an
    /// error. Where lengths are not whole host pages, as with Wasm pages of one byte, the bytes up
    /// to the next page stay accessible, so compiled code must keep its checks.
    FullGuards,
    /// Guards of [`guard_bytes`](ReserveRequest::guard_bytes) on either side, or an error. A guard
    /// of zero bytes counts as none.
    SmallGuard,
    /// No guards: only bounds checks protect the neighbours.
    ChecksOnly,
}

/// A request for one memory: its sizes and its policies. All sizes are bytes.
///
/// ```
/// use wrt_platform::{CommitPolicy, ReserveRequest};
///
/// let request = ReserveRequest::new(64 << 10, 4 << 30)
///     .name("heap")
///     .commit(CommitPolicy::Ahead);
/// assert_eq!(request.initial(), 65536);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReserveRequest<'a> {
    initial: u64,
    maximum: u64,
    reservation: u64,
    guard: u64,
    guards: GuardPolicy,
    unit: NonZeroU64,
    /// The commit policy that is demanded, if any.
    commit: Option<CommitPolicy>,
    /// The commit policy where none is demanded.
    usual_commit: CommitPolicy,
    tagging: Tagging,
    write_execute: bool,
    inaccessible_prefix: u64,
    image: Option<&'a MemoryImage>,
    classify_faults: bool,
    name: Option<&'a str>,
}

impl<'a> ReserveRequest<'a> {
    /// The default limit on address space, for maximums that no memory will reach: 16 GiB on 64-bit
    /// hosts, 256 MiB on smaller ones.
    pub const DEFAULT_RESERVATION: u64 = if usize::BITS >= 64 { 16 << 30 } else { 256 << 20 };

    /// The default guard: inaccessible bytes on either side of the memory, where the backend has
    /// guards.
    pub const DEFAULT_GUARD: u64 = 64 << 10;

    /// Bytes that a 32-bit address, a 32-bit offset and an access of 16 bytes reach from the base:
    /// 2 * (2^32 - 1) + 16.
    pub const REACH_33_BIT: u64 = 2 * (u32::MAX as u64) + 16;

    /// A request for a memory of `initial` bytes that may grow to `maximum` bytes.
    #[must_use]
    pub const fn new(initial: u64, maximum: u64) -> Self {
        Self {
            initial,
            maximum,
            reservation: Self::DEFAULT_RESERVATION,
            guard: Self::DEFAULT_GUARD,
            guards: GuardPolicy::BestThatFits,
            unit: NonZeroU64::MIN,
            commit: None,
            usual_commit: CommitPolicy::Exact,
            tagging: Tagging::Off,
            write_execute: false,
            inaccessible_prefix: 0,
            image: None,
            classify_faults: false,
            name: None,
        }
    }

    /// Sets the initial and the maximum size.
    #[must_use]
    pub const fn sizes(self, initial: u64, maximum: u64) -> Self {
        Self { initial, maximum, ..self }
    }

    /// Limits the reservation to `bytes` of address space, besides small guards. The declared
    /// maximum is unchanged, but a memory cannot grow beyond its reservation unless its base can
    /// move. Less than 8 GiB leaves no room for full guards; if full guards are demanded, they take
    /// 8 GiB regardless.
    #[must_use]
    pub const fn reservation(self, bytes: u64) -> Self {
        Self { reservation: bytes, ..self }
    }

    /// Sets the size of the guard on either side; full guards are larger past the end.
    #[must_use]
    pub const fn guard(self, bytes: u64) -> Self {
        Self { guard: bytes, ..self }
    }

    /// Sets the guard policy: the rung of the reservation ladder.
    #[must_use]
    pub const fn guards(self, policy: GuardPolicy) -> Self {
        Self { guards: policy, ..self }
    }

    /// Makes the first `bytes` bytes inaccessible, which catches accesses through a null pointer.
    /// This holds across growth and reset.
    #[must_use]
    pub const fn inaccessible_prefix(self, bytes: u64) -> Self {
        Self { inaccessible_prefix: bytes, ..self }
    }

    /// Sets the initial contents, at creation and after every reset, instead of zeroes. The image
    /// must lie within the initial size.
    #[must_use]
    pub const fn image(self, image: &'a MemoryImage) -> Self {
        Self { image: Some(image), ..self }
    }

    /// Sets the unit of the length: the initial size and every later length are multiples of
    /// `bytes` (by default of one byte). Faults can be exact only where the unit is a multiple of
    /// the host's page.
    #[must_use]
    pub const fn unit(self, bytes: NonZeroU64) -> Self {
        Self { unit: bytes, ..self }
    }

    /// Demands a commit policy. [`CommitPolicy::Ahead`] together with [`GuardPolicy::FullGuards`]
    /// is refused.
    #[must_use]
    pub const fn commit(self, policy: CommitPolicy) -> Self {
        Self { commit: Some(policy), ..self }
    }

    /// Sets the commit policy that applies unless another is demanded, by [`commit`](Self::commit)
    /// or by [`GuardPolicy::FullGuards`], which implies [`CommitPolicy::Exact`]. The default is
    /// [`CommitPolicy::Exact`].
    #[must_use]
    pub const fn prefer_commit(self, policy: CommitPolicy) -> Self {
        Self { usual_commit: policy, ..self }
    }

    /// Sets the tagging policy.
    #[must_use]
    pub const fn tagging(self, tagging: Tagging) -> Self {
        Self { tagging, ..self }
    }

    /// Allows pages that are writable and executable at once, which are refused otherwise.
    #[must_use]
    pub const fn allow_write_execute(self) -> Self {
        Self { write_execute: true, ..self }
    }

    /// Registers the memory in the fault registry, so that
    /// [`FaultReport::classify`](crate::FaultReport::classify) can name the memory that a fault
    /// hit. Memories that are not registered pay nothing.
    #[must_use]
    pub const fn classify_faults(self) -> Self {
        Self { classify_faults: true, ..self }
    }

    /// Sets the name, which the host shows for the mapping where it can.
    #[must_use]
    pub const fn name(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The initial size in bytes.
    #[must_use]
    pub const fn initial(&self) -> u64 {
        self.initial
    }

    /// The declared maximum in bytes.
    #[must_use]
    pub const fn maximum(&self) -> u64 {
        self.maximum
    }

    /// Bytes of address space that a backend with a stable base should take: the maximum, limited
    /// by the reservation, but never less than the initial size.
    #[must_use]
    pub const fn wanted_capacity(&self) -> u64 {
        let capped = if self.maximum < self.reservation { self.maximum } else { self.reservation };
        if capped < self.initial { self.initial } else { capped }
    }

    /// The limit on address space in bytes.
    #[must_use]
    pub const fn reservation_bytes(&self) -> u64 {
        self.reservation
    }

    /// Bytes of guard on either side.
    #[must_use]
    pub const fn guard_bytes(&self) -> u64 {
        self.guard
    }

    /// The guard policy.
    #[must_use]
    pub const fn guard_policy(&self) -> GuardPolicy {
        self.guards
    }

    /// Whether a memory without guards must be refused.
    #[must_use]
    pub const fn demands_guards(&self) -> bool {
        self.guard_demand().is_some()
    }

    /// The guards that are demanded, if any are.
    #[must_use]
    pub const fn guard_demand(&self) -> Option<Demand> {
        match self.guards {
            GuardPolicy::FullGuards => Some(Demand::FullGuards),
            GuardPolicy::SmallGuard => Some(Demand::SmallGuard),
            GuardPolicy::BestThatFits | GuardPolicy::ChecksOnly => None,
        }
    }

    /// Refuses demanded guards, for a backend that has none. `backend` states that as a clause:
    /// "the heap backend has no guards".
    ///
    /// # Errors
    ///
    /// [`Unmet`](crate::AllocErrorKind::Unmet) where guards are demanded.
    pub const fn refuse_guards(&self, backend: &'static str) -> Result<(), AllocError> {
        match self.guard_demand() {
            Some(demand) => Err(AllocError::unmet(demand, backend, self.initial)),
            None => Ok(()),
        }
    }

    /// Refuses required tags, for a backend that has none: see
    /// [`refuse_guards`](Self::refuse_guards).
    ///
    /// # Errors
    ///
    /// [`Unmet`](crate::AllocErrorKind::Unmet) where tags are required.
    pub const fn refuse_tags(&self, backend: &'static str) -> Result<(), AllocError> {
        match self.tagging {
            Tagging::Required => Err(AllocError::unmet(Demand::Tags, backend, self.initial)),
            Tagging::Off | Tagging::Wanted => Ok(()),
        }
    }

    /// The fallback to report from a backend that has no guards: `None` if the request asks for no
    /// guards.
    #[must_use]
    pub const fn without_guards(&self) -> Option<Fallback> {
        if self.guard == 0 || matches!(self.guards, GuardPolicy::ChecksOnly) {
            return None;
        }
        Some(Fallback { wanted: self.wanted_capacity(), reason: FallbackReason::NoGuards })
    }

    /// Inaccessible bytes at the start.
    #[must_use]
    pub const fn prefix_bytes(&self) -> u64 {
        self.inaccessible_prefix
    }

    /// The initial contents, if they are not all zero.
    #[must_use]
    pub const fn initial_image(&self) -> Option<&'a MemoryImage> {
        self.image
    }

    /// The commit policy that follows from all demands.
    #[must_use]
    pub const fn commit_policy(&self) -> CommitPolicy {
        match (self.guards, self.commit) {
            (GuardPolicy::FullGuards, _) => CommitPolicy::Exact,
            (_, Some(policy)) => policy,
            (_, None) => self.usual_commit,
        }
    }

    /// The unit of the length in bytes.
    #[must_use]
    pub const fn unit_bytes(&self) -> u64 {
        self.unit.get()
    }

    /// Whether every access past the length should fault, where the backend can guarantee it: under
    /// exact commit, with lengths that are multiples of `page`.
    #[must_use]
    pub const fn wants_exact_faults(&self, page: HostPage) -> bool {
        matches!(self.commit_policy(), CommitPolicy::Exact)
            && self.unit_bytes().is_multiple_of(page.bytes() as u64)
    }

    /// Whether full guards and commit ahead are both demanded, which contradict each other.
    pub(crate) const fn demands_full_guards_and_ahead(&self) -> bool {
        matches!((self.guards, self.commit), (GuardPolicy::FullGuards, Some(CommitPolicy::Ahead)))
    }

    /// The tagging policy.
    #[must_use]
    pub const fn tagging_policy(&self) -> Tagging {
        self.tagging
    }

    /// Whether pages that are both writable and executable are allowed.
    #[must_use]
    pub const fn allows_write_execute(&self) -> bool {
        self.write_execute
    }

    /// Whether the memory is to be registered for the classification of faults.
    #[must_use]
    pub const fn classifies_faults(&self) -> bool {
        self.classify_faults
    }

    /// The name, if any.
    #[must_use]
    pub const fn display_name(&self) -> Option<&'a str> {
        self.name
    }
}
