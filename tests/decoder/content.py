"""Contents of files where a vault keeps them: written there, taken in whole or in part, or on their way."""

from blob import PREFIX, SEALED, Descriptor, changes, changes_of_chunks, open_blob, receive, replace, sealed_elsewhere
from primitives import label, open_chunked, refused, require, structure, unpad


class Contents:
    """The blobs of a vault, and the contents that were sent, in `VERSION.content`."""

    def __init__(self, folder, blobs):
        self.folder, self.blobs = folder, blobs
        self.kept = self.sent = self.taken_in = self.refusals = 0
        self.in_part = {}

    def open(self, chart, entry):
        """The content of a file. What another implementation seals anew is left for the library to open, or to take in."""
        descriptor = Descriptor(entry.content)
        own, incoming = self.blobs.parts(descriptor.blob), descriptor.incoming(chart.index_key, chart.id)
        received = self.blobs.parts(incoming)
        require(not (own and received), "a content twice")
        stored, content = own or received, None
        if stored:
            content = self.open_kept(chart, descriptor, *stored)
        if own and chart.suite == 1:
            self.blobs.replace(descriptor, self.resealed(chart, descriptor, content))
        self.taken_in += received is not None
        path = self.folder / f"{entry.version.hex()}.content"
        if path.is_file():
            content = self.open_sent(chart, descriptor, path, incoming, stored)
        require(content is not None, "a content that nobody has")
        return content

    def open_kept(self, chart, descriptor, chunks, outboard):
        self.kept += 1
        if len(chunks) < 50_000:
            for what, *changed in changes(chunks, outboard):
                self.is_refused(lambda: open_blob(chart.suite, chart.id, descriptor, *changed), what)
        return open_blob(chart.suite, chart.id, descriptor, chunks, outboard)

    def open_sent(self, chart, descriptor, path, incoming, stored):
        self.sent += 1
        sent = path.read_bytes()
        content, outboard = receive(chart.suite, chart.id, descriptor, sent)
        require(stored in (None, (sent, outboard)), "what was sent is what is kept")
        part = self.blobs.parts(incoming, ".new")
        if part:
            self.in_part[incoming] = chart.id
            whole = (len(part[0]) - PREFIX) // SEALED
            require(whole > 0 and len(part[0]) == PREFIX + whole * SEALED, "whole chunks")
            require(sent.startswith(part[0]) and outboard.startswith(part[1]), "what came in part")
            require(len(part[1]) == 64 * (whole - whole.bit_count()), "parents of what came in part")
        if len(sent) < 50_000:
            for what, changed in changes_of_chunks(sent):
                self.is_refused(lambda: receive(chart.suite, chart.id, descriptor, changed), what)
        self.insider(chart, descriptor, content)
        if not stored and not part:
            replace(path, self.resealed(chart, descriptor, content))
        return content

    def insider(self, chart, descriptor, content):
        """Who has the key seals another content of that length, and is found out by the root."""
        if chart.suite == 1 and content:
            for at in {0, len(content) // 2, len(content) - 1}:
                other = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
                sealed = self.resealed(chart, descriptor, other)
                self.is_refused(lambda: receive(1, chart.id, descriptor, sealed), f"another byte {at}, sealed with the key")

    def resealed(self, chart, descriptor, content):
        padded = content.ljust(descriptor.padded, b"\0")
        return sealed_elsewhere(descriptor.key, descriptor.context(chart.id), padded)

    def is_refused(self, work, what):
        refused(work, what)
        self.refusals += 1

    def counts(self, vault):
        """How many there were, once every chart was opened. What is not whole has a row."""
        incoming = {id: chart for id, chart in self.marked(vault, b"incoming", "incoming-blob")}
        require(incoming == self.in_part, "rows of what came in part")
        written = [id for id, _ in self.marked(vault, b"blobs", "pending-blob")]
        for id in written:
            require(self.blobs.parts(id) is None and self.blobs.parts(id, ".new") is not None, "what is being written")
        require(self.blobs.all_read(), "a blob that no entry names")
        return {
            "contents": self.kept,
            "of them taken in": self.taken_in,
            "contents that were sent": self.sent,
            "contents in part": len(incoming) + len(written),
            "changes of contents refused": self.refusals,
        }

    def marked(self, vault, part, what):
        """Ids and charts of the rows of blobs that are not whole."""
        for id, row in vault.store.rows("vault", part):
            plain = unpad(open_chunked(1, vault.archive, label(what) + vault.id + id, row))
            _, chart, begun, _ = structure(plain, 4)
            require(begun > 0, "when it was begun")
            yield id, chart
