//! Holders of an image's mappings that have no handle to it: pools, for later memories.
//!
//! ```text
//! MemoryImage      a handle: the image's bytes and its file stay
//! WeakImage        knows which image it was of, and keeps nothing of it
//! ImageKeeper      has mappings of the image, and gives them up when the last handle is gone
//! ```

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::{fmt, mem, ptr};

use super::Place;
use crate::image::MemoryImage;

/// A holder of image mappings that no memory uses at the moment.
pub(crate) trait ImageKeeper: Send + Sync {
    /// The last handle to the image with this key is gone. No memory will start from it again, and
    /// only its mappings hold its physical memory.
    fn forget(&self, key: usize);
}

/// A weak reference to an image. While it lives, no other image has the same key.
#[derive(Clone)]
pub(crate) struct WeakImage(Weak<Place>);

impl WeakImage {
    /// Whether `image` is this one.
    pub(crate) fn is(&self, image: &MemoryImage) -> bool {
        image.place().is_some_and(|place| ptr::eq(self.0.as_ptr(), Arc::as_ptr(place)))
    }

    /// Whether no handle to the image is left.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.0.strong_count() == 0
    }

    pub(crate) fn key(&self) -> usize {
        self.0.as_ptr().addr()
    }
}

impl fmt::Debug for WeakImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakImage").field("is_forgotten", &self.is_forgotten()).finish()
    }
}

/// The keepers of one image.
pub(super) struct Keepers(spin::Mutex<Vec<Weak<dyn ImageKeeper>>>);

impl Keepers {
    pub(super) const fn none() -> Self {
        Self(spin::Mutex::new(Vec::new()))
    }

    /// Adds `keeper`, unless it is in the list. Returns whether it is in the list now: there may be
    /// no memory for it.
    fn add(&self, keeper: Weak<dyn ImageKeeper>) -> bool {
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
}

impl MemoryImage {
    /// The key of the image: a number that is unique while the image has a handle or a
    /// [`WeakImage`]. `None` for statics.
    pub(crate) fn key(&self) -> Option<usize> {
        self.place().map(|place| Arc::as_ptr(place).addr())
    }

    /// A weak reference for `keeper` to hold beside its mappings. When the last handle is dropped,
    /// `keeper` is notified once. `None` for statics, and where there is no memory to register it.
    pub(crate) fn keep(&self, keeper: Weak<dyn ImageKeeper>) -> Option<WeakImage> {
        let place = self.place()?;
        place.keepers.add(keeper).then(|| WeakImage(Arc::downgrade(place)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let key = ptr::from_ref(self).addr();
        for keeper in mem::take(self.keepers.0.get_mut()) {
            if let Some(keeper) = keeper.upgrade() {
                keeper.forget(key);
            }
        }
    }
}
