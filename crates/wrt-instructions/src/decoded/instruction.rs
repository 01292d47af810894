//! Lookup of instructions by opcode, for decoders.

use core::fmt;

use super::{LaneLoadOp, LaneStoreOp, LoadOp, StoreOp};
use crate::for_each_memory_instruction;
use crate::opcode::{Opcode, opcode};

/// A memory instruction, found by its opcode.
///
/// ```
/// use wrt_instructions::{BulkOp, LoadOp, MemoryInstruction, Opcode};
///
/// let load = Opcode { prefix: None, code: 0x2D };
/// let expected = MemoryInstruction::Load(LoadOp::I32Load8U);
/// assert_eq!(MemoryInstruction::from_opcode(load), Some(expected));
/// let copy = MemoryInstruction::from_opcode(Opcode { prefix: Some(0xFC), code: 10 });
/// assert_eq!(copy, Some(MemoryInstruction::Bulk(BulkOp::MemoryCopy)));
/// let nop = Opcode { prefix: None, code: 0x01 };
/// assert_eq!(MemoryInstruction::from_opcode(nop), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum MemoryInstruction {
    /// A load: [`MemoryLoad`](crate::MemoryLoad).
    Load(LoadOp),
    /// A store: [`MemoryStore`](crate::MemoryStore).
    Store(StoreOp),
    /// A load of one lane: [`MemoryLoadLane`](crate::MemoryLoadLane).
    LoadLane(LaneLoadOp),
    /// A store of one lane: [`MemoryStoreLane`](crate::MemoryStoreLane).
    StoreLane(LaneStoreOp),
    /// Size, growth, or an operation on a range.
    Bulk(BulkOp),
}

impl MemoryInstruction {
    /// The memory instruction with this opcode, if there is one.
    #[must_use]
    pub const fn from_opcode(opcode: Opcode) -> Option<Self> {
        if let Some(op) = LoadOp::from_opcode(opcode) {
            return Some(Self::Load(op));
        }
        if let Some(op) = StoreOp::from_opcode(opcode) {
            return Some(Self::Store(op));
        }
        if let Some(op) = LaneLoadOp::from_opcode(opcode) {
            return Some(Self::LoadLane(op));
        }
        if let Some(op) = LaneStoreOp::from_opcode(opcode) {
            return Some(Self::StoreLane(op));
        }
        match BulkOp::from_opcode(opcode) {
            Some(op) => Some(Self::Bulk(op)),
            None => None,
        }
    }

    /// The opcode in the binary format.
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Load(op) => op.opcode(),
            Self::Store(op) => op.opcode(),
            Self::LoadLane(op) => op.opcode(),
            Self::StoreLane(op) => op.opcode(),
            Self::Bulk(op) => op.opcode(),
        }
    }

    /// The name in the text format.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Load(op) => op.text(),
            Self::Store(op) => op.text(),
            Self::LoadLane(op) => op.text(),
            Self::StoreLane(op) => op.text(),
            Self::Bulk(op) => op.text(),
        }
    }
}

impl fmt::Display for MemoryInstruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

macro_rules! bulk_ops {
    (
        loads { $($loads:tt)* }
        stores { $($stores:tt)* }
        lane_loads { $($lane_loads:tt)* }
        lane_stores { $($lane_stores:tt)* }
        bulk { $(($variant:ident, $function:ident, $text:literal, $opcode:tt);)* }
    ) => {
        /// An instruction on the whole memory or on a range of it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum BulkOp {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl BulkOp {
            /// All instructions of this kind, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in the text format.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The opcode in the binary format.
            #[must_use]
            pub const fn opcode(self) -> Opcode {
                match self { $(Self::$variant => opcode!($opcode),)* }
            }

            /// The instruction with this opcode, if there is one.
            #[must_use]
            pub const fn from_opcode(opcode: Opcode) -> Option<Self> {
                match opcode {
                    $(opcode!($opcode) => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

for_each_memory_instruction!(bulk_ops);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opcode_finds_its_instruction_and_no_other_does() {
        let mut found = 0;
        for prefix in [None, Some(0xFC), Some(0xFD), Some(0xFE)] {
            for code in 0..0x200 {
                let opcode = Opcode { prefix, code };
                if let Some(instruction) = MemoryInstruction::from_opcode(opcode) {
                    assert_eq!(instruction.opcode(), opcode, "{instruction}");
                    found += 1;
                }
            }
        }
        let rows = [
            LoadOp::ALL.len(),
            StoreOp::ALL.len(),
            LaneLoadOp::ALL.len(),
            LaneStoreOp::ALL.len(),
            BulkOp::ALL.len(),
        ];
        assert_eq!(found, rows.iter().sum::<usize>());
    }
}
