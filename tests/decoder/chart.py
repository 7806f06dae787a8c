"""A chart: what a vault holds of it, its ledger, its entries."""

from bundle import check_pieces, check_proof, frames_of
from message import Body
from primitives import (
    D, H, Refused, check_signature, decode, encode, extensions, hpke_open, label, lp, open_chunked, open_once,
    require, sha512, statement, structure, u32, u64, unpad, verify,
)
from vault import DeviceCard, RootCard

RECORD, FILE, MESSAGE = KINDS = (1, 2, 3)
SEED, COMPARTMENT, CONTENT = 1, 2, 3
READ, WRITE, CUSTODIAN = 1, 2, 3
KEY_STATE, GRANT, REVOKE = 1, 2, 3
NOBODY = bytes(16)


def path(chart, compartment, epoch):
    return chart + compartment + u32(epoch)


def check_value(key, kind, of, where):
    return D(key, "check", bytes([kind, of]) + where)


class Cards:
    def __init__(self, me):
        self.roots, self.devices = {}, {}
        if me:
            self.roots[me.root.hash] = me.root
            self.devices.update({device.hash: device for device in me.devices})

    def add(self, roots, devices):
        for data in roots:
            card = RootCard(data)
            self.roots[card.hash] = card
        for data in devices:
            card = DeviceCard(data, self.roots)
            self.devices[card.hash] = card


class Ledger:
    """The line of entries, each verified against those before it."""

    def __init__(self, rows, keys, cards):
        self.cards, self.states, self.grants, self.line, self.read = cards, {}, {}, [], 0
        self.revocations = []
        (stored, receipt), *later = rows
        require(stored[:4] == bytes(4), "genesis is clear")
        payload, _ = statement(stored[4:])
        _, _, founder, actor, self.home, self.suite, _, _ = structure(payload, 8)
        device = self._device(actor)
        verify(stored[4:], "genesis", device.ledger)
        require(device.root == founder and self.suite in (1, 2), "founder")
        self.chart = H("chart", payload)
        self.founder, self.founder_until, self.first = founder, None, None
        self._receive(stored, receipt)
        for stored, receipt in later:
            self._follow(stored, receipt, keys)

    def _device(self, hash):
        require(hash in self.cards.devices, "the card of an actor is missing")
        return self.cards.devices[hash]

    def _receive(self, stored, receipt):
        _, chart, seq, entry, _ = structure(verify(receipt, "receipt", self.home), 5)
        hash = H("ledger-entry", stored)
        require((chart, seq, entry) == (self.chart, len(self.line), hash), "receipt")
        self.line.append(hash)

    def _follow(self, stored, receipt, keys):
        seq, previous = len(self.line), self.line[-1]
        epoch = int.from_bytes(stored[:4], "big")
        self._receive(stored, receipt)
        self.current = epoch in keys
        if not self.current:
            return
        context = label("ledger") + self.chart + u32(epoch) + u64(seq) + previous
        signed = unpad(open_chunked(self.suite, keys[epoch], context, stored[4:]))
        payload, _ = statement(signed)
        fields = structure(payload, 9)
        _, chart, number, before, actor, authority, _, (kind, (act,)), _ = fields
        device = self._device(actor)
        verify(signed, "ledger-entry", device.ledger)
        require((chart, number, before) == (self.chart, seq, previous), "link")
        if kind == REVOKE and self.first is None and seq > 1:
            require(any(f[5] == device.root and f[3] == CUSTODIAN for f in act[3]), "authority")
        else:
            require(self.custodian_by(device.root, seq) == authority, "authority")
        {KEY_STATE: self._key_state, GRANT: self._grant, REVOKE: self._revoke}[kind](act, seq, epoch)
        self.first = self.first or seq
        self.read += 1

    def _key_state(self, act, seq, epoch):
        require(seq == 1 and act[0] == epoch == 1 and not self.states, "first key state")
        self._add_state(act)

    def _add_state(self, state):
        epoch, _, compartments = state
        require(len(compartments) == 8 and len({c[0] for c in compartments}) == 8, "eight compartments")
        require(all(len(c[2]) == 3 and len(c[3]) == 48 for c in compartments), "compartment")
        self.states[epoch] = state

    def _grant(self, act, seq, epoch):
        require(epoch == max(self.states), "epoch")
        self._add_grant(act, seq)

    def _add_grant(self, fields, seq):
        extensions(fields[9])
        require(fields[0] not in self.grants, "grant id")
        self.grants[fields[0]] = [fields, seq, None]

    def _revoke(self, act, seq, epoch):
        _, cuts, state, staying = act
        self.revocations.append(act)
        require(state[0] == epoch and len(cuts) == 8 and len({len(cut) for cut in cuts}) == 1, "revocation")
        if self.states:
            known = self.states[max(self.states)]
            require([c[0] for c in known[2]] == [c[0] for c in state[2]], "compartments stay")
        require(any(fields[3] == CUSTODIAN for fields in staying), "a custodian stays")
        self.founder_until = self.founder_until or seq
        for standing in self.grants.values():
            standing[2] = standing[2] or seq
        for fields in staying:
            self._add_grant(fields, seq)
        self._add_state(state)

    def _standing(self, root, at):
        return [f for f, since, until in self.grants.values() if f[5] == root and since < at <= (until or at)]

    def custodian_by(self, root, at):
        if root == self.founder and self.first in (None, 1) and (self.founder_until or at) >= at:
            return 0
        found = [self.grants[f[0]][1] for f in self._standing(root, at) if f[3] == CUSTODIAN]
        return found[0] if found else None

    def could_write(self, root, compartment, seq, time):
        if self.custodian_by(root, seq + 1) is not None:
            return True
        standing = self._standing(root, seq + 1)
        return any(
            f[3] >= WRITE and (f[7] is None or time <= f[7]) and any(node[1] == compartment for node in f[2])
            for f in standing
        )


