//! Table of the memory instructions, one row each. Functions, decoded operations, tests, benches
//! and interpreters expand it; a new instruction is a new row.

/// Expands `$callback! { sections }` over every memory instruction of this crate.
///
/// The sections, in this order, each with rows that end in a semicolon:
///
/// - `loads { (Variant, function, "text", [opcode], bytes, result, {semantics}); … }`
/// - `stores { (Variant, function, "text", [opcode], bytes, operand, {semantics}); … }`
/// - `lane_loads { (Variant, function, "text", [opcode], bytes, {semantics}); … }`
/// - `lane_stores { (Variant, function, "text", [opcode], bytes, {semantics}); … }`
/// - `bulk { (Variant, function, "text", [opcode]); … }`
///
/// `Variant` is the name that decoders use for the operator, `function` the typed function of this
/// crate, `bytes` the size of the access, which is its natural alignment; `result` and `operand`
/// are `i32`, `i64`, `F32`, `F64` or `V128`. An opcode is one byte or a prefix and a number.
/// `semantics` names a generic function inside this crate.
///
/// ```
/// macro_rules! texts {
///     (loads { $(($v:ident, $f:ident, $text:literal, $op:tt, $n:literal, $r:ident, $s:tt);)* } $($rest:tt)*) => {
///         [$($text),*]
///     };
/// }
/// let loads = wrt_instructions::for_each_memory_instruction!(texts);
/// assert!(loads.contains(&"i64.load32_u") && loads.contains(&"v128.load8x8_s"));
/// ```
#[macro_export]
macro_rules! for_each_memory_instruction {
    ($callback:ident) => {
        $callback! {
            loads {
                (I32Load, i32_load, "i32.load", [0x28], 4, i32, {extend::<i32, i32, _>});
                (I64Load, i64_load, "i64.load", [0x29], 8, i64, {extend::<i64, i64, _>});
                (F32Load, f32_load, "f32.load", [0x2A], 4, F32, {extend::<F32, F32, _>});
                (F64Load, f64_load, "f64.load", [0x2B], 8, F64, {extend::<F64, F64, _>});
                (I32Load8S, i32_load8_s, "i32.load8_s", [0x2C], 1, i32, {extend::<i8, i32, _>});
                (I32Load8U, i32_load8_u, "i32.load8_u", [0x2D], 1, i32, {extend::<u8, i32, _>});
                (I32Load16S, i32_load16_s, "i32.load16_s", [0x2E], 2, i32, {extend::<i16, i32, _>});
                (I32Load16U, i32_load16_u, "i32.load16_u", [0x2F], 2, i32, {extend::<u16, i32, _>});
                (I64Load8S, i64_load8_s, "i64.load8_s", [0x30], 1, i64, {extend::<i8, i64, _>});
                (I64Load8U, i64_load8_u, "i64.load8_u", [0x31], 1, i64, {extend::<u8, i64, _>});
                (I64Load16S, i64_load16_s, "i64.load16_s", [0x32], 2, i64, {extend::<i16, i64, _>});
                (I64Load16U, i64_load16_u, "i64.load16_u", [0x33], 2, i64, {extend::<u16, i64, _>});
                (I64Load32S, i64_load32_s, "i64.load32_s", [0x34], 4, i64, {extend::<i32, i64, _>});
                (I64Load32U, i64_load32_u, "i64.load32_u", [0x35], 4, i64, {extend::<u32, i64, _>});
                (V128Load, v128_load, "v128.load", [0xFD 0x00], 16, V128, {extend::<V128, V128, _>});
                (V128Load8x8S, v128_load8x8_s, "v128.load8x8_s", [0xFD 0x01], 8, V128, {widen::<i8, i16, _>});
                (V128Load8x8U, v128_load8x8_u, "v128.load8x8_u", [0xFD 0x02], 8, V128, {widen::<u8, u16, _>});
                (V128Load16x4S, v128_load16x4_s, "v128.load16x4_s", [0xFD 0x03], 8, V128, {widen::<i16, i32, _>});
                (V128Load16x4U, v128_load16x4_u, "v128.load16x4_u", [0xFD 0x04], 8, V128, {widen::<u16, u32, _>});
                (V128Load32x2S, v128_load32x2_s, "v128.load32x2_s", [0xFD 0x05], 8, V128, {widen::<i32, i64, _>});
                (V128Load32x2U, v128_load32x2_u, "v128.load32x2_u", [0xFD 0x06], 8, V128, {widen::<u32, u64, _>});
                (V128Load8Splat, v128_load8_splat, "v128.load8_splat", [0xFD 0x07], 1, V128, {splat::<u8, _>});
                (V128Load16Splat, v128_load16_splat, "v128.load16_splat", [0xFD 0x08], 2, V128, {splat::<u16, _>});
                (V128Load32Splat, v128_load32_splat, "v128.load32_splat", [0xFD 0x09], 4, V128, {splat::<u32, _>});
                (V128Load64Splat, v128_load64_splat, "v128.load64_splat", [0xFD 0x0A], 8, V128, {splat::<u64, _>});
                (V128Load32Zero, v128_load32_zero, "v128.load32_zero", [0xFD 0x5C], 4, V128, {zero::<u32, _>});
                (V128Load64Zero, v128_load64_zero, "v128.load64_zero", [0xFD 0x5D], 8, V128, {zero::<u64, _>});
            }
            stores {
                (I32Store, i32_store, "i32.store", [0x36], 4, i32, {wrap::<i32, i32, _>});
                (I64Store, i64_store, "i64.store", [0x37], 8, i64, {wrap::<i64, i64, _>});
                (F32Store, f32_store, "f32.store", [0x38], 4, F32, {wrap::<F32, F32, _>});
                (F64Store, f64_store, "f64.store", [0x39], 8, F64, {wrap::<F64, F64, _>});
                (I32Store8, i32_store8, "i32.store8", [0x3A], 1, i32, {wrap::<i32, u8, _>});
                (I32Store16, i32_store16, "i32.store16", [0x3B], 2, i32, {wrap::<i32, u16, _>});
                (I64Store8, i64_store8, "i64.store8", [0x3C], 1, i64, {wrap::<i64, u8, _>});
                (I64Store16, i64_store16, "i64.store16", [0x3D], 2, i64, {wrap::<i64, u16, _>});
                (I64Store32, i64_store32, "i64.store32", [0x3E], 4, i64, {wrap::<i64, u32, _>});
                (V128Store, v128_store, "v128.store", [0xFD 0x0B], 16, V128, {wrap::<V128, V128, _>});
            }
            lane_loads {
                (V128Load8Lane, v128_load8_lane, "v128.load8_lane", [0xFD 0x54], 1, {load_lane::<u8, _>});
                (V128Load16Lane, v128_load16_lane, "v128.load16_lane", [0xFD 0x55], 2, {load_lane::<u16, _>});
                (V128Load32Lane, v128_load32_lane, "v128.load32_lane", [0xFD 0x56], 4, {load_lane::<u32, _>});
                (V128Load64Lane, v128_load64_lane, "v128.load64_lane", [0xFD 0x57], 8, {load_lane::<u64, _>});
            }
            lane_stores {
                (V128Store8Lane, v128_store8_lane, "v128.store8_lane", [0xFD 0x58], 1, {store_lane::<u8, _>});
                (V128Store16Lane, v128_store16_lane, "v128.store16_lane", [0xFD 0x59], 2, {store_lane::<u16, _>});
                (V128Store32Lane, v128_store32_lane, "v128.store32_lane", [0xFD 0x5A], 4, {store_lane::<u32, _>});
                (V128Store64Lane, v128_store64_lane, "v128.store64_lane", [0xFD 0x5B], 8, {store_lane::<u64, _>});
            }
            bulk {
                (MemorySize, memory_size, "memory.size", [0x3F]);
                (MemoryGrow, memory_grow, "memory.grow", [0x40]);
                (MemoryInit, memory_init, "memory.init", [0xFC 0x08]);
                (DataDrop, data_drop, "data.drop", [0xFC 0x09]);
                (MemoryCopy, memory_copy, "memory.copy", [0xFC 0x0A]);
                (MemoryFill, memory_fill, "memory.fill", [0xFC 0x0B]);
            }
        }
    };
}
