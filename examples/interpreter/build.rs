//! Choice of the dispatch of operations.
//!
//! Where the compiler turns a call in tail position into a jump (an optimized build without
//! instrumentation, on an architecture whose backend does so with all arguments in registers),
//! every operation calls the next one: `wrt_tail_dispatch`. Elsewhere operations return to a
//! central loop. A test of the inner loop fails if the compiler does not do so.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(wrt_tail_dispatch)");
    let optimized = matches!(env::var("OPT_LEVEL").as_deref(), Ok("2" | "3"));
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let windows = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "windows");
    let jumps = matches!(arch.as_str(), "x86_64" | "aarch64") && !windows;
    let checked = env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let instrumented =
        ["instrument", "sanitizer", "opt-level"].iter().any(|flag| flags.contains(flag));
    let portable = env::var_os("CARGO_FEATURE_PORTABLE_DISPATCH").is_some();
    if optimized && jumps && !checked && !instrumented && !portable {
        println!("cargo::rustc-cfg=wrt_tail_dispatch");
    }
}
