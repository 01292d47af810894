//! Strategies of proptest: operations near corner cases.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use wrt_instructions::{LaneLoadOp, LaneStoreOp, LoadOp, StoreOp};
use wrt_platform::{MemoryImage, Protection};
use wrt_runtime::MemoryType;
use wrt_testkit::{ScriptOperation, Step, corners};

const LONGEST: usize = 60;

/// Properties of a new memory besides its type.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) image: Option<MemoryImage>,
    /// Bytes that the budget allows beyond the initial ones.
    pub(crate) budget: Option<u64>,
}

/// Mostly an image of a few bytes with gaps between them, sometimes a budget.
pub(crate) fn start(ty: &MemoryType) -> impl Strategy<Value = Start> + use<> {
    let (initial, most) = (ty.initial().bytes(), ty.limit().bytes());
    let segment = (0..initial.max(1), vec(1..=u8::MAX, 0..40));
    let image = vec(segment, 0..4).prop_map(move |segments| {
        let fits = |(at, bytes): &(u64, Vec<u8>)| at + bytes.len() as u64 <= initial;
        let segments: Vec<_> = segments.into_iter().filter(fits).collect();
        let borrowed: Vec<_> = segments.iter().map(|(at, bytes)| (*at, &bytes[..])).collect();
        MemoryImage::new(&borrowed).ok()
    });
    let budget = prop_oneof![2 => Just(None), 1 => (0..=most - initial).prop_map(Some)];
    (image, budget).prop_map(|(image, budget)| Start { image, budget })
}

/// Scripts for a memory of this type.
pub(crate) fn script(ty: &MemoryType) -> impl Strategy<Value = Vec<ScriptOperation>> + use<> {
    vec(operation(ty), 1..LONGEST)
}

/// Scripts for two memories.
pub(crate) fn pair_script(
    first: &MemoryType,
    second: &MemoryType,
) -> impl Strategy<Value = Vec<Step>> + use<> {
    let across = (address(first), address(second), length(first));
    let step = prop_oneof![
        operation(first).prop_map(Step::First),
        operation(second).prop_map(Step::Second),
        across.clone().prop_map(|(target, source, len)| Step::ToFirst { target, source, len }),
        across.prop_map(|(source, target, len)| Step::ToSecond { target, source, len }),
    ];
    vec(step, 1..LONGEST)
}

/// An address anywhere in the memory, near a page's end, at a corner, or arbitrary.
fn address(ty: &MemoryType) -> BoxedStrategy<u64> {
    let most = ty.limit().bytes();
    let (initial, page) = (ty.initial().bytes(), ty.page_size().bytes());
    prop_oneof![
        6 => 0..most.max(1),
        3 => (0..=most / page.max(16), -20..20_i64)
            .prop_map(move |(at, by)| (at * page.max(16)).saturating_add_signed(by)),
        2 => (-20..20_i64).prop_map(move |by| initial.saturating_add_signed(by)),
        2 => select(corners(most)),
        1 => any::<u64>(),
    ]
    .boxed()
}

fn length(ty: &MemoryType) -> BoxedStrategy<u64> {
    let most = ty.limit().bytes();
    prop_oneof![
        2 => Just(0),
        6 => 0..80_u64,
        4 => 0..=most,
        1 => select(corners(most)),
    ]
    .boxed()
}

/// Mostly none, as compilers write them.
fn offset(ty: &MemoryType) -> BoxedStrategy<u64> {
    prop_oneof![3 => Just(0), 3 => 0..64_u64, 2 => address(ty)].boxed()
}

fn pages(ty: &MemoryType) -> BoxedStrategy<u64> {
    let most = ty.limit().get();
    prop_oneof![
        1 => Just(0),
        5 => 0..=(most / 3).max(1),
        2 => 0..=most + 1,
        1 => select(corners(most)),
    ]
    .boxed()
}

fn operation(ty: &MemoryType) -> BoxedStrategy<ScriptOperation> {
    prop_oneof![8 => access(ty), 5 => bulk(ty), 5 => host(ty)].boxed()
}

fn access(ty: &MemoryType) -> BoxedStrategy<ScriptOperation> {
    let place = || (offset(ty), address(ty));
    let load = (select(LoadOp::ALL), place());
    let store = (select(StoreOp::ALL), place(), any::<u128>());
    let load_lane = (select(LaneLoadOp::ALL), place(), any::<u8>(), any::<u128>());
    let store_lane = (select(LaneStoreOp::ALL), place(), any::<u8>(), any::<u128>());
    prop_oneof![
        3 => load.prop_map(|(op, (offset, address))| ScriptOperation::Load { op, offset, address }),
        3 => store.prop_map(|(op, (offset, address), bits)| {
            ScriptOperation::Store { op, offset, address, bits }
        }),
        1 => load_lane.prop_map(|(op, (offset, address), lane, bits)| {
            ScriptOperation::LoadLane { op, offset, address, lane, bits }
        }),
        1 => store_lane.prop_map(|(op, (offset, address), lane, bits)| {
            ScriptOperation::StoreLane { op, offset, address, lane, bits }
        }),
    ]
    .boxed()
}

fn bulk(ty: &MemoryType) -> BoxedStrategy<ScriptOperation> {
    let fill = (address(ty), any::<u8>(), length(ty));
    let copy = (address(ty), address(ty), length(ty));
    let init = (address(ty), 0..45_u64, prop_oneof![0..45_u64, length(ty)]);
    prop_oneof![
        2 => fill.prop_map(|(address, byte, len)| ScriptOperation::Fill { address, byte, len }),
        3 => copy.prop_map(|(target, source, len)| ScriptOperation::Copy { target, source, len }),
        2 => init.prop_map(|(target, source, len)| ScriptOperation::Init { target, source, len }),
        2 => pages(ty).prop_map(|pages| ScriptOperation::Grow { pages }),
    ]
    .boxed()
}

/// From one place to another, mostly a little further.
fn range(ty: &MemoryType) -> impl Strategy<Value = (u64, u64)> + use<> {
    (address(ty), length(ty)).prop_map(|(start, len)| (start, start.wrapping_add(len)))
}

/// Rights are restored as often as they are taken away, or soon every operation would trap.
fn protect((start, end): (u64, u64)) -> impl Strategy<Value = ScriptOperation> {
    let less = vec![Protection::empty(), Protection::READ, Protection::WRITE];
    let rights = prop_oneof![select(less), Just(Protection::READ_WRITE)];
    rights.prop_map(move |rights| ScriptOperation::Protect { start, end, rights })
}

fn host(ty: &MemoryType) -> BoxedStrategy<ScriptOperation> {
    let write = (address(ty), vec(any::<u8>(), 0..40));
    prop_oneof![
        4 => (address(ty), 0..200_u16).prop_map(|(address, len)| ScriptOperation::Read { address, len }),
        6 => write.prop_map(|(address, bytes)| ScriptOperation::Write { address, bytes }),
        3 => range(ty).prop_map(|(start, end)| ScriptOperation::Seal { start, end }),
        2 => Just(ScriptOperation::Unseal),
        2 => Just(ScriptOperation::VerifyIntegrity),
        1 => Just(ScriptOperation::DropData),
        4 => range(ty).prop_flat_map(protect),
        2 => range(ty).prop_map(|(start, end)| ScriptOperation::Discard { start, end }),
        1 => Just(ScriptOperation::Reset),
    ]
    .boxed()
}
