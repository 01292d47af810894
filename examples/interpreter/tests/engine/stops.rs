//! Programs that are stopped: by a limit of fuel, or by an interrupt.

use std::thread;
use std::time::Duration;

use wrt_interpreter::{
    Error, Features, InstanceId, InstantiateError, Interrupt, Linker, Module, StopCause,
    StopReport, Store, StoreConfig, Value,
};
use wrt_platform::HeapAllocator;

use crate::guest::{HeapStore, config};

/// An instance of a metered module.
struct Limited {
    store: HeapStore,
    instance: InstanceId,
}

impl Limited {
    fn new(text: &str, config: StoreConfig<HeapAllocator>) -> Self {
        let module = Module::metered(&wat::parse_str(text).unwrap(), &Features::ALL).unwrap();
        let mut store = Store::new(config);
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        Self { store, instance }
    }

    fn call(&mut self, name: &str, args: &[i32]) -> Result<Vec<Value>, Error> {
        let args: Vec<_> = args.iter().copied().map(Value::I32).collect();
        self.store.invoke(self.instance, name, &args)
    }

    fn stopped(&mut self, name: &str, args: &[i32]) -> StopReport {
        match self.call(name, args) {
            Err(Error::Stopped(report)) => *report,
            other => panic!("{name} was not stopped: {other:?}"),
        }
    }
}

/// The cost of a call of `f`, found by trial: with one unit less it is stopped.
fn cost(text: &str, args: &[i32]) -> u64 {
    let mut all = Limited::new(text, config().fuel(u64::MAX));
    all.call("f", args).unwrap();
    let cost = u64::MAX - all.store.fuel().unwrap();
    let mut enough = Limited::new(text, config().fuel(cost));
    enough.call("f", args).unwrap();
    assert_eq!(enough.store.fuel(), Some(0));
    let mut less = Limited::new(text, config().fuel(cost - 1));
    assert_eq!(less.stopped("f", args).cause, StopCause::OutOfFuel);
    cost
}

#[test]
fn instructions_cost_one_unit_and_structure_none() {
    let body =
        |body: &str| cost(&format!("(module (func (export \"f\") (param i32) {body}))"), &[3]);
    assert_eq!(body("nop (drop (i32.add (local.get 0) (i32.const 1)))"), 4);
    assert_eq!(body("(block (block (loop nop)) (drop (local.get 0)))"), 2);
    // if, then its arm and what follows.
    assert_eq!(body("(if (local.get 0) (then (drop (i32.const 1)))) (drop (i32.const 1))"), 6);
    assert_eq!(
        body("(if (i32.eqz (local.get 0)) (then unreachable) (else (drop (i32.const 1))))"),
        5
    );
    // A branch that is taken, and the code behind it that is not.
    assert_eq!(body("(block (br_if 0 (local.get 0)) (drop (i32.const 1)) unreachable)"), 2);
    // Three times around: local.get, i32.const, i32.sub, local.tee, br_if.
    let around = "(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))";
    assert_eq!(body(around), 15);
    let table = "(block (block (br_table 0 1 (local.get 0))) unreachable) (drop (i32.const 1))";
    assert_eq!(body(table), 4);
}

#[test]
fn calls_cost_what_is_called() {
    let text = r#"(module (func $g (param i32) (drop (local.get 0)))
        (func (export "f") (call $g (i32.const 1)) (call $g (i32.const 2))))"#;
    assert_eq!(cost(text, &[]), 8);
    let tail = r#"(module (func $g (param i32) (drop (local.get 0)))
        (func (export "f") (return_call $g (i32.const 1))))"#;
    assert_eq!(cost(tail, &[]), 4);
}

