//! From security labels to the label of a compartment.

use crate::FhirError;
use crate::policy_table::{ALIASES, SILENT_SYSTEMS, Says, TABLE};
use ampoule::{Code, Label};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use crate::policy_table::CONFIDENTIALITY;

/// Which label a record gets from its security labels (`meta.security`; FHIR R4, 6.1.1 Security Labels).
///
/// A code is matched by system and code, exactly. What is not known is never taken for general.
///
/// ```
/// use ampoule::Label;
/// use ampoule_fhir::{Fhir, Meaning, SensitivityPolicy, Several};
///
/// let policy = SensitivityPolicy::standard()
///     .with("https://clinic.example/labels", "staff", Meaning::Sensitive(Label::restricted()))
///     .combining([Label::new("psy")?, Label::new("sud")?], Label::new("psy")?)
///     .several(Several::Refuse);
/// let fhir = Fhir::with_policy(policy);
/// # Ok::<(), ampoule::LabelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SensitivityPolicy {
    codes: BTreeMap<Code, Meaning>,
    systems: BTreeMap<String, Meaning>,
    combinations: Vec<(BTreeSet<Label>, Label)>,
    unknown: Unknown,
    several: Several,
}

/// What a security label says of sensitivity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing: confidentiality up to normal, a purpose of use, an obligation that holds for any record.
    Neutral,
    /// That the record is sensitive, and not in which way: restricted, unless another label says which.
    Raised,
    /// That it is sensitive in this way. General is the same as [`Meaning::Neutral`].
    Sensitive(Label),
}

/// What becomes of a record with a security label that the policy does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It is restricted.
    Restrict,
    /// It is refused with [`FhirError::UnknownSensitiveLabel`].
    Refuse,
}

/// What becomes of a record that is sensitive in several ways, where no label is named for the combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Several {
    /// It is restricted.
    Restrict,
    /// It is refused with [`FhirError::SeveralSensitiveLabels`].
    Refuse,
}

impl Default for SensitivityPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

impl SensitivityPolicy {
    /// HL7's sensitivity and confidentiality codes onto [`Label::standard`]; what is unknown or several is restricted.
    ///
    /// Confidentiality up to normal says nothing. `R` gives way to a sensitivity beside it, since every sensitive record
    /// is restricted; `V` does not. Purposes of use (`ActReason`) and how data was altered (`ObservationValue`) say nothing.
    pub fn standard() -> Self {
        let mut policy = Self::empty();
        for system in SILENT_SYSTEMS {
            policy = policy.with_system(system, Meaning::Neutral);
        }
        for (system, says, codes) in TABLE {
            let meaning = match says {
                Says::Nothing => Meaning::Neutral,
                Says::Raised => Meaning::Raised,
                // The names of the table are labels; were one not, it would be restricted.
                Says::Label(name) => Meaning::Sensitive(Label::new(name).unwrap_or_else(|_| Label::restricted())),
            };
            for code in *codes {
                policy = policy.with(system, code, meaning.clone());
            }
        }
        policy
    }

    /// Knows no code: everything with a security label is restricted.
    pub fn empty() -> Self {
        Self {
            codes: BTreeMap::new(),
            systems: BTreeMap::new(),
            combinations: Vec::new(),
            unknown: Unknown::Restrict,
            several: Several::Restrict,
        }
    }

    /// Gives a code its meaning, in place of the one that it had.
    ///
    /// The systems of HL7 v3 go by their present URL, the one before R4 and their OID alike.
    #[must_use]
    pub fn with(mut self, system: &str, code: &str, meaning: Meaning) -> Self {
        let code = Code { system: canonical(system).into(), value: code.into() };
        self.codes.insert(code, meaning);
        self
    }

    /// Gives all codes of a system a meaning that have none of their own.
    #[must_use]
    pub fn with_system(mut self, system: &str, meaning: Meaning) -> Self {
        self.systems.insert(canonical(system).into(), meaning);
        self
    }

