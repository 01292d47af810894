//! The name section. It is for diagnostics only, so invalid parts are ignored.

use wasmparser::{Name, NameMap, NameSectionReader};

use super::Names;

pub(super) fn read(section: NameSectionReader<'_>, names: &mut Names) {
    for name in section.into_iter().flatten() {
        match name {
            Name::Module { name, .. } => names.module = Some(name.to_owned()),
            Name::Function(map) => names.funcs.extend(entries(map)),
            Name::Memory(map) => names.memories.extend(entries(map)),
            _ => {}
        }
    }
}

fn entries(map: NameMap<'_>) -> impl Iterator<Item = (u32, String)> {
    map.into_iter().flatten().map(|naming| (naming.index, naming.name.to_owned()))
}
