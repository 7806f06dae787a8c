"""Previews: keys that a vault makes for its own device, and a message that they open."""

from chart import MESSAGE, Cards, Entry
from message import POST
from primitives import D, H, label, open_chunked, require, structure, unpad


def ascending(values):
    return all(one < next for one, next in zip(values, values[1:]))


class PreviewKeys:
    def __init__(self, data, device_key):
        _, vault, sealed, _ = structure(data, 4)
        require(len(vault) == 16, "vault")
        self.sealing_key = D(device_key, "preview-keys", vault)
        self.plain = unpad(open_chunked(1, self.sealing_key, label("preview-keys") + vault, sealed))
        _, _, authors, devices, keys, _ = structure(self.plain, 6)
        cards = [card for card, _ in authors]
        require(ascending([H("card", card) for card in cards]), "order of authors")
        require(ascending([H("card", card) for card in devices]), "order of devices")
        require(all(known in (1, 2, 3, 4, 5) for _, known in authors), "how an author is known")
        require(ascending([key[0] + key[2] for key in keys]), "order of keys")
        self.cards = Cards(None)
        self.cards.add(cards, devices)
        self.keys = [PreviewKey(self.cards, *key) for key in keys]

    def open(self, notice):
        """The message in a notice."""
        keys = [key for key in self.keys if key.id == notice[60:92]]
        require(keys and notice[58] == MESSAGE, "no message of a chart whose keys these are")
        (key,) = keys
        entry = Entry(key, notice)
        require(entry.body and entry.body.act == POST and not entry.parents, "no new message")
        require(entry.body.thread in key.threads, "thread")
        return entry


class PreviewKey:
    """What an entry takes for a chart."""

    def __init__(self, cards, chart, suite, compartment, epoch, key, threads, writers):
        require(len(key) == 32 and ascending(threads) and ascending([writer[0] for writer in writers]), "key")
        self.cards, self.id, self.suite, self.epoch, self.threads = cards, chart, suite, epoch, threads
        self.content = {(epoch, compartment, MESSAGE): key}
        self.writers = {root: rest[0] if rest else None for root, *rest in writers}

    def require_right(self, entry, root, signed_epoch):
        require(signed_epoch == self.epoch and root in self.writers, "right to write")
        end = self.writers[root]
        require(end is None or entry.time <= end, "end of the right to write")
