"""Exports as Parquet and Excel hold what the JSON Lines hold, and the same bytes for the same records."""

import io
import json
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from calltally.cli.exports import Format
from calltally.cli.main import app
from calltally.cli.parquet import BATCH_RECORDS, parquet
from calltally.cli.workbook import LONGEST_TEXT, workbook
from calltally.render.csv_lines import csv_text
from calltally.render.records import NAMES, ColumnType, Kind, column_type
from tests.serve.told_calls import Told, fill

CALLS = [
    Told(at="2026-11-20 09:00:00", caller="4915112345001", callee="493023125001", rings=10, ends="talks 60"),
    Told(at="2026-11-20 09:05:00", caller="4915112345001", callee="493023125001", rings=50, ends="gives_up"),
    Told(at="2026-11-20 09:30:00", caller="anonymous", callee="493023125001", ends="stays"),
]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SOME: Mapping[ColumnType, st.SearchStrategy[object]] = {
    ColumnType.TEXT: st.text(st.characters(codec="utf-8"), max_size=50),
    ColumnType.TEXTS: st.lists(st.text(st.characters(codec="utf-8"), max_size=9), max_size=3).map(tuple),
    ColumnType.INSTANT: st.sampled_from(("2026-11-20T09:00:00.114Z", "1970-01-01T00:00:00.000Z")),
    ColumnType.SECONDS: st.floats(0, 1e6) | st.integers(0, 10**6),
    ColumnType.COUNT: st.integers(0, 10**6),
    ColumnType.TRUTH: st.booleans(),
    ColumnType.NESTED: st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=5), st.integers(0, 9), max_size=2
    ),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    folder = fill(tmp_path_factory.mktemp("site") / "data", CALLS)

    def export(kind: Kind, format_: Format, *more: str) -> Result:
        return CliRunner().invoke(app, [kind, "export", "--data", str(folder), "--format", format_, *more])

    return export


