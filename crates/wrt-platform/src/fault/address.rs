//! Addresses with a tag in their top byte.

/// The address without the byte that aarch64 ignores and tags use (Arm ARM, "Address tagging").
pub(super) const fn without_tag(address: usize) -> usize {
    const ADDRESS_BITS: u64 = if TOP_BYTE_IGNORED { (1 << 56) - 1 } else { u64::MAX };
    address & ADDRESS_BITS as usize
}

#[cfg(target_arch = "aarch64")]
const TOP_BYTE_IGNORED: bool = true;
#[cfg(not(target_arch = "aarch64"))]
const TOP_BYTE_IGNORED: bool = false;
