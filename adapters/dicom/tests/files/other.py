"""What pydicom reads in the files of a folder. Writes JSON: file name to what was found, or to null where it refuses."""

import hashlib
import json
import pathlib
import sys

import pydicom
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import get_expected_length


def names(value):
    found = []
    for group in str(value).split("="):
        family, given, middle, prefix, suffix = [part.strip() for part in (group.split("^") + [""] * 5)[:5]]
        name = " ".join(part for part in [prefix, given, middle, family, suffix] if part)
        if name:
            found.append(name)
    return found


def frames(data, element):
    """The frames as digests, or null where there is no saying."""
    count = int(data.get("NumberOfFrames") or 1)
    value = element.value
    if data.file_meta.TransferSyntaxUID.is_encapsulated:
        tables = {}
        if "ExtendedOffsetTable" in data:
            tables["extended_offsets"] = (data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths)
        found = list(generate_frames(value, number_of_frames=count, **tables))
    else:
        whole = get_expected_length(data, "bytes")
        if whole % count:
            return None
        size = whole // count
        found = [value[number * size : (number + 1) * size] for number in range(count)]
    return [hashlib.sha256(frame).hexdigest() for frame in found]


def read(path):
    try:
        data = pydicom.dcmread(path)
    except Exception:
        return None
    found = {
        key: str(data[keyword].value or "") or None if keyword in data else None
        for key, keyword in [
            ("class", "SOPClassUID"),
            ("study", "StudyInstanceUID"),
            ("series", "SeriesInstanceUID"),
            ("instance", "SOPInstanceUID"),
            ("modality", "Modality"),
            ("patient", "PatientID"),
        ]
    }
    found["class"] = found["class"] or data.file_meta.get("MediaStorageSOPClassUID") or None
    found["syntax"] = data.file_meta.get("TransferSyntaxUID")
    found["rows"], found["columns"] = data.get("Rows"), data.get("Columns")
    found["names"] = names(data.get("PatientName", ""))
    for keyword in ["PixelData", "FloatPixelData", "DoubleFloatPixelData"]:
        if keyword in data:
            raw = data.get_item(keyword)
            found["value"] = raw.value_tell
            found["length"] = None if raw.length == 0xFFFFFFFF else raw.length
            try:
                found["frames"] = frames(data, data[keyword])
            except Exception:
                found["frames"] = None
    return found


root = pathlib.Path(sys.argv[1])
paths = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix not in [".py", ".pyc"])
print(json.dumps({str(path.relative_to(root)): read(path) for path in paths}))