def rows_of(content: bytes, sheet: int = 1) -> list[list[tuple[str, str]]]:
    """Return the cells of a sheet as kind and text, with an empty pair where there is none."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        tree = ET.fromstring(parts.read(f"xl/worksheets/sheet{sheet}.xml"))  # noqa: S314  our own file
    found = []
    for row in tree.iter(f"{MAIN}row"):
        cells: dict[str, tuple[str, str]] = {}
        for cell in row.iter(f"{MAIN}c"):
            letters = "".join(each for each in cell.attrib["r"] if each.isalpha())
            text = "".join(cell.itertext())
            cells[letters] = (cell.attrib.get("t", "n"), text)
        found.append([cells[letters] for letters in cells])
    return found


@pytest.mark.parametrize("kind", Kind)
def test_parquet_holds_what_the_lines_hold_in_typed_columns(exported: Callable[..., Result], kind: Kind) -> None:
    lines = [json.loads(line) for line in exported(kind, Format.JSONL).stdout_bytes.splitlines()]
    content = exported(kind, Format.PARQUET).stdout_bytes
    table = pq.read_table(io.BytesIO(content))
    assert tuple(table.column_names) == NAMES[kind]
    for line, row in zip(lines, table.to_pylist(), strict=True):
        for name in NAMES[kind]:
            match column_type(name):
                case ColumnType.INSTANT:
                    assert row[name] == (datetime.fromisoformat(line[name]) if line[name] else None), name
                case ColumnType.NESTED:
                    assert json.loads(row[name]) == line[name]
                case _:
                    assert row[name] == line[name], name


@pytest.mark.parametrize("kind", Kind)
def test_excel_has_a_head_and_a_row_for_each_record(exported: Callable[..., Result], kind: Kind) -> None:
    lines = [json.loads(line) for line in exported(kind, Format.JSONL).stdout_bytes.splitlines()]
    head, *rows = rows_of(exported(kind, Format.XLSX).stdout_bytes)
    assert tuple(text for _, text in head) == NAMES[kind]
    for line, row in zip(lines, rows, strict=True):
        told = [value for value in line.values() if value is not None and csv_text(value) != ""]
        assert len(row) == len(told)
        assert {text for kind_of, text in row if kind_of == "inlineStr"} == {
            csv_text(value)
            for name, value in line.items()
            if column_type(name) in {ColumnType.TEXT, ColumnType.TEXTS, ColumnType.NESTED} and csv_text(value)
        }


@pytest.mark.parametrize("format_", [Format.PARQUET, Format.XLSX])
def test_the_same_records_give_the_same_bytes_in_a_file_and_on_standard_output(
    exported: Callable[..., Result], tmp_path: Path, format_: Format
) -> None:
    file = tmp_path / f"calls.{format_}"
    assert exported(Kind.CALLS, format_, "--output", str(file)).exit_code == 0
    assert file.read_bytes() == exported(Kind.CALLS, format_).stdout_bytes


def record_of(names: Sequence[str], **told: object) -> dict[str, object]:
    return {name: told.get(name) for name in names}


@given(st.data())
@settings(max_examples=30)
def test_any_record_can_be_written(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(Kind))
    record = {name: data.draw(st.none() | SOME[column_type(name)], label=name) for name in NAMES[kind]}
    table = pq.read_table(io.BytesIO(b"".join(parquet(NAMES[kind], [record]))))
    assert table.num_rows == 1
    assert len(rows_of(b"".join(workbook(kind, NAMES[kind], [record])))) >= 1


def test_many_records_are_written_batch_by_batch() -> None:
    names = NAMES[Kind.VISITS]
    parts = list(parquet(names, (record_of(names, visit_id=str(at)) for at in range(2 * BATCH_RECORDS + 1))))
    assert len(parts) == 4
    table = pq.read_table(io.BytesIO(b"".join(parts)))
    assert table.column("visit_id").to_pylist()[-1] == str(2 * BATCH_RECORDS)


def test_a_full_sheet_goes_on_on_the_next_one() -> None:
    names = NAMES[Kind.VISITS]
    content = b"".join(workbook("visits", names, (record_of(names, visit_id=str(at)) for at in range(5)), most_rows=3))
    sheets = [rows_of(content, sheet) for sheet in (1, 2, 3)]
    assert [[row[0][1] for row in sheet] for sheet in sheets] == [
        ["visit_id", "0", "1"],
        ["visit_id", "2", "3"],
        ["visit_id", "4"],
    ]


def test_no_text_becomes_a_formula_or_is_lost_without_a_sign() -> None:
    names = NAMES[Kind.VISITS]
    texts = ("=1+1", "https://evil.example", "x" * (LONGEST_TEXT + 1))
    content = b"".join(workbook("visits", names, [record_of(names, visit_id=text) for text in texts]))
    cells = [row[0] for row in rows_of(content)[1:]]
    assert cells[:2] == [("inlineStr", "=1+1"), ("inlineStr", "https://evil.example")]
    assert (len(cells[2][1]), cells[2][1][-4:]) == (LONGEST_TEXT, " ...")


@pytest.mark.parametrize(("format_", "library"), [(Format.PARQUET, "pyarrow"), (Format.XLSX, "xlsxwriter")])
def test_without_its_library_a_format_says_how_to_install_it(
    exported: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, format_: Format, library: str
) -> None:
    monkeypatch.setattr("calltally.cli.exports.find_spec", lambda name: None if name == library else object())
    ended = exported(Kind.CALLS, format_)
    assert ended.exit_code == 1
    assert f"{format_} needs the library {library}" in ended.stderr
    assert f"{sys.executable} -m pip install 'calltally[export]'" in ended.stderr


def test_where_nothing_can_be_installed_another_installation_is_named(
    exported: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image of the containers has no pip, and nobody may write in it."""
    monkeypatch.setattr("calltally.cli.exports.find_spec", lambda _name: None)
    ended = exported(Kind.CALLS, Format.XLSX)
    assert ended.exit_code == 1
    assert "which is not part of this image" in ended.stderr
    assert "pip install" not in ended.stderr
    assert "--format csv" in ended.stderr
