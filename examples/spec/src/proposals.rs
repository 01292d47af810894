//! Features of each group. A script may assert that a module is invalid because it uses a proposal
//! of another group, so no group has them all.

use wasmparser::{Validator, WasmFeatures};
use wrt_interpreter::{Features, LoadError, Module};

/// The rules for the modules of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    features: Features,
    threads: bool,
}

/// The specification that scripts belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    /// WebAssembly 2.0.
    Second,
    /// The current one, whose scripts of one group use finished features of others.
    Current,
}

impl Rules {
    /// The rules of a group, by its name: a group with an unknown one gets the edition's.
    pub(crate) fn of(group: &str, edition: Edition) -> Self {
        let current = edition == Edition::Current;
        let base =
            Features { extended_const: current, global_constants: current, ..Features::WASM2 };
        let features = match group {
            "memory64" => Features { memory64: true, ..base },
            "multi-memory" | "simd" => Features { multi_memory: true, ..base },
            "custom-page-sizes" => {
                Features { custom_page_sizes: true, memory64: true, multi_memory: true, ..base }
            }
            "tail-call" => Features { tail_call: true, ..base },
            "extended-const" => Features { extended_const: true, ..base },
            _ => base,
        };
        Self { features, threads: group == "threads" }
    }

    /// Whether the group is not executed, only validated: this interpreter has no threads.
    pub(crate) fn only_validates(&self) -> bool {
        self.threads
    }

    pub(crate) fn load(&self, bytes: &[u8]) -> Result<Module, LoadError> {
        Module::new(bytes, &self.features)
    }

    /// Checks that a module is refused as malformed or invalid; an error if it is not.
    pub(crate) fn refuses(&self, bytes: &[u8]) -> Result<(), String> {
        if self.threads {
            // The proposal counts on one table a module.
            let single_table = WasmFeatures::WASM2.difference(WasmFeatures::REFERENCE_TYPES);
            let features = single_table.union(WasmFeatures::THREADS);
            let judged = Validator::new_with_features(features).validate_all(bytes);
            return judged.map_or(Ok(()), |_| Err("the module is accepted".into()));
        }
        match self.load(bytes) {
            Err(LoadError::Malformed { .. } | LoadError::Invalid { .. }) => Ok(()),
            Err(error) => Err(format!("the module is refused for another reason: {error}")),
            Ok(_) => Err("the module is accepted".into()),
        }
    }
}
