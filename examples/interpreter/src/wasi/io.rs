//! Operations of all descriptors: reading, writing, status, closing.

use std::io::{self, Read, Write};

use super::context::State;
use super::descriptor::{FileKind, Input, Object, Output};
use super::errno::Errno;
use super::guest::{Args, Guest, Vector};

/// Rights of preview 1. Programs use them to tell the purpose of a descriptor.
mod rights {
    pub(super) const READ: u64 = 1 << 1;
    pub(super) const SEEK: u64 = 1 << 2;
    pub(super) const SET_FLAGS: u64 = 1 << 3;
    pub(super) const SYNC: u64 = 1 << 4 | 1;
    pub(super) const TELL: u64 = 1 << 5;
    pub(super) const WRITE: u64 = 1 << 6;
    pub(super) const ADVISE: u64 = 1 << 7;
    pub(super) const PATH_OPEN: u64 = 1 << 13;
    pub(super) const READDIR: u64 = 1 << 14;
    pub(super) const READLINK: u64 = 1 << 15;
    pub(super) const PATH_FILESTAT: u64 = 1 << 18;
    pub(super) const FILESTAT: u64 = 1 << 21;
    pub(super) const POLL: u64 = 1 << 27;

    pub(super) const STREAM: u64 = SET_FLAGS | SYNC | FILESTAT | POLL;
    pub(super) const FILE: u64 = STREAM | READ | SEEK | TELL | ADVISE;
    pub(super) const DIRECTORY: u64 =
        SET_FLAGS | SYNC | FILESTAT | PATH_OPEN | READDIR | READLINK | PATH_FILESTAT;
    /// The rights for opening paths. Programs intersect their request with it, so it has all
    /// rights: otherwise a program that wants to write would open a path for reading.
    pub(super) const ALL: u64 = (1 << 30) - 1;
}

pub(super) fn read(state: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let vectors = guest.vectors(args.size(1), args.size(2))?;
    guest.bytes(args.size(3), 4)?;
    let number = args.u32(0);
    show_output_before_waiting(state, number)?;
    let total = match &mut state.descriptors.get_mut(number)?.object {
        Object::Input(input) => read_input(input, guest, &vectors)?,
        Object::File(open) => read_vectors(&mut open.file, guest, &vectors, |_| true)?,
        Object::Directory(_) => return Err(Errno::IsDirectory),
        Object::Output(_) => return Err(Errno::NotCapable),
    };
    guest.put_u32(args.size(3), total)
}

fn show_output_before_waiting(state: &mut State, number: u32) -> Result<(), Errno> {
    let Object::Input(input) = &state.descriptors.get(number)?.object else {
        return Ok(());
    };
    if !input.reader.buffer().is_empty() {
        return Ok(());
    }
    match state.descriptors.flush() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe && state.ends_at_broken_pipe => {
            Err(Errno::BrokenPipe)
        }
        // A program can read its input though nobody takes its output any more.
        _ => Ok(()),
    }
}

/// Reads input; after the first bytes, it does not wait for more.
fn read_input(input: &mut Input, guest: &mut Guest<'_>, vectors: &[Vector]) -> Result<u32, Errno> {
    read_vectors(&mut input.reader, guest, vectors, |reader| !reader.buffer().is_empty())
}

/// Fills the vectors one after another, until one is only partly filled or there is no `more`.
pub(super) fn read_vectors<R: Read>(
    reader: &mut R,
    guest: &mut Guest<'_>,
    vectors: &[Vector],
    more: impl Fn(&R) -> bool,
) -> Result<u32, Errno> {
    let mut total = 0;
    for vector in vectors.iter().filter(|vector| vector.len > 0) {
        if total > 0 && !more(reader) {
            break;
        }
        let mut target = guest.bytes_mut(vector.address, vector.len)?;
        match read_once(reader, &mut target) {
            Ok(read) => {
                total += read as u32;
                if read < target.len() {
                    break;
                }
            }
            Err(error) if total == 0 => return Err(error.into()),
            Err(_) => break,
        }
    }
    Ok(total)
}

fn read_once<R: Read>(reader: &mut R, target: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(target) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

pub(super) fn write(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let vectors = guest.vectors(args.size(1), args.size(2))?;
    guest.bytes(args.size(3), 4)?;
    let total = match &mut state.descriptors.get_mut(args.u32(0))?.object {
        Object::Output(output) => write_vectors(output, guest, &vectors)?,
        _ => return Err(Errno::NotCapable),
    };
    guest.put_u32(args.size(3), total)
}

fn write_vectors(output: &mut Output, guest: &Guest<'_>, vectors: &[Vector]) -> Result<u32, Errno> {
    let mut total = 0;
    for vector in vectors {
        let bytes = guest.bytes(vector.address, vector.len)?;
        output.writer.write_all(&bytes)?;
        total += vector.len as u32;
    }
    if output.terminal {
        output.writer.flush()?;
    }
    Ok(total)
}

pub(super) fn close(state: &mut State, _: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    match state.descriptors.remove(args.u32(0))?.object {
        Object::Output(mut output) => Ok(output.writer.flush()?),
        _ => Ok(()),
    }
}

pub(super) fn renumber(state: &mut State, _: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    state.descriptors.flush()?;
    state.descriptors.renumber(args.u32(0), args.u32(1))
}

pub(super) fn sync(state: &mut State, _: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    match &mut state.descriptors.get_mut(args.u32(0))?.object {
        Object::Output(output) => Ok(output.writer.flush()?),
        _ => Ok(()),
    }
}

/// Accepts advice and ignores it.
pub(super) fn advise(state: &mut State, _: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    const KINDS: u32 = 6;
    state.descriptors.file(args.u32(0))?;
    if args.u32(3) < KINDS { Ok(()) } else { Err(Errno::Invalid) }
}

pub(super) fn status(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get(args.u32(0))?;
    let (base, inheriting) = match &descriptor.object {
        Object::Input(_) => (rights::STREAM | rights::READ, 0),
        Object::Output(_) => (rights::STREAM | rights::WRITE, 0),
        Object::File(_) => (rights::FILE, 0),
        Object::Directory(_) => (rights::DIRECTORY, rights::ALL),
    };
    let mut status = [0; 24];
    status[0] = descriptor.object.kind() as u8;
    status[2..4].copy_from_slice(&descriptor.flags.to_le_bytes());
    status[8..16].copy_from_slice(&base.to_le_bytes());
    status[16..].copy_from_slice(&inheriting.to_le_bytes());
    guest.write(args.size(1), &status)
}

pub(super) fn set_flags(
    state: &mut State,
    _: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    const KNOWN: u32 = 0b1_1111;
    let descriptor = state.descriptors.get_mut(args.u32(0))?;
    let flags = args.u32(1);
    if flags & !KNOWN != 0 {
        return Err(Errno::Invalid);
    }
    descriptor.flags = flags as u16;
    Ok(())
}

/// Whether rights include writing.
pub(super) fn wants_to_write(rights: u64) -> bool {
    rights & rights::WRITE != 0
}

/// The attributes of a stream: only its kind.
pub(super) fn stream_attributes(kind: FileKind) -> [u8; 64] {
    let mut attributes = [0; 64];
    attributes[16] = kind as u8;
    attributes
}
