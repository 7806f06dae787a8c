//! A file, read as far as its pixel data.

use crate::elements::{Elements, KEPT, MAX_VALUE};
use crate::locate::{Extended, MAX_TABLE, locate};
use crate::source::Source;
use crate::walk::{Encoding, Walk, defined};
use crate::{DicomError, PixelData};
use core::fmt;
use dicom_core::Tag;
use dicom_core::header::DataElementHeader;
use dicom_dictionary_std::tags;
use std::io::{Read, Seek};

/// Transfer syntaxes (PS3.5, A.1, A.3, A.5; PS3.6, A). All others of the standard are written in explicit little endian.
const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";
const DEFLATED: [&str; 2] = ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"];
const OF_THE_STANDARD: &str = "1.2.840.10008.1.2";

/// Group of the file meta information (PS3.10, 7.1).
const META: u16 = 0x0002;

/// What a DICOM file says of itself, without its pixel data. Only [`DicomFile::read`] makes one.
pub struct DicomFile {
    pub(crate) elements: Elements,
    transfer_syntax: String,
    class: Option<String>,
    study: Option<String>,
    series: Option<String>,
    instance: Option<String>,
    rows: Option<u16>,
    columns: Option<u16>,
    pixels: Result<PixelData, DicomError>,
}

impl DicomFile {
    /// Reads a file of PS3.10 from its start, as far as its pixel data. Memory does not grow with the file.
    ///
    /// Elements stand in the order of their tags, none twice; other data sets are refused. A file that ends within its
    /// pixel data is read all the same, and [`PixelData::is_complete`] tells.
    pub fn read<R: Read + Seek>(reader: R) -> Result<Self, DicomError> {
        let mut source = Source::new(reader)?;
        if source.available(132) < 132 || source.value(132)?.get(128..) != Some(b"DICM") {
            return Err(DicomError::NotDicom);
        }
        let mut walk = Walk::new(source, Encoding::ExplicitLittle);
        let meta = read_meta(&mut walk)?;
        let transfer_syntax = meta.uid(tags::TRANSFER_SYNTAX_UID)?.ok_or(DicomError::TransferSyntax)?;
        let of_the_standard = transfer_syntax.strip_prefix(OF_THE_STANDARD);
        if !of_the_standard.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            return Err(DicomError::TransferSyntax);
        }
        let encoding = match transfer_syntax.as_str() {
            IMPLICIT_LITTLE => Encoding::ImplicitLittle,
            EXPLICIT_BIG => Encoding::ExplicitBig,
            _ => Encoding::ExplicitLittle,
        };
        let source = walk.source;
        let source = if DEFLATED.contains(&transfer_syntax.as_str()) { source.inflated() } else { source };
        let mut walk = Walk::new(source, encoding);
        let (elements, pixels) = read_data_set(&mut walk)?;
        let class = elements.uid(tags::SOP_CLASS_UID)?;
        Ok(Self {
            class: class.map_or_else(|| meta.uid(tags::MEDIA_STORAGE_SOP_CLASS_UID), |class| Ok(Some(class)))?,
            study: elements.uid(tags::STUDY_INSTANCE_UID)?,
            series: elements.uid(tags::SERIES_INSTANCE_UID)?,
            instance: elements.uid(tags::SOP_INSTANCE_UID)?,
            rows: elements.number(tags::ROWS, encoding)?,
            columns: elements.number(tags::COLUMNS, encoding)?,
            transfer_syntax,
            elements,
            pixels,
        })
    }

    /// Transfer Syntax UID: how the file is written and its frames are compressed.
    pub fn transfer_syntax(&self) -> &str {
        &self.transfer_syntax
    }

    /// SOP Class UID: what kind of object it is, such as a CT image or a report.
    pub fn sop_class(&self) -> Option<&str> {
        self.class.as_deref()
    }

    /// Study Instance UID.
    pub fn study(&self) -> Option<&str> {
        self.study.as_deref()
    }

    /// Series Instance UID.
    pub fn series(&self) -> Option<&str> {
        self.series.as_deref()
    }

    /// SOP Instance UID: the object itself.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Modality, such as `CT`, where it is a code of the form that the standard gives it.
    pub fn modality(&self) -> Option<&str> {
        self.elements.code(tags::MODALITY)
    }

    /// Rows of a frame.
    pub fn rows(&self) -> Option<u16> {
        self.rows
    }

    /// Columns of a frame.
    pub fn columns(&self) -> Option<u16> {
        self.columns
    }

    /// Where the pixel data lies.
    ///
    /// [`DicomError::NoPixelData`] where there is none, and [`DicomError::NoFramePlaces`] where the data set is compressed
    /// as a whole.
    pub fn pixel_data(&self) -> Result<&PixelData, DicomError> {
        self.pixels.as_ref().map_err(Clone::clone)
    }
}

