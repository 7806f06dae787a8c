//! Where pixel data and its frames lie.

use crate::DicomError;
use core::ops::Range;

/// Where the pixel data of a file lies. All positions are bytes from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelData {
    pub(crate) element: u64,
    pub(crate) value: Range<u64>,
    pub(crate) complete: bool,
    pub(crate) encapsulated: bool,
    pub(crate) frames: u32,
    pub(crate) layout: Layout,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Frames of one size, one after the other.
    Native { frame: u64 },
    /// Fragments, and the number of the first fragment of each frame.
    Encapsulated { fragments: Vec<Range<u64>>, firsts: Vec<usize> },
    /// Frames that cannot be told apart, and why.
    Unknown(DicomError),
}

/// Where one frame lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    fragments: Vec<Range<u64>>,
}

impl Frame {
    /// The bytes of the frame: one range, or several to be put together in this order where it is in fragments.
    pub fn fragments(&self) -> &[Range<u64>] {
        &self.fragments
    }

    /// The one range to fetch: from its first byte to its last, headers of further fragments included.
    pub fn span(&self) -> Range<u64> {
        let start = self.fragments.first().map_or(0, |first| first.start);
        start..self.fragments.last().map_or(start, |last| last.end)
    }
}

impl PixelData {
    /// All before it: the header that a viewer reads first, from the start of the file to this position.
    pub fn header_len(&self) -> u64 {
        self.element
    }

    /// The value of the element: all frames, and for encapsulated ones the table and the headers between them.
    pub fn value(&self) -> Range<u64> {
        self.value.clone()
    }

    /// Whether the file has all of it.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether frames are compressed and stand in fragments (PS3.5, A.4).
    pub fn is_encapsulated(&self) -> bool {
        self.encapsulated
    }

    /// How many frames there are.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Where frame `number` lies, counted from 0.
    pub fn frame(&self, number: u32) -> Result<Frame, DicomError> {
        if number >= self.frames {
            return Err(DicomError::NoSuchFrame { frames: self.frames });
        }
        let fragments = match &self.layout {
            Layout::Unknown(error) => return Err(error.clone()),
            Layout::Native { frame } => vec![self.native(*frame, number)?],
            Layout::Encapsulated { fragments, firsts } => {
                let number = usize::try_from(number).unwrap_or(usize::MAX);
                let first = firsts.get(number).copied().unwrap_or(usize::MAX);
                let end = number.checked_add(1).and_then(|next| firsts.get(next)).copied().unwrap_or(fragments.len());
                fragments.get(first..end).unwrap_or_default().to_vec()
            }
        };
        Ok(Frame { fragments })
    }

    fn native(&self, frame: u64, number: u32) -> Result<Range<u64>, DicomError> {
        let bounds = frame.checked_mul(u64::from(number)).and_then(|offset| {
            let start = self.value.start.checked_add(offset)?;
            Some(start..start.checked_add(frame)?)
        });
        let truncated = DicomError::Truncated { at: self.value.start };
        bounds.filter(|bounds| bounds.end <= self.value.end).ok_or(truncated)
    }
}
