//! Known bugs in rights: those taken away must stay so during operations on other pages.

use wrt_platform::{
    Inaccessible, PageAllocator, Protection, Region, ReserveRequest, for_each_backend,
};

/// An operation on a region, with its name.
type Step<P> = (&'static str, fn(&mut Region<P>, u64));

/// Operations that map or change pages, but not those of the restricted ranges. The second
/// argument is a page in bytes.
fn steps<P: PageAllocator>() -> Vec<Step<P>> {
    vec![
        ("growth", |region, page| region.grow_to(9 * page).unwrap()),
        ("a small growth", |region, page| region.grow_to(9 * page + 1).unwrap()),
        ("a refused growth", |region, _| _ = region.grow_to(u64::MAX).unwrap_err()),
        ("a discard", |region, page| _ = region.discard(6 * page, 2 * page).unwrap()),
        ("a refused discard", |region, page| _ = region.discard(3 * page, page).unwrap_err()),
        ("a neighbour's new rights", |region, page| {
            region.protect(5 * page, page, Protection::READ).unwrap();
        }),
        ("a neighbour's old rights", |region, page| {
            region.protect(5 * page, page, Protection::READ_WRITE).unwrap();
        }),
        ("the same rights again", |region, page| {
            region.protect(2 * page, page, Protection::empty()).unwrap();
        }),
        ("growth to the end", |region, page| region.grow_to(16 * page).unwrap()),
    ]
}

/// Checks that page 0 is the prefix, page 2 has no rights and page 3 is read-only, also on the
/// host.
fn still_restricted<P: PageAllocator>(region: &mut Region<P>, page: u64, after: &str) {
    region.verify().unwrap_or_else(|fault| panic!("after {after}: {fault}"));
    for address in [0, page - 1, 2 * page, 3 * page - 1] {
        assert_eq!(region.load::<1>(address), Err(Inaccessible), "{address:#x} after {after}");
        assert_eq!(region.store(address, [1]), Err(Inaccessible), "{address:#x} after {after}");
    }
    assert_eq!(region.load(3 * page), Ok([0xB6]), "after {after}");
    assert_eq!(region.store(3 * page, [1]), Err(Inaccessible), "after {after}");
    region.store(4 * page, [1]).unwrap();
}

fn f08_rights_stay(allocator: impl PageAllocator) {
    let page = allocator.page().bytes() as u64;
    let request = ReserveRequest::new(8 * page, 16 * page).inaccessible_prefix(page);
    let mut region = Region::new(&allocator, &request).unwrap();
    region.verify().unwrap();
    region.store(3 * page, [0xB6]).unwrap();
    region.protect(2 * page, page, Protection::empty()).unwrap();
    region.protect(3 * page, page, Protection::READ).unwrap();
    still_restricted(&mut region, page, "protection");
    for (name, step) in steps() {
        step(&mut region, page);
        still_restricted(&mut region, page, name);
    }
    // What a reset gives back it gives back on the host too; the prefix stays.
    region.reset().unwrap();
    region.verify().unwrap();
    assert_eq!(region.load::<1>(page - 1), Err(Inaccessible));
    region.store(2 * page, [1]).unwrap();
    region.grow_to(16 * page).unwrap();
    region.verify().unwrap();
    assert_eq!(region.load::<1>(0), Err(Inaccessible));
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn f08_rights_outlast_other_operations() {
                super::f08_rights_stay($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
