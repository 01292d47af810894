//! Results of loads, computed from the loaded bytes by a second, simple implementation.

use wrt_instructions::{F32, F64, LoadOp, V128, Value};

/// The result of `op` for the bytes that it loads; `None` for an instruction that is not
/// implemented here.
pub(crate) fn loaded(op: LoadOp, bytes: &[u8]) -> Option<Value> {
    use LoadOp::*;
    let (unsigned, signed) = (unsigned(bytes), signed(bytes));
    let value = match op {
        I32Load | I32Load8U | I32Load16U => Value::I32(unsigned as i32),
        I32Load8S | I32Load16S => Value::I32(signed as i32),
        I64Load | I64Load8U | I64Load16U | I64Load32U => Value::I64(unsigned as i64),
        I64Load8S | I64Load16S | I64Load32S => Value::I64(signed as i64),
        F32Load => Value::F32(F32::from_bits(unsigned as u32)),
        F64Load => Value::F64(F64::from_bits(unsigned as u64)),
        V128Load | V128Load32Zero | V128Load64Zero => vector(unsigned),
        V128Load8Splat | V128Load16Splat | V128Load32Splat | V128Load64Splat => {
            Value::V128(V128(core::array::from_fn(|index| bytes[index % bytes.len()])))
        }
        V128Load8x8S => widened(bytes, 1, self::signed),
        V128Load16x4S => widened(bytes, 2, self::signed),
        V128Load32x2S => widened(bytes, 4, self::signed),
        V128Load8x8U => widened(bytes, 1, |lane| self::unsigned(lane) as i128),
        V128Load16x4U => widened(bytes, 2, |lane| self::unsigned(lane) as i128),
        V128Load32x2U => widened(bytes, 4, |lane| self::unsigned(lane) as i128),
        _ => return None,
    };
    Some(value)
}

/// The vector with `bytes` in lane `lane`; the length of `bytes` is the lane's width.
pub(crate) fn with_lane(vector: [u8; 16], lane: u8, bytes: &[u8]) -> [u8; 16] {
    let mut with = vector;
    let start = usize::from(lane) * bytes.len();
    with[start..start + bytes.len()].copy_from_slice(bytes);
    with
}

fn unsigned(bytes: &[u8]) -> u128 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn signed(bytes: &[u8]) -> i128 {
    let unused = 128 - 8 * bytes.len() as u32;
    (unsigned(bytes) << unused) as i128 >> unused
}

fn vector(bits: u128) -> Value {
    Value::V128(V128(bits.to_le_bytes()))
}

fn widened(bytes: &[u8], width: usize, extend: impl Fn(&[u8]) -> i128) -> Value {
    let lanes = bytes.chunks(width).rev().map(|lane| extend(lane) as u128);
    let mask = (1_u128 << (16 * width)) - 1;
    vector(lanes.fold(0, |vector, lane| vector << (16 * width) | lane & mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(loaded(LoadOp::I32Load8S, &[0x80]), Some(Value::I32(-128)));
        assert_eq!(loaded(LoadOp::I64Load16U, &[0xFF, 0xFE]), Some(Value::I64(0xFEFF)));
        let widened = loaded(LoadOp::V128Load32x2S, &[1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        let mut lanes = [0xFF; 16];
        lanes[..8].copy_from_slice(&1_u64.to_le_bytes());
        assert_eq!(widened, Some(Value::V128(V128(lanes))));
    }

    #[test]
    fn every_load_is_known() {
        for op in LoadOp::ALL {
            assert!(loaded(*op, &vec![0; op.access_size() as usize]).is_some(), "{op}");
        }
    }
}
