//! Images of runs of bytes.

use wrt_platform::{AllocError, MemoryImage};

pub(crate) fn image(runs: &[(u64, &[u8])]) -> Result<MemoryImage, AllocError> {
    MemoryImage::new(runs)
}
