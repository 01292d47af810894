//! What the host lets a program do with a page.

bitflags::bitflags! {
    /// Rights on a range of host pages; empty means that any access faults.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Protection: u8 {
        /// Loads succeed.
        const READ = 1;
        /// Stores succeed.
        const WRITE = 1 << 1;
        /// Instruction fetches succeed. Together with `WRITE` only where the request allowed it.
        const EXECUTE = 1 << 2;
    }
}

impl Protection {
    /// No rights: every access fails.
    pub const NONE: Self = Self::empty();

    /// What a linear memory has on the bytes below its length.
    pub const READ_WRITE: Self = Self::READ.union(Self::WRITE);
}
