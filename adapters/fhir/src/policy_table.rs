//! What the security labels of HL7 say of sensitivity, as the standard policy reads them.
//!
//! Codes and their order of subsumption are those of the code systems as FHIR R4 publishes them.

/// What a code of [`TABLE`] means.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    /// Nothing of sensitivity: a purpose of use, a duty that holds for any record.
    Nothing,
    /// That it is sensitive, and not in which way.
    Raised,
    /// That it is sensitive in the way of this label.
    Label(&'static str),
}

/// HL7 v3 `ActCode`: sensitivities, laws, obligations, refrains.
pub(crate) const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// HL7 v3 Confidentiality.
pub(crate) const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const OBSERVATION_VALUE: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
const US_PRIVACY_LAW: &str = "http://terminology.hl7.org/CodeSystem/v3-ActUSPrivacyLaw";

/// Other names of these systems: those of FHIR before R4, and their OIDs.
pub(crate) const ALIASES: &[(&str, &str)] = &[
    ("http://hl7.org/fhir/v3/ActCode", ACT_CODE),
    ("urn:oid:2.16.840.1.113883.5.4", ACT_CODE),
    ("http://hl7.org/fhir/v3/Confidentiality", CONFIDENTIALITY),
    ("urn:oid:2.16.840.1.113883.5.25", CONFIDENTIALITY),
    ("http://hl7.org/fhir/v3/ActReason", ACT_REASON),
    ("urn:oid:2.16.840.1.113883.5.8", ACT_REASON),
    ("http://hl7.org/fhir/v3/ObservationValue", OBSERVATION_VALUE),
    ("urn:oid:2.16.840.1.113883.5.1063", OBSERVATION_VALUE),
    ("http://hl7.org/fhir/v3/ActUSPrivacyLaw", US_PRIVACY_LAW),
    ("urn:oid:2.16.840.1.113883.5.1138", US_PRIVACY_LAW),
];

/// Systems none of whose codes is a sensitivity: reasons and purposes of use, test data (`HTEST`) among them.
pub(crate) const SILENT_SYSTEMS: &[&str] = &[ACT_REASON];

/// Meaning of a system's codes. A code that is not here is unknown.
#[rustfmt::skip]
pub(crate) const TABLE: &[(&str, Says, &[&str])] = &[
    (CONFIDENTIALITY, Says::Nothing, &["U", "L", "M", "N"]),
    // Restricted is the level of any sensitive record, so a code that says in which way takes its place; very
    // restricted asks for more than that, and stays.
    (CONFIDENTIALITY, Says::Raised, &["R"]),
    (CONFIDENTIALITY, Says::Label("restricted"), &["V"]),
    // Retired, and still met.
    (CONFIDENTIALITY, Says::Label("sud"), &["ETH"]),
    (CONFIDENTIALITY, Says::Label("hiv"), &["HIV"]),
    (CONFIDENTIALITY, Says::Label("psy"), &["PSY"]),
    (CONFIDENTIALITY, Says::Label("sdv"), &["SDV"]),
    (
        CONFIDENTIALITY,
        Says::Label("restricted"),
        &["B", "C", "D", "I", "S", "T"],
    ),
    (
        ACT_CODE,
        Says::Label("psy"),
        // BH subsumes the last three.
        &["PSY", "MH", "BH", "PSYTHPN", "COGN", "DVD", "EMOTDIS"],
    ),
    (ACT_CODE, Says::Label("hiv"), &["HIV"]),
    (
        ACT_CODE,
        Says::Label("sud"),
        &["ETH", "ETHUD", "OPIOIDUD", "SUD"],
    ),
    (ACT_CODE, Says::Label("sex"), &["SEX", "STD"]),
    (ACT_CODE, Says::Label("gdis"), &["GDIS", "SCA", "SICKLE"]),
    (ACT_CODE, Says::Label("sdv"), &["SDV", "VIO", "MST"]),
    (
        ACT_CODE,
        Says::Label("restricted"),
        &[
            "ADOL", "B", "CEL", "DEMO", "DIA", "DOB", "DRGIS", "EMP", "EMPL", "GENDER", "LIVARG", "LOCIS",
            "MARST", "PDS", "PHY", "PRS", "RACE", "REL", "SPI", "SSP", "TBOO",
        ],
    ),
    // Refrains, and obligations to hide: somebody found the record sensitive, and the refrain is not the way in which.
    (
        ACT_CODE,
        Says::Raised,
        &[
            "ANONY", "CPLYCD", "DEID", "MASK", "NOAUTH", "NODSCLCD", "NODSCLCDS", "NOINTEGRATE", "NOLIST",
            "NOMOU", "NOORGPOL", "NOPAT", "NORDSCLCD", "NORDSCLCDS", "NORDSCLW", "NORELINK", "NOVIP", "ORCON",
            "PSEUD", "REDACT",
        ],
    ),
    // Duties that hold for any record. PROCESSINLINELABEL announces labels of elements, which are read as well.
    (
        ACT_CODE,
        Says::Nothing,
        &[
            "AOD", "AUDIT", "AUDTR", "CPLYCC", "CPLYJPP", "CPLYOPP", "CPLYOSP", "CPLYPOL", "DELAU",
            "DRIVLABEL", "ENCRYPT", "ENCRYPTR", "ENCRYPTT", "ENCRYPTU", "HUAPRV", "LABEL", "MINEC",
            "NOCOLLECT", "NOPERSISTP", "NOREUSE", "PERSISTLABEL", "PRIVMARK", "PROCESSINLINELABEL",
        ],
    ),
    // Laws: 42 CFR Part 2 is about substance use; the others are about several things, or about any.
    (ACT_CODE, Says::Label("sud"), &["42CFRPart2"]),
    (ACT_CODE, Says::Label("psy"), &["HIPAAPsyNotes"]),
    (
        ACT_CODE,
        Says::Label("restricted"),
        &["HIPAASelfPay", "Title38Section7332"],
    ),
    (US_PRIVACY_LAW, Says::Label("sud"), &["42CFRPart2"]),
    (US_PRIVACY_LAW, Says::Label("psy"), &["HIPAAPsyNotes"]),
    (
        US_PRIVACY_LAW,
        Says::Label("restricted"),
        &["HIPAASelfPay", "Title38Section7332"],
    ),
    // Where data came from and how it was altered. A value that was masked or redacted is not there any more.
    (
        OBSERVATION_VALUE,
        Says::Nothing,
        &[
            "ABSTRED", "AGGRED", "ANONYED", "CLINAST", "CLINRPT", "CRYTOHASH", "DEVAST", "DEVRPT", "DIGSIG",
            "HCPAST", "HCPRPT", "HRELIABLE", "MAPPED", "MASKED", "PACQAST", "PACQRPT", "PATAST", "PATRPT",
            "PAYAST", "PAYRPT", "PROAST", "PRORPT", "PSEUDED", "REDACTED", "RELIABLE", "SDMAST", "SDMRPT",
            "SUBSETTED", "SYNTAC", "TRSLT", "UNCERTREL", "UNRELIABLE", "VERSIONED",
        ],
    ),
];
