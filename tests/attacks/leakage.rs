//! What sizes, equal bytes and messages tell.

use crate::common::{HEADER, STUB, WRAP, assert_unopenable, member, record};
use ampoule::store::{BlobPart, Store as _, Table};
use ampoule::{
    Actor, Code, Error, FileInfo, Grant, Identifier, Label, Message, Patient, PatientQuery, Query, Record,
    RecoveryCode, Terms, Unlock, Vault,
};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::path::Path;

/// Compression before sealing would make the first of two shorter.
#[test]
fn g46_no_compression() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let mut seq = 0;
    for len in [0, 1, 100, 5_000, 100_000] {
        let varied: Vec<u8> = (0..len).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for content in [vec![0; varied.len()], varied.clone()] {
            let id = chart.put(&Record::opaque("text/plain", content.clone())).unwrap();
            assert_eq!(chart.get(&id).unwrap().content(), content);
        }
        seq += 2;
        assert_eq!(clinic.entry(&chart, seq - 1).len(), clinic.entry(&chart, seq).len(), "{len}");
    }
    // Nor does a second version become a difference from the first: it is as long as the whole.
    let long = record(&"word ".repeat(2_000));
    let id = chart.put(&long).unwrap();
    chart.update(&id, &long).unwrap();
    assert_eq!(clinic.entry(&chart, seq + 1).len(), clinic.entry(&chart, seq + 2).len());
}

#[test]
fn g47_equal_contents_do_not_show() {
    let (clinic, other) = (member("Riverside Clinic", 1), member("Riverside Clinic", 1));
    let same = record(&"the same content ".repeat(50));
    let (one, two) = (clinic.vault.create_chart().unwrap(), clinic.vault.create_chart().unwrap());
    let elsewhere = other.vault.create_chart().unwrap();
    for chart in [&one, &two, &elsewhere] {
        let first = chart.put(&same).unwrap();
        let second = chart.put(&same).unwrap();
        assert_eq!(chart.get(&first).unwrap().content(), chart.get(&second).unwrap().content());
    }
    let rows = [
        clinic.entry(&one, 1),
        clinic.entry(&one, 2),
        clinic.entry(&two, 1),
        clinic.entry(&two, 2),
        other.entry(&elsewhere, 1),
        other.entry(&elsewhere, 2),
    ];
    let mut seen = HashSet::new();
    for row in &rows {
        // Beside the clear header, in which ids of a chart repeat.
        let windows: HashSet<_> =
            [&row[4..WRAP], &row[WRAP + HEADER..row.len() - 8]].iter().flat_map(|part| part.windows(8)).collect();
        for window in windows {
            assert!(seen.insert(window), "eight bytes stand in two entries");
        }
    }
}

/// What a size tells: within which of a few steps it is. There are 23 of them up to 1 MiB, for files as for what is said, so of
/// a million lengths a store sees less than five bits.
#[test]
fn g48_sizes_are_few() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let blobs = clinic.store.blobs().unwrap();
    let zeros = vec![0; (1 << 20) + 1];
    let mut seen = HashSet::new();
    let mut size_of = |len: usize| {
        chart.put_file(&FileInfo::new("image/x"), &zeros[..len]).unwrap();
        let new = blobs.list(None, 999).unwrap().into_iter().find(|blob| seen.insert(*blob)).unwrap();
        let reader = blobs.open(&new).unwrap().unwrap();
        [BlobPart::Chunks, BlobPart::Outboard].map(|part| reader.len(part).unwrap())
    };
    let steps: Vec<usize> = (9..20).flat_map(|power| [1 << power, 3 << (power - 1)]).chain([1 << 20]).collect();
    let (mut sizes, mut first) = (HashSet::new(), 0);
    for last in &steps {
        // The first and the last length of a step have one size, and no other step has it.
        let size = size_of(first);
        assert_eq!(size, size_of(*last), "{first} to {last}");
        assert!(sizes.insert(size));
        first = last + 1;
    }
    assert_eq!(sizes.len(), 23);
    assert!(sizes.insert(size_of(first)));
    // Above, a step is 1/32 wide at first: what is padded is 3 % at the most.
    assert!(size_of(first)[0] < first as u64 * 104 / 100);

    // Answers that mean the contrary.
    let thread = chart.start_thread("Results", &Label::general()).unwrap();
    let mut sizes = HashSet::new();
    for text in ["HIV negative", "HIV positive", "no", "", "yes, since last year"] {
        thread.send(&Message::text(text)).unwrap();
        let last = chart.list().unwrap().entries().len() as u64;
        sizes.insert(clinic.entry(&chart, last).len());
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}

