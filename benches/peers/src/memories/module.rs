//! The module whose instances are the engines' memories.

use wasm_encoder::{
    ConstExpr, DataSection, ExportKind, ExportSection, MemorySection, MemoryType, Module,
};
use wrt_benches::{Contents, Life};

/// The name under which the memory is exported.
pub(super) const MEMORY: &str = "memory";

/// A module with nothing but the memory of `life`, which has its final size from the start.
pub(super) fn with_memory(life: &Life) -> Vec<u8> {
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: life.pages.into(),
        maximum: Some(life.pages.into()),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export(MEMORY, ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&memories).section(&exports);
    if life.contents == Contents::Image {
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), life.contents.image(life.bytes()));
        module.section(&data);
    }
    module.finish()
}
