//! Baseline of pools: one range of addresses, mapped once, that the bare operation erases for its
//! next user.
#![allow(unsafe_code, reason = "a mapping that is used again, to measure against")]

use std::ffi::c_void;
use std::fs::File;
use std::io::{Error, Result, Write};
use std::ptr::{self, NonNull};
use std::slice;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap,
};

/// A mapping that is reused.
#[derive(Debug)]
pub struct BareSlot {
    /// The base of `reserved` bytes, mapped from `new` to `drop` and accessed through this value
    /// alone. The first `len` are readable and writable. Pages of a file are mapped privately, and
    /// the file is not written any more.
    base: NonNull<u8>,
    len: usize,
    reserved: usize,
}

// SAFETY: the mapping belongs to this value, whichever thread has it.
unsafe impl Send for BareSlot {}

impl BareSlot {
    /// `len` bytes that read zero.
    ///
    /// # Errors
    ///
    /// When the system has no room.
    pub fn zeroed(len: usize) -> Result<Self> {
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping disturbs nobody.
        let mapped = unsafe { mmap_anonymous(ptr::null_mut(), len, rights, flags) }?;
        Ok(Self { base: first_byte(mapped)?, len, reserved: len })
    }

    /// `len` bytes that read zero, at the start of `reserved` bytes of which the others fault.
    ///
    /// # Errors
    ///
    /// When the system has no room, or `len` is more than `reserved`.
    pub fn reserved(len: usize, reserved: usize) -> Result<Self> {
        if len > reserved {
            return Err(Error::other("more bytes than are reserved"));
        }
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping disturbs nobody.
        let mapped =
            unsafe { mmap_anonymous(ptr::null_mut(), reserved, ProtFlags::empty(), flags) }?;
        // From here on it is unmapped whatever happens; no byte is readable yet.
        let mut slot = Self { base: first_byte(mapped)?, len: 0, reserved };
        let rights = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: within the mapping, into which nobody has a reference.
        unsafe { mprotect(mapped, len, rights) }?;
        slot.len = len;
        Ok(slot)
    }

    /// As many bytes as `image` has, which read like it: a private mapping of its file.
    ///
    /// # Errors
    ///
    /// When the system has no room.
    pub fn with_image(image: &BareImage) -> Result<Self> {
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        let (len, flags) = (image.len, MapFlags::PRIVATE);
        // SAFETY: a new mapping disturbs nobody.
        let mapped = unsafe { mmap(ptr::null_mut(), len, rights, flags, &image.file, 0) }?;
        Ok(Self { base: first_byte(mapped)?, len, reserved: len })
    }

    /// All bytes.
    pub const fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: what the field guarantees; the borrow is as exclusive as the one of `self`.
        unsafe { slice::from_raw_parts_mut(self.base.as_ptr(), self.len) }
    }

    /// Overwrites all bytes with zero.
    pub fn overwrite(&mut self) {
        self.bytes().fill(0);
    }

    /// Returns all pages, so that they read as at the beginning.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn discard(&mut self) -> Result<()> {
        let base = self.base.as_ptr().cast();
        // SAFETY: the whole mapping, which is private, and nobody holds a reference into it.
        Ok(unsafe { madvise(base, self.len, Advice::LinuxDontNeed) }?)
    }
}

/// A file in memory that several slots map.
#[derive(Debug)]
pub struct BareImage {
    file: File,
    len: usize,
}

impl BareImage {
    /// A file with these bytes.
    ///
    /// # Errors
    ///
    /// When the system has no room.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let mut file = File::from(memfd_create("bare image", MemfdFlags::CLOEXEC)?);
        file.write_all(bytes)?;
        Ok(Self { file, len: bytes.len() })
    }
}

impl Drop for BareSlot {
    fn drop(&mut self) {
        // SAFETY: the whole mapping, and its last use.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.reserved) };
        debug_assert_eq!(unmapped, Ok(()));
    }
}

fn first_byte(mapped: *mut c_void) -> Result<NonNull<u8>> {
    NonNull::new(mapped.cast()).ok_or_else(|| Error::other("mapped at address 0"))
}

#[cfg(test)]
mod tests {
    use super::{BareImage, BareSlot};

    #[test]
    fn a_discarded_slot_reads_as_at_the_beginning() {
        let image: Vec<u8> = (0..3 << 12).map(|index| (index % 251) as u8).collect();
        let mut slot = BareSlot::with_image(&BareImage::new(&image).unwrap()).unwrap();
        slot.bytes()[5000] ^= 0xff;
        assert_ne!(slot.bytes(), image);
        slot.discard().unwrap();
        assert_eq!(slot.bytes(), image);

        let mut slot = BareSlot::zeroed(1 << 16).unwrap();
        slot.bytes().fill(7);
        slot.discard().unwrap();
        assert!(slot.bytes().iter().all(|&byte| byte == 0));
        slot.bytes().fill(7);
        slot.overwrite();
        assert!(slot.bytes().iter().all(|&byte| byte == 0));
    }
}
