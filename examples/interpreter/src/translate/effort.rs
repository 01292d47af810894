//! Work of a translation, which tests require to be proportional to the module.

#[cfg(test)]
std::thread_local! {
    static STEPS: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

/// One step of a loop over operands or locals. Only tests count them.
pub(super) fn step() {
    #[cfg(test)]
    STEPS.set(STEPS.get() + 1);
}

/// The steps that this thread has counted.
#[cfg(test)]
pub(super) fn steps() -> u64 {
    STEPS.get()
}
