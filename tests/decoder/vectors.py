"""Vectors: every value on the way compared, and each byte of each stored entry guarded."""

import json

from blob import Descriptor, changes, open_blob
from chart import Chart, grant_body, open_bundle, open_segment, path, check_value
from decode import each_change_is_refused
from preview import PreviewKeys
from primitives import (
    D, H, label, lp, message_key, open_chunked, open_once, padded_len, refused, require, sha512, structure, unpad,
)
from vault import DEVICE, Vault

TABLES = "vault keyring contacts directory cards ledger receipts grants entries wraps search log tiles map".split()


class Rows:
    """The rows of a vector, as a store would give them."""

    def __init__(self, rows):
        self.tables = {}
        for number, part, key, value in rows:
            table = self.tables.setdefault((TABLES[number - 1], bytes.fromhex(part)), {})
            table[bytes.fromhex(key)] = bytes.fromhex(value)

    def get(self, table, part, key):
        return self.tables[table, part][key]

    def rows(self, table, part):
        return sorted(self.tables.get((table, part), {}).items())


def check(folder):
    files = sorted(folder.glob("*.json"))
    of_blobs = [file for file in files if file.name.startswith("blobs-")]
    require(len(files) == 4 and len(of_blobs) == 2, "two files of vectors for each suite")
    for file in files:
        kind = Blobs if file in of_blobs else Vector
        kind(json.loads(file.read_text())).check(file.name)


class Same:
    """Compares values, and counts them."""

    def __init__(self, data):
        self.data = data
        self.compared = 0

    def same(self, found, expected, what):
        require(found == bytes.fromhex(expected), f"{what} differs")
        self.compared += 1


class Blobs(Same):
    """Contents of files. Byte i of each is the remainder of 31 i by 251."""

    def check(self, name):
        suite = 2 if "chacha20" in name else 1
        refusals = sum(self.blob(suite, values) for values in self.data)
        print(f"{name}: {len(self.data)} blobs, {self.compared} values the same, {refusals} changes refused")

    def blob(self, suite, values):
        of = {name: bytes.fromhex(value) for name, value in values.items() if isinstance(value, str)}
        length = values["content_length"]
        content = bytes(31 * at % 251 for at in range(length))
        self.same(sha512(content), values["content_hash"], "content")
        padded = content.ljust(padded_len(length), b"\0")
        require(len(padded) == values["padded_length"], "padded length")
        chart, descriptor, chunks = of["chart"], Descriptor(of["descriptor"]), of["chunks"]
        require((descriptor.blob, descriptor.length) == (of["blob"], length), "descriptor")
        self.same(H("first-chunk", padded[:16384]), values["first_chunk_hash"], "hash of the first chunk")
        require(of["blob_key_context"].startswith(chart + descriptor.blob), "context of a blob key")
        require(of["blob_key_context"].endswith(of["first_chunk_hash"]), "context of a blob key")
        require(len(of["blob_key_context"]) == 32 + 16 + 32 + 8 + 16 + 32, "context of a blob key")
        self.same(D(of["seed"], "blob-key", of["blob_key_context"]), values["blob_key"], "blob key")
        self.same(descriptor.key, values["blob_key"], "blob key of the descriptor")
        self.same(descriptor.context(chart), values["context"], "context of the chunks")
        self.same(chunks[:24], values["salt"], "salt")
        key, nonce, commitment = message_key(suite, descriptor.key, chunks[:24], descriptor.context(chart))
        self.same(key, values["chunk_key"], "key of the chunks")
        self.same(nonce, values["base_nonce"], "base nonce")
        self.same(commitment, values["commitment"], "commitment")
        ends = [*range(56 + 16400, len(chunks), 16400), len(chunks)]
        for end, tag in zip(ends, values["tags"], strict=True):
            self.same(chunks[end - 16 : end], tag, "tag")
        self.same(D(descriptor.key, "outboard", chart + descriptor.blob), values["tree_key"], "key of the tree")
        self.same(descriptor.root, values["root"], "root")
        opened = open_blob(suite, chart, descriptor, chunks, of["outboard"])
        require(opened == content, "content of a blob")
        self.same(descriptor.incoming(of["index_key"], chart), values["incoming"], "id of a blob that is taken in")
        refusals = 0
        for what, *changed in changes(chunks, of["outboard"]):
            refused(lambda: open_blob(suite, chart, descriptor, *changed), what)
            refusals += 1

        def described(data):
            changed = Descriptor(data)
            # The author signs the length: that of a content which ends with zeros is only his to say.
            require(changed.length == length, "length")
            return open_blob(suite, chart, changed, chunks, of["outboard"])

        return refusals + each_change_is_refused(of["descriptor"], described)


