//! Where the bytes of a file lie that is read piece by piece.

use std::borrow::Cow;
use std::ops::Range;

/// A file's content.
///
/// A page holds it outside the memory of its WebAssembly, which never gets smaller again: what need not be in there as a whole, such
/// as weights that are arranged anew, is best copied one tensor at a time.
#[derive(Clone, Copy, Debug)]
pub enum Source<'data> {
    /// In memory.
    Memory(&'data [u8]),
    /// In a typed array of JavaScript.
    #[cfg(feature = "web")]
    Script(&'data js_sys::Uint8Array),
}

impl<'data> Source<'data> {
    /// Number of bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            #[cfg(feature = "web")]
            Self::Script(bytes) => bytes.length() as usize,
        }
    }

    /// The bytes of a range, unless it goes past the end.
    pub(super) fn read(self, range: Range<usize>) -> Option<Cow<'data, [u8]>> {
        match self {
            Self::Memory(bytes) => bytes.get(range).map(Cow::Borrowed),
            #[cfg(feature = "web")]
            Self::Script(bytes) => {
                let inside = range.start <= range.end && range.end <= self.len();
                // Such arrays have at most 2^32 bytes where this runs.
                let part = || bytes.subarray(range.start as u32, range.end as u32);
                inside.then(|| Cow::Owned(part().to_vec()))
            }
        }
    }
}

impl<'data, B: AsRef<[u8]> + ?Sized> From<&'data B> for Source<'data> {
    fn from(bytes: &'data B) -> Self {
        Self::Memory(bytes.as_ref())
    }
}
