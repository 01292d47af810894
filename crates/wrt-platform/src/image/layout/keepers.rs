//! Who keeps mappings of an image without a handle to it, for memories to come.
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

/// Somebody with mappings of images that no memory uses at the moment.
pub(crate) trait ImageKeeper: Send + Sync {
    /// The last handle to the image with this key is gone: nobody will ask for it again, and its
    /// mappings alone hold its physical memory.
    fn forget(&self, key: usize);
}

/// Which image it was. Its key is no other image's as long as this lives.
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

    /// Adds one, unless it is there. Says whether it is; there may be no memory for that.
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
    /// The key of the image: a number that no other image has as long as this one has a handle, or a
    /// [`WeakImage`]. `None` for statics.
    pub(crate) fn key(&self) -> Option<usize> {
        self.place().map(|place| Arc::as_ptr(place).addr())
    }

    /// What `keeper` may keep of the image beside its mappings. It hears of the last handle's end
    /// from now on, once. `None` for statics, and where there is no memory to remember it.
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
