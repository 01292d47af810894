//! Grouping of extents into mappings. A gap inside a mapping costs pages of the file once it is
//! read or written; a mapping more counts against the number that a process may have.

use alloc::vec::Vec;

use super::extents::Extents;
use crate::sys::sealed_file::SealedFile;

/// Smaller gaps are mapped together with their neighbours.
const APART: u64 = 1 << 20;

/// The most pieces that an image has. With more, wider gaps are mapped too.
const MOST: usize = 8;

/// Extents that are mapped together: addresses `start..end`, where `start` is aligned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Offset in the file, also aligned; zeroes follow the piece up to the next alignment.
    pub(crate) offset: u64,
}

impl Piece {
    /// Alignment of starts and offsets: the largest host page.
    pub(crate) const ALIGNMENT: u64 = 64 << 10;
}

/// An image's bytes in an immutable file.
pub(crate) struct ImageFile {
    file: SealedFile,
    pieces: Vec<Piece>,
}

impl ImageFile {
    /// Lays `extents`, merged from `segments`, out in a file and sets their offsets. `None` where
    /// there are no bytes or the host refuses a file; in that case the offsets have no meaning.
    pub(super) fn create(extents: &mut Extents, segments: &[(u64, &[u8])]) -> Option<Self> {
        let (pieces, len) = plan(extents)?;
        let file = SealedFile::create(len, extents.parts(segments))?;
        Some(Self { file, pieces })
    }

    /// All bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    /// The file, for mapping it.
    pub(crate) const fn sealed(&self) -> &SealedFile {
        &self.file
    }

    /// The pieces to map, in order of address and not adjacent; at least one.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

/// Assigns offsets in a file to the extents; returns the file's pieces and its length.
fn plan(extents: &mut Extents) -> Option<(Vec<Piece>, usize)> {
    let extents = extents.0.as_mut_slice();
    let mut apart = APART;
    while extents.chunk_by(|one, next| next.start - one.end < apart).count() > MOST {
        apart = apart.checked_mul(2)?;
    }
    let mut pieces = Vec::new();
    pieces.try_reserve_exact(MOST).ok()?;
    let mut file_len = 0_u64;
    for group in extents.chunk_by_mut(|one, next| next.start - one.end < apart) {
        let start = group.first()?.start & !(Piece::ALIGNMENT - 1);
        let piece = Piece { start, end: group.last()?.end, offset: file_len };
        for extent in group {
            extent.offset = usize::try_from(file_len + (extent.start - start)).ok()?;
        }
        file_len = file_len
            .checked_add((piece.end - start).checked_next_multiple_of(Piece::ALIGNMENT)?)?;
        pieces.push(piece);
    }
    let len = usize::try_from(file_len).ok().filter(|len| *len <= isize::MAX as usize)?;
    (len > 0).then_some((pieces, len))
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn wide_gaps_are_not_in_the_file() {
        let segments: [(u64, &[u8]); 4] =
            [(70_000, b"one"), (MIB, b"near"), (1 << 30, b"far"), (MIB + 65_536, b"by")];
        let mut extents = Extents::of(&segments).unwrap();
        let (pieces, len) = plan(&mut extents).unwrap();
        let first = Piece { start: 65_536, end: MIB + 65_538, offset: 0 };
        let second = Piece { start: 1 << 30, end: (1 << 30) + 3, offset: MIB + 65_536 };
        assert_eq!(pieces, [first, second]);
        assert_eq!(len as u64, MIB + 2 * 65_536);
        let offsets: vec::Vec<_> = extents.parts(&segments).map(|(offset, _)| offset).collect();
        let far = (MIB + 65_536) as usize;
        assert_eq!(offsets, [4464, (MIB - 65_536) as usize, far, MIB as usize]);
    }

    #[test]
    fn an_image_has_few_pieces() {
        let byte: &[u8] = b"x";
        let segments: vec::Vec<_> = (0..1000).map(|index| (index * 2 * MIB, byte)).collect();
        let mut extents = Extents::of(&segments).unwrap();
        let (pieces, len) = plan(&mut extents).unwrap();
        assert!((1..=MOST).contains(&pieces.len()), "{}", pieces.len());
        assert!(len as u64 <= 2000 * MIB);
        assert!(plan(&mut Extents::of(&[]).unwrap()).is_none());
    }
}
