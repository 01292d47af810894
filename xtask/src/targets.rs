//! The one table of targets. A new target is a new row; `check`, `cross`, `setup`
//! and `ci` read it.

use anyhow::{Result, bail};

/// Features of the library crates that add no combination: `default` is `std`.
const WITHOUT_DEFAULT: &str = "default";

/// The same where there is no standard library.
pub(crate) const WITHOUT_STD: &str = "default,std";

/// Kind of a target: its needs beyond a compiler, and its checks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Linux: tests are built, and run where possible.
    Linux(Hosted),
    /// Windows: the same, under Wine.
    Windows(Hosted),
    /// Library crates are type-checked, nothing is linked: there is no linker or C library for it.
    Checked,
    /// No operating system: built, not run.
    Bare,
}

/// Build and run of a target's programs on another machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hosted {
    /// The C compiler that links for it.
    pub(crate) linker: &'static str,
    /// The emulator's program and arguments.
    pub(crate) emulator: &'static [&'static str],
    /// The architecture whose kernels may run the programs themselves, as Rust names it.
    pub(crate) kin: Option<&'static str>,
    /// Debian's name of the architecture, if Debian has Rust's standard library for it. Otherwise
    /// that is built from source.
    pub(crate) debian_arch: Option<&'static str>,
    /// Debian packages with linker, C library and emulator.
    pub(crate) packages: &'static [&'static str],
    /// Programs of the quick tier of `ci`. An emulator takes several times as long.
    pub(crate) runs: Runs,
    /// Programs of the deep tier.
    pub(crate) further: Runs,
}

/// Programs that run for a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs {
    /// The tests, each row the arguments of one `cargo test`.
    pub(crate) tests: &'static [&'static [&'static str]],
    /// The groups of the specification suite.
    pub(crate) groups: &'static [&'static str],
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) triple: &'static str,
    pub(crate) kind: Kind,
}

/// The crates with their checks, and the interpreter's engine.
const CRATES: &[&[&str]] = &[
    &[
        "--package=wrt-platform",
        "--package=wrt-runtime",
        "--package=wrt-instructions",
        "--package=wrt-testkit",
        "--lib",
        "--tests",
    ],
    &["--package=wrt-interpreter", "--test=engine"],
];

/// The other tests, except those of xtask and the benches: programs, and doctests.
const PROGRAMS: &[&[&str]] = &[
    &["--package=wrt-interpreter", "--package=wrt-examples", "--package=wrt-spec"],
    &[
        "--package=wrt-platform",
        "--package=wrt-runtime",
        "--package=wrt-instructions",
        "--package=wrt-testkit",
        "--doc",
    ],
];

