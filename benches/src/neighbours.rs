//! Mappings that nobody uses, so that what is measured lies elsewhere among the process's mappings.
#![allow(unsafe_code, reason = "mappings that lie beside what is measured")]

use std::ffi::c_void;
use std::ptr;

use rustix::mm::{MapFlags, ProtFlags};

use crate::HOST_PAGE;

/// More than one node of the kernel's tree holds.
const MOST: usize = 24;

/// Linux keeps a process's mappings in a tree whose leaves hold up to 16 of them. Moving the border
/// between two mappings takes 1.5 to 3.5 times as long where they happen to lie in different
/// leaves, for whoever moves it: a figure from one place says little about another.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    mapped: Vec<*mut c_void>,
}

impl Neighbours {
    /// One neighbour more, or none after many.
    pub(crate) fn change(&mut self) {
        if self.mapped.len() == MOST {
            self.leave();
        }
        // Two of the same rights would be one mapping.
        let odd = self.mapped.len() % 2 == 1;
        let rights = if odd { ProtFlags::READ } else { ProtFlags::READ | ProtFlags::WRITE };
        // SAFETY: a new mapping disturbs nobody.
        let mapped = unsafe {
            rustix::mm::mmap_anonymous(ptr::null_mut(), HOST_PAGE, rights, MapFlags::PRIVATE)
        };
        self.mapped.extend(mapped);
    }

    fn leave(&mut self) {
        for base in self.mapped.drain(..) {
            // SAFETY: a whole mapping of ours, which nobody uses.
            let _ = unsafe { rustix::mm::munmap(base, HOST_PAGE) };
        }
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        self.leave();
    }
}