/// The public FHIR examples: most have a length of their own, and next to none a size of its own once it is stored. It tells
/// less of the type, and not nothing.
#[test]
fn g48_what_sizes_tell_of_examples() {
    let folder = std::env::var_os("AMPOULE_DATA").map(|data| Path::new(&data).join("hl7.fhir.r4.examples-4.0.1"));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        assert!(std::env::var_os("CI").is_none(), "the examples are not in AMPOULE_DATA; run `cargo xtask data`");
        println!("skipped: run `cargo xtask data` and set AMPOULE_DATA to the folder that it names");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let mut examples = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")).step_by(3) {
        let content = std::fs::read(path).unwrap();
        // Bundles of hundreds are no records.
        if content.len() > 1 << 20 {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let kind = name.split('-').next().unwrap().to_owned();
        examples.push((kind, content.len()));
        chart.put(&Record::opaque("application/fhir+json", content)).unwrap();
    }
    let rows = clinic.store.rows().unwrap();
    let stored = rows.into_iter().filter(|((table, ..), _)| *table == Table::Entries).map(|(_, row)| row.len());
    let stored: Vec<usize> = stored.collect();
    assert_eq!(stored.len(), examples.len());
    let by_length = Told::by(examples.iter().map(|(kind, len)| (kind.as_str(), *len)));
    let by_stored = Told::by(examples.iter().zip(stored).map(|((kind, _), len)| (kind.as_str(), len)));
    let by_nothing = Told::by(examples.iter().map(|(kind, _)| (kind.as_str(), 0)));
    println!("{} examples: {by_length:?} by length, {by_stored:?} as stored", examples.len());
    println!("{} guessed without any size", by_nothing.guessed);
    assert!(by_length.alone * 2 > examples.len(), "the lengths would tell");
    assert!(by_stored.sizes < 30 && by_stored.alone * 100 < examples.len());
    assert!(by_stored.guessed * 3 < by_length.guessed * 2, "a size still tells something of the type");
}

/// What somebody learns who sees sizes and knows the catalogue of all records.
#[derive(Debug)]
struct Told {
    sizes: usize,
    /// Records whose size no other has.
    alone: usize,
    /// Records whose type he guesses.
    guessed: usize,
}

impl Told {
    fn by<'a>(records: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let mut by_size: BTreeMap<usize, BTreeMap<&str, usize>> = BTreeMap::new();
        for (kind, size) in records {
            *by_size.entry(size).or_default().entry(kind).or_default() += 1;
        }
        let alone = by_size.values().filter(|kinds| kinds.values().sum::<usize>() == 1).count();
        let guessed = by_size.values().filter_map(|kinds| kinds.values().max()).sum();
        Self { sizes: by_size.len(), alone, guessed }
    }
}

