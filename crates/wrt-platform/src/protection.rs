//! Access rights on host pages.

bitflags::bitflags! {
    /// Rights on a range of host pages; empty means that any access faults.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Protection: u8 {
        /// Loads succeed.
        const READ = 1;
        /// Stores succeed.
        const WRITE = 1 << 1;
        /// Instruction fetches succeed. Allowed together with `WRITE` only where the request
        /// permits it.
        const EXECUTE = 1 << 2;
    }
}

impl Protection {
    /// No rights: every access fails.
    pub const NONE: Self = Self::empty();

    /// The usual rights on the bytes below a memory's length.
    pub const READ_WRITE: Self = Self::READ.union(Self::WRITE);
}