    /// Names the label of a record that has exactly these sensitive labels.
    #[must_use]
    pub fn combining(mut self, labels: impl IntoIterator<Item = Label>, to: Label) -> Self {
        let labels = labels.into_iter().collect();
        self.combinations.retain(|(known, _)| *known != labels);
        self.combinations.push((labels, to));
        self
    }

    /// Says what becomes of an unknown security label.
    #[must_use]
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }

    /// Says what becomes of several sensitive labels.
    #[must_use]
    pub fn several(mut self, several: Several) -> Self {
        self.several = several;
        self
    }

    /// The label of a record with these security labels: general where none of them says anything.
    pub fn label(&self, security: &[Code]) -> Result<Label, FhirError> {
        let mut labels = BTreeSet::new();
        let mut raised = false;
        for code in security {
            match self.meaning(code) {
                Some(Meaning::Neutral) => {}
                Some(Meaning::Raised) => raised = true,
                Some(Meaning::Sensitive(label)) if *label == Label::general() => {}
                Some(Meaning::Sensitive(label)) => {
                    labels.insert(label.clone());
                }
                None if self.unknown == Unknown::Refuse => {
                    return Err(FhirError::UnknownSensitiveLabel);
                }
                None => {
                    labels.insert(Label::restricted());
                }
            }
        }
        if labels.len() < 2 {
            let bare = if raised { Label::restricted() } else { Label::general() };
            return Ok(labels.pop_first().unwrap_or(bare));
        }
        let named = self.combinations.iter().find(|(known, _)| *known == labels);
        match (named, self.several) {
            (Some((_, label)), _) => Ok(label.clone()),
            (None, Several::Restrict) => Ok(Label::restricted()),
            (None, Several::Refuse) => Err(FhirError::SeveralSensitiveLabels),
        }
    }

    fn meaning(&self, code: &Code) -> Option<&Meaning> {
        let system = canonical(&code.system);
        let code = Code { system: system.into(), value: code.value.clone() };
        // A label without a code is unknown, even in a system whose codes all mean the same.
        self.codes.get(&code).or_else(|| {
            let whole = self.systems.get(system);
            whole.filter(|_| !code.value.is_empty())
        })
    }
}

