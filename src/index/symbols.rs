//! Numbers for strings, so that each string is kept once.

use core::ops::Bound;
use std::collections::BTreeMap;
use zeroize::Zeroize;

/// The strings of an index. They are a patient's: wiped when dropped.
#[derive(Default)]
pub(super) struct Symbols {
    /// Ordered, so that words with one beginning stand together.
    numbers: BTreeMap<Box<str>, u32>,
}

impl Symbols {
    /// The number of a string, a new one if it has none. `None` when numbers have run out.
    pub(super) fn intern(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        let number = u32::try_from(self.numbers.len()).ok()?;
        self.numbers.insert(text.into(), number);
        Some(number)
    }

    pub(super) fn get(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// Numbers of the strings that begin with `prefix`.
    pub(super) fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = u32> + 'a {
        self.numbers
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(text, _)| text.starts_with(prefix))
            .map(|(_, number)| *number)
    }
}

impl Drop for Symbols {
    fn drop(&mut self) {
        for mut text in core::mem::take(&mut self.numbers).into_keys() {
            text.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_has_one_number_and_is_found_by_its_beginning() {
        let mut symbols = Symbols::default();
        let numbers: Vec<_> =
            ["heart", "head", "hand", "heart", "", "hea"].iter().map(|text| symbols.intern(text).unwrap()).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 3, 4]);
        assert_eq!(symbols.get("hand"), Some(2));
        assert_eq!(symbols.get("han"), None);
        let found: Vec<_> = symbols.starting_with("hea").collect();
        assert_eq!(found, [4, 1, 0]);
        assert_eq!(symbols.starting_with("i").count(), 0);
    }
}
