//! Test for zero bytes with registers of 32 bytes, where the core has them: over cached memory, the
//! number of loads bounds the loop.
#![allow(unsafe_code, reason = "calls what some cores only have")]

#[path = "zeroes.rs"]
mod any_core;

pub(super) fn all_zero(bytes: &[u8]) -> bool {
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the core has AVX2, which is all that the contract asks for.
        unsafe { all_zero_avx2(bytes) }
    } else {
        any_core::all_zero(bytes)
    }
}

#[target_feature(enable = "avx2")]
fn all_zero_avx2(bytes: &[u8]) -> bool {
    any_core::all_zero_in_chunks(bytes)
}

#[cfg(test)]
mod tests {
    use super::{all_zero, any_core};

    #[test]
    fn every_byte_counts() {
        let mut bytes = [0_u8; 1000];
        for len in [0, 1, 255, 256, 257, 1000] {
            assert!(all_zero(&bytes[..len]) && any_core::all_zero(&bytes[..len]));
            for index in 0..len {
                bytes[index] = 1 << (index % 8);
                let both = (all_zero(&bytes[..len]), any_core::all_zero(&bytes[..len]));
                assert_eq!(both, (false, false), "byte {index} of {len}");
                bytes[index] = 0;
            }
        }
    }
}
