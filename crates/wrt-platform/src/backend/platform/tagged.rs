//! Pages with hardware tags, on machines that have them.

use super::Choice;
use crate::backend::MteAllocator;
use crate::error::AllocError;

static CHOICE: Choice = Choice { name: "mte", allocator: &MteAllocator::WITH_SYNC_CHECKS };

/// The backend with tags, after enabling checks for the calling thread.
pub(super) fn choose() -> Result<Option<&'static Choice>, AllocError> {
    if !MteAllocator::is_available() {
        return Ok(None);
    }
    MteAllocator::new()?;
    Ok(Some(&CHOICE))
}
