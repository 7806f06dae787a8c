//! The directory of patients: whom a chart is about, sealed.

use crate::chart::ampoule_chart;
use crate::ids::ampoule_chart_id;
use crate::memory::{Out, bytes, lend, text};
use crate::status::ampoule_status;
use crate::vault::ampoule_vault;
use crate::{boundary, handles};
use ampoule::{ChartId, Identifier, Patient, PatientQuery};
use std::ffi::c_char;
use std::ptr;

/// Whom a chart is about. It does not change: `ampoule_patient_with_name` and the like give another. Any thread.
pub struct ampoule_patient(Patient);

/// Somebody of whom nothing is known yet but the birth date: `YYYY-MM-DD`, `YYYY-MM`, `YYYY`, or nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patient_new(
    birth_date: *const c_char,
    birth_date_len: usize,
    patient: *mut *mut ampoule_patient,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(patient)?;
        let made = Patient { birth_date: some(text(birth_date, birth_date_len)?), ..Patient::default() };
        out.write(handles::open(ampoule_patient(made))?);
        Ok(())
    })
}

/// The patient of a FHIR resource of that kind, in JSON: names, identifiers, birth date.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patient_of_fhir(
    resource: *const u8,
    resource_len: usize,
    patient: *mut *mut ampoule_patient,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(patient)?;
        let made = fhir::patient(bytes(resource, resource_len)?).map_err(|_| ampoule_status::NotFhir)?;
        out.write(handles::open(ampoule_patient(made))?);
        Ok(())
    })
}

/// The same patient with another name: given names, then the family name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patient_with_name(
    patient: *const ampoule_patient,
    name: *const c_char,
    name_len: usize,
    with: *mut *mut ampoule_patient,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(with)?;
        let mut made = handles::get(patient)?.0.clone();
        made.names.push(text(name, name_len)?.to_owned());
        out.write(handles::open(ampoule_patient(made))?);
        Ok(())
    })
}

/// The same patient with another identifier: the URI of its namespace, or nothing, and the identifier there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patient_with_identifier(
    patient: *const ampoule_patient,
    system: *const c_char,
    system_len: usize,
    identifier: *const c_char,
    identifier_len: usize,
    with: *mut *mut ampoule_patient,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(with)?;
        let mut made = handles::get(patient)?.0.clone();
        let (system, value) = (text(system, system_len)?.to_owned(), text(identifier, identifier_len)?.to_owned());
        made.identifiers.push(Identifier { system, value });
        out.write(handles::open(ampoule_patient(made))?);
        Ok(())
    })
}

/// A name, from 0: the patient's own text, there until it is closed, and not ended by a zero byte. After the last it is
/// `AMPOULE_STATUS_OUT_OF_RANGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patient_name(
    patient: *const ampoule_patient,
    place: usize,
    name: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(name)?, Out::at(len)?);
        let patient = handles::get(patient)?;
        lend(patient.0.names.get(place).ok_or(ampoule_status::OutOfRange)?, out, out_len);
        Ok(())
    })
}

/// An identifier, from 0, as `ampoule_patient_name`: the URI of its namespace, which may be empty, and the identifier there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patient_identifier(
    patient: *const ampoule_patient,
    place: usize,
    system: *mut *const c_char,
    system_len: *mut usize,
    identifier: *mut *const c_char,
    identifier_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (system_out, system_len_out) = (Out::at(system)?, Out::at(system_len)?);
        let (out, out_len) = (Out::at(identifier)?, Out::at(identifier_len)?);
        let patient = handles::get(patient)?;
        let Identifier { system, value } = patient.0.identifiers.get(place).ok_or(ampoule_status::OutOfRange)?;
        lend(system, system_out, system_len_out);
        lend(value, out, out_len);
        Ok(())
    })
}

