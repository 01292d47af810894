//! Weak references to images.
//!
//! ```text
//! MemoryImage      a handle: the image's bytes and its file stay
//! WeakImage        knows which image it was of, and keeps nothing of it
//! ImageKeeper      has mappings of the image, and gives them up when the last handle is gone
//! ```

use alloc::sync::{Arc, Weak};
use core::{fmt, ptr};

use super::MemoryImage;
use super::keepers::ImageKeeper;
use super::layout::Place;

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
