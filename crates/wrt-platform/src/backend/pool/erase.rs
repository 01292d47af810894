//! The way back to the initial contents of a slot, the cheapest one that is certain.
//!
//! - A small memory is swept: every page is compared and, where it differs, overwritten. No system
//!   call, and pages that nobody wrote stay the host's shared page of zeroes.
//! - In a larger one the kernel says which pages were written, and those are overwritten.
//! - Otherwise all pages are dropped; the host gives fresh ones, zeroes or the image's, when they
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

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Erased {
    /// Nothing was written, so nothing had to be erased.
    Untouched,
    /// Written pages were overwritten.
    InPlace,
    /// All pages went back to the host.
    Dropped,
}

/// The bytes of a slot that may have been written, and what they should be.
pub(super) struct Contents<'a> {
    /// - **E1** `base..base + len` is a [valid region](crate#valid-region), and whoever holds this
    ///   value is its owner.
    base: NonNull<u8>,
    len: HostBytes,
    image: Option<&'a MemoryImage>,
    page: HostPage,
}

/// Up to here a memory is swept. Reading so many bytes takes about as long as asking the kernel.
const SWEPT: usize = 64 << 10;

/// Beyond this the kernel walks longer through its tables than dropping takes.
const SCANNED: usize = 64 << 20;

impl<'a> Contents<'a> {
    /// # Safety
    ///
    /// E1 holds for as long as the value is used.
    pub(super) const unsafe fn new(
        base: NonNull<u8>,
        len: HostBytes,
        image: Option<&'a MemoryImage>,
        page: HostPage,
    ) -> Self {
        Self { base, len, image, page }
    }

    /// Erases all that was written, keeping at most `keep` bytes of physical memory.
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

    /// Makes the pages of a range what they should be; gives how many were not.
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

    /// Gives all pages back to the host, or overwrites them where it does not take them.
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

/// What a run of pages should be.
enum Run<'a> {
    Zeroes,
    /// These bytes of the image.
    Image(&'a [u8]),
    /// One page, with bytes of the image and zeroes.
    Both,
}

impl<'a> Run<'a> {
    /// The first of `len` bytes from `offset` on, whole pages: how many bytes are one run.
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

/// Makes one page, at `offset`, what the image says. Says whether it was anything else.
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

/// Makes the bytes those of `source`, of which there are as many; says whether they were not.
fn overwrite(bytes: &mut [u8], source: &[u8]) -> bool {
    let differs = bytes != source;
    if differs {
        bytes.copy_from_slice(source);
    }
    differs
}

/// Overwrites the bytes with zeroes if one of them is not; says whether one was.
fn zero(bytes: &mut [u8]) -> bool {
    let differs = !all_zero(bytes);
    if differs {
        bytes.fill(0);
    }
    differs
}
