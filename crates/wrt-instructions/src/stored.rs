//! Types with a representation in memory, little-endian on every host.

use wrt_runtime::{GuestMemory, Trap};

/// A type with a representation in memory.
pub(crate) trait Stored: Copy + Default {
    /// Bytes in memory.
    const SIZE: usize;

    fn load_from<M: GuestMemory, R>(
        memory: &M,
        ea: u64,
        then: impl FnOnce(Self) -> R,
    ) -> Result<R, Trap>;

    fn store_to<M: GuestMemory>(self, memory: &mut M, ea: u64) -> Result<(), Trap>;

    /// Reads a lane of a vector: the first `SIZE` bytes of `bytes`.
    fn read_le(bytes: &[u8]) -> Self;

    /// Writes a lane of a vector: the first `SIZE` bytes of `bytes`.
    fn write_le(self, bytes: &mut [u8]);
}

/// Stores `$type` as the little-endian bytes of `$bits`.
macro_rules! stored {
    ($($type:ty as $bits:ty: $from:expr, $to:expr;)*) => {$(
        impl $crate::stored::Stored for $type {
            const SIZE: usize = size_of::<$bits>();

            #[inline(always)]
            fn load_from<M: ::wrt_runtime::GuestMemory, R>(
                memory: &M,
                ea: u64,
                then: impl FnOnce(Self) -> R,
            ) -> Result<R, ::wrt_runtime::Trap> {
                memory.load(ea, |bytes| then($from(<$bits>::from_le_bytes(bytes))))
            }

            #[inline(always)]
            fn store_to<M: ::wrt_runtime::GuestMemory>(
                self,
                memory: &mut M,
                ea: u64,
            ) -> Result<(), ::wrt_runtime::Trap> {
                memory.store(ea, <$bits>::to_le_bytes($to(self)))
            }

            #[inline(always)]
            fn read_le(bytes: &[u8]) -> Self {
                let mut copy = [0; Self::SIZE];
                copy.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                $from(<$bits>::from_le_bytes(copy))
            }

            #[inline(always)]
            fn write_le(self, bytes: &mut [u8]) {
                let copy = <$bits>::to_le_bytes($to(self));
                bytes.iter_mut().zip(copy).for_each(|(to, from)| *to = from);
            }
        }
    )*};
}

stored! {
    i8 as i8: i8::from, i8::from;
    u8 as u8: u8::from, u8::from;
    i16 as i16: i16::from, i16::from;
    u16 as u16: u16::from, u16::from;
    i32 as i32: i32::from, i32::from;
    u32 as u32: u32::from, u32::from;
    i64 as i64: i64::from, i64::from;
    u64 as u64: u64::from, u64::from;
}

pub(crate) use stored;

/// A value that a store wraps to `T`, keeping the low bits (core specification, "wrap").
pub(crate) trait Wrap<T> {
    fn wrap(self) -> T;
}

macro_rules! wrap {
    ($($from:ty => $($to:ty),*;)*) => {$($(
        impl Wrap<$to> for $from {
            #[inline(always)]
            fn wrap(self) -> $to {
                self as $to
            }
        }
    )*)*};
}

wrap! {
    i32 => u8, u16;
    i64 => u8, u16, u32;
}

/// The identity: a full-width store keeps all bits.
impl<T> Wrap<T> for T {
    #[inline(always)]
    fn wrap(self) -> T {
        self
    }
}