class Chart:
    """The keys that a vault holds of a chart, with the ledger that confirms them."""

    def __init__(self, chart, rows, nodes, ledger_keys, cards):
        self.ledger_keys = dict(ledger_keys)
        self.ledger = Ledger(rows, self.ledger_keys, cards)
        require(self.ledger.chart == chart, "chart id")
        self.id, self.suite, self.cards = chart, self.ledger.suite, cards
        self.compartments, self.content, self.labels = {}, {}, {}
        for node in nodes:
            self._add(node)

    @classmethod
    def of_store(cls, vault, chart):
        sealed = vault.store.get("keyring", b"", chart)
        plain = unpad(open_chunked(vault.suite, vault.keyring_key, label("keyring") + vault.id + chart, sealed))
        _, home, index_key, nodes, keys, _ = structure(plain, 6)
        cards, cards_key, roots, devices = Cards(vault), D(index_key, "cards", chart), [], []
        for hash, row in vault.store.rows("cards", chart):
            plain = unpad(open_chunked(vault.suite, cards_key, label("card-row") + chart + hash, row))
            require(hash == H("card", plain[1:]), "key of a card")
            {1: roots, 2: devices}[plain[0]].append(plain[1:])
        cards.add(roots, devices)
        rows = [row for _, row in vault.store.rows("ledger", chart)]
        receipts = [row for _, row in vault.store.rows("receipts", chart)]
        self = cls(chart, list(zip(rows, receipts, strict=True)), nodes, keys, cards)
        self.index_key, self.home = index_key, home
        return self

    def _add(self, node):
        (kind, compartment), epoch, keys = node[:3]
        state = self.ledger.states[epoch]
        if kind == SEED:
            require(check_value(keys, 1, 0, path(self.id, NOBODY, epoch)) == state[1], "seed")
            require(D(keys, "ledger", self.id + u32(epoch)) == self.ledger_keys[epoch], "ledger key")
            for each, *_ in state[2]:
                self._add_compartment(each, epoch, D(keys, "compartment", path(self.id, each, epoch)))
        elif kind == COMPARTMENT:
            self._add_compartment(compartment, epoch, keys)
        else:
            where = path(self.id, compartment, epoch)
            checks = next(c[2] for c in state[2] if c[0] == compartment)
            self.labels[compartment] = node[3]
            for of in KINDS:
                key = keys[32 * (of - 1) : 32 * of]
                require(check_value(key, 3, of, where) == checks[of - 1], "content key")
                self.content[epoch, compartment, of] = key

    def _add_compartment(self, compartment, epoch, key):
        if epoch not in self.ledger.states or (epoch, compartment) in self.compartments:
            return
        where = path(self.id, compartment, epoch)
        state = next(c for c in self.ledger.states[epoch][2] if c[0] == compartment)
        require(check_value(key, 2, 0, where) == state[1], "compartment key")
        self.compartments[epoch, compartment] = key
        name = open_once(self.suite, D(key, "label", where, 44), state[3])
        require(not any(name[1 + name[0] :]), "label")
        self.labels[compartment] = name[1 : 1 + name[0]].decode()
        for of in KINDS:
            content = D(key, "content", where + bytes([of]))
            require(check_value(content, 3, of, where) == state[2][of - 1], "content key")
            self.content[epoch, compartment, of] = content
        for older, check, wrapped in state[4]:
            link = D(key, "history", where + u32(older) + check, 44)
            old = open_once(self.suite, link, wrapped)
            require(check_value(old, 2, 0, path(self.id, compartment, older)) == check, "history")
            self._add_compartment(compartment, older, old)

    def open_cuts(self, revocation):
        """The last entries of the revoked, by compartment, for whoever holds all keys of the epoch before."""
        _, cuts, state, _ = revocation
        found = []
        for cut, (compartment, *_) in zip(cuts, state[2], strict=True):
            where = path(self.id, compartment, state[0] - 1)
            key = D(self.compartments[state[0] - 1, compartment], "cut", where)
            found.append(decode(unpad(open_chunked(self.suite, key, label("cut") + where, cut), exact=False)))
        return found

    def open_grant(self, vault, grant, row):
        """The body of a grant to this vault, checked against the ledger."""
        _, granter, recipient, sealed, _ = structure(row, 5)
        require(grant in self.ledger.grants, "grant that nobody gave")
        fields = self.ledger.grants[grant][0]
        require(fields[8] == H("grant", sealed) and fields[5] == recipient, "grant")
        if recipient != vault.root.hash:
            return None
        _, nodes, keys, seq, hash, _ = structure(grant_body(vault, self.id, grant, row), 6)
        require(sorted(node[0] for node in nodes) == fields[2], "nodes")
        require(self.ledger.line[seq] == hash, "the entry before")
        return nodes, keys

    def require_right(self, entry, root, _):
        """Whether the author could write this, by the ledger that he names."""
        seq, hash = entry.known
        require(seq < len(self.ledger.line) and self.ledger.line[seq] == hash, "ledger")
        require(self.ledger.could_write(root, entry.compartment, seq, entry.time), "authority")

    def open_entry(self, sealed):
        """A wrap and a sealed entry."""
        return Entry(self, sealed)

    def open_stored(self, stored):
        """The same as a store has it, with what the vault says of it."""
        entry = Entry(self, stored[:-40])
        require(entry.hash == stored[-40:-8], "hash of a stored entry")
        entry.arrival = int.from_bytes(stored[-8:], "big")
        return entry


