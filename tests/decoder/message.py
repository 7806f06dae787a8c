"""What is said in a thread: the content of entries of kind message."""

from primitives import require, structure

OPEN, POST, REACT, RECEIVED = 1, 2, 3, 4
THREAD, MESSAGE = "urn:ampoule:thread", "urn:ampoule:message"


class Body:
    """The content of a message, which says what the terms say."""

    def __init__(self, entry):
        _, self.thread, self.after, (self.act, said), _ = structure(entry.content, 5)
        require(self.after == sorted(self.after) and len(self.after) <= 16, "order of links")
        require(all(links_once(self.after)) and all(map(is_link, self.after)), "links")
        require(entry.media_type == "application/vnd.ampoule.message+cbor", "media type of a message")
        kind, codes = entry.terms[:2]
        expected = [[THREAD, self.thread.hex()]]
        self.text = None
        if self.act == OPEN:
            (subject,) = said
            require(kind == "thread" and self.thread == entry.id and len(subject.encode()) <= 1024, "opening")
        elif self.act == POST:
            ((self.text, self.reply, self.attached),) = said
            require(kind == "message" and len(self.text.encode()) <= 1 << 20 and len(self.attached) <= 64, "message")
            require(self.reply is None or is_link(self.reply), "answer")
            for entry_id, link, *voice in self.attached:
                require(len(entry_id) == 16 and is_link(link) and len(voice) < 2, "attachment")
                require(all(0 <= milliseconds < 1 << 32 for milliseconds in voice), "length of a voice note")
        elif self.act == REACT:
            (((version, hash), symbol, on),) = said
            require(kind == "reaction" and is_link([version, hash]) and isinstance(on, bool), "reaction")
            require(1 <= len(symbol.encode()) <= 64, "symbol")
            expected.append([MESSAGE, version.hex()])
        else:
            (link,) = said
            require(self.act == RECEIVED and kind in ("delivered", "read") and is_link(link), "receipt")
        require(codes == expected, "codes of a message")


def is_link(link):
    return len(link) == 2 and len(link[0]) == 16 and len(link[1]) == 32


def links_once(links):
    return (one != next for one, next in zip(links, links[1:]))
