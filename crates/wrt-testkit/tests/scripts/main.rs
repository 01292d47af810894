//! Scripts of operations against a vector: proptest generates them, every backend plays them, for
//! every type of memory and both commit policies.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod strategy;

use proptest::test_runner::{Config, TestRunner};
use wrt_instructions::{LoadOp, StoreOp};
use wrt_platform::{
    CommitPolicy, HeapAllocator, MemoryImage, PageAllocator, Protection, for_each_backend,
};
use wrt_runtime::{
    Budget, Counting, IndexType, LinearMemory, MemoryBuilder, MemoryType, Metrics, PageSize,
    SyncMetrics,
};
use wrt_testkit::{
    ChildTest, MemorySetup, ScriptOperation, Step, run_pair_script, run_pair_script_with,
    run_script, run_script_with,
};

/// The types of memory, small enough that every backend has room for their maximum.
fn types() -> [MemoryType; 5] {
    let new = |index, page, minimum, maximum| MemoryType::new(index, page, minimum, Some(maximum));
    [
        new(IndexType::I32, PageSize::Wasm, 1, 4),
        new(IndexType::I64, PageSize::Wasm, 0, 3),
        new(IndexType::I32, PageSize::One, 37, 9000),
        new(IndexType::I64, PageSize::One, 0, 5000),
        new(IndexType::I32, PageSize::One, 4097, 4097),
    ]
    .map(Result::unwrap)
}

const POLICIES: [CommitPolicy; 2] = [CommitPolicy::Exact, CommitPolicy::Ahead];

fn memory<P: PageAllocator>(
    allocator: P,
    ty: MemoryType,
    policy: CommitPolicy,
) -> LinearMemory<P, Metrics> {
    let builder = MemoryBuilder::new(ty).commit(policy).observer(Metrics::default());
    builder.allocate(allocator).unwrap()
}

/// A memory created with a setup.
fn memory_with<'a, P: PageAllocator, O: Counting>(
    allocator: P,
    builder: MemoryBuilder<'_, O>,
    image: Option<&MemoryImage>,
    budget: Option<&'a Budget>,
) -> LinearMemory<P, (O, Option<&'a Budget>)> {
    let builder = builder.also(budget);
    let builder = match image {
        Some(image) => builder.image(image),
        None => builder,
    };
    builder.allocate(allocator).unwrap()
}

fn setup<'a>(image: Option<&'a MemoryImage>, budget: Option<&'a Budget>) -> MemorySetup<'a> {
    let setup = image.map_or(MemorySetup::new(), |image| MemorySetup::new().image(image));
    budget.map_or(setup, |budget| setup.budget(budget))
}

