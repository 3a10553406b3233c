"""Every folder under `cases/` of the source: the lines of its queue_log give the records beside it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import pytest

from tests.sources.asterisk.recording import records_of

FOLDERS = sorted(Path(str(files("calltally.sources.asterisk") / "cases")).iterdir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.name))
def test_the_lines_of_a_case_give_its_records(folder: Path) -> None:
    expected = json.loads((folder / "records.json").read_text())
    records = records_of((folder / "queue_log").read_bytes().splitlines(keepends=True)).values()
    calls = [asdict(record.call) for record in records if record.call is not None]
    visits = [asdict(visit) for record in records for visit in record.visits]
    assert _named(calls, expected["calls"]) == expected["calls"]
    assert _named(visits, expected["visits"]) == expected["visits"]


def _named(found: list[dict[str, object]], expected: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return the records with those fields that the case names."""
    names = list(expected)
    assert len(found) == len(names)
    return [{name: record[name] for name in wanted} for record, wanted in zip(found, names, strict=True)]


def test_there_are_cases() -> None:
    assert len(FOLDERS) >= 8
