"""Ids as sipgate makes them: opaque words, which everything hangs on."""

from calltally.model.messages import BadMessageError
from calltally.model.words import LONGEST_NAME


def id_from(text: str | None, field: str) -> str | None:
    """Return an id as received, `None` if it is absent or empty.

    sipgate's ids are 8 to 132 letters and digits. Whatever else they may become, blanks, control characters and
    characters that did not survive the way would make two ids of one.

    Raises:
        BadMessageError: it can be no id.
    """
    if not text:
        return None
    is_plain = text.isascii() and text.encode().isalnum()  # bytes are looked at far faster than characters
    if not is_plain and (" " in text or "\ufffd" in text or not text.isprintable()):
        raise BadMessageError(f"the field {field} holds characters that no id has")
    if len(text) > LONGEST_NAME:
        raise BadMessageError(f"the field {field} is {len(text)} characters long; expected {LONGEST_NAME} at most")
    return text
