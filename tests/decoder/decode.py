"""Opens vaults, bundles and vectors without the library, and compares what is in them with what was put in.

    decode.py made FOLDER      vaults that were just made, and FOLDER/expected.json
    decode.py vectors FOLDER   vectors with their intermediate values
"""

import hashlib
import json
import sqlite3
import sys
from pathlib import Path

from blob import Blobs, Descriptor
from content import Contents
from bundle import forged
from chart import FILE, Chart, open_bundle, open_segment
from primitives import Refused, refused, require, u64
from vault import DEVICE, PASSPHRASE, RECOVERY, Vault

FACTORS = {"device": DEVICE, "passphrase": PASSPHRASE, "recovery": RECOVERY}
STATUS = {1: "unverified", 2: "verified", 3: "changed"}


class Store:
    """The file as SQLite has it."""

    TABLES = "vault keyring contacts directory cards ledger receipts grants wraps search tiles map".split()
    JOURNAL = ["charts", "logs", "journal"]

    def __init__(self, file):
        self.db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        require(self.db.execute("PRAGMA application_id").fetchone()[0] == 0x414D504C, "application id")
        require(self.db.execute("PRAGMA user_version").fetchone()[0] == 3, "schema version")
        names = {name for (name,) in self.db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        require(names == set(self.TABLES + self.JOURNAL), "tables")

    def get(self, table, part, key):
        row = self.db.execute(f"SELECT value FROM {table} WHERE part = ? AND key = ?", (part, key)).fetchone()
        require(row is not None, f"no such row in {table}")
        return row[0]

    def rows(self, table, part):
        if table == "log":
            (number,) = self.db.execute("SELECT number FROM logs WHERE part = ?", (part,)).fetchone()
            places = (number << 48, (number + 1) << 48)
            rows = self.db.execute("SELECT place, value FROM journal WHERE place >= ? AND place < ? ORDER BY place", places)
            leaves = [(place - places[0], value) for place, value in rows if place % 65536 == 0]
            return [((place // 65536).to_bytes(8, "big"), value) for place, value in leaves]
        if table == "entries":
            entries = "SELECT key, value FROM journal JOIN charts ON chart = number WHERE part = ? ORDER BY key"
            return self.db.execute(entries, (part,)).fetchall()
        return self.db.execute(f"SELECT key, value FROM {table} WHERE part = ? ORDER BY key", (part,)).fetchall()


def parse_factors(given):
    value = {"device": bytes.fromhex, "passphrase": str, "recovery": str}
    return {FACTORS[name]: value[name](text) for name, text in given.items()}


def as_found(entry, content=None):
    content = entry.content if content is None else content
    return {
        "entry": entry.id.hex(),
        "version": entry.version.hex(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "media_type": entry.media_type,
        "label": entry.label,
        "name": entry.name,
        "author": entry.author_name,
        "actor": entry.actor and entry.actor[1],
        "deleted": entry.tombstone,
        "time_ms": entry.time,
        "codes": entry.terms[1],
        "text": entry.body and entry.body.text,
        "preview": preview_of(entry),
    }


def preview_of(entry):
    preview = Descriptor(entry.content).preview if entry.kind == FILE and not entry.tombstone else None
    return preview and [preview[0], preview[1].hex()]


def open_made(folder, expected):
    store = Store(folder / expected["file"])
    vaults = [Vault(store, parse_factors(factors)) for factors in expected["ways"]]
    require(len({vault.key for vault in vaults}) == 1, "all ways open one key")
    for factors in expected["closed"]:
        refused(lambda: Vault(store, parse_factors(factors)), "a way in that was removed")
    vault = vaults[0]
    found = {
        "name": vault.root.name,
        "key_version": vault.key_version,
        "suite": vault.suite,
        "devices": len(vault.devices),
        "closed_devices": sorted(vault.closed),
        "contacts": sorted(
            [name, STATUS[status], through, len(former)] for name, status, through, former in vault.contacts()
        ),
        "patients": {chart.hex(): patient[0] for chart, patient in vault.patients().items()},
        "charts": {},
    }
    counts = {"ledger entries": 0, "rows of indexes": 0, "grants": 0, "points of cuts": 0, "changes refused": 0}
    contents = Contents(folder, Blobs(folder / f"{expected['file']}-blobs"))
    for key in vault.charts():
        chart = Chart.of_store(vault, key)
        found["charts"][key.hex()] = open_chart(store, vault, chart, contents, counts)
    counts.update(contents.counts(vault))
    elsewhere = [counts["of them taken in"], counts["contents in part"]]
    require(elsewhere == expected["contents"], "contents that were taken in, or came in part")
    require(found == {key: expected[key] for key in found}, f"not what was put in: {found}")
    entries = sum(len(chart["entries"]) for chart in found["charts"].values())
    detail = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(f"{expected['file']}: {len(vaults)} ways in, {len(found['charts'])} charts, {entries} entries, {detail}")
    for bundle in expected["bundles"]:
        data = (folder / bundle["file"]).read_bytes()
        chart, stored, _ = open_bundle(vault, data)
        opened = [as_found(chart.open_entry(each)) for each in stored]
        require(opened == bundle["entries"], "not what the bundle was made of")
        changes = list(forged(data))
        for at, changed in enumerate(changes):
            refused(lambda: open_bundle(vault, changed), f"forgery {at} of a bundle")
        sizes = f"{len(opened)} entries, {len(chart.ledger.line)} ledger entries, {len(changes)} forgeries refused"
        print(f"{bundle['file']}: {sizes}")


def open_chart(store, vault, chart, contents, counts):
    counts["ledger entries"] += chart.ledger.read
    for grant, row in store.rows("grants", chart.id):
        if grant in chart.ledger.grants:
            chart.open_grant(vault, grant, row)
            counts["grants"] += 1
    rows = {}
    for key, sealed in store.rows("search", chart.id):
        segment = open_segment(chart, key, sealed)
        require(not rows.keys() & segment.keys(), "a row stands twice")
        rows.update(segment)
    entries = []
    chains = {}
    for number, (key, stored) in enumerate(store.rows("entries", chart.id), 1):
        require(key == u64(number), "order of arrival")
        entry = chart.open_stored(stored)
        require(entry.arrival < len(chart.ledger.line) or entry.arrival == 2**64 - 1, "arrival")
        if number in rows:
            require(rows[number][:3] == [entry.id, entry.version, entry.hash], "row of the index")
            require(rows[number][5:8] == [entry.parents, entry.author, entry.time], "row of the index")
            require(rows[number][9:11] == entry.chain, "chain in the index")
            require(rows[number][11:14] == [*entry.known, entry.arrival], "ledger in the index")
            require(rows[number][15] == entry.terms, "terms in the index")
            counts["rows of indexes"] += 1
        # Whoever was granted an epoch without its history sees the chains from somewhere on.
        start = [0, bytes(32)] if chart.ledger.first == 1 else [entry.chain[0] - 1, entry.chain[1]]
        seq, previous = chains.get((entry.author, entry.compartment), start)
        require(entry.chain == [seq + 1, previous], "chain of a device")
        chains[entry.author, entry.compartment] = (seq + 1, entry.hash)
        content = None
        if entry.kind == FILE and not entry.tombstone:
            content = contents.open(chart, entry)
        entries.append(as_found(entry, content))
        if number <= 2:
            counts["changes refused"] += each_change_is_refused(stored[:-40], chart.open_entry)
    require(sorted(rows) == list(range(1, len(rows) + 1)), "rows follow one another")
    require(len(entries) - 15 <= len(rows) <= len(entries), "rows that are due")
    if chart.home:
        hashes = {chart.open_stored(stored).hash for _, stored in store.rows("entries", chart.id)}
        for revocation in chart.ledger.revocations:
            points = [point for cut in chart.open_cuts(revocation) for point in cut]
            require(all(point[2] in hashes for point in points), "a cut names an entry that is not there")
            counts["points of cuts"] += len(points)
    return {"labels": sorted(chart.labels.values()), "entries": entries}


def each_change_is_refused(data, opener):
    """Changes each byte in turn, a bit of it and all of it."""
    for at in range(len(data)):
        for change in (1 << at % 8, 0xFF):
            changed = bytearray(data)
            changed[at] ^= change
            refused(lambda: opener(bytes(changed)), f"byte {at} of {len(data)}")
    return 2 * len(data)


def main():
    mode, folder = sys.argv[1], Path(sys.argv[2])
    if mode == "made":
        for expected in json.loads((folder / "expected.json").read_text()):
            open_made(folder, expected)
    else:
        from vectors import check

        check(folder)


if __name__ == "__main__":
    main()
