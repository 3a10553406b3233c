"""Text to markup: the one place where characters become HTML or SVG."""

import re

from markupsafe import Markup, escape

_SPECIAL = re.compile("[&<>'\"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """Return the text without the characters that neither XML nor a terminal may hold."""
    return _FORBIDDEN.sub("\ufffd", text)


def text(value: str) -> str:
    """Return a value ready to stand between tags or inside a quoted attribute; markup passes unchanged."""
    if isinstance(value, Markup) or _SPECIAL.search(value) is None:
        return str(value)
    return str(escape(_FORBIDDEN.sub("\ufffd", value)))


def markup(finished: str) -> Markup:
    """Mark characters as finished markup; every value inside has gone through `text` before."""
    return Markup(finished)  # noqa: S704  the single gate: callers escape each value with `text`


NOTHING = Markup("")
