//! Arguments and results of `--invoke`.

use std::ffi::OsString;
use std::io::{self, Write};

use wrt_interpreter::{FuncType, ValType, Value};

/// Reads one value for each parameter.
pub(crate) fn parse(name: &str, ty: &FuncType, args: &[OsString]) -> Result<Vec<Value>, String> {
    let (wanted, given) = (ty.params().len(), args.len());
    if wanted != given {
        let unit = if wanted == 1 { "argument" } else { "arguments" };
        return Err(format!("{name}: expected {wanted} {unit} for {ty}, found {given}"));
    }
    let mut values = Vec::new();
    for (index, (arg, ty)) in args.iter().zip(ty.params()).enumerate() {
        let text = arg.to_string_lossy();
        let wrong =
            || format!("{name}: argument {}: {text:?} is not a value of type {ty}", index + 1);
        values.push(value(&text, *ty).ok_or_else(wrong)?);
    }
    Ok(values)
}

fn value(text: &str, ty: ValType) -> Option<Value> {
    match ty {
        ValType::I32 => integer(text, 32).map(|bits| Value::I32(bits as i32)),
        ValType::I64 => integer(text, 64).map(|bits| Value::I64(bits as i64)),
        ValType::F32 => text.parse::<f32>().ok().map(|float| Value::F32(float.to_bits())),
        ValType::F64 => text.parse::<f64>().ok().map(|float| Value::F64(float.to_bits())),
        ValType::V128 => {
            let bits = u128::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
            Some(Value::V128(bits.to_le_bytes()))
        }
        ValType::FuncRef if text == "null" => Some(Value::FuncRef(None)),
        ValType::ExternRef if text == "null" => Some(Value::ExternRef(None)),
        ValType::FuncRef | ValType::ExternRef => None,
    }
}

/// A decimal or, after `0x`, a hexadecimal number that fits `bits` bits, signed or unsigned.
fn integer(text: &str, bits: u32) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    // A second sign is no digit, though the standard library takes one.
    let magnitude =
        magnitude.ok().filter(|_| !digits.starts_with('+') && !digits.contains("x+"))?;
    let number = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
    let fits = number >= -(1 << (bits - 1)) && number < 1 << bits;
    fits.then_some(number)
}

/// Prints one value a line, in a form that can be an argument.
pub(crate) fn print(values: &[Value]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for value in values {
        match value {
            Value::I32(value) => writeln!(out, "{value}")?,
            Value::I64(value) => writeln!(out, "{value}")?,
            Value::F32(bits) => writeln!(out, "{}", f32::from_bits(*bits))?,
            Value::F64(bits) => writeln!(out, "{}", f64::from_bits(*bits))?,
            Value::V128(bytes) => writeln!(out, "{:#034x}", u128::from_le_bytes(*bytes))?,
            Value::FuncRef(None) | Value::ExternRef(None) => writeln!(out, "null")?,
            Value::FuncRef(Some(_)) => writeln!(out, "funcref")?,
            Value::ExternRef(Some(number)) => writeln!(out, "externref {number}")?,
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::{Value, integer, value};
    use wrt_interpreter::ValType;

    #[test]
    fn integers_fit_signed_or_unsigned() {
        assert_eq!(integer("-2147483648", 32), Some(-2_147_483_648));
        assert_eq!(integer("4294967295", 32), Some(4_294_967_295));
        assert_eq!(integer("0xffffffff", 32), Some(4_294_967_295));
        assert_eq!(integer("18446744073709551615", 64), Some(u64::MAX.into()));
        for text in ["", "-", "x", "1.5", "4294967296", "-2147483649", "+1", "0x+1", "--1"] {
            assert_eq!(integer(text, 32), None, "{text}");
        }
    }

    #[test]
    fn values_have_the_type_wanted() {
        assert_eq!(value("4294967295", ValType::I32), Some(Value::I32(-1)));
        assert_eq!(value("-1", ValType::I64), Some(Value::I64(-1)));
        assert_eq!(value("1.5", ValType::F32), Some(Value::F32(1.5_f32.to_bits())));
        assert_eq!(value("0x0100", ValType::V128).map(|v| v.ty()), Some(ValType::V128));
        assert_eq!(value("null", ValType::FuncRef), Some(Value::FuncRef(None)));
        assert_eq!(value("7", ValType::ExternRef), None);
    }
}
