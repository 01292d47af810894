//! Clocks, and waiting for them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::context::State;
use super::errno::Errno;
use super::guest::{Args, Guest};

const REALTIME: u32 = 0;
/// Clocks that start with the context: the monotonic clock, and those of the process and of the
/// thread, which also count time spent waiting for input.
const FROM_START: core::ops::RangeInclusive<u32> = 1..=3;

pub(super) fn resolution(
    _: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let clock = args.u32(0);
    if clock != REALTIME && !FROM_START.contains(&clock) {
        return Err(Errno::Invalid);
    }
    guest.put_u64(args.size(1), 1)
}

pub(super) fn time(state: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let now = now(state, args.u32(0))?;
    guest.put_u64(args.size(2), now)
}

/// Nanoseconds on a clock.
fn now(state: &State, clock: u32) -> Result<u64, Errno> {
    let elapsed = match clock {
        REALTIME => SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Errno::Overflow)?,
        clock if FROM_START.contains(&clock) => state.started.elapsed(),
        _ => return Err(Errno::Invalid),
    };
    u64::try_from(elapsed.as_nanos()).map_err(|_| Errno::Overflow)
}

/// A subscription of a program.
struct Subscription {
    userdata: u64,
    kind: u8,
    /// Nanoseconds until the event, or an error if it cannot be waited for.
    due: Result<u64, Errno>,
}

/// The most subscriptions of one call.
const MAX_SUBSCRIPTIONS: u64 = 4096;
const SUBSCRIPTION_BYTES: u64 = 48;
const EVENT_BYTES: u64 = 32;
const CLOCK: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;

impl Subscription {
    fn read(state: &State, guest: &Guest<'_>, at: u64) -> Result<Self, Errno> {
        let userdata = guest.u64(at)?;
        let [kind] = guest.read(at + 8)?;
        let due = match kind {
            CLOCK => {
                let (clock, timeout) = (guest.u32(at + 16)?, guest.u64(at + 24)?);
                let absolute = u16::from_le_bytes(guest.read(at + 40)?) & 1 != 0;
                now(state, clock).map(|now| timeout.saturating_sub(if absolute { now } else { 0 }))
            }
            // Files are always ready, and whoever reads a stream may wait then.
            READ | WRITE => state.descriptors.get(guest.u32(at + 16)?).map(|_| 0),
            _ => return Err(Errno::Invalid),
        };
        Ok(Self { userdata, kind, due })
    }

    fn event(&self) -> [u8; EVENT_BYTES as usize] {
        let errno = self.due.err().map_or(0, |errno| errno as u16);
        let mut event = [0; EVENT_BYTES as usize];
        event[..8].copy_from_slice(&self.userdata.to_le_bytes());
        event[8..10].copy_from_slice(&errno.to_le_bytes());
        event[10] = self.kind;
        // How many bytes there are to read nobody knows; one, at least, will be waited for.
        event[16] = u8::from(self.kind != CLOCK);
        event
    }
}

/// Waits until the first event of the subscriptions, and reports all that have occurred.
pub(super) fn poll(state: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let (input, output, count, result) = (args.size(0), args.size(1), args.size(2), args.size(3));
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Invalid);
    }
    guest.bytes(input, count * SUBSCRIPTION_BYTES)?;
    guest.bytes(output, count * EVENT_BYTES)?;
    guest.bytes(result, 4)?;
    let mut subscriptions = Vec::new();
    for index in 0..count {
        subscriptions.push(Subscription::read(state, guest, input + index * SUBSCRIPTION_BYTES)?);
    }
    let due = |subscription: &Subscription| subscription.due.unwrap_or(0);
    let first = subscriptions.iter().map(due).min().unwrap_or(0);
    if first > 0 {
        // What was written until now is seen while we wait.
        state.descriptors.flush()?;
        let duration = Duration::from_nanos(first);
        match &state.interrupt {
            Some(interrupt) => interrupt.sleep(duration),
            None => std::thread::sleep(duration),
        }
    }
    let mut events = 0;
    for subscription in subscriptions.iter().filter(|one| due(one) <= first) {
        guest.write(output + u64::from(events) * EVENT_BYTES, &subscription.event())?;
        events += 1;
    }
    guest.put_u32(result, events)
}
