//! Holders of an image's mappings that have no handle to it: pools, for later memories.

use alloc::sync::Weak;
use alloc::vec::Vec;
use core::{mem, ptr};

/// A holder of image mappings that no memory uses at the moment.
pub(crate) trait ImageKeeper: Send + Sync {
    /// The last handle to the image with this key is gone. No memory will start from it again, and
    /// only its mappings hold its physical memory.
    fn forget(&self, key: usize);
}

/// The keepers of one image.
pub(super) struct Keepers(spin::Mutex<Vec<Weak<dyn ImageKeeper>>>);

impl Keepers {
    pub(super) const fn none() -> Self {
        Self(spin::Mutex::new(Vec::new()))
    }

    /// Adds `keeper`, unless it is in the list. Returns whether it is in the list now: there may be
    /// no memory for it.
    pub(super) fn add(&self, keeper: Weak<dyn ImageKeeper>) -> bool {
        let mut keepers = self.0.lock();
        let place = keeper.as_ptr();
        if keepers.iter().any(|other| ptr::addr_eq(other.as_ptr(), place)) {
            return true;
        }
        keepers.retain(|other| other.strong_count() > 0);
        let has_room = keepers.try_reserve(1).is_ok();
        if has_room {
            keepers.push(keeper);
        }
        has_room
    }

    /// Notifies all keepers that the image with this key is gone, and removes them.
    pub(super) fn tell(&mut self, key: usize) {
        for keeper in mem::take(self.0.get_mut()) {
            if let Some(keeper) = keeper.upgrade() {
                keeper.forget(key);
            }
        }
    }
}