def grant_body(vault, chart, grant, row):
    _, granter, recipient, sealed, _ = structure(row, 5)
    return hpke_open(vault.kem, label("grant") + chart + grant + granter + recipient, sealed)


class Entry:
    """A stored entry: opened, its author verified."""

    def __init__(self, chart, stored):
        require(len(stored) >= 52 + 72 + 72, "too short")
        epoch, wrap, self.sealed = int.from_bytes(stored[:4], "big"), stored[4:52], stored[52:]
        header, payload = self.sealed[:72], self.sealed[72:]
        require(header[:5] == b"AMPL\x01" and header[7] == 0, "header")
        require(header[5] == chart.suite and header[8:40] == chart.id, "chart")
        self.kind, self.id, self.version = header[6], header[40:56], header[56:72]
        salt, commitment = payload[:24], payload[24:56]
        self.compartment, data_key = unwrap(chart, epoch, self.kind, header, salt, commitment, wrap)
        plain = open_chunked(chart.suite, data_key, header, payload)
        length = int.from_bytes(plain[:4], "big")
        metadata = plain[4 : 4 + length]
        m = structure(metadata, 19)
        (_, self.author, compartment, signed_epoch, seq, hash, self.chain, self.parents, self.time, content_length,
         coding, self.media_type, self.label, self.name, self.tombstone, self.actor, self.terms, self.request, _) = m
        require(coding == 0 and compartment == self.compartment and signed_epoch <= epoch, "metadata")
        start = 4 + length + 64
        self.content = plain[start : start + content_length]
        framed = u32(start + content_length - 4) + plain[4:]
        require(len(self.content) == content_length, "content")
        unpad(framed)
        author = chart.cards.devices.get(self.author)
        require(author is not None, "the author's card is missing")
        self.metadata, self.signature = metadata, plain[4 + length : start]
        self.signed = label("sign/object") + header + salt + commitment + sha512(metadata) + sha512(self.content)
        check_signature(author.object, self.signature, self.signed)
        self.known = [seq, hash]
        chart.require_right(self, author.root, signed_epoch)
        require(self.parents == sorted(set(self.parents)), "parents")
        self.hash = H("object", self.sealed)
        self.author_name = chart.cards.roots[author.root].name
        self.body = Body(self) if self.kind == MESSAGE and not self.tombstone else None


