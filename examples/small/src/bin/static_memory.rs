//! Runs the bare-metal example of this package's library on a host.

use wrt_examples::static_memory::{Error, run};

fn main() -> Result<(), Error> {
    let (value, free) = run()?;
    println!("the guest reads {value}; {free} bytes of the arena are free beside its memory");
    assert_eq!((value, free), (1234, 8192));
    Ok(())
}
