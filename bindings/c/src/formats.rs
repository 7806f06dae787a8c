//! What the adapters read: FHIR resources and DICOM files.

use crate::file::ampoule_file;
use crate::memory::{Out, bytes, text};
use crate::record::ampoule_record;
use crate::status::ampoule_status;
use crate::{boundary, handles};
use dicom::DicomFile;
use std::ffi::c_char;
use std::fs::File;
use std::io::{Seek, SeekFrom};

/// A record of a FHIR resource in JSON (R4, R4B, R5): kept byte for byte, with the terms that find it and the label that it asks
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_of_fhir(
    resource: *const u8,
    resource_len: usize,
    record: *mut *mut ampoule_record,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(record)?;
        let made = fhir::record(bytes(resource, resource_len)?).map_err(|_| ampoule_status::NotFhir)?;
        out.write(handles::open(ampoule_record::new(made))?);
        Ok(())
    })
}

/// A DICOM file that was read as far as its pixel data: what finds it, and where each frame lies. It does not change. Any
/// thread.
pub struct ampoule_dicom(DicomFile);

/// Where a viewer finds what it needs.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_dicom_info {
    /// Bytes before the pixel data, from the start of the file: what a viewer reads first.
    pub header_len: u64,
    /// How many frames there are.
    pub frames: u32,
    /// Rows of a frame, or 0 where the file does not say.
    pub rows: u16,
    /// Columns of a frame, or 0 where the file does not say.
    pub columns: u16,
    /// Whether frames are in fragments, each with a header of its own between them.
    pub encapsulated: bool,
}

/// Reads a DICOM file of a chart. Of a file of gigabytes some kilobytes are opened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_dicom_of_file(
    file: *const ampoule_file,
    dicom: *mut *mut ampoule_dicom,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(dicom)?;
        let read = handles::get(file)?.with(|file| {
            file.seek(SeekFrom::Start(0)).map_err(|_| ampoule_status::CannotRead)?;
            DicomFile::read(file).map_err(|_| ampoule_status::NotDicom)
        })?;
        out.write(handles::open(ampoule_dicom(read))?);
        Ok(())
    })
}

/// Reads a DICOM file at a path, before it is put.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_dicom_of_path(
    path: *const c_char,
    path_len: usize,
    dicom: *mut *mut ampoule_dicom,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(dicom)?;
        let file = File::open(text(path, path_len)?).map_err(|_| ampoule_status::CannotRead)?;
        let read = DicomFile::read(file).map_err(|_| ampoule_status::NotDicom)?;
        out.write(handles::open(ampoule_dicom(read))?);
        Ok(())
    })
}

/// Has a record, which describes the file, found by what the file says: kind `ImagingStudy`, modality, UIDs, dates, words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_record_set_dicom_terms(
    record: *const ampoule_record,
    dicom: *const ampoule_dicom,
) -> ampoule_status {
    boundary::call(|| {
        let terms = handles::get(dicom)?.0.terms();
        handles::get(record)?.set_terms(terms);
        Ok(())
    })
}

/// Where a viewer finds what it needs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_dicom_get_info(
    dicom: *const ampoule_dicom,
    info: *mut ampoule_dicom_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let dicom = handles::get(dicom)?;
        let pixels = dicom.0.pixel_data().map_err(|_| ampoule_status::NotDicom)?;
        out.write(ampoule_dicom_info {
            header_len: pixels.header_len(),
            frames: pixels.frames(),
            rows: dicom.0.rows().unwrap_or(0),
            columns: dicom.0.columns().unwrap_or(0),
            encapsulated: pixels.is_encapsulated(),
        });
        Ok(())
    })
}

/// The one range of the file to fetch for a frame, from 0: from its first byte to its last, headers of further fragments
/// included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_dicom_frame(
    dicom: *const ampoule_dicom,
    number: u32,
    offset: *mut u64,
    len: *mut u64,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(offset)?, Out::at(len)?);
        let dicom = handles::get(dicom)?;
        let pixels = dicom.0.pixel_data().map_err(|_| ampoule_status::NotDicom)?;
        let span = pixels.frame(number).map_err(|_| ampoule_status::OutOfRange)?.span();
        out.write(span.start);
        out_len.write(span.end.saturating_sub(span.start));
        Ok(())
    })
}
