"""What a reader looks for among calls: a number in whatever way it is written, or a part of a name."""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from calltally.engine.answers import Selection

_NUMBER: Final = re.compile(r"[+(]?[\d\s()./\u00a0\u2010-\u2015-]*\d[\d\s()./\u00a0\u2010-\u2015-]*")
_NOT_DIGITS: Final = re.compile(r"[^0-9]")
_WITHHELD: Final = frozenset({"withheld", "anonymous", "unterdrückt", "anonym"})


def search_text(written: str, country: str) -> str:
    """Return what to look for in records, which hold numbers as `+491715550142` wherever that is possible.

    `+49 171 555`, `0049 171 555` and, in Germany, `0171/555` all look for `+49171555`; other digits for themselves,
    so the end of a number finds it, too. What is no number is looked for as it is.
    """
    text = " ".join(written.split())
    if not _NUMBER.fullmatch(text):
        return text
    text = text.replace("(0)", "") if text.startswith(("+", "00")) else text
    digits = _NOT_DIGITS.sub("", text)
    if text.startswith("+"):
        return "+" + digits
    if not digits.strip("0"):
        return digits
    if digits.startswith("00"):
        return "+" + digits.removeprefix("00")
    if digits.startswith("0") and (code := _country_code(country)):
        return f"+{code}{digits[1:]}"
    return digits


@lru_cache(maxsize=8)
def _country_code(country: str) -> int:
    import phonenumbers  # noqa: PLC0415  slow to load, and only a search for a national number needs it

    return phonenumbers.country_code_for_region(country)


def searched(selection: Selection, country: str) -> Selection:
    """Return a selection whose search is in the terms of records; the word for a withheld number finds such calls."""
    if selection.text is None:
        return selection
    if selection.text.casefold() in _WITHHELD:
        return replace(selection, text=None, caller_withheld=True)
    return replace(selection, text=search_text(selection.text, country) or None)
