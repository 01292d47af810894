//! Rights on the bytes of a model.

use core::ops::Range;

use wrt_platform::Protection;

/// Restricted ranges, in order. Adjacent ones have different rights.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Rights(Vec<(Range<usize>, Protection)>);

impl Rights {
    /// The most restricted ranges of a memory.
    const MOST: usize = 8;

    /// Whether all bytes of a range have the rights `needed`. True for an empty range.
    pub(super) fn allow(&self, range: &Range<usize>, needed: Protection) -> bool {
        let overlaps =
            |other: &Range<usize>| other.start.max(range.start) < other.end.min(range.end);
        self.0.iter().all(|(other, rights)| !overlaps(other) || rights.contains(needed))
    }

    /// The rights after a change, unless there are too many ranges.
    pub(super) fn with(&self, range: &Range<usize>, rights: Protection) -> Option<Self> {
        let before = self.0.iter().map(|(old, kept)| (old.start..old.end.min(range.start), *kept));
        let after = self.0.iter().map(|(old, kept)| (old.start.max(range.end)..old.end, *kept));
        let mut pieces: Vec<_> = before.chain(after).chain([(range.clone(), rights)]).collect();
        pieces.retain(|(piece, kept)| !piece.is_empty() && *kept != Protection::READ_WRITE);
        pieces.sort_by_key(|(piece, _)| piece.start);
        let mut new: Vec<(Range<usize>, Protection)> = Vec::new();
        for (piece, kept) in pieces {
            match new.last_mut() {
                Some((last, same)) if last.end == piece.start && *same == kept => {
                    last.end = piece.end;
                }
                _ => new.push((piece, kept)),
            }
        }
        (new.len() <= Self::MOST).then_some(Self(new))
    }

    /// The readable parts of `0..len`.
    pub(super) fn readable(&self, len: usize) -> Vec<Range<usize>> {
        let closed = self.0.iter().filter(|(_, rights)| !rights.contains(Protection::READ));
        let ends = closed.clone().map(|(range, _)| range.start).chain([len]);
        let starts = [0].into_iter().chain(closed.map(|(range, _)| range.end));
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }
}
