//! Numbers with their noun: "1 byte", "2 bytes".

use core::fmt;

/// A number and its noun; `Display` chooses the singular or the plural.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count(pub u64, pub &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        write!(f, "{number} {noun}{}", if *number == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn one_thing_is_singular() {
        let texts = [0, 1, 2].map(|number| Count(number, "byte").to_string());
        assert_eq!(texts, ["0 bytes", "1 byte", "2 bytes"]);
    }
}
