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


_PAIRS = re.compile("([^&=]*)=?([^&]*)(?:&|$)").findall
_ENCODED = tuple((name, name + "%5B%5D") for name in sorted(LISTS))


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
    text = body.decode("utf-8", "replace")
    return _plain(text) or careful_form(text)


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


def _plain(text: str) -> Form | None:
    """Return the form if nothing in it is repeated or encoded but a list's brackets, as in most pushes; else `None`."""
    if len(text) > LONGEST_VALUE or not text.isprintable():
        return None
    pairs = _PAIRS(text.replace("+", " "))  # no name of ours has a blank, so names may be decoded with the values
    fields = dict(pairs)
    if len(fields) != len(pairs) or "[" in text:
        return None
    encoded = 0
    for name, encoded_name in _ENCODED:
        if encoded_name in fields:
            if name in fields:
                return None
            fields[name] = fields.pop(encoded_name)
            encoded += 2
    if text.count("%") != encoded:
        return None
    return Form(fields, {})


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
