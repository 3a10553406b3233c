"""Brings the site's own numbers, as people write them, into the form that records compare."""

import re

_PUNCTUATION = re.compile(r"[\s./()\u00a0\u2010-\u2015-]")
_SHORTEST, _LONGEST = 7, 15


def own_number(written: str, country: str) -> str:
    """Return a number in E.164 with plus, else as written but for spaces and punctuation.

    `+49 30 123450`, `0049 30 123450`, `030/123450` (in Germany) and `4930123450` are the same number; an extension such
    as `104` and a name such as `1234567e1` stay what they are, for they are compared whole.
    """
    text = _PUNCTUATION.sub("", written.replace("(0)", "") if written.lstrip().startswith(("+", "00")) else written)
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return written.strip()
    if text.startswith("+"):
        return text
    if digits.startswith("00") and _is_international(digits[2:]):
        return "+" + digits[2:]
    if digits.startswith("0"):
        return _from_national(digits, country)
    return "+" + digits if _is_international(digits) else digits


def _is_international(digits: str) -> bool:
    return _SHORTEST <= len(digits) <= _LONGEST and not digits.startswith("0")


def _from_national(digits: str, country: str) -> str:
    import phonenumbers  # noqa: PLC0415  slow to load, and most sites write their numbers in full

    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return digits
    if not phonenumbers.is_possible_number(number):
        return digits
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
