//! Names of instructions, for messages.

use wasmparser::Operator;

/// The types and objects that the text format puts before a dot.
const SUBJECTS: [&str; 25] = [
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
    "i31", "any", "array", "atomic", "cont", "data", "elem", "extern", "global", "local", "memory",
    "ref", "struct", "table",
];

macro_rules! visit_names {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($note:tt)*))*) => {
        /// The name of the parser's method for an instruction, such as `visit_i32_load8_s`.
        fn visit_name(operator: &Operator<'_>) -> &'static str {
            match operator {
                $(Operator::$op { .. } => stringify!($visit),)*
                _ => "visit_unknown",
            }
        }
    };
}
wasmparser::for_each_operator!(visit_names);

/// An instruction's name in the text format, such as `i32.load8_s`.
pub(crate) fn name(operator: &Operator<'_>) -> String {
    let visit = visit_name(operator);
    dotted(visit.strip_prefix("visit_").unwrap_or(visit))
}

/// Puts the dots where the parser's name has underscores.
fn dotted(name: &str) -> String {
    // Variants that the text format tells apart by what follows the name.
    let name = match name {
        "typed_select" | "typed_select_multi" => "select",
        "ref_test_non_null" | "ref_test_nullable" => "ref_test",
        "ref_cast_non_null" | "ref_cast_nullable" => "ref_cast",
        _ => name,
    };
    let Some((subject, verb)) = name.split_once('_').filter(|(head, _)| SUBJECTS.contains(head))
    else {
        return name.to_owned();
    };
    let verb = match verb.strip_prefix("atomic_") {
        Some(atomic) if atomic.starts_with("rmw") => {
            format!("atomic.{}", atomic.replacen('_', ".", 1))
        }
        Some(atomic) => format!("atomic.{atomic}"),
        None => verb.to_owned(),
    };
    format!("{subject}.{verb}")
}

#[cfg(test)]
mod tests {
    use wasmparser::{MemArg, MemArgTarget, Operator};
    use wrt_instructions::for_each_memory_instruction;

    use super::{dotted, name};

    const MEMARG: MemArg = MemArg {
        align: 0,
        max_align: 0,
        offset: 0,
        target: MemArgTarget::Memory(0),
        ordering: None,
    };

    macro_rules! rows {
        (
            loads { $(($load:ident, $load_fn:ident, $load_text:tt, $($load_rest:tt)*);)* }
            stores { $(($store:ident, $store_fn:ident, $store_text:tt, $($store_rest:tt)*);)* }
            lane_loads { $(($get:ident, $get_fn:ident, $get_text:tt, $($get_rest:tt)*);)* }
            lane_stores { $(($put:ident, $put_fn:ident, $put_text:tt, $($put_rest:tt)*);)* }
            $($rest:tt)*
        ) => {
            #[test]
            fn accesses_have_the_names_of_the_text_format() {
                $(assert_eq!(name(&Operator::$load { memarg: MEMARG }), $load_text);)*
                $(assert_eq!(name(&Operator::$store { memarg: MEMARG }), $store_text);)*
                $(assert_eq!(name(&Operator::$get { memarg: MEMARG, lane: 0 }), $get_text);)*
                $(assert_eq!(name(&Operator::$put { memarg: MEMARG, lane: 0 }), $put_text);)*
            }
        };
    }
    for_each_memory_instruction!(rows);

    #[test]
    fn others_have_too() {
        for (parsed, text) in [
            ("unreachable", "unreachable"),
            ("br_if", "br_if"),
            ("br_on_cast_fail", "br_on_cast_fail"),
            ("return_call_indirect", "return_call_indirect"),
            ("typed_select", "select"),
            ("memory_copy", "memory.copy"),
            ("local_tee", "local.tee"),
            ("ref_is_null", "ref.is_null"),
            ("ref_test_non_null", "ref.test"),
            ("ref_cast_nullable", "ref.cast"),
            ("i32_wrap_i64", "i32.wrap_i64"),
            ("i16x8_extmul_low_i8x16_s", "i16x8.extmul_low_i8x16_s"),
            ("i32_atomic_load8_u", "i32.atomic.load8_u"),
            ("i64_atomic_rmw32_cmpxchg_u", "i64.atomic.rmw32.cmpxchg_u"),
            ("memory_atomic_wait32", "memory.atomic.wait32"),
            ("atomic_fence", "atomic.fence"),
            ("any_convert_extern", "any.convert_extern"),
            ("throw_ref", "throw_ref"),
            ("ref_as_non_null", "ref.as_non_null"),
        ] {
            assert_eq!(dotted(parsed), text);
        }
    }
}
