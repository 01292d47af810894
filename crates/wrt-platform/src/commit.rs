//! Policy for committing pages beyond a memory's length.

use crate::units::{HostBytes, HostPage};

/// The policy by which growth makes pages accessible.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum CommitPolicy {
    /// Pages past the length stay inaccessible, so compiled code may rely on the fault. Every
    /// growth calls the host.
    #[default]
    Exact,
    /// Growth commits in chunks, for runtimes that check bounds themselves. The slack starts at 64
    /// KiB and doubles with the memory; it never exceeds the length, rounded up to host pages, or
    /// 16 MiB. If the host refuses a chunk, growth asks again without slack.
    Ahead,
}

impl CommitPolicy {
    /// The most bytes committed beyond the length under [`CommitPolicy::Ahead`].
    pub const LARGEST_SLACK: u64 = 16 << 20;

    /// Number of bytes to commit so that `needed` bytes are accessible: at least `needed`, at most
    /// `capacity`.
    ///
    /// The slack equals the length until it reaches its bound, so the chunks of a memory that
    /// grows one 64 KiB page at a time are 64 KiB, 128 KiB, 256 KiB and so on.
    pub(crate) fn target(
        self,
        needed: HostBytes,
        capacity: HostBytes,
        page: HostPage,
    ) -> HostBytes {
        let slack = match self {
            Self::Exact => HostBytes::ZERO,
            Self::Ahead => page.round_down(needed.as_u64().min(Self::LARGEST_SLACK)),
        };
        needed.checked_add(slack).map_or(capacity, |ahead| ahead.min(capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: HostPage = HostPage::SMALLEST;

    fn bytes(n: u64) -> HostBytes {
        PAGE.round_up(n).unwrap()
    }

    #[test]
    fn exact_commits_what_is_needed() {
        let target = CommitPolicy::Exact.target(bytes(3 << 16), bytes(1 << 30), PAGE);
        assert_eq!(target, bytes(3 << 16));
    }

    #[test]
    fn the_slack_starts_at_one_wasm_page_doubles_and_is_bounded() {
        let capacity = bytes(1 << 30);
        let slack =
            |needed| CommitPolicy::Ahead.target(bytes(needed), capacity, PAGE).as_u64() - needed;
        assert_eq!(slack(1 << 16), 1 << 16);
        assert_eq!(slack(1 << 17), 1 << 17);
        assert_eq!(slack(1 << 24), 16 << 20);
        assert_eq!(slack(1 << 28), 16 << 20);
    }

    #[test]
    fn the_slack_never_leaves_the_reservation() {
        let capacity = bytes(5 << 16);
        assert_eq!(CommitPolicy::Ahead.target(bytes(4 << 16), capacity, PAGE), capacity);
    }
}