fn canonical(system: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == system);
    alias.map_or(system, |(_, canonical)| canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy_table::ACT_CODE;

    fn code(system: &str, value: &str) -> Code {
        Code { system: system.into(), value: value.into() }
    }

    fn standard(codes: &[(&str, &str)]) -> String {
        let codes: Vec<_> = codes.iter().map(|(system, value)| code(system, value)).collect();
        SensitivityPolicy::standard().label(&codes).unwrap().to_string()
    }

    #[test]
    fn each_sensitivity_has_its_label() {
        for (label, codes) in [
            ("psy", &["PSY", "MH", "BH", "PSYTHPN"][..]),
            ("hiv", &["HIV"]),
            ("sud", &["ETH", "ETHUD", "OPIOIDUD", "SUD"]),
            ("sex", &["SEX", "STD"]),
            ("gdis", &["GDIS", "SCA"]),
            ("sdv", &["SDV", "VIO", "MST"]),
            ("restricted", &["TBOO", "ADOL", "CEL", "DEMO"]),
        ] {
            for value in codes {
                for system in [ACT_CODE, "http://hl7.org/fhir/v3/ActCode", "urn:oid:2.16.840.1.113883.5.4"] {
                    assert_eq!(standard(&[(system, value)]), label, "{system} {value}");
                }
            }
        }
    }

    #[test]
    fn confidentiality_is_a_level_and_once_was_a_sensitivity() {
        for value in ["U", "L", "M", "N"] {
            assert_eq!(standard(&[(CONFIDENTIALITY, value)]), "general");
        }
        for value in ["R", "V"] {
            assert_eq!(standard(&[(CONFIDENTIALITY, value)]), "restricted");
        }
        for (value, label) in [("ETH", "sud"), ("HIV", "hiv"), ("PSY", "psy"), ("SDV", "sdv")] {
            assert_eq!(standard(&[("http://hl7.org/fhir/v3/Confidentiality", value)]), label);
        }
    }

    #[test]
    fn a_level_gives_way_to_what_is_sensitive_unless_it_is_very_restricted() {
        assert_eq!(standard(&[(CONFIDENTIALITY, "R"), (ACT_CODE, "PSY")]), "psy");
        assert_eq!(standard(&[(ACT_CODE, "ETH"), (ACT_CODE, "NORDSCLCD"), (ACT_CODE, "42CFRPart2")]), "sud");
        assert_eq!(standard(&[(CONFIDENTIALITY, "V"), (ACT_CODE, "PSY")]), "restricted");
        assert_eq!(standard(&[(CONFIDENTIALITY, "N"), (ACT_CODE, "HIV")]), "hiv");
    }

    #[test]
    fn what_is_unknown_is_never_general() {
        for (system, value) in [
            (ACT_CODE, "hiv"),
            (ACT_CODE, "HIV "),
            (ACT_CODE, "NEW"),
            (ACT_CODE, ""),
            (CONFIDENTIALITY, "X"),
            ("", "N"),
            ("", ""),
            ("https://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"),
            ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality/", "N"),
            ("urn:mine", "N"),
            ("http://terminology.hl7.org/CodeSystem/v3-ActReason", ""),
            ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "NEW"),
        ] {
            assert_eq!(standard(&[(system, value)]), "restricted", "{system} {value}");
            let refusing = SensitivityPolicy::standard().unknown(Unknown::Refuse);
            assert_eq!(
                refusing.label(&[code(system, value), code(ACT_CODE, "HIV")]),
                Err(FhirError::UnknownSensitiveLabel)
            );
        }
    }

    #[test]
    fn a_purpose_or_an_alteration_is_no_sensitivity() {
        for (system, value) in [
            ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST"),
            ("http://hl7.org/fhir/v3/ActReason", "TREAT"),
            ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED"),
            (ACT_CODE, "ENCRYPT"),
        ] {
            assert_eq!(standard(&[(system, value)]), "general", "{value}");
            assert_eq!(standard(&[(system, value), (ACT_CODE, "PSY")]), "psy", "{value}");
        }
    }

    #[test]
    fn several_are_restricted_unless_the_policy_says_otherwise() {
        let both = [code(ACT_CODE, "PSY"), code(ACT_CODE, "HIV")];
        let [psy, hiv] = ["psy", "hiv"].map(|name| Label::new(name).unwrap());
        let policy = SensitivityPolicy::standard();
        assert_eq!(policy.label(&both), Ok(Label::restricted()));
        // Two codes of one label are one label.
        assert_eq!(policy.label(&[both[0].clone(), code(ACT_CODE, "MH")]), Ok(psy.clone()));
        let policy = policy.several(Several::Refuse);
        assert_eq!(policy.label(&both), Err(FhirError::SeveralSensitiveLabels));
        let policy = policy.combining([psy, hiv.clone()], hiv.clone());
        assert_eq!(policy.label(&both), Ok(hiv));
        let three = [&both[..], &[code(ACT_CODE, "SDV")]].concat();
        assert_eq!(policy.label(&three), Err(FhirError::SeveralSensitiveLabels));
    }

    #[test]
    fn a_caller_may_map_his_own_codes() {
        let policy = SensitivityPolicy::empty().with("urn:mine", "x", Meaning::Sensitive(Label::general()));
        assert_eq!(policy.label(&[code("urn:mine", "x")]), Ok(Label::general()));
        assert_eq!(policy.label(&[code("urn:mine", "y")]), Ok(Label::restricted()));
        assert_eq!(policy.label(&[]), Ok(Label::general()));
    }

    #[test]
    fn the_table_names_standard_labels_and_no_code_twice() {
        let mut seen = BTreeSet::new();
        for (system, says, codes) in TABLE {
            if let Says::Label(name) = says {
                assert!(Label::standard().contains(&Label::new(name).unwrap()), "{name}");
            }
            for value in *codes {
                assert!(seen.insert((system, value)), "{system} {value}");
            }
        }
    }
}
