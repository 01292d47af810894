//! An observer that logs its events, and vetoes or panics as its mood demands.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;

use wrt_runtime::{
    BulkOperation, GrowErrorCause, GrowEvent, GrowRequest, GrowVeto, Observer, ReleaseEvent,
};

use super::PAGE;

/// The event at which an observer vetoes or panics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mood {
    Calm,
    Veto,
    PanicBefore,
    PanicAfter,
    PanicRefused,
    PanicReset,
    PanicReleased,
}

pub(crate) const MOODS: [Mood; 7] = [
    Mood::Calm,
    Mood::Veto,
    Mood::PanicBefore,
    Mood::PanicAfter,
    Mood::PanicRefused,
    Mood::PanicReset,
    Mood::PanicReleased,
];

/// An observer that logs its events, and vetoes or panics as its mood demands.
pub(crate) struct Witness<'a> {
    name: char,
    pub(crate) mood: Cell<Mood>,
    log: &'a RefCell<Vec<String>>,
}

impl<'a> Witness<'a> {
    pub(crate) fn new(name: char, log: &'a RefCell<Vec<String>>) -> Self {
        Self { name, mood: Cell::new(Mood::Calm), log }
    }

    fn event(&self, event: &str, panics: Mood) {
        self.log.borrow_mut().push(format!("{} {event}", self.name));
        if self.mood.get() == panics {
            // Without the message that a panic prints.
            resume_unwind(Box::new(panics));
        }
    }
}

/// An event in the form of the log.
pub(crate) fn outcome(event: &GrowEvent) -> String {
    let creation = if event.at_creation { "create " } else { "" };
    let outcome = match event.outcome.map_err(|error| error.cause) {
        Ok(()) => "done".to_owned(),
        Err(GrowErrorCause::Maximum { limit }) => format!("above {limit}"),
        Err(GrowErrorCause::Vetoed(veto)) => veto.to_string(),
        Err(GrowErrorCause::Platform(_)) => "no bytes".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    format!("{creation}{} -> {}: {outcome}", event.previous, event.current)
}

impl Observer for Witness<'_> {
    fn bulk(&self, operation: BulkOperation) {
        if let BulkOperation::Reset { target } = operation {
            self.event(&format!("reset {}", target.size / PAGE), Mood::PanicReset);
        }
    }

    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        let creation = if request.at_creation { "create " } else { "" };
        assert_eq!(request.added_bytes(), request.new_bytes() - request.current * PAGE);
        self.event(
            &format!("{creation}{} + {}?", request.current, request.delta),
            Mood::PanicBefore,
        );
        let veto = GrowVeto::computed(format_args!("{} says no", self.name));
        if self.mood.get() == Mood::Veto { Err(veto) } else { Ok(()) }
    }

    fn after_grow(&self, event: &GrowEvent) {
        self.event(&outcome(event), Mood::PanicAfter);
    }

    fn grow_refused(&self, event: &GrowEvent) {
        self.event(&format!("unasked {}", outcome(event)), Mood::PanicRefused);
    }

    fn released(&self, event: &ReleaseEvent) {
        let end = if event.at_drop { "drop" } else { "release" };
        assert_eq!(event.bytes(), (event.previous - event.current) * PAGE);
        self.event(&format!("{end} {} -> {}", event.previous, event.current), Mood::PanicReleased);
    }
}
