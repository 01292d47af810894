//! An observer's refusal, with its reason stored in place.

use core::fmt;

/// An observer's refusal to create or grow a memory, with the reason for the error message.
///
/// It needs no allocator: a reason is a constant, or a computed text of at most
/// [`CAPACITY`](Self::CAPACITY) bytes. A longer text is truncated and ends in an ellipsis.
///
/// ```
/// use wrt_runtime::GrowVeto;
///
/// let constant = GrowVeto::new("the tenant's budget is used up");
/// let (tenant, left) = (17, 4096);
/// let computed = GrowVeto::computed(format_args!("tenant {tenant} has {left} bytes left"));
/// assert_eq!(computed.reason(), "tenant 17 has 4096 bytes left");
/// assert_ne!(constant, computed);
/// ```
#[derive(Clone, Copy)]
pub struct GrowVeto(Reason);

#[derive(Clone, Copy)]
enum Reason {
    Constant(&'static str),
    Computed(Text),
}

/// UTF-8 text in place, truncated at a character boundary.
#[derive(Clone, Copy)]
struct Text {
    len: u8,
    bytes: [u8; GrowVeto::CAPACITY],
}

impl GrowVeto {
    /// The most bytes of a computed reason.
    // This makes a veto 64 bytes, the size of a platform's error together with its tag.
    pub const CAPACITY: usize = 62;

    /// A refusal for `reason`, a phrase such as `"the tenant's budget is used up"`.
    #[must_use]
    pub const fn new(reason: &'static str) -> Self {
        Self(Reason::Constant(reason))
    }

    /// A refusal for a computed reason, such as `format_args!("{left} bytes are left")`. A long
    /// reason is truncated at a character boundary and ends in `…`.
    #[must_use]
    pub fn computed(reason: impl fmt::Display) -> Self {
        let mut text = Text { len: 0, bytes: [0; Self::CAPACITY] };
        if fmt::write(&mut text, format_args!("{reason}")).is_err() {
            text.end_in_ellipsis();
        }
        Self(Reason::Computed(text))
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        match &self.0 {
            Reason::Constant(reason) => reason,
            Reason::Computed(text) => text.as_str(),
        }
    }
}

impl Text {
    fn as_str(&self) -> &str {
        let text = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        // Only whole characters are written, so it is UTF-8.
        str::from_utf8(text).unwrap_or_default()
    }

    /// Marks a text as truncated.
    fn end_in_ellipsis(&mut self) {
        const ELLIPSIS: &str = "…";
        let kept = self.as_str().floor_char_boundary(GrowVeto::CAPACITY - ELLIPSIS.len());
        self.len = kept as u8;
        // The ellipsis fits, so nothing is truncated again.
        let _ = fmt::Write::write_str(self, ELLIPSIS);
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let rest = self.bytes.get_mut(usize::from(self.len)..).unwrap_or_default();
        let kept = more.floor_char_boundary(rest.len());
        for (slot, byte) in rest.iter_mut().zip(more.bytes().take(kept)) {
            *slot = byte;
        }
        self.len += kept as u8;
        // Nothing may follow a truncated text.
        if kept == more.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Equal reasons make equal vetoes, whether constant or computed.
impl PartialEq for GrowVeto {
    fn eq(&self, other: &Self) -> bool {
        self.reason() == other.reason()
    }
}

impl Eq for GrowVeto {}

impl fmt::Debug for GrowVeto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GrowVeto").field(&self.reason()).finish()
    }
}

impl fmt::Display for GrowVeto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl core::error::Error for GrowVeto {}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use wrt_platform::AllocError;

    use super::*;
    use crate::error::GrowErrorCause;

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let long = "x".repeat(GrowVeto::CAPACITY - 1) + "é";
        let cut = "x".repeat(GrowVeto::CAPACITY - 3) + "…";
        assert_eq!(GrowVeto::computed(&long).reason(), cut);
        // Text after the cut would fit, but must not be appended to a truncated text.
        assert_eq!(GrowVeto::computed(format_args!("{long}{}", 7)).reason(), cut);
        // The ellipsis replaces whole characters: 31 of two bytes leave 29 and room to spare.
        let wide = "é".repeat(GrowVeto::CAPACITY);
        assert_eq!(GrowVeto::computed(&wide).reason(), "é".repeat(29) + "…");
        let whole: String = long.chars().take(GrowVeto::CAPACITY - 1).chain(['!']).collect();
        assert_eq!(GrowVeto::computed(&whole).reason(), whole);
        assert_eq!(GrowVeto::computed("").reason(), "");
    }

    #[test]
    fn constant_and_computed_reasons_compare_by_text() {
        let constant = GrowVeto::new("no more than 7");
        let computed = GrowVeto::computed(format_args!("no more than {}", 7));
        assert_eq!(constant, computed);
        assert_ne!(constant, GrowVeto::computed("no more than 8"));
        assert_eq!(
            format!("{computed} {computed:?}"),
            "no more than 7 GrowVeto(\"no more than 7\")"
        );
    }

    #[test]
    fn a_veto_adds_nothing_to_the_size_of_an_error() {
        assert!(size_of::<GrowVeto>() <= 64);
        let larger = size_of::<GrowVeto>().max(size_of::<AllocError>());
        assert!(size_of::<GrowErrorCause>() <= larger + 8);
    }
}
