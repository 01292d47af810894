//! Stopping programs from outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A request to stop, from another thread than the program's. A clone is the same request.
///
/// It reaches programs through [`StoreConfig::interrupt`](crate::StoreConfig::interrupt): a running
/// program ends with [`Error::Stopped`](crate::Error::Stopped) before its next basic block. A WASI
/// program that [waits](crate::wasi::WasiBuilder::interrupt) stops waiting.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    raised: AtomicBool,
    /// Locked by waiters while they check their condition, and by threads that change it.
    lock: Mutex<()>,
    changed: Condvar,
}

impl Interrupt {
    /// Creates an interrupt that is not raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops all running and later programs. It cannot be undone.
    pub fn raise(&self) {
        self.shared.raised.store(true, Ordering::Release);
        self.notify();
    }

    /// Whether it was raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.shared.raised.load(Ordering::Acquire)
    }

    /// The flag that running programs poll.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.shared.raised
    }

    /// Makes waiters check their condition again.
    pub(crate) fn notify(&self) {
        drop(self.lock());
        self.shared.changed.notify_all();
    }

    /// Waits until there is a value. `None` if the interrupt is raised and there is no value within
    /// `patience` after that.
    pub(crate) fn wait_for<T>(
        &self,
        patience: Duration,
        mut value: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let mut deadline = None;
        let mut lock = self.lock();
        loop {
            if let Some(value) = value() {
                return Some(value);
            }
            if !self.is_raised() {
                lock = self.shared.changed.wait(lock).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let now = Instant::now();
            let left = deadline.get_or_insert(now + patience).checked_duration_since(now)?;
            if left.is_zero() {
                return None;
            }
            let waited = self.shared.changed.wait_timeout(lock, left);
            (lock, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for this long, or until the interrupt is raised.
    pub(crate) fn sleep(&self, duration: Duration) {
        let start = Instant::now();
        let mut lock = self.lock();
        while let Some(left) = duration.checked_sub(start.elapsed())
            && !left.is_zero()
            && !self.is_raised()
        {
            let waited = self.shared.changed.wait_timeout(lock, left);
            (lock, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use super::Interrupt;

    const FOREVER: Duration = Duration::from_secs(3600);

    #[test]
    fn raising_wakes_those_who_wait() {
        let (interrupt, started) = (Interrupt::new(), Instant::now());
        thread::scope(|scope| {
            scope.spawn(|| interrupt.sleep(FOREVER));
            scope.spawn(|| assert_eq!(interrupt.wait_for(Duration::ZERO, || None::<()>), None));
            thread::sleep(Duration::from_millis(20));
            interrupt.raise();
        });
        assert!(started.elapsed() < FOREVER / 2);
        interrupt.sleep(FOREVER);
    }

    #[test]
    fn a_value_ends_the_waiting() {
        let interrupt = Interrupt::new();
        let value = std::sync::Mutex::new(None);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                *value.lock().unwrap() = Some(7);
                interrupt.notify();
            });
            assert_eq!(
                interrupt.wait_for(Duration::ZERO, || value.lock().unwrap().take()),
                Some(7)
            );
        });
        interrupt.sleep(Duration::from_millis(1));
        assert!(!interrupt.is_raised());
    }
}
