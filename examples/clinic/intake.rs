//! Sealing: each record goes to the chart of the patient whom it names, or to the practice's own.

use crate::say::{Result, progress};
use crate::source::{self, Cut, File};
use ampoule::{Chart, EntryId, Label, Patient, Record, Terms, Vault};
use ampoule_fhir::{Fhir, FhirError, PatientRef, Resource, SensitivityPolicy, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

/// Records that are made durable together, unless they are long.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 16 << 20;
/// The practice's own chart, among the charts.
const PRACTICE: usize = 0;

/// A chart that was filled.
pub(crate) struct Filled {
    pub(crate) chart: Chart,
    /// How resources refer to the patient. Empty for the practice's own chart.
    references: Vec<PatientRef>,
    pub(crate) patient: Option<Patient>,
    pub(crate) records: Vec<(EntryId, Label)>,
}

#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    pub(crate) sealed_bytes: u64,
    pub(crate) opaque: u64,
    pub(crate) labels: BTreeMap<Label, u64>,
    pub(crate) reading: Duration,
    pub(crate) founding: Duration,
    pub(crate) sealing: Duration,
    /// Texts of patients' records, to look for where they must not be.
    pub(crate) texts: BTreeSet<String>,
}

pub(crate) struct Intake<'v> {
    vault: &'v Vault,
    fhir: Fhir,
    policy: SensitivityPolicy,
    charts: Vec<Filled>,
    by_reference: BTreeMap<PatientRef, usize>,
    waiting: Vec<(usize, Record)>,
    waiting_bytes: usize,
    totals: Totals,
}

/// Seals all files. The first chart is the practice's own.
pub(crate) fn seal(vault: &Vault, files: &[File]) -> Result<(Vec<Filled>, Totals)> {
    let policy = SensitivityPolicy::standard();
    let mut intake = Intake {
        vault,
        fhir: Fhir::with_policy(policy.clone()),
        policy,
        charts: Vec::new(),
        by_reference: BTreeMap::new(),
        waiting: Vec::new(),
        waiting_bytes: 0,
        totals: Totals::default(),
    };
    intake.found(Vec::new())?;
    let sizes = files.iter().map(|file| Ok(fs::metadata(&file.path)?.len())).sum::<std::io::Result<u64>>()?;
    let bar = progress(sizes, "sealing")?;
    for file in files {
        let start = Instant::now();
        let bytes = fs::read(&file.path)?;
        let length = u64::try_from(bytes.len())?;
        let busy = intake.busy();
        intake.take(file, &bytes)?;
        let elsewhere = intake.busy().saturating_sub(busy);
        intake.totals.reading = intake.totals.reading.saturating_add(start.elapsed().saturating_sub(elsewhere));
        intake.totals.files = intake.totals.files.saturating_add(1);
        intake.totals.bytes = intake.totals.bytes.saturating_add(length);
        bar.inc(length);
    }
    intake.flush()?;
    intake.describe()?;
    bar.finish_and_clear();
    Ok((intake.charts, intake.totals))
}

