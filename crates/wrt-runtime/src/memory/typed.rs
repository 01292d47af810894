//! Access by the host to numbers and strings.

use core::ffi::CStr;

use wrt_platform::PageAllocator;

use super::LinearMemory;
use crate::error::MemoryError;
use crate::host_value::HostValue;
use crate::observer::Observer;

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// The number at `address`, which need not be aligned, in little-endian order.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{LinearMemory, MemoryType};
    ///
    /// let mut memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
    /// memory.write_value(9, 0.5_f64)?;
    /// assert_eq!(memory.read_value::<f64>(9)?, 0.5);
    /// assert_eq!(memory.read_value::<u64>(9)?, 0.5_f64.to_bits());
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When its bytes are not within the memory or are protected.
    pub fn read_value<T: HostValue>(&self, address: u64) -> Result<T, MemoryError> {
        let mut bytes = T::Bytes::default();
        self.read(address, bytes.as_mut())?;
        Ok(T::from_bytes(bytes))
    }

    /// Writes a number at `address`, which need not be aligned, in little-endian order.
    ///
    /// # Errors
    ///
    /// When its bytes are not within the memory or are protected; no byte is written.
    pub fn write_value<T: HostValue>(&mut self, address: u64, value: T) -> Result<(), MemoryError> {
        self.write(address, value.to_bytes().as_ref())
    }

    /// The UTF-8 string of `len` bytes from `address`, which a guest passes as pointer and length.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{LinearMemory, MemoryType};
    ///
    /// let mut memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
    /// memory.write(100, b"hello\0")?;
    /// assert_eq!(memory.get_str(100, 5)?, "hello");
    /// assert_eq!(memory.get_c_str(100)?, c"hello");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the range is not within the memory or is protected, or its bytes are not UTF-8.
    pub fn get_str(&self, address: u64, len: u64) -> Result<&str, MemoryError> {
        let bytes = self.get_safe_slice(address, len)?.as_slice();
        str::from_utf8(bytes).map_err(|error| {
            let address = address + error.valid_up_to() as u64;
            MemoryError::NotUtf8 { address, name: self.given_name() }
        })
    }

    /// The string from `address` up to the first zero byte, which must lie within the memory. Its
    /// bytes need not be UTF-8. The search for the end takes time proportional to the length.
    ///
    /// # Errors
    ///
    /// When `address` is not within the memory, no zero follows, or a byte up to it is protected.
    pub fn get_c_str(&self, address: u64) -> Result<&CStr, MemoryError> {
        let len = self.len_to_zero(address)?;
        let bytes = self.get_safe_slice(address, len)?.as_slice();
        CStr::from_bytes_with_nul(bytes).map_err(|_| self.unterminated(address))
    }

    /// Number of bytes from `address` up to and including the first zero.
    fn len_to_zero(&self, address: u64) -> Result<u64, MemoryError> {
        let rest = self.byte_len().saturating_sub(address);
        let zero = match self.region.slice(address, rest) {
            Ok(bytes) => bytes.iter().position(|byte| *byte == 0).map(|at| at as u64),
            // The protected bytes may lie past the zero.
            Err(_) => (0..rest)
                .find(|at| !matches!(self.region.load(address + at), Ok([byte]) if byte != 0)),
        };
        match zero {
            Some(at) => Ok(at + 1),
            None if rest == 0 => Err(self.refuse_inaccessible(address, 1)),
            None => Err(self.unterminated(address)),
        }
    }

    #[cold]
    fn unterminated(&self, address: u64) -> MemoryError {
        MemoryError::Unterminated { address, name: self.given_name() }
    }

    /// Writes `text` and a terminating zero at `address`.
    ///
    /// # Errors
    ///
    /// When these bytes are not within the memory or are protected; no byte is written.
    pub fn write_c_str(&mut self, address: u64, text: &CStr) -> Result<(), MemoryError> {
        self.write(address, text.to_bytes_with_nul())
    }
}