#[test]
fn bulk_instructions_cost_what_they_write() {
    let text = |body: &str| {
        format!(
            r#"(module (memory 2) (memory $far 2) (table $t 100 funcref) (data $d "{}")
              (func (export "f") (param i32) {body}))"#,
            "x".repeat(1000)
        )
    };
    let cost = |body: &str, count: i32| cost(&text(body), &[count]);
    let fill = "(memory.fill (i32.const 0) (i32.const 1) (local.get 0))";
    assert_eq!([0, 63, 64, 65_536].map(|count| cost(fill, count)), [4, 4, 5, 4 + 1024]);
    let far = "(memory.fill $far (i32.const 0) (i32.const 1) (local.get 0))";
    assert_eq!(cost(far, 128), 6);
    let copy = "(memory.copy (i32.const 0) (i32.const 1) (local.get 0))";
    assert_eq!(cost(copy, 640), 14);
    let between = "(memory.copy $far 0 (i32.const 0) (i32.const 1) (local.get 0))";
    assert_eq!(cost(between, 640), 14);
    assert_eq!(cost("(memory.init $d (i32.const 0) (i32.const 0) (local.get 0))", 640), 14);
    assert_eq!(cost("(table.fill $t (i32.const 0) (ref.null func) (local.get 0))", 80), 14);
    assert_eq!(cost("(drop (table.grow $t (ref.null func) (local.get 0)))", 80), 14);
}

const ENDLESS: &str = r#"(module
    (func $spin (export "spin") (loop (br 0)))
    (func $deep (export "deep") (call $deep))
    (func $tail (export "tail") (return_call $tail))
    (func $nest (export "nest") (param i32) (loop (block (br_if 1 (i32.const 1))) (br 0)))
    (func (export "f") (result i32) (i32.const 7)))"#;

#[test]
fn nothing_runs_without_fuel() {
    for name in ["spin", "tail"] {
        let mut limited = Limited::new(ENDLESS, config().fuel(10_000));
        let report = limited.stopped(name, &[]);
        assert_eq!(report.cause, StopCause::OutOfFuel);
        assert_eq!(report.function.unwrap().name.as_deref(), Some(name));
        assert_eq!(limited.store.fuel(), Some(0), "{name}");
        limited.stopped("f", &[]);
    }
    let mut limited = Limited::new(ENDLESS, config().fuel(10_000));
    limited.stopped("deep", &[]);
    let report = Limited::new(ENDLESS, config().fuel(10_000)).stopped("nest", &[0]);
    assert_eq!(report.to_string(), "out of fuel, in nest at offset 0x5c");
    let mut none = Limited::new(ENDLESS, config().fuel(0));
    assert_eq!(none.stopped("f", &[]).cause, StopCause::OutOfFuel);
}

#[test]
fn an_interrupt_stops_what_runs_and_what_would() {
    for name in ["spin", "tail"] {
        let interrupt = Interrupt::new();
        let mut limited = Limited::new(ENDLESS, config().interrupt(interrupt.clone()));
        assert_eq!(limited.call("f", &[]).unwrap(), [Value::I32(7)]);
        let raiser = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            interrupt.raise();
        });
        assert_eq!(limited.stopped(name, &[]).cause, StopCause::Interrupted);
        raiser.join().unwrap();
        assert_eq!(limited.stopped("f", &[]).cause, StopCause::Interrupted);
        assert_eq!(limited.store.fuel(), None);
    }
}

#[test]
fn the_start_function_is_limited_too() {
    let text = "(module (func $spin (loop (br 0))) (start $spin))";
    let module = Module::metered(&wat::parse_str(text).unwrap(), &Features::ALL).unwrap();
    let mut store = Store::new(config().fuel(100));
    let error = Linker::new().instantiate(&mut store, &module).unwrap_err();
    assert!(matches!(error, InstantiateError::Run(Error::Stopped(_))), "{error}");
}

#[test]
fn a_module_that_cannot_be_stopped_is_refused_where_it_must_be() {
    let module = Module::new(&wat::parse_str(ENDLESS).unwrap(), &Features::ALL).unwrap();
    for config in [config().fuel(1), config().interrupt(Interrupt::new())] {
        let error = Linker::new().instantiate(&mut Store::new(config), &module).unwrap_err();
        assert!(matches!(error, InstantiateError::NotMetered), "{error}");
    }
    // A metered one runs where nothing is limited.
    let mut free = Limited::new(ENDLESS, config());
    assert_eq!(free.call("f", &[]).unwrap(), [Value::I32(7)]);
}
