//! Modules in the text format, which `wrt-run` takes if it is built with the feature `text`.

use crate::failures::refused;

#[cfg(feature = "text")]
#[test]
fn text_is_encoded() {
    use crate::child::file;
    use crate::wrt_run::wrt_run;

    let text = r#"(module (func (export "f") (result i32) (i32.const 7)))"#;
    let ended = wrt_run(["--invoke", "f", file("text.wat", text).to_str().unwrap()]);
    assert_eq!((ended.code, ended.out().as_str()), (Some(0), "7\n"), "{}", ended.err());
}

#[cfg(feature = "text")]
#[test]
fn a_mistake_in_a_text_is_named_with_its_place() {
    let line = refused("wrong.wat", "(module\n (func (i32.cnst 1)))", &[]);
    assert_eq!(line, "2:9: unknown operator or unexpected token");
    let line = refused("binary.wat", b"\xff\xfe", &[]);
    assert!(line.starts_with(" not text: "), "{line}");
}

#[cfg(not(feature = "text"))]
#[test]
fn a_text_is_refused_with_the_feature_it_needs() {
    let line = refused("text.wat", "(module)", &[]);
    let expected = " the text format is not built in: build wrt-run with `--features text`, or \
                    convert the module with `wat2wasm`";
    assert_eq!(line, expected);
}
