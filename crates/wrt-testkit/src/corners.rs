//! Corner cases of address arithmetic.

/// The corner cases for a memory of `len` bytes: numbers on either side of zero, of the end, and of
/// the powers of two at which an integer width ends, within the size of the widest access. In
/// order, without duplicates.
#[must_use]
pub fn corners(len: u64) -> Vec<u64> {
    const AROUND: [i128; 15] = [-17, -16, -15, -8, -7, -4, -3, -2, -1, 0, 1, 2, 8, 15, 16];
    let centres = [0, 1 << 16, 1 << 31, 1 << 32, 1 << 63, 1 << 64, i128::from(len)];
    let all = centres.into_iter().flat_map(|centre| AROUND.map(|distance| centre + distance));
    let mut corners: Vec<u64> = all.filter_map(|corner| u64::try_from(corner).ok()).collect();
    corners.sort_unstable();
    corners.dedup();
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_that_matter_are_there() {
        let found = corners(100);
        let wanted = [
            0,
            84,
            99,
            100,
            101,
            65535,
            65536,
            u64::from(u32::MAX),
            1 << 32,
            (1 << 63) - 1,
            u64::MAX - 15,
            u64::MAX,
        ];
        for corner in wanted {
            assert!(found.contains(&corner), "{corner}");
        }
    }
}
