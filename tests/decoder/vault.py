"""A vault: ways in, identity, contacts, directory."""

import unicodedata

from argon2.low_level import Type, hash_secret_raw
from mnemonic import Mnemonic
from primitives import (
    D, H, Refused, decode, ed25519_public, expand, extensions, hpke_open, label, lp, open_chunked, require, structure,
    u32, u64, unpad, verify, statement, xwing, _hmac,
)

DEVICE, PASSPHRASE, RECOVERY = 1, 2, 3


class RootCard:
    def __init__(self, data):
        payload, _ = statement(data)
        fields = structure(payload, 7)
        _, self.kind, self.name, self.key, self.kem, _, _ = fields
        require(self.kind in (1, 2, 3, 4) and len(self.key) == 32 and len(self.kem) == 1216, "root card")
        verify(data, "root-card", self.key)
        self.hash = H("card", data)


class DeviceCard:
    def __init__(self, data, roots):
        payload, _ = statement(data)
        _, self.root, self.object, self.ledger, self.log, _, _ = structure(payload, 7)
        require(self.root in roots, "the root card of a device is missing")
        verify(data, "device-card", roots[self.root].key)
        self.hash = H("card", data)


class Vault:
    """Opened with the factors given; `ways` tells by which slots."""

    def __init__(self, store, factors):
        self.store = store
        version, head, sealed = decode(store.get("vault", b"", b"state"))
        require(version == 1, "version")
        self.id, self.key_version, slots, extra = decode(head)
        extensions(extra)
        place = self.id + u32(self.key_version)
        self.ways = 0
        for slot, parameters, sealed_key in slots:
            _, numbers, salt, argon2, _ = structure(parameters, 5)
            if set(numbers) != set(factors):
                continue
            material = b"".join(lp(bytes([number]) + factor(number, factors[number], argon2)) for number in numbers)
            info = label("slot") + self.id + slot
            self.slot_secret = expand("sha512", _hmac("sha512", salt, material), info + lp(parameters), 32)
            info += u32(self.key_version) + lp(parameters)
            try:
                self.key = hpke_open(self.slot_secret, info, sealed_key)
            except Refused:
                continue
            self.ways += 1
            self._open_state(place, head, sealed, [slot for slot, _, _ in slots], slot)
            self._closed_devices()
        require(self.ways > 0, "no way in opens")
        self.keyring_key = D(self.key, "keyring", place)

    def _open_state(self, place, head, sealed, slots, slot):
        plain = unpad(open_chunked(1, D(self.key, "identity", place), label("vault-state") + place, sealed))
        _, secrets, devices, state, _ = structure(plain, 5)
        _, root, self.kem, self.archive, root_card, _ = structure(secrets, 6)
        self.root = RootCard(root_card)
        self.devices = [DeviceCard(device, {self.root.hash: self.root}) for device in devices]
        require(ed25519_public(root) == self.root.key and xwing(self.kem)[2] == self.root.kem, "root and its card")
        payload = structure(verify(state, "vault-state", self.root.key), 11)
        _, vault, version, check, head_hash, self.suite, listed, form, announced, self.closings, _ = payload
        require(vault + u32(version) == place and check == D(self.key, "check", place), "vault key")
        require(head_hash == H("vault-head", head), "head")
        require([entry[0] for entry in listed] == slots, "slots")
        require([card.hash for card in self.devices] == sorted({entry[3] for entry in listed}), "devices in use")
        require([device for device, _ in announced] == [card.hash for card in self.devices], "devices that announced")
        require(form == 1 and all(low <= form <= high for _, (low, high) in announced), "format")
        (_, public, _, device, sealed_device), = [entry for entry in listed if entry[0] == slot]
        require(public == xwing(self.slot_secret)[2], "slot key")
        info = label("device") + self.id + slot + device
        _, obj, ledger, log, _ = structure(hpke_open(self.slot_secret, info, sealed_device), 5)
        self.device, = [card for card in self.devices if card.hash == device]
        mine = [ed25519_public(seed) for seed in (obj, ledger, log)]
        require(mine == [self.device.object, self.device.ledger, self.device.log], "device and its card")

    def _closed_devices(self):
        closed = []
        for key, sealed in self.store.rows("cards", b""):
            context = label("device-row") + self.id + key
            _, card, closing, _ = structure(unpad(open_chunked(1, self.archive, context, sealed)), 4)
            card = DeviceCard(card, {self.root.hash: self.root})
            payload = structure(verify(closing, "device-closing", self.root.key), 8)
            _, root, device, _, reason, (leaves, _), (number, before), _ = payload
            require(root == self.root.hash and device == key == card.hash, "closing of a device")
            require(len(self.store.rows("log", H("log", key)[:16])) == leaves, "end of a log")
            closed.append((number, before, H("device-closing", closing), reason))
        line = [0, bytes(32)]
        for number, before, after, _ in sorted(closed):
            require(line == [number, before], "line of closings")
            line = [number + 1, after]
        require(line == self.closings, "closings")
        self.closed = [reason for *_, reason in sorted(closed)]

    def charts(self):
        """The list of charts."""
        listed = self.store.rows("vault", b"charts")
        require([key for key, _ in listed] == [u64(number) for number in range(1, len(listed) + 1)], "list of charts")
        charts = [chart for _, chart in listed]
        require(sorted(charts) == [key for key, _ in self.store.rows("keyring", b"")], "charts and keyring")
        return charts

    def contacts(self):
        """Names with their status, the subject of the last certificate by an organisation among the contacts, and the hashes of
        the root cards that were held before."""
        rows = []
        for key, sealed in self.store.rows("contacts", b""):
            plain = unpad(open_chunked(self.suite, self.keyring_key, label("contact") + self.id + key, sealed))
            _, card, status, _, certificates, withdrawals, more = structure(plain, 7)
            _, root, devices, _ = structure(card, 4)
            root = RootCard(root)
            devices = [DeviceCard(device, {root.hash: root}).hash for device in devices]
            require(devices == sorted(set(devices)), "order of devices")
            former = [decode(value) for number, _, value in more if number == 1]
            for roots in former:
                require(1 <= len(roots) <= 64 and all(len(one) == 32 for one in roots), "former cards")
                require(root.hash not in roots and len(set(roots)) == len(roots), "former cards")
            rows.append((root, status, certificates, withdrawals, former[0] if former else []))
        organisations = {root.hash: (root, status, lists) for root, status, _, lists, _ in rows if root.kind == 4}
        for root, status, certificates, _, former in rows:
            through = None
            for data in certificates:
                _, by, member, issuer, subject, _, not_after, _ = structure(statement(data)[0], 8)
                organisation, compared, lists = organisations[by]
                verify(data, "certificate", organisation.key)
                require(member == root.hash and issuer and root.kind != 4, "certificate")
                if compared == 2 and not_after is None and H("certificate", data) not in withdrawn(organisation, lists):
                    through = subject
            yield root.name, status, through, former

    def patients(self):
        found = {}
        for key, sealed in self.store.rows("directory", b""):
            require(len(key) == 16, "key of a segment")
            plain = unpad(open_chunked(self.suite, self.keyring_key, label("directory") + self.id + key, sealed))
            _, changes, _ = structure(plain, 3)
            for chart, patient in changes:
                found.pop(chart, None)
                if patient:
                    found[chart] = patient[0]
        return found


def withdrawn(organisation, data):
    """Hashes of the certificates that an organisation took back."""
    if data is None:
        return []
    _, by, _, _, hashes, _ = structure(verify(data, "withdrawals", organisation.key), 6)
    require(by == organisation.hash and hashes == sorted(set(hashes)), "withdrawals")
    return hashes


def factor(number, value, argon2):
    if number == DEVICE:
        return value
    if number == RECOVERY:
        return bytes(Mnemonic("english").to_entropy(value.split()))
    require(number == PASSPHRASE, "unknown factor")
    salt, (memory, passes, lanes) = argon2
    require(65536 <= memory <= 262144 and 3 <= passes <= 10 and 1 <= lanes <= 4, "cost")
    text = unicodedata.normalize("NFKC", value).encode()
    return hash_secret_raw(text, salt, passes, memory, lanes, 32, Type.ID, version=0x13)
