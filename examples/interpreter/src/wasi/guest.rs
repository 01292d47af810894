//! The program's memory as seen by the functions. Addresses have 32 bits in preview 1; they are
//! kept as `u64` so that sums cannot wrap around.

use wrt_platform::PageAllocator;
use wrt_runtime::{LinearMemory, Observer, SafeSlice, SafeSliceMut};

use super::errno::Errno;
use crate::value::Value;

/// A linear memory of any backend and observer, as used by WASI. Calls through it are few compared
/// to the program's own accesses, so all types share one copy of the functions.
pub(super) trait Bytes {
    fn copy_out(&self, address: u64, target: &mut [u8]) -> Result<(), Errno>;
    fn copy_in(&mut self, address: u64, bytes: &[u8]) -> Result<(), Errno>;
    fn view(&self, address: u64, len: u64) -> Result<SafeSlice<'_>, Errno>;
    fn view_mut(&mut self, address: u64, len: u64) -> Result<SafeSliceMut<'_>, Errno>;
}

impl<P: PageAllocator, O: Observer> Bytes for LinearMemory<P, O> {
    fn copy_out(&self, address: u64, target: &mut [u8]) -> Result<(), Errno> {
        self.read(address, target).map_err(|_| Errno::Fault)
    }

    fn copy_in(&mut self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.write(address, bytes).map_err(|_| Errno::Fault)
    }

    fn view(&self, address: u64, len: u64) -> Result<SafeSlice<'_>, Errno> {
        self.get_safe_slice(address, len).map_err(|_| Errno::Fault)
    }

    fn view_mut(&mut self, address: u64, len: u64) -> Result<SafeSliceMut<'_>, Errno> {
        self.get_safe_slice_mut(address, len).map_err(|_| Errno::Fault)
    }
}

/// The memory of the calling program, if it has one; without a memory, no address is valid.
pub(super) struct Guest<'a> {
    memory: Option<&'a mut dyn Bytes>,
}

/// One element of a scatter or gather list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector {
    pub(super) address: u64,
    pub(super) len: u64,
}

/// The most elements, as on other hosts.
const MAX_VECTORS: u64 = 1024;

impl<'a> Guest<'a> {
    pub(super) fn new(memory: Option<&'a mut dyn Bytes>) -> Self {
        Self { memory }
    }

    /// The bytes of a range.
    pub(super) fn bytes(&self, address: u64, len: u64) -> Result<SafeSlice<'_>, Errno> {
        self.memory.as_deref().ok_or(Errno::Fault)?.view(address, len)
    }

    /// The bytes of a range, for writing.
    pub(super) fn bytes_mut(&mut self, address: u64, len: u64) -> Result<SafeSliceMut<'_>, Errno> {
        self.memory.as_deref_mut().ok_or(Errno::Fault)?.view_mut(address, len)
    }

    pub(super) fn read<const N: usize>(&self, address: u64) -> Result<[u8; N], Errno> {
        let mut bytes = [0; N];
        self.memory.as_deref().ok_or(Errno::Fault)?.copy_out(address, &mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.memory.as_deref_mut().ok_or(Errno::Fault)?.copy_in(address, bytes)
    }

    pub(super) fn u32(&self, address: u64) -> Result<u32, Errno> {
        self.read(address).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&self, address: u64) -> Result<u64, Errno> {
        self.read(address).map(u64::from_le_bytes)
    }

    pub(super) fn put_u32(&mut self, address: u64, value: u32) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    pub(super) fn put_u64(&mut self, address: u64, value: u64) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    /// A path or name.
    pub(super) fn text(&self, address: u64, len: u64) -> Result<String, Errno> {
        let bytes = self.bytes(address, len)?;
        let text = core::str::from_utf8(&bytes).map_err(|_| Errno::IllegalSequence)?;
        if text.contains('\0') {
            return Err(Errno::IllegalSequence);
        }
        Ok(text.to_owned())
    }

    /// A scatter or gather list, with every range checked: no byte is transferred if any range is
    /// invalid.
    pub(super) fn vectors(&self, address: u64, count: u64) -> Result<Vec<Vector>, Errno> {
        if count > MAX_VECTORS {
            return Err(Errno::Invalid);
        }
        let mut total = 0_u64;
        let mut vectors = Vec::with_capacity(count as usize);
        for index in 0..count {
            let at = address + index * 8;
            let vector = Vector { address: self.u32(at)?.into(), len: self.u32(at + 4)?.into() };
            self.bytes(vector.address, vector.len)?;
            total += vector.len;
            vectors.push(vector);
        }
        // The number of bytes is answered in 32 bits.
        if total > u64::from(u32::MAX) { Err(Errno::Invalid) } else { Ok(vectors) }
    }
}

/// The arguments of one call, which are integers by the function's type.
pub(super) struct Args<'a>(pub(super) &'a [Value]);

impl Args<'_> {
    pub(super) fn u32(&self, index: usize) -> u32 {
        match self.0.get(index) {
            Some(Value::I32(value)) => value.cast_unsigned(),
            _ => 0,
        }
    }

    /// A pointer or a length.
    pub(super) fn size(&self, index: usize) -> u64 {
        self.u32(index).into()
    }

    pub(super) fn u64(&self, index: usize) -> u64 {
        match self.0.get(index) {
            Some(Value::I64(value)) => value.cast_unsigned(),
            _ => 0,
        }
    }
}