class Vector(Same):
    def check(self, name):
        chart = bytes.fromhex(self.data["chart"])
        contents = [bytes.fromhex(content) for content in self.data["contents"]]
        refused = 0
        for side in ("owner", "recipient"):
            values = self.data[side]
            vault = Vault(Rows(values["rows"]), {DEVICE: bytes.fromhex(self.data["device_key"])})
            self.same(vault.slot_secret, values["slot_secret"], "slot secret")
            self.same(vault.key, values["vault_key"], "vault key")
            self.same(vault.keyring_key, values["keyring_key"], "keyring key")
            context = label("keyring") + vault.id + chart
            ring = unpad(open_chunked(vault.suite, vault.keyring_key, context, vault.store.get("keyring", b"", chart)))
            self.same(ring, values["ring"], "ring")
            opened = Chart.of_store(vault, chart)
            self.ledger(vault, opened, values["ledger"])
            self.grants(vault, opened, values["grants"])
            self.index(vault, opened, values["index"])
            refused += self.entries(vault, opened, values["entries"], contents)
        chart, stored, _ = open_bundle(vault, bytes.fromhex(self.data["bundle"]))
        require([chart.open_entry(each).content for each in stored] == contents, "contents of the bundle")
        refused += self.preview(self.data["preview"])
        print(f"{name}: {self.compared} values the same, {refused} changes refused")

    def preview(self, values):
        of = {name: bytes.fromhex(value) for name, value in values.items()}
        keys = PreviewKeys(of["keys"], of["device_key"])
        self.same(keys.sealing_key, values["sealing_key"], "key of preview keys")
        self.same(keys.plain, values["plain"], "preview keys")
        entry = keys.open(of["notice"])
        self.same(entry.body.thread, values["thread"], "thread of a notice")
        self.same(entry.id, values["entry"], "entry of a notice")
        self.same(entry.author_name.encode(), values["author"], "author of a notice")
        self.same(entry.body.text.encode(), values["text"], "text of a notice")
        changed = each_change_is_refused(of["keys"], lambda data: PreviewKeys(data, of["device_key"]))
        return changed + each_change_is_refused(of["notice"], keys.open)

    def ledger(self, vault, chart, values):
        rows = vault.store.rows("ledger", chart.id)
        require(len(rows) == len(values), "number of ledger entries")
        for (number, stored), expected in zip(rows, values, strict=True):
            self.same(H("ledger-entry", stored), expected["hash"], "hash of a ledger entry")
            if stored[:4] == bytes(4):
                continue
            previous = chart.ledger.line[int.from_bytes(number, "big") - 1]
            context = label("ledger") + chart.id + stored[:4] + number + previous
            self.same(context, expected["context"], "context of a ledger entry")
            key = chart.ledger_keys[int.from_bytes(stored[:4], "big")]
            self.same(key, expected["key"], "ledger key")
            self.same(unpad(open_chunked(chart.suite, key, context, stored[4:])), expected["statement"], "statement")

    def grants(self, vault, chart, values):
        rows = [(id, row) for id, row in vault.store.rows("grants", chart.id) if structure(row, 5)[2] == vault.root.hash]
        for (id, row), expected in zip(rows, values, strict=True):
            _, granter, recipient, _, _ = structure(row, 5)
            self.same(label("grant") + chart.id + id + granter + recipient, expected["info"], "info of a grant")
            self.same(vault.kem, expected["kem_seed"], "seed of a KEM key")
            self.same(H("grant", structure(row, 5)[3]), expected["hash"], "hash of a grant")
            self.same(grant_body(vault, chart.id, id, row), expected["body"], "body of a grant")

    def index(self, vault, chart, values):
        for (range, sealed), expected in zip(vault.store.rows("search", chart.id), values, strict=True):
            context = label("index") + chart.id + range
            self.same(context, expected["context"], "context of a segment")
            self.same(chart.index_key, expected["key"], "index key")
            self.same(unpad(open_chunked(chart.suite, chart.index_key, context, sealed)), expected["body"], "segment")
            open_segment(chart, range, sealed)

    def entries(self, vault, chart, values, contents):
        refused = 0
        rows = vault.store.rows("entries", chart.id)
        for (_, stored), expected, content in zip(rows, values, contents, strict=True):
            entry = chart.open_stored(stored)
            stored = stored[:-40]
            require(entry.content == content, "content")
            epoch, header, payload = int.from_bytes(stored[:4], "big"), stored[52:124], stored[124:]
            where = path(chart.id, entry.compartment, epoch)
            self.same(where, expected["path"], "path")
            C = chart.compartments[epoch, entry.compartment]
            K = D(C, "content", where + header[6:7])
            self.same(C, expected["compartment_key"], "compartment key")
            self.same(check_value(C, 2, 0, where), expected["compartment_check"], "check value of a compartment")
            self.same(K, expected["content_key"], "content key")
            self.same(check_value(K, 3, header[6], where), expected["content_check"], "check value of a content key")
            self.same(header, expected["header"], "header")
            self.same(payload[:24], expected["salt"], "salt")
            context = where + lp(header) + payload[:56]
            self.same(context, expected["wrap_context"], "context of a wrap")
            once = D(K, "wrap", context, 44)
            self.same(once, expected["wrap_key_and_nonce"], "key and nonce of a wrap")
            data_key = open_once(chart.suite, once, stored[4:52])
            self.same(data_key, expected["data_key"], "data key")
            self.same(message_key(chart.suite, data_key, payload[:24], header)[2], expected["commitment"], "commitment")
            self.same(open_chunked(chart.suite, data_key, header, payload), expected["interior"], "interior")
            self.same(entry.metadata, expected["metadata"], "metadata")
            self.same(entry.signature, expected["signature"], "signature")
            self.same(entry.signed, expected["signature_input"], "input of a signature")
            self.same(H("object", stored[52:]), expected["object_hash"], "object hash")
            if len(stored) < 4096:
                refused += each_change_is_refused(stored, chart.open_entry)
        return refused
