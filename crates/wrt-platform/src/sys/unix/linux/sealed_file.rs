//! Immutable files in memory: `memfd_create(2)` and the seals of `fcntl(2)`.
#![allow(unsafe_code, reason = "reads a file that nobody can change")]

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::slice;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

use crate::capabilities::Capabilities;

/// Images are mapped.
pub(crate) const CAPABILITY: Capabilities = Capabilities::IMAGES;

/// A sealed file and a view of it.
pub(crate) struct SealedFile {
    file: OwnedFd,
    /// - **S1** `view` maps all `len` bytes of the file readable; the mapping is this value's
    ///   alone. The file is sealed against writing, growing and shrinking, so the bytes stay
    ///   initialised and never change.
    view: NonNull<u8>,
    len: usize,
}

// SAFETY: S1, the bytes are only read, wherever the value goes.
unsafe impl Send for SealedFile {}

// SAFETY: S1, the bytes never change, so any number of threads may read them.
unsafe impl Sync for SealedFile {}

impl SealedFile {
    /// A file of `len` bytes, at least one, with `parts` at their offsets and holes between them;
    /// `None` where the host refuses it.
    pub(crate) fn create<'a>(
        len: usize,
        parts: impl Iterator<Item = (usize, &'a [u8])>,
    ) -> Option<Self> {
        if is_beyond_limit(len) {
            return None;
        }
        let file = new_file().ok()?;
        rustix::fs::ftruncate(&file, len as u64).ok()?;
        for (offset, part) in parts {
            write_all(file.as_fd(), offset as u64, part)?;
        }
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals).ok()?;
        let (rights, flags) = (ProtFlags::READ, MapFlags::PRIVATE);
        // SAFETY: a new mapping at an address of the host's choosing disturbs nobody, which is all
        // that the contract of `mmap` asks for.
        let view = unsafe { rustix::mm::mmap(ptr::null_mut(), len, rights, flags, &file, 0) };
        Some(Self { view: NonNull::new(view.ok()?.cast())?, file, len })
    }

    /// All bytes of the file. Reading a hole allocates a page for it.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: S1.
        unsafe { slice::from_raw_parts(self.view.as_ptr(), self.len) }
    }

    /// The file, for mapping it.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Whether a file of `len` bytes exceeds the process's limit (`RLIMIT_FSIZE`): writing it would
/// raise `SIGXFSZ`, which ends the process.
fn is_beyond_limit(len: usize) -> bool {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    limit.is_some_and(|limit| len as u64 > limit)
}

/// An empty file that can be sealed. It is not executable where the kernel has a seal for that
/// (Linux 6.3); older kernels lack the flag.
fn new_file() -> rustix::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let create = |flags| rustix::fs::memfd_create(c"wasm-memory-image", flags);
    match create(flags | MemfdFlags::NOEXEC_SEAL) {
        Err(rustix::io::Errno::INVAL) => create(flags),
        outcome => outcome,
    }
}

fn write_all(file: BorrowedFd<'_>, mut offset: u64, mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(file, bytes, offset) {
            Ok(0) => return None,
            Ok(written) => {
                bytes = bytes.get(written..)?;
                offset += written as u64;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    Some(())
}

impl Drop for SealedFile {
    fn drop(&mut self) {
        let start = self.view.as_ptr().cast::<c_void>();
        // SAFETY: S1, the mapping is this value's and is not used again. A refusal loses address
        // space and nothing else.
        let _ = unsafe { rustix::mm::munmap(start, self.len) };
    }
}
