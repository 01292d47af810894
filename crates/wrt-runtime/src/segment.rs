//! Data segments: bytes that `memory.init` copies and `data.drop` drops.

/// The bytes of a data segment, until it is dropped (core specification, "Data Instances").
///
/// An active segment counts as dropped once it has been copied.
///
/// ```
/// use wrt_runtime::DataSegment;
///
/// let mut segment = DataSegment::new(b"hello");
/// assert_eq!(segment.bytes(), b"hello");
/// segment.drop_data();
/// assert!(segment.bytes().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct DataSegment<B> {
    bytes: Option<B>,
}

impl<B: AsRef<[u8]>> DataSegment<B> {
    /// A segment with its bytes.
    pub const fn new(bytes: B) -> Self {
        Self { bytes: Some(bytes) }
    }

    /// The bytes; empty after the segment is dropped.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref().map(AsRef::as_ref).unwrap_or_default()
    }

    /// Drops the bytes. A second call has no effect.
    pub fn drop_data(&mut self) {
        self.bytes = None;
    }
}