/// The meta information, which ends where another group begins: the length that it states is often wrong.
fn read_meta<R: Read + Seek>(walk: &mut Walk<R>) -> Result<Elements, DicomError> {
    let mut meta = Elements::default();
    let mut order = Order::default();
    while walk.peek_tag()?.is_some_and(|tag| tag.group() == META) {
        let at = walk.source.at();
        let Some(header) = walk.next()? else { break };
        order.check(header.tag, at)?;
        if [tags::MEDIA_STORAGE_SOP_CLASS_UID, tags::TRANSFER_SYNTAX_UID].contains(&header.tag) {
            meta.insert(header.tag, value(walk, &header, MAX_VALUE)?);
        } else {
            walk.skip(&header)?;
        }
    }
    Ok(meta)
}

type Found = (Elements, Result<PixelData, DicomError>);

fn read_data_set<R: Read + Seek>(walk: &mut Walk<R>) -> Result<Found, DicomError> {
    let mut elements = Elements::default();
    let mut extended = Extended::default();
    let mut order = Order::default();
    loop {
        let at = walk.source.at();
        let Some(header) = walk.next()? else { return Ok((elements, Err(DicomError::NoPixelData))) };
        order.check(header.tag, at)?;
        match header.tag {
            tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA => {
                let pixels = if walk.source.is_plain() {
                    Ok(locate(walk, &header, at, &elements, &extended)?)
                } else {
                    Err(DicomError::NoFramePlaces)
                };
                return Ok((elements, pixels));
            }
            tags::EXTENDED_OFFSET_TABLE => extended.offsets = value(walk, &header, MAX_TABLE)?,
            tags::EXTENDED_OFFSET_TABLE_LENGTHS => extended.lengths = value(walk, &header, MAX_TABLE)?,
            tag if KEPT.contains(&tag) => elements.insert(tag, value(walk, &header, MAX_VALUE)?),
            _ => walk.skip(&header)?,
        }
    }
}

fn value<R: Read + Seek>(walk: &mut Walk<R>, header: &DataElementHeader, limit: u64) -> Result<Vec<u8>, DicomError> {
    let len = defined(header.len).filter(|len| *len <= limit).ok_or(DicomError::Value { tag: header.tag.into() })?;
    walk.source.value(len)
}

/// Elements stand in the order of their tags (PS3.5, 7.1), so that none stands twice and two readers see the same.
#[derive(Default)]
struct Order {
    last: Option<Tag>,
}

impl Order {
    fn check(&mut self, tag: Tag, at: u64) -> Result<(), DicomError> {
        if self.last.is_some_and(|last| last >= tag) {
            return Err(DicomError::Malformed { at });
        }
        self.last = Some(tag);
        Ok(())
    }
}

/// Shows neither identifiers nor text: they are a patient's.
impl fmt::Debug for DicomFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { elements: _, transfer_syntax, class, study: _, series: _, instance: _, rows, columns, pixels } =
            self;
        f.debug_struct("DicomFile")
            .field("transfer_syntax", transfer_syntax)
            .field("sop_class", class)
            .field("rows", rows)
            .field("columns", columns)
            .field("frames", &pixels.as_ref().map_or(0, PixelData::frames))
            .finish_non_exhaustive()
    }
}