def unwrap(chart, epoch, kind, header, salt, commitment, wrap):
    """The compartment and the data key: the first content key that opens the wrap."""
    for (at, compartment, of), key in chart.content.items():
        if (at, of) == (epoch, kind):
            context = path(chart.id, compartment, epoch) + lp(header) + salt + commitment
            try:
                return compartment, open_once(chart.suite, D(key, "wrap", context, 44), wrap)
            except Refused:
                continue
    raise Refused("no key opens the wrap")


def open_segment(chart, key, sealed):
    """Rows of an index segment, resolved."""
    plain = unpad(open_chunked(chart.suite, chart.index_key, label("index") + chart.id + key, sealed))
    _, strings, authors, heads, rows, _ = structure(plain, 6)
    first, last = int.from_bytes(key[:8], "big"), int.from_bytes(key[8:], "big")
    require(last - first + 1 == len(rows), "range of a segment")
    require(strings == sorted(set(strings), key=str.encode) and authors == sorted(set(authors)), "tables")
    require(heads == [list(head) for head in sorted(set(map(tuple, heads)))], "ledger entries of a segment")
    out = {}
    for seq, row in enumerate(rows, first):
        codes = [strings[number] for number in row[15]]
        terms = [strings[row[14]], [list(pair) for pair in zip(codes[::2], codes[1::2])], row[16],
                 [strings[number] for number in row[17]]]
        out[seq] = row[:6] + [authors[row[6]]] + row[7:11] + heads[row[11]] + row[12:14] + [terms]
    return out


def open_bundle(vault, data):
    """A bundle for this vault: the chart that it tells of, its entries, and what it says that it brings."""
    frames = frames_of(data)
    kinds = [kind for kind, _, _ in frames]
    once = all(kinds.count(kind) == 1 for kind in (1, 8, 9))
    require(kinds == sorted(kinds) and once and kinds.count(7) <= 1, "frames")
    _, chart_id, recipient, _ = structure(frames[0][1], 4)
    require(recipient == vault.root.hash, "addressee")
    _, proof, at = frames[-2]
    content = H("bundle-content", data[:at])
    require(frames[-1][1] == H("bundle", content + proof), "hash of a bundle")
    of = lambda kind: [payload for each, payload, _ in frames if each == kind]
    nodes, keys, grants = [], {}, {}
    for grant, row in map(decode, of(2)):
        _, more, ledger_keys, _, _, _ = structure(grant_body(vault, chart_id, grant, row), 6)
        nodes += more
        keys.update(dict(ledger_keys))
        grants[grant] = row

    def sealed(payload, what):
        key = keys.get(int.from_bytes(payload[:4], "big"))
        require(key is not None, "ledger key")
        return unpad(open_chunked(1, key, label(what) + chart_id + payload[:4], payload[4:]))

    cards = Cards(vault)
    for payload in of(3):
        cards.add(*decode(sealed(payload, "bundle-cards")))
    rows = []
    for seq, stored, receipt in map(decode, of(4)):
        require(seq == len(rows), "order of the ledger")
        rows.append((stored, receipt))
    require(rows, "ledger")
    chart = Chart(chart_id, rows, nodes, keys.items(), cards)
    for grant, row in grants.items():
        require(chart.open_grant(vault, grant, row), "grant to another")
    check_proof(proof, chart_id, content, cards)
    scope = [structure(sealed(payload, "bundle-scope"), 9) for payload in of(7)]
    for _, _, whole, pieces, _, blobs, _, sharing, _ in scope:
        require(sharing == sharing_of(frames, lambda payload: decode(sealed(payload, "bundle-cards"))), "sharing")
        require(blobs == 0, "contents of files")
        check_pieces(pieces, of(6), whole)
    return chart, of(6), scope


def sharing_of(frames, cards):
    """The hash of what a bundle tells of the sharing."""
    parts = {2: [], 3: [], 4: [], 5: [b""]}
    for kind, payload, _ in frames:
        if kind in (2, 4):
            parts[kind].append(decode(payload))
        elif kind == 3:
            parts[3] += [int.from_bytes(payload[:4], "big"), cards(payload)]
        elif kind == 5:
            parts[5] = [payload]
    return H("bundle-sharing", encode([parts[2], *parts[3], parts[4], *parts[5]]))
