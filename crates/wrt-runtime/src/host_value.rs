//! Numbers that a host reads from and writes to a memory.

/// An integer or a float, in the byte order of WebAssembly: little-endian on every host.
///
/// See [`LinearMemory::read_value`](crate::LinearMemory::read_value).
pub trait HostValue: Copy + sealed::Sealed {
    /// Its bytes.
    #[doc(hidden)]
    type Bytes: Default + AsRef<[u8]> + AsMut<[u8]>;

    #[doc(hidden)]
    fn from_bytes(bytes: Self::Bytes) -> Self;

    #[doc(hidden)]
    fn to_bytes(self) -> Self::Bytes;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! host_values {
    ($($number:ty)*) => {$(
        impl sealed::Sealed for $number {}

        impl HostValue for $number {
            type Bytes = [u8; size_of::<$number>()];

            fn from_bytes(bytes: Self::Bytes) -> Self {
                Self::from_le_bytes(bytes)
            }

            fn to_bytes(self) -> Self::Bytes {
                self.to_le_bytes()
            }
        }
    )*};
}

host_values! { u8 i8 u16 i16 u32 i32 u64 i64 u128 i128 f32 f64 }
