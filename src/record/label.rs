//! Sensitivity labels.

use core::fmt;

/// Says how sensitive a record is, and in what way: `general`, `restricted`, `psy`, `hiv` and so on.
///
/// A chart has eight labels from its creation. One to 24 ASCII letters, digits, `-` or `_`; letters are kept in lower
/// case, so that `HIV` and `hiv` are one label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

/// A label that breaks the rule for labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a label has 1 to 24 ASCII letters, digits, '-' or '_'; use a shorter or plainer name")]
pub struct LabelError;

impl Label {
    /// Longest label, in bytes.
    pub const MAX_LEN: usize = 24;

    /// Checks and lower-cases `name`.
    pub fn new(name: &str) -> Result<Self, LabelError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.is_empty() || name.len() > Self::MAX_LEN || !name.bytes().all(plain) {
            return Err(LabelError);
        }
        Ok(Self(name.to_ascii_lowercase()))
    }

    /// What carries no special sensitivity.
    pub fn general() -> Self {
        Self("general".into())
    }

    /// What is sensitive in several ways, or in a way that has no label of its own.
    pub fn restricted() -> Self {
        Self("restricted".into())
    }

    /// The eight labels that a chart has unless its creator names others.
    ///
    /// `general`, `restricted`, `psy` (mental health), `hiv`, `sud` (substance use), `sex` (sexual and reproductive
    /// health), `gdis` (genetic disease), `sdv` (violence); the codes are those of HL7 v3 `ActCode` sensitivity.
    pub fn standard() -> [Self; 8] {
        ["general", "restricted", "psy", "hiv", "sud", "sex", "gdis", "sdv"].map(|name| Self(name.into()))
    }

    /// The label in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows nothing: which labels a patient's records carry is a diagnosis.
impl core::fmt::Debug for Label {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(_) = self;
        f.write_str("Label(..)")
    }
}

impl core::str::FromStr for Label {
    type Err = LabelError;
    fn from_str(name: &str) -> Result<Self, LabelError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_make_a_second_label() {
        assert_eq!(Label::new("HIV"), Label::new("hiv"));
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        for name in ["", "a b", "psy\0", "ｈｉｖ", &"x".repeat(25)] {
            assert_eq!(Label::new(name), Err(LabelError), "{name:?}");
        }
    }
}
