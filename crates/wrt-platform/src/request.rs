//! What a region asks of a backend.

use crate::commit::CommitPolicy;

/// Whether a memory should carry hardware tags.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Tagging {
    /// No tags.
    #[default]
    Off,
    /// Tags where the host has them; the capabilities say whether it does.
    Wanted,
    /// No memory rather than one without tags.
    Required,
}

/// Address space to take for one memory, and how to run it. All sizes are bytes.
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
    commit: CommitPolicy,
    tagging: Tagging,
    write_execute: bool,
    name: Option<&'a str>,
}

impl<'a> ReserveRequest<'a> {
    /// The most address space taken for a maximum that nobody will reach: 16 GiB on 64-bit hosts,
    /// 256 MiB on smaller ones.
    pub const DEFAULT_RESERVATION: u64 = if usize::BITS >= 64 { 16 << 30 } else { 256 << 20 };

    /// Inaccessible bytes on either side of the memory, where the backend has guards.
    pub const DEFAULT_GUARD: u64 = 64 << 10;

    /// A memory of `initial` bytes that may grow to `maximum` bytes.
    #[must_use]
    pub const fn new(initial: u64, maximum: u64) -> Self {
        Self {
            initial,
            maximum,
            reservation: Self::DEFAULT_RESERVATION,
            guard: Self::DEFAULT_GUARD,
            commit: CommitPolicy::Exact,
            tagging: Tagging::Off,
            write_execute: false,
            name: None,
        }
    }

    /// Takes at most `bytes` of address space. The maximum stays what it was; a memory cannot
    /// grow beyond what it got, unless its base can move.
    #[must_use]
    pub const fn reservation(self, bytes: u64) -> Self {
        Self { reservation: bytes, ..self }
    }

    /// Asks for `bytes` of guard on either side.
    #[must_use]
    pub const fn guard(self, bytes: u64) -> Self {
        Self { guard: bytes, ..self }
    }

    /// How far ahead of the length to commit.
    #[must_use]
    pub const fn commit(self, policy: CommitPolicy) -> Self {
        Self { commit: policy, ..self }
    }

    /// Whether hardware tags are wanted or required.
    #[must_use]
    pub const fn tagging(self, tagging: Tagging) -> Self {
        Self { tagging, ..self }
    }

    /// Allows pages that are writable and executable at once, which is refused otherwise.
    #[must_use]
    pub const fn allow_write_execute(self) -> Self {
        Self { write_execute: true, ..self }
    }

    /// The name the host shows for the mapping, where it can.
    #[must_use]
    pub const fn name(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// Bytes accessible from the start.
    #[must_use]
    pub const fn initial(&self) -> u64 {
        self.initial
    }

    /// The most bytes the memory may ever have.
    #[must_use]
    pub const fn maximum(&self) -> u64 {
        self.maximum
    }

    /// Bytes of address space a backend with a stable base should take: the maximum, as far as
    /// the reservation allows, and never less than the initial size.
    #[must_use]
    pub const fn wanted_capacity(&self) -> u64 {
        let capped = if self.maximum < self.reservation { self.maximum } else { self.reservation };
        if capped < self.initial { self.initial } else { capped }
    }

    /// Bytes of guard wanted on either side.
    #[must_use]
    pub const fn guard_bytes(&self) -> u64 {
        self.guard
    }

    /// The commit policy.
    #[must_use]
    pub const fn commit_policy(&self) -> CommitPolicy {
        self.commit
    }

    /// The tagging policy.
    #[must_use]
    pub const fn tagging_policy(&self) -> Tagging {
        self.tagging
    }

    /// Whether writable and executable pages were allowed.
    #[must_use]
    pub const fn allows_write_execute(&self) -> bool {
        self.write_execute
    }

    /// The name to show, if any.
    #[must_use]
    pub const fn display_name(&self) -> Option<&'a str> {
        self.name
    }
}