impl Intake<'_> {
    /// Takes a file: cuts it, and finds for each piece its chart.
    fn take(&mut self, file: &File, bytes: &[u8]) -> Result<()> {
        let Cut { pieces, frame } = source::cut(file, bytes)?;
        let read: Vec<_> = pieces.iter().map(|piece| self.fhir.resource(piece.bytes)).collect();
        // A Bundle's Patient goes by its id and by the URL that the Bundle gives it. That both are one person we say, the
        // caller: one folder holds the resources of one server.
        for (piece, resource) in pieces.iter().zip(&read) {
            if let (Some(url), Ok(resource)) = (&piece.full_url, resource)
                && resource.kind() == "Patient"
                && let (Ok(url), [id]) = (PatientRef::new(url), resource.subjects())
            {
                let chart = self.patient_chart(id)?;
                self.alias(url, chart);
            }
        }
        let mut places = BTreeSet::new();
        for (number, (piece, resource)) in pieces.iter().zip(read).enumerate() {
            let place = self.place(&resource)?;
            let number = frame.is_some().then_some(number);
            let record = self.record(place, piece.bytes, resource)?.named(source::piece_name(&file.name, number));
            self.put(place, record)?;
            places.insert(place);
        }
        if let Some(frame) = frame {
            // What is between the resources is as sensitive as all of them, and about whom they are all about.
            let whole = self.fhir.resource(bytes).ok();
            let label = whole.and_then(|whole| whole.label(&self.policy).ok()).unwrap_or_else(Label::restricted);
            let place = if places.len() == 1 { places.first().copied().unwrap_or(PRACTICE) } else { PRACTICE };
            let record = Record::opaque("application/octet-stream", frame).labelled(label);
            self.put(place, record.named(source::frame_name(&file.name)))?;
        }
        Ok(())
    }

    /// The chart of a resource: its patient's where it names exactly one, and otherwise the practice's own.
    fn place(&mut self, resource: &std::result::Result<Resource, FhirError>) -> Result<usize> {
        let Ok(resource) = resource else { return Ok(PRACTICE) };
        // `#p1` refers to something within the resource, which nobody else knows by that name.
        let [one] = resource.subjects() else { return Ok(PRACTICE) };
        if one.as_str().is_none_or(|reference| reference.starts_with('#')) {
            return Ok(PRACTICE);
        }
        let place = self.patient_chart(one)?;
        let expected = self.charts.get(place).map(|filled| resource.confirms(&filled.references));
        Ok(if expected == Some(Subject::Confirmed) { place } else { PRACTICE })
    }

    fn record(
        &mut self,
        place: usize,
        bytes: &[u8],
        resource: std::result::Result<Resource, FhirError>,
    ) -> Result<Record> {
        let Ok(resource) = resource else {
            self.totals.opaque = self.totals.opaque.saturating_add(1);
            // Nobody can tell what is in it: so nobody gets it with a share of what is general.
            return Ok(Record::opaque("application/octet-stream", bytes).labelled(Label::restricted()));
        };
        if place != PRACTICE {
            collect_texts(&serde_json::from_slice(bytes)?, &mut self.totals.texts);
            if resource.kind() == "Patient"
                && let Some(filled) = self.charts.get_mut(place)
            {
                filled.patient = Some(ampoule_fhir::patient(bytes)?);
            }
        }
        Ok(self.fhir.record_of(resource, bytes)?)
    }

    fn put(&mut self, place: usize, record: Record) -> Result<()> {
        let label = record.label().cloned().unwrap_or_else(Label::general);
        let known = self.totals.labels.entry(label).or_default();
        *known = known.saturating_add(1);
        self.waiting_bytes = self.waiting_bytes.saturating_add(record.content().len());
        self.waiting.push((place, record));
        if self.waiting.len() >= BATCH || self.waiting_bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Seals what waits, in one durable transaction over all its charts.
    fn flush(&mut self) -> Result<()> {
        let start = Instant::now();
        let waiting = std::mem::take(&mut self.waiting);
        let charts = &self.charts;
        let put: Vec<_> = self.vault.batch(|batch| {
            let mut put = Vec::with_capacity(waiting.len());
            for (place, record) in &waiting {
                let filled = charts.get(*place).ok_or(ampoule::Error::UnknownChart)?;
                put.push((*place, batch.put(&filled.chart, record)?, record));
            }
            Ok(put)
        })?;
        for (place, entry, record) in put {
            let label = record.label().cloned().unwrap_or_else(Label::general);
            if let Some(filled) = self.charts.get_mut(place) {
                filled.records.push((entry, label));
            }
            self.totals.records = self.totals.records.saturating_add(1);
            let length = u64::try_from(record.content().len())?;
            self.totals.sealed_bytes = self.totals.sealed_bytes.saturating_add(length);
        }
        self.waiting_bytes = 0;
        self.totals.sealing = self.totals.sealing.saturating_add(start.elapsed());
        Ok(())
    }

    /// Says whom each chart is about: the Patient resource, or at least the reference by which others name the patient.
    fn describe(&mut self) -> Result<()> {
        let start = Instant::now();
        for filled in self.charts.iter_mut().skip(1) {
            let name = || filled.references.first().and_then(PatientRef::as_str).unwrap_or_default().to_owned();
            let patient = filled.patient.get_or_insert_with(|| Patient { names: vec![name()], ..Patient::default() });
            filled.chart.describe(patient)?;
        }
        self.totals.founding = self.totals.founding.saturating_add(start.elapsed());
        Ok(())
    }

    fn patient_chart(&mut self, reference: &PatientRef) -> Result<usize> {
        match self.by_reference.get(reference) {
            Some(place) => Ok(*place),
            None => self.found(vec![reference.clone()]),
        }
    }

    fn found(&mut self, references: Vec<PatientRef>) -> Result<usize> {
        let start = Instant::now();
        let place = self.charts.len();
        for reference in &references {
            self.by_reference.insert(reference.clone(), place);
        }
        let chart = self.vault.create_chart()?;
        self.charts.push(Filled { chart, references, patient: None, records: Vec::new() });
        self.totals.founding = self.totals.founding.saturating_add(start.elapsed());
        Ok(place)
    }

    fn alias(&mut self, reference: PatientRef, place: usize) {
        if let Some(filled) = self.charts.get_mut(place)
            && !self.by_reference.contains_key(&reference)
        {
            filled.references.push(reference.clone());
            self.by_reference.insert(reference, place);
        }
    }

    fn busy(&self) -> Duration {
        self.totals.sealing.saturating_add(self.totals.founding)
    }
}

/// All texts of a resource that stand in its file as they are read, and their words.
fn collect_texts(value: &serde_json::Value, texts: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::String(text) => {
            // Longer ones would have to stand there in full; their words are looked for instead.
            if text.len() <= 64 && !text.contains(['"', '\\', '\n', '\r', '\t']) {
                texts.insert(text.clone());
            }
            texts.extend(Terms::fold(text));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| collect_texts(field, texts)),
        _ => {}
    }
}
