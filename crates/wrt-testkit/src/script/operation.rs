//! What a script can say.

use wrt_instructions::{LaneLoadOp, LaneStoreOp, LoadOp, StoreOp};
use wrt_platform::Protection;

/// One thing that a guest or a host does to a memory. Addresses, offsets and lengths are bytes;
/// any value is allowed, most interesting ones trap. Of the address and the offset of a load or
/// store in a memory with 32-bit addresses the low 32 bits count.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ScriptOperation {
    /// A scalar or vector load.
    Load {
        /// Which one.
        op: LoadOp,
        /// The static offset.
        offset: u64,
        /// The address operand.
        address: u64,
    },
    /// A scalar or vector store of the low bits of `bits`.
    Store {
        /// Which one.
        op: StoreOp,
        /// The static offset.
        offset: u64,
        /// The address operand.
        address: u64,
        /// The operand.
        bits: u128,
    },
    /// A load into lane `lane`, modulo the lanes there are, of the vector `bits`.
    LoadLane {
        /// Which one.
        op: LaneLoadOp,
        /// The static offset.
        offset: u64,
        /// The address operand.
        address: u64,
        /// The lane.
        lane: u8,
        /// The vector.
        bits: u128,
    },
    /// A store of lane `lane`, modulo the lanes there are, of the vector `bits`.
    StoreLane {
        /// Which one.
        op: LaneStoreOp,
        /// The static offset.
        offset: u64,
        /// The address operand.
        address: u64,
        /// The lane.
        lane: u8,
        /// The vector.
        bits: u128,
    },
    /// `memory.fill`.
    Fill {
        /// Where to.
        address: u64,
        /// With what.
        byte: u8,
        /// How much.
        len: u64,
    },
    /// `memory.copy` within the memory.
    Copy {
        /// Where to.
        target: u64,
        /// Where from.
        source: u64,
        /// How much.
        len: u64,
    },
    /// `memory.init` from the one data segment there is, 40 bytes long.
    Init {
        /// Where to.
        target: u64,
        /// Where from in the segment.
        source: u64,
        /// How much.
        len: u64,
    },
    /// `data.drop` of that segment.
    DropData,
    /// `memory.grow`.
    Grow {
        /// By how many pages.
        pages: u64,
    },
    /// The host copies bytes out.
    Read {
        /// Where from.
        address: u64,
        /// How much.
        len: u16,
    },
    /// The host copies bytes in.
    Write {
        /// Where to.
        address: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// The host takes rights from a range, or gives them back.
    Protect {
        /// The first byte.
        start: u64,
        /// The byte behind the last.
        end: u64,
        /// What is left: nothing, to read, to write, or both.
        rights: Protection,
    },
    /// The host discards a range.
    Discard {
        /// The first byte.
        start: u64,
        /// The byte behind the last.
        end: u64,
    },
    /// The host resets the memory.
    Reset,
    /// The host seals a range.
    Seal {
        /// The first sealed byte.
        start: u64,
        /// The byte behind the last.
        end: u64,
    },
    /// The host takes its oldest seal back.
    Unseal,
    /// The host asks whether all is as it should be.
    VerifyIntegrity,
}

/// A step of a script over two memories.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Step {
    /// An operation on the first memory.
    First(ScriptOperation),
    /// An operation on the second memory.
    Second(ScriptOperation),
    /// `memory.copy` from the second memory to the first.
    ToFirst {
        /// Where to.
        target: u64,
        /// Where from.
        source: u64,
        /// How much.
        len: u64,
    },
    /// `memory.copy` from the first memory to the second.
    ToSecond {
        /// Where to.
        target: u64,
        /// Where from.
        source: u64,
        /// How much.
        len: u64,
    },
}
