//! Proposals that a module may use.

use wasmparser::WasmFeatures;

/// The proposals that a module may use; a module that needs another one is invalid.
///
/// Threads, garbage-collected values, exceptions and the component model are never accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Mutable globals may be imported and exported.
    pub mutable_global: bool,
    /// `i32.extend8_s` and similar instructions.
    pub sign_extension: bool,
    /// `i32.trunc_sat_f32_s` and similar instructions.
    pub saturating_float_to_int: bool,
    /// Blocks with parameters and functions with several results.
    pub multi_value: bool,
    /// `externref`, several tables, `table.get` and similar instructions.
    pub reference_types: bool,
    /// `memory.copy`, `memory.init`, `table.copy` and similar instructions.
    pub bulk_memory: bool,
    /// `v128`.
    pub simd: bool,
    /// `return_call` and `return_call_indirect`.
    pub tail_call: bool,
    /// Arithmetic in constant expressions.
    pub extended_const: bool,
    /// Constant expressions may read immutable globals of the module itself: the part of the
    /// garbage collection proposal that needs no new values.
    pub global_constants: bool,
    /// Memories and tables with 64-bit indexes.
    pub memory64: bool,
    /// More than one memory in a module.
    pub multi_memory: bool,
    /// Pages of one byte.
    pub custom_page_sizes: bool,
}

impl Features {
    /// WebAssembly 1.0.
    pub const MVP: Self = Self {
        mutable_global: true,
        sign_extension: false,
        saturating_float_to_int: false,
        multi_value: false,
        reference_types: false,
        bulk_memory: false,
        simd: false,
        tail_call: false,
        extended_const: false,
        global_constants: false,
        memory64: false,
        multi_memory: false,
        custom_page_sizes: false,
    };

    /// WebAssembly 2.0.
    pub const WASM2: Self = Self {
        sign_extension: true,
        saturating_float_to_int: true,
        multi_value: true,
        reference_types: true,
        bulk_memory: true,
        simd: true,
        ..Self::MVP
    };

    /// Everything this interpreter executes.
    pub const ALL: Self = Self {
        tail_call: true,
        extended_const: true,
        global_constants: true,
        memory64: true,
        multi_memory: true,
        custom_page_sizes: true,
        ..Self::WASM2
    };

    pub(crate) fn to_wasmparser(self) -> WasmFeatures {
        let rows = [
            (self.mutable_global, WasmFeatures::MUTABLE_GLOBAL),
            (self.sign_extension, WasmFeatures::SIGN_EXTENSION),
            (self.saturating_float_to_int, WasmFeatures::SATURATING_FLOAT_TO_INT),
            (self.multi_value, WasmFeatures::MULTI_VALUE),
            (self.reference_types, WasmFeatures::REFERENCE_TYPES),
            (self.bulk_memory, WasmFeatures::BULK_MEMORY),
            (self.simd, WasmFeatures::SIMD),
            (self.tail_call, WasmFeatures::TAIL_CALL),
            (self.extended_const, WasmFeatures::EXTENDED_CONST),
            (self.global_constants, WasmFeatures::GC),
            (self.memory64, WasmFeatures::MEMORY64),
            (self.multi_memory, WasmFeatures::MULTI_MEMORY),
            (self.custom_page_sizes, WasmFeatures::CUSTOM_PAGE_SIZES),
        ];
        let always = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);
        rows.iter().filter(|(on, _)| *on).fold(always, |all, (_, feature)| all.union(*feature))
    }
}

impl Default for Features {
    fn default() -> Self {
        Self::ALL
    }
}