#[test]
fn g49_failures_look_alike() {
    let clinic = member("Riverside Clinic", 1);
    let state = clinic.row(Table::Vault, b"", b"state");
    let unlock = || Unlock::device_key(&[1; 32]);
    let open = |unlock: &Unlock| Vault::open(clinic.store.clone(), unlock);
    assert!(open(&unlock()).is_ok());
    let mut shown = HashSet::new();
    let mut tell = |error: Error| shown.insert((format!("{error}"), format!("{error:?}")));
    // A wrong factor, one of another kind, one too many, and none of those asked for.
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    for wrong in [
        Unlock::device_key(&[2; 32]),
        Unlock::passphrase("ruby mango 47 tractor"),
        unlock().and(Unlock::passphrase("ruby mango 47 tractor")),
    ] {
        tell(open(&wrong).map(drop).unwrap_err());
    }
    assert!(RecoveryCode::from_words(words).is_err() || Unlock::recovery_words(words).is_ok());
    // A damaged slot, salt, ciphertext, signature; nothing at all; another's.
    let eve = member("Eve", 66);
    for damaged in [flip(&state, 40), flip(&state, 200), flip(&state, state.len() - 1), Vec::new(), vec![0; 500]] {
        clinic.store.answer(Table::Vault, b"", b"state", damaged);
        tell(open(&unlock()).map(drop).unwrap_err());
    }
    clinic.store.answer(Table::Vault, b"", b"state", eve.row(Table::Vault, b"", b"state"));
    tell(open(&unlock()).map(drop).unwrap_err());
    assert_eq!(shown.len(), 1, "{shown:?}");
    clinic.store.tell_the_truth();

    // What does not open says the same wherever it broke, but for the number of the incident.
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("text")).unwrap();
    let len = clinic.entry(&chart, 1).len() - STUB;
    let mut shown = HashSet::new();
    for at in [3, 10, WRAP + 9, WRAP + 50, WRAP + HEADER + 3, WRAP + HEADER + 30, WRAP + HEADER + 90, len - 1] {
        clinic.rewrite_entry(&chart, 1, move |row| row[at] ^= 1);
        let error = chart.get(&id).unwrap_err();
        let Error::Unopenable { incident } = &error else { panic!("{error:?}") };
        shown.insert(error.to_string().replace(&incident.to_string(), "number"));
        assert_unopenable::<()>(Err(error));
    }
    assert_eq!(shown.len(), 1, "{shown:?}");
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[at] ^= 1;
    flipped
}

const MARKER: &str = "ZZMARKERZZ";

fn marked() -> Record {
    let terms = Terms {
        kind: MARKER.into(),
        codes: vec![Code { system: format!("urn:{MARKER}"), value: MARKER.into() }],
        words: vec![MARKER.into(), "zzmarkerzz".into()],
        ..Terms::default()
    };
    Record::opaque(format!("text/{MARKER}"), MARKER.repeat(9)).named(MARKER).with_terms(terms)
}

/// Everything that a program may print or log in passing.
#[test]
fn g50_no_content_names_or_keys_in_messages() {
    let key = *b"QQKEYBYTESQQ_and_twenty_more_of_";
    let unlock = || Unlock::device_key(&key);
    let (vault, code) =
        Vault::create(ampoule::MemoryStore::new(), MARKER, &unlock(), &ampoule::Recovery::code()).unwrap();
    let code = code.unwrap();
    let other = member(MARKER, 2);
    let card = other.vault.card().unwrap();
    let contact = vault.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    let chart = vault.create_chart().unwrap();
    let patient = Patient {
        names: vec![MARKER.into()],
        identifiers: vec![Identifier { system: MARKER.into(), value: MARKER.into() }],
        birth_date: Some("1970-05-03".into()),
    };
    chart.describe(&patient).unwrap();
    let actor = Actor { issuer: MARKER.into(), subject: MARKER.into(), session: MARKER.into(), purpose: MARKER.into() };
    let id = vault
        .batch(|batch| {
            batch.acting_for(actor.clone());
            let shown = format!("{batch:?}");
            assert!(!shown.contains(MARKER));
            batch.put(&chart, &marked())
        })
        .unwrap();
    let label = Label::new(MARKER).unwrap();
    let grant = Grant::read().label(label.clone());
    let unknown = chart.share(&contact, &grant).unwrap_err();
    chart.share(&contact, &Grant::read()).unwrap();
    let entry = chart.get(&id).unwrap();
    assert_eq!(entry.content(), MARKER.repeat(9).as_bytes());
    let query = Query::kind(MARKER).code(MARKER, MARKER).words(MARKER).word_prefix(MARKER);
    let found = chart.find(&Query::kind(MARKER)).unwrap();
    assert_eq!(found.entries().len(), 1);
    let terms = marked().terms().clone();

    let shown: [&dyn Debug; 24] = [
        &vault,
        &chart,
        &contact,
        &vault.contacts(),
        &entry,
        entry.record(),
        &marked(),
        &terms,
        &terms.codes,
        &patient,
        &patient.identifiers,
        &actor,
        &label,
        &grant,
        &chart.shares().unwrap(),
        &query,
        &PatientQuery::name(MARKER),
        &found,
        &vault.card().unwrap(),
        &unlock(),
        &code,
        &vault.ways().unwrap(),
        &vault.verify().unwrap(),
        &chart.history(&id).unwrap(),
    ];
    for (number, value) in shown.into_iter().enumerate() {
        let text = format!("{value:?} {value:#?}");
        assert_clean(&text, &format!("value {number}"));
        // One word alone may be that of a field: "version" is among the words of codes.
        let words = code.to_words();
        for pair in words.split_whitespace().collect::<Vec<_>>().windows(2) {
            assert!(!text.contains(&pair.join(" ")), "words of the recovery code in {text}");
        }
    }

    let long = Record::opaque(MARKER, MARKER).named(MARKER.repeat(200));
    let errors: [Error; 8] = [
        unknown,
        chart.put(&long).unwrap_err(),
        chart.put(&marked().labelled(label)).unwrap_err(),
        contact.verify(MARKER).unwrap_err(),
        vault.contacts().add(MARKER.as_bytes()).unwrap_err(),
        vault.import(MARKER.as_bytes()).unwrap_err(),
        Label::new(&MARKER.repeat(9)).map(drop).map_err(|_| Error::UnknownLabel).unwrap_err(),
        vault.add_way(&Unlock::passphrase(MARKER)).unwrap_err(),
    ];
    for error in errors {
        assert_clean(&format!("{error} {error:?} {error:#?}"), "an error");
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            assert_clean(&format!("{inner} {inner:?}"), "a source");
            source = inner.source();
        }
    }
}

