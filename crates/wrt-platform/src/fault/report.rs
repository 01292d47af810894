//! Reports of faults.

use core::fmt;

use super::address::without_tag;
use super::kind::{FaultKind, FaultSignal};
use super::registry;
use crate::name::MemoryName;

/// A fault in a registered memory. Sizes are bytes.
///
/// Its `Display` text has memory, address and distance, and takes no lock and no allocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FaultReport {
    /// The memory's name, empty if it has none.
    pub name: MemoryName,
    /// The kind of the fault.
    pub kind: FaultKind,
    /// The host address, without tag bits. On s390x it is the first byte of the page.
    pub address: usize,
    /// The WebAssembly address: bytes from the memory's base, negative before it.
    pub wasm_address: i64,
    /// Distance of the address from the memory: bytes past the end (0 for the first byte there),
    /// bytes before the start, or 0 inside.
    pub distance: u64,
    /// The memory's accessible length at the time of the report.
    pub len: u64,
}

impl FaultReport {
    /// The report for a `signal` at `address`. `None` if the address belongs to no registered
    /// memory.
    ///
    /// This is safe in a signal handler: it takes no lock, allocates nothing, and reads each
    /// registered memory once. If guards of two memories share bytes, the report names the nearer
    /// memory. A memory whose registration changes repeatedly during the call may be missed; a
    /// single change never interferes, even if its thread was stopped half-way.
    ///
    /// Tag bits (the top byte of an address on aarch64) are ignored.
    ///
    /// ```
    /// use wrt_platform::{FaultReport, FaultSignal};
    ///
    /// assert_eq!(FaultReport::classify(0x1000, FaultSignal::Segmentation(1)), None);
    /// ```
    #[must_use]
    pub fn classify(address: usize, signal: FaultSignal) -> Option<Self> {
        let address = without_tag(address);
        registry::find(address, |record| {
            let extent = record.extent();
            let place = extent.locate(address)?;
            let protected = record.protects(place.wasm_address);
            Some(Self {
                name: record.name(),
                kind: place.kind(signal, protected),
                address,
                wasm_address: place.wasm_address,
                distance: place.distance,
                len: extent.len as u64,
            })
        })
    }
}

/// Processors of s390x report the page of an access and not the byte, so the kernel gives the first
/// byte of the page.
const AT: &str = if cfg!(target_arch = "s390x") { "in the page at" } else { "at" };

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => f.write_str("memory without a name")?,
            name => write!(f, "memory {name:?}")?,
        }
        write!(f, ": access {AT} {}, ", Hex(self.wasm_address))?;
        let Self { distance, kind, .. } = self;
        let bytes = if *distance == 1 { "byte" } else { "bytes" };
        match kind {
            FaultKind::Protected => f.write_str("which is protected"),
            FaultKind::Accessible => f.write_str("which is accessible by now"),
            FaultKind::TagMismatch => f.write_str("with the wrong tag"),
            FaultKind::BusError => f.write_str("where the host cannot give the page"),
            FaultKind::GuardBefore => write!(f, "{distance} {bytes} before the start"),
            FaultKind::GuardAfter | FaultKind::BeyondLength => {
                write!(f, "{distance} {bytes} past the end")
            }
        }
    }
}

/// A number in hexadecimal with an underscore after every four digits, as in Rust.
struct Hex(i64);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let value = self.0.unsigned_abs();
        let groups = [value >> 48, value >> 32, value >> 16, value].map(|group| group & 0xffff);
        let leading = groups.iter().take(3).take_while(|group| **group == 0).count();
        let mut shown = groups.iter().skip(leading);
        write!(f, "{sign}0x{:x}", shown.next().copied().unwrap_or_default())?;
        shown.try_for_each(|group| write!(f, "_{group:04x}"))
    }
}

/// Proof of the table of `Send` and `Sync` in the crate's documentation.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<FaultReport>();
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn report(kind: FaultKind, wasm_address: i64, distance: u64) -> FaultReport {
        let name = MemoryName::new("heap");
        FaultReport { name, kind, address: 0, wasm_address, distance, len: 1 << 32 }
    }

    #[test]
    fn a_report_reads_as_a_sentence() {
        for (kind, address, distance, text) in [
            (FaultKind::GuardAfter, 0x1_0000_2000, 8192, "0x1_0000_2000, 8192 bytes past the end"),
            (FaultKind::BeyondLength, 0x1_0000, 0, "0x1_0000, 0 bytes past the end"),
            (FaultKind::GuardBefore, -1, 1, "-0x1, 1 byte before the start"),
            (FaultKind::GuardBefore, i64::MIN, 1 << 63, &{
                let distance = 1_u64 << 63;
                std::format!("-0x8000_0000_0000_0000, {distance} bytes before the start")
            }),
            (FaultKind::Protected, 0, 0, "0x0, which is protected"),
            (FaultKind::TagMismatch, 16, 0, "0x10, with the wrong tag"),
            (FaultKind::BusError, 0x1_0020, 0, "0x1_0020, where the host cannot give the page"),
        ] {
            let expected = std::format!("memory \"heap\": access {AT} {text}");
            assert_eq!(report(kind, address, distance).to_string(), expected);
        }
        let unnamed =
            FaultReport { name: MemoryName::new(""), ..report(FaultKind::Protected, 0, 0) };
        let start = std::format!("memory without a name: access {AT} 0x0,");
        assert!(unnamed.to_string().starts_with(&start));
    }
}
