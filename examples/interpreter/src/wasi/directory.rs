//! Directories and the paths below them.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

use super::context::State;
use super::descriptor::{Entry, FileKind, Object, OpenDirectory, OpenFile, inode};
use super::errno::Errno;
use super::file;
use super::guest::{Args, Guest};
use super::io::wants_to_write;
use super::sandbox::{Place, resolve};

pub(super) fn preopened(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let name = preopened_as(state, args)?;
    let mut answer = [0; 8];
    answer[4..].copy_from_slice(&(name.len() as u32).to_le_bytes());
    guest.write(args.size(1), &answer)
}

pub(super) fn preopened_name(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let name = preopened_as(state, args)?;
    if args.size(2) < name.len() as u64 {
        return Err(Errno::NameTooLong);
    }
    guest.write(args.size(1), name.as_bytes())
}

/// The name of a preopened directory. Programs query one descriptor after another until this
/// function fails, so it must return `EBADF` after the last.
fn preopened_as<'a>(state: &'a State, args: &Args<'_>) -> Result<&'a str, Errno> {
    match &state.descriptors.get(args.u32(0))?.object {
        Object::Directory(OpenDirectory { preopened_as: Some(name), .. }) => Ok(name),
        _ => Err(Errno::BadDescriptor),
    }
}

/// Mode in which a program opens a path.
struct Mode {
    create: bool,
    directory: bool,
    exclusive: bool,
    truncate: bool,
    write: bool,
}

pub(super) fn open(state: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    guest.bytes(args.size(8), 4)?;
    let path = guest.text(args.size(2), args.size(3))?;
    let flags = args.u32(4);
    let mode = Mode {
        create: flags & 1 != 0,
        directory: flags & 2 != 0,
        exclusive: flags & 4 != 0,
        truncate: flags & 8 != 0,
        write: wants_to_write(args.u64(5)),
    };
    let root = &state.descriptors.directory(args.u32(0))?.path;
    let follow = args.u32(1) & 1 != 0 && !(mode.create && mode.exclusive);
    let object = open_place(resolve(root, &path, follow)?, &mode)?;
    let number = state.descriptors.insert(object)?;
    guest.put_u32(args.size(8), number)
}

fn open_place(place: Place, mode: &Mode) -> Result<Object, Errno> {
    let Place { path, metadata } = place;
    let Some(metadata) = metadata else {
        return Err(if mode.create { Errno::ReadOnly } else { Errno::NoEntry });
    };
    if mode.create && mode.exclusive {
        return Err(Errno::Exists);
    }
    if metadata.is_symlink() {
        return Err(Errno::Loop);
    }
    if metadata.is_dir() {
        let as_file = (mode.write || mode.create || mode.truncate) && !mode.directory;
        return if as_file {
            Err(Errno::IsDirectory)
        } else {
            Ok(Object::Directory(OpenDirectory::new(path, None)))
        };
    }
    open_file(&path, &metadata, mode)
}

fn open_file(path: &Path, metadata: &Metadata, mode: &Mode) -> Result<Object, Errno> {
    if mode.directory {
        return Err(Errno::NotDirectory);
    }
    if mode.write || mode.truncate {
        return Err(Errno::ReadOnly);
    }
    // Opening a pipe or a device can wait for ever, or do something.
    if !metadata.is_file() {
        return Err(Errno::Access);
    }
    Ok(Object::File(OpenFile { file: File::open(path)?, path: path.to_owned() }))
}

pub(super) fn attributes(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let path = guest.text(args.size(2), args.size(3))?;
    let root = &state.descriptors.directory(args.u32(0))?.path;
    let place = resolve(root, &path, args.u32(1) & 1 != 0)?;
    let metadata = place.metadata.ok_or(Errno::NoEntry)?;
    guest.write(args.size(4), &file::encode(&place.path, &metadata))
}

pub(super) fn read_link(
    state: &mut State,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let path = guest.text(args.size(1), args.size(2))?;
    let root = &state.descriptors.directory(args.u32(0))?.path;
    let place = resolve(root, &path, false)?;
    if !place.metadata.ok_or(Errno::NoEntry)?.is_symlink() {
        return Err(Errno::Invalid);
    }
    let target = fs::read_link(&place.path)?;
    if target.is_absolute() {
        // It leads nowhere for the program, and tells of the host.
        return Err(Errno::NotCapable);
    }
    let bytes = target.to_str().ok_or(Errno::IllegalSequence)?.as_bytes();
    let len = args.size(4).min(bytes.len() as u64) as usize;
    guest.write(args.size(3), bytes.get(..len).unwrap_or_default())?;
    guest.put_u32(args.size(5), len as u32)
}

/// Lists entries from a cookie on. The listing ends at the end of the buffer, where the last entry
/// may be truncated.
pub(super) fn list(state: &mut State, guest: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    let (buffer, room, cookie) = (args.size(1), args.size(2), args.u64(3));
    guest.bytes(buffer, room)?;
    let directory = state.descriptors.directory_mut(args.u32(0))?;
    if cookie == 0 {
        directory.entries = entries(&directory.path)?;
    }
    let start = usize::try_from(cookie).unwrap_or(usize::MAX);
    let mut listing = Vec::new();
    for (index, entry) in directory.entries.iter().enumerate().skip(start) {
        if listing.len() as u64 >= room {
            break;
        }
        encode(entry, index as u64 + 1, &mut listing);
    }
    let used = room.min(listing.len() as u64);
    guest.write(buffer, listing.get(..used as usize).unwrap_or_default())?;
    guest.put_u32(args.size(4), used as u32)
}

fn encode(entry: &Entry, next: u64, listing: &mut Vec<u8>) {
    listing.extend(next.to_le_bytes());
    listing.extend(entry.inode.to_le_bytes());
    listing.extend((entry.name.len() as u32).to_le_bytes());
    listing.extend([entry.kind as u8, 0, 0, 0]);
    listing.extend(entry.name.as_bytes());
}

/// All entries in order of their names, so that programs see the same order on every host. Entries
/// with names that no program could pass are omitted.
fn entries(path: &Path) -> io::Result<Vec<Entry>> {
    let own =
        |name: &str| Entry { name: name.to_owned(), kind: FileKind::Directory, inode: inode(path) };
    let mut entries = vec![own("."), own("..")];
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            let kind = entry.metadata().map_or(FileKind::Unknown, |data| FileKind::of(&data));
            entries.push(Entry { name, kind, inode: inode(&entry.path()) });
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}