#[track_caller]
fn assert_clean(text: &str, what: &str) {
    let lower = text.to_lowercase();
    assert!(!lower.contains("zzmarker") && !lower.contains("qqkeybytes"), "{what}: {text}");
    // Secrets as lists of numbers or as digits.
    assert!(!text.contains("81, 81, 75, 69") && !lower.contains("51514b45"), "{what}: {text}");
    assert!(!text.contains("90, 90, 77, 65") && !lower.contains("5a5a4d41"), "{what}: {text}");
}

/// The same for what stands on disk: the file and its log.
#[cfg(feature = "sqlite")]
#[test]
fn g50_nothing_legible_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clinic.db");
    let key = *b"QQKEYBYTESQQ_and_twenty_more_of_";
    let store = ampoule::SqliteStore::open(&path).unwrap();
    let vault = Vault::create(store, MARKER, &Unlock::device_key(&key), &ampoule::Recovery::code()).unwrap().0;
    let chart = vault.create_chart().unwrap();
    chart.describe(&Patient { names: vec![MARKER.into()], ..Patient::default() }).unwrap();
    let id = chart.put(&marked()).unwrap();
    chart.put_once(MARKER, &marked().labelled(Label::new("HIV").unwrap())).unwrap();
    chart.update(&id, &marked()).unwrap();
    assert_eq!(chart.find(&Query::kind(MARKER)).unwrap().entries().len(), 2);
    let mut read = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap().to_ascii_lowercase();
        read += bytes.len();
        for legible in [&b"zzmarker"[..], b"qqkeybytes", b"text/", b"general", b"restricted", b"1970-05"] {
            assert!(!bytes.windows(legible.len()).any(|window| window == legible), "{legible:?}");
        }
    }
    assert!(read > 10_000);
}

#[test]
fn g51_index_shows_no_frequency() {
    let clinic = member("Riverside Clinic", 1);
    let charts = [clinic.vault.create_chart().unwrap(), clinic.vault.create_chart().unwrap()];
    let coded = || {
        let code = Code { system: "http://loinc.org".into(), value: "4548-4".into() };
        Record::opaque("text/plain", *b"x").with_terms(Terms {
            kind: "Observation".into(),
            codes: vec![code],
            words: Terms::fold("equal words in both"),
            ..Terms::default()
        })
    };
    for chart in &charts {
        for _ in 0..40 {
            chart.put(&coded()).unwrap();
        }
        let query = Query::kind("Observation").code("http://loinc.org", "4548-4");
        assert_eq!(chart.find(&query).unwrap().entries().len(), 40);
    }
    let rows = clinic.store.rows().unwrap();
    let segments: Vec<_> = rows.iter().filter(|((table, ..), _)| *table == Table::Index).collect();
    assert!(segments.len() >= 4);
    let mut seen = HashSet::new();
    for (_, sealed) in segments {
        let windows: HashSet<_> = sealed.windows(8).collect();
        for window in windows {
            assert!(seen.insert(window), "eight bytes stand in two segments");
        }
    }
}
