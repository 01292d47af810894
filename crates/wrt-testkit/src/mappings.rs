//! Mappings of this process as Linux lists them (`/proc/self/maps`, `proc(5)`): evidence
//! independent of the backend.

use core::ops::Range;
use std::fs;

use wrt_platform::Protection;

use crate::child::ChildTest;

/// The mappings of the process at one moment. Other threads may change them at any time.
///
/// qemu-user omits inaccessible mappings next to addresses that it reserves for itself, so that a
/// hole cannot be told from an inaccessible mapping. In a 32-bit guest this applies to all of them.
#[derive(Clone, Debug)]
pub struct Mappings {
    lines: Vec<(Range<usize>, Protection)>,
    emulated: bool,
}

impl Mappings {
    /// All mappings, or `None` where the host does not list them.
    #[must_use]
    pub fn of_process() -> Option<Self> {
        let text = fs::read_to_string("/proc/self/maps").ok()?;
        let lines: Vec<_> = text.lines().filter_map(parse).collect();
        (!lines.is_empty()).then_some(Self { lines, emulated: ChildTest::is_emulated() })
    }

    /// Whether inaccessible mappings are listed, so that counts and sums are meaningful.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        !self.emulated || usize::BITS >= 64
    }

    /// Whether every byte of `range` is mapped with exactly these rights. True for an empty range.
    #[must_use]
    pub fn have(&self, range: &Range<usize>, rights: Protection) -> bool {
        if rights.is_empty() && self.emulated {
            return self.lines.iter().all(|(mapping, allowed)| {
                let apart = mapping.end <= range.start || range.end <= mapping.start;
                apart || allowed.is_empty()
            });
        }
        self.list(range, rights)
    }

    /// Whether there are lines for every byte of `range`, all with exactly these rights.
    pub(crate) fn list(&self, range: &Range<usize>, rights: Protection) -> bool {
        let mut covered = range.start;
        for (mapping, allowed) in &self.lines {
            if covered >= range.end || mapping.start > covered {
                break;
            }
            if mapping.end > covered {
                if *allowed != rights {
                    return false;
                }
                covered = mapping.end;
            }
        }
        covered >= range.end
    }

    /// Whether there is a line for any byte of `range`.
    pub(crate) fn touch(&self, range: &Range<usize>) -> bool {
        let apart =
            |mapping: &Range<usize>| mapping.end <= range.start || range.end <= mapping.start;
        !self.lines.iter().all(|(mapping, _)| apart(mapping))
    }

    /// Number of mappings.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Total bytes that are mapped, accessible or not.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lines.iter().map(|(mapping, _)| mapping.len() as u64).sum()
    }

    /// Bytes that are mapped readable and writable.
    #[must_use]
    pub fn accessible_bytes(&self) -> u64 {
        let usual = self.lines.iter().filter(|(_, rights)| rights.contains(Protection::READ_WRITE));
        usual.map(|(mapping, _)| mapping.len() as u64).sum()
    }
}

/// Reads `start-end rwxp`, the beginning of a line.
fn parse(line: &str) -> Option<(Range<usize>, Protection)> {
    let mut fields = line.split(' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let letters = fields.next()?;
    let rows = [('r', Protection::READ), ('w', Protection::WRITE), ('x', Protection::EXECUTE)];
    let granted = rows.into_iter().filter(|(letter, _)| letters.contains(*letter));
    let rights = granted.fold(Protection::empty(), |all, (_, right)| all | right);
    Some((usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?, rights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_those_of_every_byte() {
        let lines =
            ["1000-3000 rw-p 0", "3000-4000 rw-p 0 x", "4000-5000 ---p 0", "6000-7000 r--p"];
        let lines = lines.into_iter().filter_map(parse).collect();
        let mappings = Mappings { lines, emulated: false };
        assert_eq!((mappings.count(), mappings.bytes()), (4, 0x5000));
        assert_eq!(mappings.accessible_bytes(), 0x3000);
        let usual = Protection::READ_WRITE;
        assert!(mappings.have(&(0x1000..0x4000), usual));
        assert!(mappings.have(&(0x2fff..0x3001), usual));
        assert!(mappings.have(&(0x9000..0x9000), usual));
        for (start, end) in [(0xfff, 0x2000), (0x3000, 0x4001), (0x6000, 0x7000), (0x7000, 0x7001)]
        {
            assert!(!mappings.have(&(start..end), usual), "{start:x}");
        }
        assert!(mappings.have(&(0x4000..0x5000), Protection::empty()));
        assert!(!mappings.have(&(0x4000..0x6000), Protection::empty()), "a hole belongs to nobody");
        assert!(mappings.have(&(0x6000..0x7000), Protection::READ));
        let mappings = Mappings { emulated: true, ..mappings };
        assert!(mappings.have(&(0x4000..0x6000), Protection::empty()), "a hole may be closed");
        assert!(!mappings.have(&(0x4000..0x6001), Protection::empty()));
        assert!(!mappings.have(&(0x3fff..0x5000), Protection::empty()));
        assert!(!mappings.have(&(0x3fff..0x4001), usual));
    }

    #[test]
    fn a_stack_is_mapped() {
        let place = 0_u8;
        let at = (&raw const place).addr();
        let mappings = Mappings::of_process().unwrap();
        assert!(mappings.have(&(at..at + 1), Protection::READ_WRITE));
    }
}