fn runner(cases: u32) -> TestRunner {
    // An emulator takes several times as long.
    let cases = if ChildTest::is_emulated() { cases / 4 } else { cases };
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

/// Every type and policy with separate scripts.
fn single(allocator: impl PageAllocator) {
    for ty in types() {
        for policy in POLICIES {
            let cases = (strategy::start(&ty), strategy::script(&ty));
            let outcome = runner(50).run(&cases, |(start, script)| {
                let budget = start.budget.map(|more| Budget::new(ty.initial().bytes() + more));
                let (image, budget) = (start.image.as_ref(), budget.as_ref());
                let builder = MemoryBuilder::new(ty).commit(policy).observer(Metrics::default());
                let mut memory = memory_with(&allocator, builder, image, budget);
                Ok(run_script_with(&mut memory, setup(image, budget), &script)?)
            });
            outcome.unwrap_or_else(|error| panic!("{ty:?}, {policy:?}: {error}"));
        }
    }
}

/// Every pair of types, and copies between the two. The second memory comes from the heap and
/// counts for several threads. They share a budget.
fn pairs(allocator: impl PageAllocator) {
    for first_type in types() {
        for second_type in types() {
            let starts = (strategy::start(&first_type), strategy::start(&second_type));
            let cases = (starts, strategy::pair_script(&first_type, &second_type));
            let initial = first_type.initial().bytes() + second_type.initial().bytes();
            let outcome = runner(12).run(&cases, |((start, other), script)| {
                let budget = start.budget.map(|more| Budget::new(initial + more));
                let images = [start.image.as_ref(), other.image.as_ref()];
                let setups = images.map(|image| setup(image, budget.as_ref()));
                let builder = MemoryBuilder::new(first_type).commit(CommitPolicy::Ahead);
                let builder = builder.observer(Metrics::default());
                let mut first = memory_with(&allocator, builder, images[0], budget.as_ref());
                let builder = MemoryBuilder::new(second_type).observer(SyncMetrics::default());
                let heap = HeapAllocator::new();
                let mut second = memory_with(heap, builder, images[1], budget.as_ref());
                Ok(run_pair_script_with(&mut first, &mut second, setups, &script)?)
            });
            outcome.unwrap_or_else(|error| panic!("{first_type:?}, {second_type:?}: {error}"));
        }
    }
}

/// A readable script, for operations that generated ones might not reach.
fn by_hand(allocator: impl PageAllocator) {
    let store = |address, bits| ScriptOperation::Store {
        op: StoreOp::V128Store,
        offset: 65520,
        address,
        bits,
    };
    let script = [
        store(0, u128::MAX),
        store(1, 1),
        ScriptOperation::Seal { start: 65520, end: 65536 },
        ScriptOperation::Grow { pages: 1 },
        store(1, 1),
        ScriptOperation::VerifyIntegrity,
        ScriptOperation::Unseal,
        ScriptOperation::Init { target: 131_072, source: 40, len: 0 },
        ScriptOperation::DropData,
        ScriptOperation::Init { target: 0, source: 0, len: 1 },
        ScriptOperation::Copy { target: 65521, source: 65520, len: 65000 },
        ScriptOperation::Load { op: LoadOp::V128Load32x2S, offset: 1, address: 65519 },
        ScriptOperation::Grow { pages: u64::MAX },
        ScriptOperation::Protect { start: 65530, end: 70_000, rights: Protection::READ },
        store(5, 7),
        ScriptOperation::Load { op: LoadOp::V128Load, offset: 0, address: 65535 },
        ScriptOperation::Protect { start: 66_000, end: 66_001, rights: Protection::empty() },
        ScriptOperation::Copy { target: 0, source: 65_000, len: 1000 },
        ScriptOperation::Copy { target: 0, source: 65_001, len: 1000 },
        ScriptOperation::Copy { target: 65_000, source: 0, len: 531 },
        ScriptOperation::Discard { start: 100, end: 65_530 },
        ScriptOperation::Discard { start: 100, end: 65_531 },
        ScriptOperation::Reset,
        ScriptOperation::Load { op: LoadOp::F64Load, offset: 0, address: 65528 },
    ];
    for policy in POLICIES {
        for script in [&script[..], &seals_and_rights()] {
            run_script(&mut memory(&allocator, types()[0], policy), script).unwrap();
            run_script(&mut memory(&allocator, types()[1], policy), script).unwrap();
        }
    }
}

/// An image with gaps, whose pages are partly protected, and a budget that a reset credits.
fn images_and_budgets(allocator: impl PageAllocator) {
    let across = [7; 5000];
    let image = MemoryImage::new(&[(3, b"first"), (30_000, &across), (65_532, b"last")]).unwrap();
    let protect = |start, end, rights| ScriptOperation::Protect { start, end, rights };
    let script = [
        ScriptOperation::Read { address: 29_999, len: 3 },
        ScriptOperation::Seal { start: 0, end: 65_536 },
        protect(30_100, 30_200, Protection::WRITE),
        ScriptOperation::VerifyIntegrity,
        ScriptOperation::Fill { address: 30_100, byte: 1, len: 100 },
        ScriptOperation::Init { target: 30_100, source: 0, len: 40 },
        ScriptOperation::Write { address: 30_150, bytes: vec![3; 50] },
        ScriptOperation::Copy { target: 30_100, source: 1, len: 100 },
        ScriptOperation::Copy { target: 1, source: 30_100, len: 100 },
        ScriptOperation::Discard { start: 28_000, end: 31_000 },
        ScriptOperation::Grow { pages: 1 },
        ScriptOperation::Grow { pages: 2 },
        ScriptOperation::Grow { pages: 1 },
        protect(0, 131_072, Protection::READ),
        ScriptOperation::VerifyIntegrity,
        ScriptOperation::Reset,
        ScriptOperation::Discard { start: 34_000, end: 65_534 },
        ScriptOperation::Grow { pages: 2 },
        ScriptOperation::Reset,
        ScriptOperation::Grow { pages: 3 },
    ];
    for policy in POLICIES {
        let budget = Budget::new(3 * 65_536);
        let builder = MemoryBuilder::new(types()[0]).commit(policy).observer(Metrics::default());
        let mut memory = memory_with(&allocator, builder, Some(&image), Some(&budget));
        run_script_with(&mut memory, setup(Some(&image), Some(&budget)), &script).unwrap();
        drop(memory);
        assert_eq!(budget.used(), 0);
    }
}

/// Seals over ranges that lose and regain rights, with writes in between.
fn seals_and_rights() -> Vec<ScriptOperation> {
    let protect = |start, end, rights| ScriptOperation::Protect { start, end, rights };
    let write = |address| ScriptOperation::Write { address, bytes: vec![1] };
    vec![
        ScriptOperation::Grow { pages: 2 },
        ScriptOperation::Seal { start: 0, end: 65_536 },
        ScriptOperation::Seal { start: 65_536, end: 65_536 },
        ScriptOperation::Seal { start: 65_530, end: 70_000 },
        protect(0, 1, Protection::empty()),
        ScriptOperation::VerifyIntegrity,
        write(100),
        ScriptOperation::VerifyIntegrity,
        write(66_000),
        ScriptOperation::VerifyIntegrity,
        protect(0, 1, Protection::READ),
        ScriptOperation::VerifyIntegrity,
        protect(65_535, 65_536, Protection::empty()),
        ScriptOperation::Write { address: 100, bytes: vec![0] },
        ScriptOperation::VerifyIntegrity,
        ScriptOperation::Unseal,
        protect(0, 65_536, Protection::READ_WRITE),
        ScriptOperation::VerifyIntegrity,
        ScriptOperation::Write { address: 66_000, bytes: vec![0] },
    ]
}

#[test]
fn a_script_finds_a_memory_with_another_image_or_budget() {
    let image = MemoryImage::new(&[(0, b"image"), (4000, b"!")]).unwrap();
    let (budget, other) = (Budget::new(2 * 65_536), Budget::new(4 * 65_536));
    let builder = MemoryBuilder::new(types()[0]).observer(Metrics::default());
    let memory = || memory_with(HeapAllocator::new(), builder.clone(), Some(&image), Some(&budget));
    let reset = [ScriptOperation::Reset];
    let mismatch = run_script_with(&mut memory(), MemorySetup::new(), &reset).unwrap_err();
    assert_eq!(mismatch.detail, "byte 0: Some(105), but the model says Some(0)");
    let setup = MemorySetup::new().image(&image).budget(&other);
    let grow = [ScriptOperation::Grow { pages: 1 }, ScriptOperation::Grow { pages: 1 }];
    let mismatch = run_script_with(&mut memory(), setup, &grow).unwrap_err();
    assert_eq!(mismatch.detail, "bytes of the budget: 0, but the model says 65536");
    let mismatch = run_script_with(&mut memory(), MemorySetup::new(), &grow).unwrap_err();
    assert_eq!((mismatch.step, &mismatch.operation[..4]), (1, "Grow"));
}

#[test]
fn a_script_finds_a_memory_that_is_not_as_the_model_says() {
    let mut first = memory(HeapAllocator::new(), types()[0], CommitPolicy::Exact);
    let mut second = memory(HeapAllocator::new(), types()[2], CommitPolicy::Exact);
    // The model takes the first step for one on the first memory, whose seal it does not know.
    first.seal(0..8).unwrap();
    let write = ScriptOperation::Write { address: 0, bytes: vec![1] };
    let script = [Step::First(write), Step::ToSecond { target: 0, source: 0, len: 4 }];
    let mismatch = run_pair_script(&mut first, &mut second, &script).unwrap_err();
    assert_eq!(mismatch.step, 2);
    let text = "step 2, \"the end\": verify_integrity: [SealBroken(Access { address: 0, size: 8 })], \
                but the model says []";
    assert_eq!(mismatch.to_string(), text);
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn scripts_match_the_model() {
                super::single($new);
            }

            #[test]
            fn pair_scripts_match_the_model() {
                super::pairs($new);
            }

            #[test]
            fn scripts_by_hand_match_the_model() {
                super::by_hand($new);
                super::images_and_budgets($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
