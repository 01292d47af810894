//! Operations of a script.

use wrt_instructions::{LaneLoadOp, LaneStoreOp, LoadOp, StoreOp};
use wrt_platform::Protection;

/// One operation of a guest or a host on a memory. Addresses, offsets and lengths are bytes; any
/// value is allowed, and most interesting ones trap. In a memory with 32-bit addresses, a load or
/// store uses the low 32 bits of its address and offset.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ScriptOperation {
    /// A scalar or vector load.
    Load {
        /// The instruction.
        op: LoadOp,
        /// The static offset.
        offset: u64,
        /// The address operand.
        address: u64,
    },
    /// A scalar or vector store of the low bits of `bits`.
    Store {
        /// The instruction.
        op: StoreOp,
        /// The static offset.
        offset: u64,
        /// The address operand.
        address: u64,
        /// The operand.
        bits: u128,
    },
    /// A load into lane `lane`, modulo the number of lanes, of the vector `bits`.
    LoadLane {
        /// The instruction.
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
    /// A store of lane `lane`, modulo the number of lanes, of the vector `bits`.
    StoreLane {
        /// The instruction.
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
        /// The first byte to write.
        address: u64,
        /// The byte value.
        byte: u8,
        /// Number of bytes.
        len: u64,
    },
    /// `memory.copy` within the memory.
    Copy {
        /// The first byte to write.
        target: u64,
        /// The first byte to read.
        source: u64,
        /// Number of bytes.
        len: u64,
    },
    /// `memory.init` from the only data segment, which has 40 bytes.
    Init {
        /// The first byte to write.
        target: u64,
        /// The first byte of the segment to read.
        source: u64,
        /// Number of bytes.
        len: u64,
    },
    /// `data.drop` of that segment.
    DropData,
    /// `memory.grow`.
    Grow {
        /// Number of pages.
        pages: u64,
    },
    /// The host copies bytes out.
    Read {
        /// The first byte to read.
        address: u64,
        /// Number of bytes.
        len: u16,
    },
    /// The host copies bytes in.
    Write {
        /// The first byte to write.
        address: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The host changes the rights on a range.
    Protect {
        /// The first byte.
        start: u64,
        /// The byte past the last.
        end: u64,
        /// The new rights.
        rights: Protection,
    },
    /// The host discards a range.
    Discard {
        /// The first byte.
        start: u64,
        /// The byte past the last.
        end: u64,
    },
    /// The host resets the memory.
    Reset,
    /// The host seals a range.
    Seal {
        /// The first sealed byte.
        start: u64,
        /// The byte past the last.
        end: u64,
    },
    /// The host removes its oldest seal.
    Unseal,
    /// The host verifies the integrity of the memory.
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
        /// The first byte to write.
        target: u64,
        /// The first byte to read.
        source: u64,
        /// Number of bytes.
        len: u64,
    },
    /// `memory.copy` from the first memory to the second.
    ToSecond {
        /// The first byte to write.
        target: u64,
        /// The first byte to read.
        source: u64,
        /// Number of bytes.
        len: u64,
    },
}
