//! Plain pages on Unix.

use super::Choice;
use crate::backend::MmapAllocator;

pub(super) static CHOICE: Choice = Choice { name: "mmap", allocator: &MmapAllocator::new() };
