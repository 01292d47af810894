//! The fallback for a memory whose exact faults cannot be restored: it becomes empty.
#![allow(unsafe_code, reason = "takes back every byte of a reservation")]

use super::Lifecycle;
use crate::allocator::PageAllocator;
use crate::capabilities::Capabilities;
use crate::protection::Protection;
use crate::units::{HostBytes, HostRange};

impl<P: PageAllocator> Lifecycle<P> {
    /// Hides all bytes. Where faults are exact (I7), it also makes every committed byte
    /// inaccessible: code without bounds checks must fault on all of them. Where the host refuses
    /// even that, the guarantee does not hold until a reset succeeds.
    ///
    /// Closing a whole reservation leaves it with one set of rights and needs no new mapping, so it
    /// succeeds at the limit of mappings, where closing a part fails. For the same reason, rights
    /// that were taken away are restored here, which a reset needs.
    ///
    /// # Safety
    ///
    /// No other code uses the bytes during the call.
    pub(crate) unsafe fn empty(&mut self) {
        self.hide();
        if !self.exact {
            return;
        }
        self.open = true;
        let all = HostRange { start: HostBytes::ZERO, len: self.committed };
        if self.has(Capabilities::PROTECT) {
            // SAFETY: the range is committed (I5), and this takes no right away.
            let restored = unsafe { self.protect(all, Protection::READ_WRITE) };
            if restored.is_err() {
                return;
            }
        }
        let none = HostBytes::ZERO;
        // SAFETY: I5, `none <= committed`, all of it has the usual rights, and the caller's contract.
        let outcome = unsafe { self.allocator.reset(&self.reservation, self.committed, none) };
        if let Ok(left) = outcome {
            self.follow(left.base);
            self.committed = left.kept;
            self.open = false;
        }
    }

    /// Whether an operation that failed has emptied the memory and closed all of it.
    pub(crate) const fn is_emptied(&self) -> bool {
        self.exact && self.unerased && !self.open
    }

    /// Restores `old_len`, the length before a growth whose new bytes must stay hidden. Returns
    /// whether that was possible: where faults are exact, the bytes would have to be closed too.
    pub(crate) const fn ungrow(&mut self, old_len: usize) -> bool {
        if !self.exact {
            self.len = old_len;
        }
        !self.exact
    }

    /// Hides all bytes and ends the guarantee of exact faults until a reset succeeds: some
    /// committed bytes can neither be made accessible nor closed.
    pub(crate) const fn give_up(&mut self) {
        self.hide();
        self.open = true;
    }
}
