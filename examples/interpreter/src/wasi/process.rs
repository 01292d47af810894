//! Arguments, environment, random bytes and the processor.

use super::context::State;
use super::errno::Errno;
use super::guest::{Args, Guest};

pub(super) fn args_get(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    put_strings(&state.args, guest, args)
}

pub(super) fn args_sizes_get(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    put_sizes(&state.args, guest, args)
}

pub(super) fn environ_get(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    put_strings(&state.environment, guest, args)
}

pub(super) fn environ_sizes_get(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    put_sizes(&state.environment, guest, args)
}

/// A list of pointers at the first argument, to the strings one after another at the second.
fn put_strings(strings: &[Vec<u8>], guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let (mut pointer, mut place) = (args.size(0), args.size(1));
    for string in strings {
        // Where the string does not fit, neither does its pointer: the write below says so.
        guest.put_u32(pointer, place as u32)?;
        guest.write(place, string)?;
        place += string.len() as u64;
        guest.write(place, &[0])?;
        place += 1;
        pointer += 4;
    }
    Ok(())
}

fn put_sizes(strings: &[Vec<u8>], guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let bytes: usize = strings.iter().map(|string| string.len() + 1).sum();
    let fit = |size: usize| u32::try_from(size).map_err(|_| Errno::Overflow);
    guest.put_u32(args.size(0), fit(strings.len())?)?;
    guest.put_u32(args.size(1), fit(bytes)?)
}

pub(super) fn random(_: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let mut bytes = guest.bytes_mut(args.size(0), args.size(1))?;
    getrandom::fill(&mut bytes).map_err(|_| Errno::Io)
}

pub(super) fn yield_now(_: &mut State, _: &mut Guest<'_>, _: &Args<'_>) -> Result<(), Errno> {
    std::thread::yield_now();
    Ok(())
}
