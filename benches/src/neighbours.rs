//! Unused mappings, which vary the position of the measured ones among the process's mappings.
#![allow(unsafe_code, reason = "mappings that lie beside what is measured")]

use std::ffi::c_void;
use std::ptr;

use rustix::mm::{MapFlags, ProtFlags};

use crate::HOST_PAGE;

/// The most neighbours: more than one node of the kernel's tree holds.
const MOST: usize = 24;

/// Linux keeps a process's mappings in a tree whose leaves hold up to 16 of them. Moving the
/// boundary between two mappings takes 1.5 to 3.5 times as long if they are in different leaves, on
/// any side: a figure from one position says little about another.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    mapped: Vec<*mut c_void>,
}

impl Neighbours {
    /// Adds a neighbour, or removes all after the most.
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
