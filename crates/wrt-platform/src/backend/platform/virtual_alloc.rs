//! Plain pages on Windows.

use super::Choice;
use crate::backend::VirtualAllocator;

pub(super) static CHOICE: Choice =
    Choice { name: "virtual-alloc", allocator: &VirtualAllocator::new() };
