//! The one table of targets. A new target is a new row; `check`, `cross`, `setup`
//! and `ci` read it.

use anyhow::{Result, bail};

/// A feature set of the library crates, as cargo's arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Features {
    None,
    Alloc,
    Std,
}

impl Features {
    pub(crate) fn args(self) -> &'static [&'static str] {
        match self {
            Features::None => &["--no-default-features"],
            Features::Alloc => &["--no-default-features", "--features", "alloc"],
            Features::Std => &["--no-default-features", "--features", "std"],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Features::None => "no features",
            Features::Alloc => "alloc",
            Features::Std => "std",
        }
    }
}

/// What a target needs beyond a compiler.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Linux: tests are built, and run where we can.
    Linux {
        /// The C compiler that links for it.
        linker: &'static str,
        /// The emulator's program and arguments.
        emulator: &'static [&'static str],
        /// Debian's name of the architecture.
        debian_arch: &'static str,
        /// Debian packages with linker, C library and emulator.
        packages: &'static [&'static str],
    },
    /// No operating system: built, not run.
    Bare,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) triple: &'static str,
    pub(crate) kind: Kind,
}

/// Every target that we promise.
pub(crate) const TARGETS: [Target; 5] = [
    Target {
        triple: "x86_64-unknown-linux-gnu",
        kind: Kind::Linux {
            linker: "x86_64-linux-gnu-gcc",
            emulator: &["qemu-x86_64-static", "-cpu", "max"],
            debian_arch: "amd64",
            packages: &["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross", "qemu-user-static"],
        },
    },
    Target {
        triple: "aarch64-unknown-linux-gnu",
        kind: Kind::Linux {
            linker: "aarch64-linux-gnu-gcc",
            emulator: &["qemu-aarch64-static", "-cpu", "max"],
            debian_arch: "arm64",
            packages: &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user-static"],
        },
    },
    Target { triple: "aarch64-unknown-none", kind: Kind::Bare },
    // The two without 64-bit atomics.
    Target { triple: "thumbv7em-none-eabi", kind: Kind::Bare },
    Target { triple: "riscv32imac-unknown-none-elf", kind: Kind::Bare },
];

impl Target {
    /// The feature sets that exist on this target.
    pub(crate) fn features(&self) -> &'static [Features] {
        match self.kind {
            Kind::Linux { .. } => &[Features::None, Features::Alloc, Features::Std],
            Kind::Bare => &[Features::None, Features::Alloc],
        }
    }

    /// Cargo's variable for a setting of this target.
    pub(crate) fn cargo_variable(&self, setting: &str) -> String {
        let triple = self.triple.replace('-', "_").to_uppercase();
        format!("CARGO_TARGET_{triple}_{setting}")
    }
}

/// The rows asked for: all, or the one named.
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
