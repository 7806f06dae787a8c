//! Choices that follow from a seed.

use crate::crypto::kdf;

/// Draws numbers. The same seed and number of a script give the same ones.
pub(super) struct Dice {
    seed: [u8; 16],
    drawn: u64,
}

impl Dice {
    pub(super) fn new(seed: u64, script: u64) -> Self {
        let mut both = [0; 16];
        let bytes = seed.to_be_bytes().into_iter().chain(script.to_be_bytes());
        both.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        Self { seed: both, drawn: 0 }
    }

    /// A number below `most`; 0 where there is none below it.
    pub(super) fn below(&mut self, most: usize) -> usize {
        self.drawn = self.drawn.wrapping_add(1);
        let hash = kdf::hash("dice", &[&self.seed, &self.drawn.to_be_bytes()]);
        let number = hash.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let number = usize::try_from(number).unwrap_or(0);
        number.checked_rem(most).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, hundredths: usize) -> bool {
        self.below(100) < hundredths
    }

    /// One of several; nothing where there are none.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}