/// The birth date, or no bytes where it is not known: as `ampoule_patient_name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patient_birth_date(
    patient: *const ampoule_patient,
    date: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(date)?, Out::at(len)?);
        lend(handles::get(patient)?.0.birth_date.as_deref().unwrap_or_default(), out, out_len);
        Ok(())
    })
}

/// Says who the chart is about, for the directory of this vault. What was said before is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_describe(
    chart: *const ampoule_chart,
    patient: *const ampoule_patient,
) -> ampoule_status {
    boundary::call(|| {
        let patient = handles::get(patient)?;
        Ok(handles::get(chart)?.0.describe(&patient.0)?)
    })
}

/// Takes the chart out of the directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_forget_patient(chart: *const ampoule_chart) -> ampoule_status {
    boundary::call(|| Ok(handles::get(chart)?.0.forget_patient()?))
}

/// Whom the chart is about, as this vault was told, or NULL where it was not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_patient(
    chart: *const ampoule_chart,
    patient: *mut *mut ampoule_patient,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(patient)?;
        let told = handles::get(chart)?.0.patient()?;
        out.write(told.map_or(Ok(ptr::null_mut()), |told| handles::open(ampoule_patient(told)))?);
        Ok(())
    })
}

/// Patients that were found. It does not change. Any thread.
pub struct ampoule_patients(Vec<(ChartId, Patient)>);

/// Looks for patients of whose names each word begins a word, in the order of their names. Without words it is all of them. Those
/// that were born then, where a birth date is given: `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_find_patients(
    vault: *const ampoule_vault,
    words: *const c_char,
    words_len: usize,
    birth_date: *const c_char,
    birth_date_len: usize,
    patients: *mut *mut ampoule_patients,
) -> ampoule_status {
    boundary::call(|| {
        let words = text(words, words_len)?;
        let query = if words.is_empty() { PatientQuery::all() } else { PatientQuery::name(words) };
        find(vault, query, text(birth_date, birth_date_len)?, Out::at(patients)?)
    })
}

/// Looks for patients with an identifier, in the namespace of this URI, or with no bytes for it in whatever one. Those that were born
/// then, as for `ampoule_vault_find_patients`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_vault_find_identifier(
    vault: *const ampoule_vault,
    system: *const c_char,
    system_len: usize,
    identifier: *const c_char,
    identifier_len: usize,
    birth_date: *const c_char,
    birth_date_len: usize,
    patients: *mut *mut ampoule_patients,
) -> ampoule_status {
    boundary::call(|| {
        let (system, value) = (text(system, system_len)?, text(identifier, identifier_len)?);
        let query = match system {
            "" => PatientQuery::any_identifier(value),
            system => PatientQuery::identifier(system, value),
        };
        find(vault, query, text(birth_date, birth_date_len)?, Out::at(patients)?)
    })
}

fn find(
    vault: *const ampoule_vault,
    query: PatientQuery,
    birth_date: &str,
    out: Out<*mut ampoule_patients>,
) -> Result<(), ampoule_status> {
    let query = if birth_date.is_empty() { query } else { query.birth_date(birth_date) };
    let found = handles::get(vault)?.0.find_patient(&query)?;
    out.write(handles::open(ampoule_patients(found))?);
    Ok(())
}

/// How many were found.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patients_count(
    patients: *const ampoule_patients,
    count: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(patients)?.0.len());
        Ok(())
    })
}

/// One of them, from 0, with its chart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_patients_at(
    patients: *const ampoule_patients,
    place: usize,
    chart: *mut ampoule_chart_id,
    patient: *mut *mut ampoule_patient,
) -> ampoule_status {
    boundary::call(|| {
        let (chart_out, out) = (Out::at(chart)?, Out::at(patient)?);
        let patients = handles::get(patients)?;
        let (chart, patient) = patients.0.get(place).ok_or(ampoule_status::OutOfRange)?;
        out.write(handles::open(ampoule_patient(patient.clone()))?);
        chart_out.write((*chart).into());
        Ok(())
    })
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
