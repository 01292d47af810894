//! Sources of memories: the bare operation, and our allocators.

use std::io::{Error, Result};

use wrt_platform::{CommitPolicy, MemoryImage, PageAllocator};
use wrt_runtime::{MemoryBuilder, MemoryType};

use crate::bare_slot::{BareImage, BareSlot};
use crate::lives::{Contents, Life, Source, Worker};

/// One slot for each thread, erased in the cheapest way that is safe without knowledge of the
/// written pages: `memset` for a memory of one page, `MADV_DONTNEED` for a longer one or one with
/// an image.
#[derive(Debug)]
pub struct Bare<'a> {
    life: &'a Life,
    /// One for all threads, as instances of a module have one.
    image: Option<BareImage>,
}

impl<'a> Bare<'a> {
    /// Slots for `life`.
    ///
    /// # Errors
    ///
    /// When there is no room for its image.
    pub fn new(life: &'a Life) -> Result<Self> {
        let image = match life.contents {
            Contents::Zero => None,
            Contents::Image => Some(BareImage::new(&Contents::Image.image(life.bytes()))?),
        };
        Ok(Self { life, image })
    }

    fn overwrites(life: &Life) -> bool {
        life.pages == 1 && life.contents == Contents::Zero
    }

    /// Its name in a row.
    #[must_use]
    pub fn name(life: &Life) -> &'static str {
        match Self::overwrites(life) {
            true => "reused slot, memset",
            false => "reused slot, MADV_DONTNEED",
        }
    }
}

impl Source for Bare<'_> {
    fn worker(&self) -> Result<Box<dyn Worker + '_>> {
        let slot = match &self.image {
            None => BareSlot::zeroed(self.life.bytes())?,
            Some(image) => BareSlot::with_image(image)?,
        };
        Ok(match Bare::overwrites(self.life) {
            true => Box::new(Overwritten(slot)),
            false => Box::new(Discarded(slot)),
        })
    }
}

struct Overwritten(BareSlot);

impl Worker for Overwritten {
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        user(self.0.bytes());
        self.0.overwrite();
        Ok(())
    }
}

struct Discarded(BareSlot);

impl Worker for Discarded {
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        user(self.0.bytes());
        self.0.discard()
    }
}

/// Our memories, each made by one of our allocators and released to it.
#[derive(Debug)]
pub struct Ours<P> {
    allocator: P,
    ty: MemoryType,
    image: Option<MemoryImage>,
    /// Pages that a memory grows by before it is used, under exact commit.
    growth: u64,
}

impl<P: PageAllocator + Sync> Ours<P> {
    /// Memories for `life`.
    ///
    /// # Errors
    ///
    /// When there is no memory of that many pages, or no room for its image.
    pub fn new(allocator: P, life: &Life) -> Result<Self> {
        let pages = u64::from(life.pages);
        let ty = MemoryType::wasm32(pages, Some(pages)).map_err(Error::other)?;
        let image = match life.contents {
            Contents::Zero => None,
            Contents::Image => {
                let bytes = Contents::Image.image(life.bytes());
                Some(MemoryImage::new(&[(0, &bytes)]).map_err(Error::other)?)
            }
        };
        Ok(Self { allocator, ty, image, growth: 0 })
    }

    /// Memories for `life`, which starts from zeroes, with one initial page and growth under exact
    /// commit: bytes past their length always fault.
    ///
    /// # Errors
    ///
    /// When there is no memory of that many pages.
    pub fn growing(allocator: P, life: &Life) -> Result<Self> {
        let pages = u64::from(life.pages);
        let ty = MemoryType::wasm32(1, Some(pages)).map_err(Error::other)?;
        Ok(Self { allocator, ty, image: None, growth: pages - 1 })
    }
}

impl<P: PageAllocator + Sync> Source for Ours<P> {
    fn worker(&self) -> Result<Box<dyn Worker + '_>> {
        Ok(Box::new(self))
    }
}

impl<P: PageAllocator + Sync> Worker for &Ours<P> {
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        let mut builder = MemoryBuilder::new(self.ty);
        if let Some(image) = &self.image {
            builder = builder.image(image);
        }
        if self.growth > 0 {
            builder = builder.commit(CommitPolicy::Exact);
        }
        let mut memory = builder.allocate(&self.allocator).map_err(Error::other)?;
        memory.grow(self.growth).map_err(Error::other)?;
        user(memory.data_mut().map_err(Error::other)?);
        Ok(())
    }
}
