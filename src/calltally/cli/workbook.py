"""Records as an Excel file: a sheet of them, and further sheets where one is full.

Excel knows no time zones, so an instant is a time in UTC which is shown with a Z. A text is always a text, never a
formula or an address to click on. Lists and what is nested stand as in CSV. The same records give the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from tempfile import TemporaryFile
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from calltally.render.csv_lines import csv_text
from calltally.render.records import ColumnType, column_type

MOST_ROWS: Final = 1_048_576
LONGEST_TEXT: Final = 32_767
_CUT: Final = " ..."
_CHUNK_BYTES: Final = 1 << 16
_WIDTHS: Final[Mapping[ColumnType, int]] = {ColumnType.INSTANT: 26, ColumnType.TEXT: 18, ColumnType.TEXTS: 24}
_NARROW: Final = 12
_BORN: Final = datetime(2000, 1, 1)  # noqa: DTZ001  a file says when it was made; ours is to depend on the records alone


def workbook(
    title: str, names: tuple[str, ...], records: Iterable[Mapping[str, object]], *, most_rows: int = MOST_ROWS
) -> Iterator[bytes]:
    """Yield the parts of an Excel file; `most_rows` of them, with the head, fit on a sheet."""
    types = [column_type(name) for name in names]
    with TemporaryFile() as file:
        with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
            book.set_properties({"created": _BORN})
            instants = book.add_format({"num_format": 'yyyy-mm-dd hh:mm:ss.000"Z"'})
            sheet, row, sheets = _new_sheet(book, title, names), 1, 1
            for record in records:
                if row == most_rows:
                    sheets += 1
                    sheet, row = _new_sheet(book, f"{title} {sheets}", names), 1
                for column, (kind, value) in enumerate(zip(types, record.values(), strict=True)):
                    if value is not None:
                        _write(sheet, row, column, kind=kind, value=value, instants=instants)
                row += 1
        file.seek(0)
        yield from iter(partial(file.read, _CHUNK_BYTES), b"")


def _new_sheet(book: xlsxwriter.Workbook, title: str, names: tuple[str, ...]) -> Worksheet:
    sheet = book.add_worksheet(title)
    head = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(names):
        sheet.set_column(column, column, _WIDTHS.get(column_type(name), _NARROW))
        sheet.write_string(0, column, name, head)
    return sheet


def _write(sheet: Worksheet, row: int, column: int, *, kind: ColumnType, value: object, instants: Format) -> None:
    if kind is ColumnType.INSTANT:
        moment = datetime.fromisoformat(str(value)).astimezone(UTC).replace(tzinfo=None)
        sheet.write_datetime(row, column, moment, instants)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif text := csv_text(value):
        whole = len(text) <= LONGEST_TEXT
        sheet.write_string(row, column, text if whole else text[: LONGEST_TEXT - len(_CUT)] + _CUT)
