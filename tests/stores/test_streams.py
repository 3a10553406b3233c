"""Exports longer than what is read at a time are whole, also for a process that has not read anything yet."""

from contextlib import closing
from pathlib import Path

import pytest

from calltally.store.open import open_store
from tests.engine.whole_site import exported, fill, opened
from tests.stores.kinds import ZONE, Kind


def test_an_export_of_many_batches_is_whole(tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    url = kind.fresh()
    with opened(tmp_path / "site", url) as parts:
        fill(parts, calls=60)
        expected = exported(parts)
        counted = [
            len(list(records)) for records in (parts.store.all_calls(None, None), parts.store.all_legs(None, None))
        ]
    monkeypatch.setattr("calltally.store.records.BATCH", 7)
    monkeypatch.setattr("calltally.store.small.BATCH", 7)
    with opened(tmp_path / "site", url) as parts:
        assert exported(parts) == expected
    with closing(open_store(url, zone=ZONE)) as store:
        calls, legs = list(store.all_calls(None, None)), list(store.all_legs(None, None))
    assert [len(calls), len(legs)] == counted
    assert len(calls) > 30
