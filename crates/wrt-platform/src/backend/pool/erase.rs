//! Erasure of a slot: restores its initial contents in the cheapest safe way.
//!
//! - A small memory is swept: every page is compared and, if it differs, overwritten. This takes no
//!   system call, and untouched pages stay the host's shared zero page.
//! - In a larger one, the kernel reports the written pages, and these are overwritten.
//! - Otherwise all pages are dropped; the host provides new ones, zeroes or the image's, when they
//!   are touched.
//! - Where the host does not drop pages, all bytes are overwritten.
#![allow(unsafe_code, reason = "overwrites what a memory has written")]

use core::ptr::NonNull;
use core::slice;

use super::residue::Residue;
use super::zeroes::all_zero;
use crate::image::MemoryImage;
use crate::sys::discard::drop_pages;
use crate::sys::pagemap::Pagemap;
use crate::units::{HostBytes, HostPage};

/// Outcome of an erasure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Erased {
    /// No page was written, so nothing was erased.
    Untouched,
    /// Written pages were overwritten.
    InPlace,
    /// All pages were returned to the host.
    Dropped,
}

/// The bytes of a slot that may have been written, and their initial contents.
pub(super) struct Contents<'a> {
    /// - **E1** `base..base + len` is a [valid region](crate#valid-region), and the holder of this
    ///   value is its owner.
    base: NonNull<u8>,
    len: HostBytes,
    image: Option<&'a MemoryImage>,
    page: HostPage,
}

/// The largest memory to sweep. Reading that many bytes takes about as long as asking the kernel.
const SWEPT: usize = 64 << 10;

/// The largest memory to scan. Beyond it, the kernel's walk through its tables takes longer than
/// dropping all pages.
const SCANNED: usize = 64 << 20;

impl<'a> Contents<'a> {
    /// # Safety
    ///
    /// E1 holds while the value is used.
    pub(super) const unsafe fn new(
        base: NonNull<u8>,
        len: HostBytes,
        image: Option<&'a MemoryImage>,
        page: HostPage,
    ) -> Self {
        Self { base, len, image, page }
    }

    /// Erases all written bytes and keeps at most `keep` bytes of physical memory.
    pub(super) fn erase(&mut self, pagemap: &Pagemap, keep: u64, residue: &mut Residue) -> Erased {
        let most = usize::try_from(keep / self.page.bytes() as u64).unwrap_or(usize::MAX);
        if self.len.get() <= SWEPT && self.len.as_u64() <= keep {
            return self.sweep(residue);
        }
        if self.len.get() > SCANNED || most == 0 || residue.drops_unseen() {
            residue.dropped(false);
            return self.drop_all();
        }
        let (mut written, mut changed) = (0, 0);
        let complete =
            pagemap.for_each_written(self.base, self.len, self.image.is_some(), |offset, bytes| {
                written += bytes / self.page.bytes();
                if written > most {
                    return false;
                }
                changed += self.restore(offset, bytes);
                true
            });
        match complete {
            Some(true) => {
                residue.learn(written, changed);
                if changed == 0 { Erased::Untouched } else { Erased::InPlace }
            }
            stopped => {
                residue.dropped(stopped.is_some());
                self.drop_all()
            }
        }
    }

    /// Compares every page and overwrites those that differ.
    fn sweep(&mut self, residue: &mut Residue) -> Erased {
        residue.kept = (self.len.get() / self.page.bytes()) as u32;
        let changed = self.restore(0, self.len.get());
        if changed == 0 { Erased::Untouched } else { Erased::InPlace }
    }

    /// Restores the pages of a range; returns the number of pages that differed.
    fn restore(&mut self, offset: usize, bytes: usize) -> usize {
        let (image, page) = (self.image, self.page.bytes());
        let Some(mut rest) = self.bytes_mut().get_mut(offset..offset + bytes) else { return 0 };
        let (mut offset, mut changed) = (offset, 0);
        while !rest.is_empty() {
            let (len, run) = Run::at(offset, rest.len(), image, page);
            let (target, others) = rest.split_at_mut(len);
            let pages = target.chunks_mut(page);
            changed += match run {
                Run::Zeroes => pages.map(|page| usize::from(zero(page))).sum(),
                Run::Image(source) => {
                    let pairs = pages.zip(source.chunks(page));
                    pairs.map(|(page, source)| usize::from(overwrite(page, source))).sum()
                }
                Run::Both => usize::from(restore_page(target, offset, image)),
            };
            offset += len;
            rest = others;
        }
        changed
    }

    /// Returns all pages to the host, or overwrites them where it refuses.
    pub(super) fn drop_all(&mut self) -> Erased {
        // SAFETY: E1; dropped pages are what the mapping under them is, zeroes or the image.
        if unsafe { drop_pages(self.base, self.len) }.is_ok() {
            return Erased::Dropped;
        }
        self.restore(0, self.len.get());
        Erased::InPlace
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: E1.
        unsafe { slice::from_raw_parts_mut(self.base.as_ptr(), self.len.get()) }
    }
}

/// Initial contents of a run of pages.
enum Run<'a> {
    Zeroes,
    /// These bytes of the image.
    Image(&'a [u8]),
    /// One page, with bytes of the image and zeroes.
    Both,
}

impl<'a> Run<'a> {
    /// The run at `offset` within `len` bytes, and its length in whole pages.
    fn at(offset: usize, len: usize, image: Option<&'a MemoryImage>, page: usize) -> (usize, Self) {
        let found = image.and_then(|image| image.extents_within(offset as u64, len).next());
        let Some((start, bytes)) = found else { return (len, Self::Zeroes) };
        if start >= page {
            return (start - start % page, Self::Zeroes);
        }
        let whole = bytes.len() - bytes.len() % page;
        match bytes.get(..whole) {
            Some(bytes) if start == 0 && whole > 0 => (whole, Self::Image(bytes)),
            _ => (page.min(len), Self::Both),
        }
    }
}

/// Restores one page, at `offset`, from the image. Returns whether it differed.
fn restore_page(target: &mut [u8], offset: usize, image: Option<&MemoryImage>) -> bool {
    let Some(image) = image else { return zero(target) };
    let (mut differs, mut done) = (false, 0);
    for (start, source) in image.extents_within(offset as u64, target.len()) {
        let end = start + source.len();
        let (gap, held) = (target.get_mut(done..start), start..end);
        differs |= gap.is_some_and(zero);
        differs |= target.get_mut(held).is_some_and(|held| overwrite(held, source));
        done = end;
    }
    differs | target.get_mut(done..).is_some_and(zero)
}

/// Overwrites the bytes with `source`, of the same length, if they differ; returns whether they
/// did.
fn overwrite(bytes: &mut [u8], source: &[u8]) -> bool {
    let differs = bytes != source;
    if differs {
        bytes.copy_from_slice(source);
    }
    differs
}

/// Overwrites the bytes with zeroes if one is not zero; returns whether one was not.
fn zero(bytes: &mut [u8]) -> bool {
    let differs = !all_zero(bytes);
    if differs {
        bytes.fill(0);
    }
    differs
}
