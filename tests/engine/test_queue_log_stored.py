"""A queue_log from file to database: the stored visits are those of the independent reader, read once or often."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calltally.engine.ingest import Ingest
from calltally.engine.queue_log_import import ImportCounts, import_queue_log
from calltally.model.records import Call, QueueVisit
from calltally.sources.asterisk import SOURCE
from calltally.sources.asterisk.lines import raw_messages
from calltally.store.open import open_store
from calltally.store.store import Store
from tests.sources.asterisk.recording import LOG, rows_of, truth

LINES = LOG.read_bytes().count(b"\n")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/calltally.db", zone="Europe/Berlin")
    yield opened
    opened.close()


def _ingest(store: Store) -> Ingest:
    return Ingest(
        store=store, parsers={"asterisk": SOURCE.parse}, zone=ZoneInfo("Europe/Berlin"), clock_us=lambda: 10**15
    )


def _import(store: Store, *paths: Path) -> ImportCounts:
    return import_queue_log(
        [str(path) for path in paths],
        messages_in=raw_messages,
        apply=_ingest(store).apply_new,
        progress=lambda _: None,
    )


def _kept(store: Store) -> tuple[list[QueueVisit], list[Call]]:
    return list(store.all_visits(None, None)), list(store.all_calls(None, None))


def test_the_recording_gives_its_visits_twice_in_a_row(store: Store) -> None:
    assert _import(store, LOG) == ImportCounts(read=LINES, understood=LINES)
    once = _kept(store)
    assert rows_of(once[0]) == truth()
    assert len(once[1]) == 307
    assert _import(store, LOG) == ImportCounts(read=LINES, already_known=LINES)
    assert _kept(store) == once
    assert store.verify(lambda _: None) == []


def test_a_log_that_is_imported_while_it_grows_ends_the_same(store: Store, tmp_path: Path) -> None:
    growing = tmp_path / "queue_log"
    whole = LOG.read_bytes()
    for size in (0, 20_011, 20_012, 50_003, len(whole) - 3, len(whole)):
        growing.write_bytes(whole[:size])
        _import(store, growing)
    assert rows_of(_kept(store)[0]) == truth()
    assert store.verify(lambda _: None) == []


def test_a_rebuild_gives_the_same_records(store: Store) -> None:
    _import(store, LOG)
    before = _kept(store)
    _ingest(store).rebuild(lambda _: None)
    assert _kept(store) == before
    assert store.verify(lambda _: None) == []
