"""The urlencoded form that a push is, read fast and without ever failing on a byte.

Rules, where the wire leaves a choice:

- `user[]`, `user%5B%5D`, `user%5b%5d` and `user` are one field.
- A list field keeps each of its values in order, empty ones too, because the lists of a push are parallel.
- Of any other field the first value that is not empty counts; a field with only empty values is absent.
- Bytes that are no UTF-8, and characters that XML and some databases refuse (NUL above all), become U+FFFD.
- A percent sign that begins no escape stands for itself.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from calltally.model.messages import BadMessageError

MOST_FIELDS = 2000
LONGEST_VALUE = 1024
LISTS = frozenset({"user", "userId", "fullUserId"})

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_PLAIN = {name + suffix: name for name in LISTS for suffix in ("", "[]", "%5B%5D", "%5b%5d")} | {
    name: name
    for name in (
        "event",
        "direction",
        "from",
        "to",
        "callId",
        "origCallId",
        "xcid",
        "answeringNumber",
        "diversion",
        "cause",
        "dtmf",
    )
}


_ENCODED = tuple((f"{name}%5B%5D=".encode(), f"{name}=".encode()) for name in sorted(LISTS))
_PLAIN_BYTES = bytes(set(range(0x20, 0x7F)) - set(b"%[=&"))
_MARKS = b"=&" * LONGEST_VALUE


@dataclass(slots=True)
class Form:
    """The fields of a push.

    Attributes:
        first: the value of each field, of a list its first.
        lists: all values of the list fields which came more than once.
    """

    first: dict[str, str]
    lists: dict[str, list[str]]

    def all(self, name: str) -> list[str]:
        """Return every value of a list field; none if it is absent or empty."""
        values = self.lists.get(name)
        if values is not None:
            return values
        value = self.first.get(name)
        return [value] if value else []


def form_from(body: bytes) -> Form:
    """Return the known fields of a body; other fields are passed over.

    Raises:
        BadMessageError: there are too many fields, or a known one is too long.
    """
    return _plain(body) or careful_form(body.decode("utf-8", "replace"))


def careful_form(text: str) -> Form:
    """Return the form of any text, by all the rules above."""
    if not text.isprintable():
        text = _FORBIDDEN.sub("\ufffd", text.strip())
    pairs = text.split("&")
    if len(pairs) > MOST_FIELDS:
        raise BadMessageError(f"the message has {len(pairs)} fields; sipgate sends fewer than {MOST_FIELDS}")
    may_be_long = len(text) > LONGEST_VALUE
    first: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        name = _PLAIN.get(key) or _unusual_name(key)
        if name is None:
            continue
        if "%" in value or "+" in value:
            value = _decoded(value)
        if may_be_long and len(value) > LONGEST_VALUE:
            raise BadMessageError(f"the field {name} is {len(value)} characters long; expected {LONGEST_VALUE} at most")
        if name not in first:
            first[name] = value
        elif name in LISTS:
            lists.setdefault(name, [first[name]]).append(value)
        elif not first[name]:
            first[name] = value
    return Form(first, lists)


def _plain(body: bytes) -> Form | None:
    """Return the form if nothing in it is repeated or encoded but a list's brackets, as in most pushes; else `None`."""
    if len(body) > LONGEST_VALUE:
        return None
    if b"%" in body:
        for encoded, plain in _ENCODED:
            body = body.replace(encoded, plain)
    marks = body.translate(None, _PLAIN_BYTES)
    if len(marks) % 2 == 0 or not _MARKS.startswith(marks):  # each pair has its one "=", and nothing is odd besides
        return None
    # No name of ours has a blank, so names may be decoded with the values.
    words = body.replace(b"+", b" ").replace(b"&", b"=").decode("ascii").split("=")
    fields = dict(zip(words[::2], words[1::2], strict=True))
    return Form(fields, {}) if 2 * len(fields) == len(words) else None


def _unusual_name(key: str) -> str | None:
    """Return the field that an oddly encoded key means; `None` if it is none of ours."""
    if "%" in key or "+" in key:
        return _PLAIN.get(unquote(key.replace("+", " ")))
    return None


def _decoded(value: str) -> str:
    value = value.replace("+", " ")
    if "%" in value:
        value = unquote(value)
        if not value.isprintable():
            value = _FORBIDDEN.sub("\ufffd", value)
    return value
