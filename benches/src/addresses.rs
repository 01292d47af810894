//! Addresses of the scalar loops.

/// `count` addresses of 8-byte words below `span`: one after the other, or in an order that no
/// prefetcher guesses.
#[must_use]
pub fn addresses(count: u32, span: u32, in_order: bool) -> Vec<u32> {
    let words = span / 8;
    let mut state = 1_u32;
    let mut next = |index: u32| {
        // The multiplier and increment of "Numerical Recipes"; the low bits are poor.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word = if in_order { index } else { state >> 4 };
        word % words * 8
    };
    (0..count).map(&mut next).collect()
}
