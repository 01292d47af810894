//! Bugs injected into a copy of the sources. Shipped code has none of them and no switch for any.
//!
//! All are in one copy, which is built once for each target. An environment variable chooses the
//! bug of a process.

mod copy;
mod places;

use anyhow::{Result, bail};

pub(crate) use self::copy::{Copy, QUIET};
pub(crate) use self::places::PLACES;

/// The environment variable with the bug of a process.
pub(crate) const CHOICE: &str = "WRT_INJECTED";

/// A text of a source file that bugs can replace.
pub(crate) struct Place {
    /// The file, from the repository's root.
    pub(crate) file: &'static str,
    /// The right text: an expression, or statements with their last semicolon. It occurs once in
    /// the file.
    right: &'static str,
    /// The bugs that can replace it.
    pub(crate) bugs: &'static [Bug],
}

/// A bug at one place.
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    /// The replacement of the right text.
    wrong: &'static str,
}

/// Whether a bug of this name can be injected.
pub(crate) fn is_known(bug: &str) -> bool {
    PLACES.iter().flat_map(|place| place.bugs).any(|known| known.name == bug)
}

impl Place {
    /// A file's text with the choice between the right text and the bugs.
    pub(crate) fn inject(&self, text: &str) -> Result<String> {
        let count = text.matches(self.right).count();
        if count != 1 {
            let bugs: Vec<&str> = self.bugs.iter().map(|bug| bug.name).collect();
            bail!(
                "{} has `{}` {count} times, where {} must stand in its place once",
                self.file,
                self.right,
                bugs.join(", ")
            );
        }
        Ok(text.replace(self.right, &self.choice()))
    }

    fn choice(&self) -> String {
        let bug = |bug: &Bug| {
            format!("if crate::injected::active(\"{}\") {{ {} }} else ", bug.name, bug.wrong)
        };
        let bugs: String = self.bugs.iter().map(bug).collect();
        let choice = format!("{{ {bugs}{{ {} }} }}", self.right);
        let is_value = !self.right.ends_with(';');
        if is_value { format!("({choice})") } else { choice }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bug, PLACES, Place};
    use crate::workspace::Workspace;

    #[test]
    fn every_place_is_there_once() {
        let workspace = Workspace::open().unwrap();
        for place in PLACES {
            let text = workspace.sh.read_file(workspace.root.join(place.file)).unwrap();
            assert_ne!(place.inject(&text).unwrap(), text);
        }
    }

    #[test]
    fn a_text_that_is_not_there_once_names_its_bugs() {
        let bugs = &[Bug { name: "F98", wrong: "1" }, Bug { name: "F99", wrong: "2" }];
        let place = Place { file: "a.rs", right: "0", bugs };
        for text in ["", "0 0"] {
            let refused = place.inject(text).unwrap_err().to_string();
            assert!(refused.contains("a.rs") && refused.contains("F98, F99"), "{refused}");
        }
        let expected = "x = ({ if crate::injected::active(\"F98\") { 1 } else \
                        if crate::injected::active(\"F99\") { 2 } else { 0 } });";
        assert_eq!(place.inject("x = 0;").unwrap(), expected);
    }
}
