"""Values as lines of a CSV file (RFC 4180) which spreadsheets read without doing anything of their own.

Nothing is an empty cell, truth is `true` or `false`, a list is its entries with a semicolon between them, anything
nested is JSON. A text that a spreadsheet would take for a formula gets an apostrophe in front; a number with plus is
none.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9. ]*$)")
_QUOTED = re.compile(r'[",;\r\n]|^ | $')


def csv_line(cells: Iterable[str]) -> str:
    """Return one line with its end, cells quoted where they must be."""
    return ",".join(_quoted(cell) for cell in cells) + "\r\n"


def csv_record(value: Mapping[str, object]) -> str:
    """Return the line of one record; its cells are in the order of its names."""
    return csv_line(_cell(content) for content in value.values())


def csv_text(content: object) -> str:
    """Return what a cell says: a list as its entries, what is nested as JSON, nothing as an empty text."""
    if content is None:
        return ""
    if isinstance(content, (bool, int, float)):
        return str(content).lower()
    if isinstance(content, Mapping):
        return json.dumps(dict(content), ensure_ascii=False, separators=(",", ":")) if content else ""
    if isinstance(content, Sequence) and not isinstance(content, str):
        return "; ".join(map(str, content))
    return str(content)


def _cell(content: object) -> str:
    text = csv_text(content)
    return text if isinstance(content, (bool, int, float, Mapping)) else _harmless(text)


def _harmless(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