/// Every supported target.
pub(crate) const TARGETS: [Target; 9] = [
    Target {
        triple: "x86_64-unknown-linux-gnu",
        kind: Kind::Linux(Hosted {
            linker: "x86_64-linux-gnu-gcc",
            emulator: &["qemu-x86_64-static", "-cpu", "max"],
            kin: None,
            debian_arch: Some("amd64"),
            packages: &["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross", "qemu-user-static"],
            runs: Runs { tests: CRATES, groups: &["core", "bulk"] },
            further: Runs { tests: PROGRAMS, groups: &["simd"] },
        }),
    },
    Target {
        triple: "aarch64-unknown-linux-gnu",
        kind: Kind::Linux(Hosted {
            linker: "aarch64-linux-gnu-gcc",
            // The emulator's cpu with memory tags (of QEMU 7.2) faults where a tagged address is
            // cleared by `dc zva`. This choice makes the C library's memset do without.
            emulator: &[
                "qemu-aarch64-static",
                "-cpu",
                "max",
                "-E",
                "GLIBC_TUNABLES=glibc.cpu.name=kunpeng920",
            ],
            kin: None,
            debian_arch: Some("arm64"),
            packages: &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user-static"],
            runs: Runs { tests: CRATES, groups: &["core", "bulk"] },
            further: Runs { tests: PROGRAMS, groups: &["simd"] },
        }),
    },
    // Where a pointer has 32 bits.
    Target {
        triple: "i686-unknown-linux-gnu",
        kind: Kind::Linux(Hosted {
            linker: "i686-linux-gnu-gcc",
            emulator: &["qemu-i386-static", "-cpu", "max"],
            kin: Some("x86_64"),
            debian_arch: None,
            packages: &["gcc-i686-linux-gnu", "libc6-dev-i386-cross", "qemu-user-static"],
            runs: Runs { tests: CRATES, groups: &["core", "bulk"] },
            further: Runs { tests: &[], groups: &["memory64"] },
        }),
    },
    // Where the first byte of a number is its highest.
    Target {
        triple: "s390x-unknown-linux-gnu",
        kind: Kind::Linux(Hosted {
            linker: "s390x-linux-gnu-gcc",
            emulator: &["qemu-s390x-static", "-cpu", "max"],
            kin: None,
            debian_arch: None,
            packages: &["gcc-s390x-linux-gnu", "libc6-dev-s390x-cross", "qemu-user-static"],
            runs: Runs { tests: CRATES, groups: &["core", "bulk"] },
            further: Runs { tests: &[], groups: &["memory64"] },
        }),
    },
    Target {
        triple: "x86_64-pc-windows-gnu",
        kind: Kind::Windows(Hosted {
            linker: "x86_64-w64-mingw32-gcc",
            emulator: &["wine"],
            kin: None,
            debian_arch: None,
            packages: &["gcc-mingw-w64-x86-64", "wine", "wine64"],
            runs: Runs { tests: CRATES, groups: &["core"] },
            further: Runs { tests: &[], groups: &["memory64", "simd"] },
        }),
    },
    Target { triple: "aarch64-apple-darwin", kind: Kind::Checked },
    Target { triple: "aarch64-unknown-none", kind: Kind::Bare },
    // The two without 64-bit atomics.
    Target { triple: "thumbv7em-none-eabi", kind: Kind::Bare },
    Target { triple: "riscv32imac-unknown-none-elf", kind: Kind::Bare },
];

impl Target {
    /// The features that are not built on this target.
    pub(crate) fn without_features(&self) -> &'static str {
        match self.kind {
            Kind::Linux(_) | Kind::Windows(_) | Kind::Checked => WITHOUT_DEFAULT,
            Kind::Bare => WITHOUT_STD,
        }
    }

    /// The parts of the standard library to build, or `None` where Debian has it: installing it
    /// takes less time.
    pub(crate) fn library_from_source(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Bare => Some("core,alloc"),
            Kind::Linux(Hosted { debian_arch: Some(_), .. }) => None,
            Kind::Checked => Some("std,panic_unwind"),
            // Cargo builds everything anew where one command needs `test` and the next does not.
            Kind::Linux(_) | Kind::Windows(_) => Some("std,panic_unwind,test"),
        }
    }

    /// Build and run of its programs, if it has programs.
    pub(crate) fn hosted(&self) -> Option<Hosted> {
        match self.kind {
            Kind::Linux(hosted) | Kind::Windows(hosted) => Some(hosted),
            Kind::Checked | Kind::Bare => None,
        }
    }

    /// Cargo's variable for a setting of this target.
    pub(crate) fn cargo_variable(&self, setting: &str) -> String {
        let triple = self.triple.replace('-', "_").to_uppercase();
        format!("CARGO_TARGET_{triple}_{setting}")
    }
}

/// The rows to use: all, or the named one.
pub(crate) fn select(wanted: Option<&str>) -> Result<Vec<Target>> {
    let Some(wanted) = wanted else {
        return Ok(TARGETS.to_vec());
    };
    match TARGETS.iter().find(|target| target.triple == wanted) {
        Some(target) => Ok(vec![*target]),
        None => {
            let known: Vec<_> = TARGETS.iter().map(|target| target.triple).collect();
            bail!("no target `{wanted}` in the table; it has {}", known.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::select;

    #[test]
    fn an_unknown_target_names_the_known_ones() {
        let message = select(Some("sparc")).unwrap_err().to_string();
        assert!(message.contains("`sparc`") && message.contains("thumbv7em-none-eabi"));
    }

    #[test]
    fn variables_follow_cargos_spelling() {
        let target = select(Some("aarch64-unknown-none")).unwrap()[0];
        let variable = target.cargo_variable("RUNNER");
        assert_eq!(variable, "CARGO_TARGET_AARCH64_UNKNOWN_NONE_RUNNER");
    }
}
