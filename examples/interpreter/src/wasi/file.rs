//! Files: positions and attributes.

use std::fs::Metadata;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::context::State;
use super::descriptor::{FileKind, Object, inode};
use super::errno::Errno;
use super::guest::{Args, Guest};
use super::io;

pub(super) fn seek(state: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    guest.bytes(args.size(3), 8)?;
    let offset = args.u64(1).cast_signed();
    let to = match args.u32(2) {
        0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Invalid)?),
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        _ => return Err(Errno::Invalid),
    };
    let position = state.descriptors.file(args.u32(0))?.file.seek(to)?;
    guest.put_u64(args.size(3), position)
}

pub(super) fn tell(state: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let position = state.descriptors.file(args.u32(0))?.file.stream_position()?;
    guest.put_u64(args.size(1), position)
}

/// Reads at another position and keeps the current one.
pub(super) fn read_at(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let vectors = guest.vectors(args.size(1), args.size(2))?;
    guest.bytes(args.size(4), 4)?;
    let file = &mut state.descriptors.file(args.u32(0))?.file;
    let before = file.stream_position()?;
    file.seek(SeekFrom::Start(args.u64(3)))?;
    let read = io::read_vectors(file, guest, &vectors, |_| true);
    file.seek(SeekFrom::Start(before))?;
    guest.put_u32(args.size(4), read?)
}

pub(super) fn attributes(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let object = &state.descriptors.get(args.u32(0))?.object;
    let bytes = match object {
        Object::File(open) => encode(&open.path, &open.file.metadata()?),
        Object::Directory(open) => encode(&open.path, &std::fs::metadata(&open.path)?),
        Object::Input(_) | Object::Output(_) => io::stream_attributes(object.kind()),
    };
    guest.write(args.size(1), &bytes)
}

/// Attributes in the layout of preview 1.
pub(super) fn encode(path: &Path, metadata: &Metadata) -> [u8; 64] {
    let modified = nanoseconds(metadata.modified());
    let mut bytes = [0; 64];
    bytes[8..16].copy_from_slice(&inode(path).to_le_bytes());
    bytes[16] = FileKind::of(metadata) as u8;
    bytes[24..32].copy_from_slice(&1_u64.to_le_bytes());
    bytes[32..40].copy_from_slice(&metadata.len().to_le_bytes());
    bytes[40..48].copy_from_slice(&nanoseconds(metadata.accessed()).to_le_bytes());
    bytes[48..56].copy_from_slice(&modified.to_le_bytes());
    // Not every host knows when attributes changed; contents it does.
    bytes[56..].copy_from_slice(&modified.to_le_bytes());
    bytes
}

/// Nanoseconds since 1970; 0 for unknown and earlier times.
fn nanoseconds(time: std::io::Result<SystemTime>) -> u64 {
    let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}
