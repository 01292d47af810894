//! Images of runs of bytes, where an image is one run of a static: zeroes fill the gaps, and the
//! bytes are never freed.

use wrt_platform::{AllocError, MemoryImage};

#[allow(clippy::unnecessary_wraps, reason = "the twin can fail")]
pub(crate) fn image(runs: &[(u64, &[u8])]) -> Result<MemoryImage, AllocError> {
    let start = runs.iter().map(|(address, _)| *address).min().unwrap_or_default();
    let mut bytes = Vec::new();
    for (address, run) in runs {
        let offset = (address - start) as usize;
        bytes.resize(bytes.len().max(offset + run.len()), 0);
        bytes[offset..offset + run.len()].copy_from_slice(run);
    }
    Ok(MemoryImage::from_static(start, bytes.leak()))
}
