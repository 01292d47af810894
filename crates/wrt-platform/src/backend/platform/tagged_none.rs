//! Twin for builds without a backend with hardware tags.

use super::Choice;
use crate::error::AllocError;

pub(super) const fn choose() -> Result<Option<&'static Choice>, AllocError> {
    Ok(None)
}
