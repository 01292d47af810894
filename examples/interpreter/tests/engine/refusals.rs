//! Errors of refused modules: category, text and offset belong to one error.

use wrt_interpreter::{Features, LoadError, Module};

fn refusal(bytes: &[u8]) -> LoadError {
    Module::new(bytes, &Features::ALL).unwrap_err()
}

/// A module of one function, `() -> ()`, with this body.
fn function(body: &[u8]) -> Vec<u8> {
    let code = [&[1, body.len() as u8 + 1, 0], body].concat();
    let sections = [&[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, code.len() as u8], &code[..]].concat();
    [b"\0asm\x01\0\0\0", &sections[..]].concat()
}

#[test]
fn a_body_that_does_not_decode_is_malformed_where_it_does_not() {
    // i32.add without operands, then an opcode that is none.
    let error = refusal(&function(&[0x6a, 0xff, 0x0b])).to_string();
    assert_eq!(error, "malformed module: illegal opcode: 0xff (at offset 0x18)");
    // The same, without the end.
    let error = refusal(&function(&[0x6a])).to_string();
    let expected = "malformed module: control frames remain at end of function body or expression \
                    (at offset 0x18)";
    assert_eq!(error, expected);
    let error = refusal(&function(&[0x6a, 0x0b])).to_string();
    let expected = "invalid module: type mismatch: expected i32 but nothing on stack \
                    (at offset 0x17)";
    assert_eq!(error, expected);
}

#[test]
fn a_section_that_does_not_decode_is_malformed_where_it_does_not() {
    // An export of a function that is not there, and of a kind that is none.
    let exports = |kind: u8| {
        let section = [7, 9, 2, 1, b'f', 0, 0, 1, b'g', kind, 0];
        [b"\0asm\x01\0\0\0", &section[..]].concat()
    };
    let error = refusal(&exports(9)).to_string();
    let expected =
        "malformed module: invalid leading byte (0x9) for external kind (at offset 0x11)";
    assert_eq!(error, expected);
    let error = refusal(&exports(3)).to_string();
    let expected = "invalid module: unknown function 0: exported function index out of bounds \
                    (at offset 0xb)";
    assert_eq!(error, expected);
}

#[test]
fn what_is_not_supported_has_the_name_of_the_text_format() {
    let refusal = |text: &str| refusal(&wat::parse_str(text).unwrap()).to_string();
    let vector = refusal("(module (func (param v128) (result v128) (i16x8.abs (local.get 0))))");
    assert_eq!(vector, "not supported: instruction i16x8.abs (at offset 0x1b)");
    let constant = refusal(
        "(module (global v128 (v128.const i64x2 0 0)) (global (ref null i31) (ref.i31 (i32.const 0))))",
    );
    assert!(constant.starts_with("not supported: type "), "{constant}");
}

#[test]
fn what_is_invalid_comes_before_what_is_not_supported() {
    let text = "(module (func (param v128) (result v128) (i16x8.abs (local.get 0)) i32.add))";
    let error = refusal(&wat::parse_str(text).unwrap());
    assert!(matches!(error, LoadError::Invalid { .. }), "{error}");
}
