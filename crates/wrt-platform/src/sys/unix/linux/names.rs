//! The name that `/proc/PID/maps` shows for a mapping.

use core::ffi::CStr;

/// Names a mapping. Has no effect on a kernel built without names.
pub(in crate::sys) fn set(mapping: &[u8], name: &str) {
    let mut text = [0; LONGEST + 1];
    for (slot, byte) in text.iter_mut().zip(name.bytes().filter(|b| shown(*b)).take(LONGEST)) {
        *slot = byte;
    }
    if let Ok(text) = CStr::from_bytes_until_nul(&text) {
        // A kernel without CONFIG_ANON_VMA_NAME returns EINVAL; the name is optional.
        let _ = rustix::process::set_virtual_memory_region_name(mapping, Some(text));
    }
}

/// The kernel takes up to 80 bytes with the final zero (`ANON_VMA_NAME_MAX_LEN`).
const LONGEST: usize = 79;

/// The kernel refuses control characters and characters with a meaning in `/proc/PID/maps`.
const fn shown(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && !matches!(byte, b'[' | b']' | b'\\' | b'$' | b'`')
}
