"""Telephone numbers as sipgate sends them, in the one form that the rest of calltally compares."""

from functools import lru_cache

from calltally.model.messages import BadMessageError
from calltally.model.words import LONGEST_NAME

_ANONYMOUS = "anonymous"
_SHORTEST = 7
_LONGEST = 15

KEPT = 4_096
"""So many numbers are remembered as they were understood: those of the site come again and again."""


def _is_international(digits: str) -> bool:
    """Whether digits are a whole E.164 number: country code first, so never a zero."""
    return _SHORTEST <= len(digits) <= _LONGEST and digits.isascii() and digits.isdigit() and digits[0] != "0"


@lru_cache(KEPT)
def number_from(text: str | None) -> str | None:
    """Return a number in E.164 with plus where its digits allow, else as received; `None` for none or a withheld one.

    sipgate sends bare international digits (`492115550100`), in its history digits with plus, and at times a SIP id
    (`1234567e1`) or an internal extension (`104`): a plus before those would make a number that does not exist.

    Raises:
        BadMessageError: it is too long for a number, an id or a name.
    """
    if text is None:
        return None
    if _is_international(text):
        return "+" + text
    text = text.strip()
    if not text or is_withheld(text):
        return None
    if len(text) > LONGEST_NAME:
        raise BadMessageError(f"a number is {len(text)} characters long; expected {LONGEST_NAME} at most")
    digits = text[2:] if text.startswith("00") else text.removeprefix("+")
    return "+" + digits if _is_international(digits) else text


def is_withheld(text: str | None) -> bool:
    """Whether this is the word for a caller who does not show a number."""
    return text is not None and len(text) <= len(_ANONYMOUS) + 2 and text.strip().lower() == _ANONYMOUS
