"""Carrying tables: each of them has a place, and every kind of database gives back what it was given."""

import shutil
from pathlib import Path

import pytest

from calltally.app.moving import MoveError, move_database
from calltally.store import tables
from calltally.store.carrying import CARRIED, NOT_CARRIED
from calltally.store.open import open_with_tables
from tests.engine.whole_site import answers, exported, fill, opened
from tests.stores.kinds import ZONE, Kind


class PulledPlugError(Exception):
    """Somebody pulled the plug."""


def unheeded(_done: int, _total: int, _said: str) -> None:
    """Hear of progress and think nothing of it."""


def test_every_table_is_carried_or_belongs_to_one_database() -> None:
    assert CARRIED.keys() | NOT_CARRIED == tables.METADATA.tables.keys()
    assert not CARRIED.keys() & NOT_CARRIED


@pytest.mark.parametrize("name", sorted(CARRIED))
def test_the_key_of_a_table_tells_its_rows_apart(name: str) -> None:
    carried = CARRIED[name]
    unique = [{column.name for column in carried.table.primary_key}]
    unique += [{column.name for column in index.columns} for index in carried.table.indexes if index.unique]
    assert any(each <= set(carried.key) for each in unique)
    assert set(carried.key) <= set(carried.columns)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a site with something of everything."""
    folder = tmp_path_factory.mktemp("carried")
    with opened(folder, f"sqlite:///{folder / 'calltally.db'}") as parts:
        fill(parts)
    return folder / "calltally.db"


@pytest.fixture
def site(filled: Path, tmp_path: Path) -> str:
    """Return the address of a site with something of everything."""
    (tmp_path / "site").mkdir()
    shutil.copy(filled, tmp_path / "site")
    return f"sqlite:///{tmp_path / 'site' / filled.name}"


def test_everything_comes_to_this_kind_and_back_the_same(tmp_path: Path, site: str, kind: Kind) -> None:
    (tmp_path / "back").mkdir()
    there, back = kind.fresh(), f"sqlite:///{tmp_path / 'back' / 'calltally.db'}"
    with opened(tmp_path / "site", site) as parts:
        expected, told = exported(parts), answers(parts)
    for source, target in ((site, there), (there, back)):
        moved = move_database(source, target, while_serving=False, tell=unheeded)
        assert all(moved.rows[name] for name in ("messages", "calls", "legs", "visits", "links", "gaps", "call_day"))
        with opened(tmp_path / "site", target) as parts:
            assert exported(parts) == expected
            assert answers(parts) == told
            assert parts.store.verify(lambda _: None) == []


def test_a_move_to_this_kind_goes_on_after_an_interruption_in_each_table(
    tmp_path: Path, site: str, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calltally.store.carrying.PAGE_ROWS", 100)
    target = kind.fresh()
    carried: set[str] = set()

    def once_in_each_table(_done: int, _total: int, said: str) -> None:
        if said.startswith("carrying") and said not in carried:
            carried.add(said)
            raise PulledPlugError

    while True:
        try:
            move_database(site, target, while_serving=False, tell=once_in_each_table)
        except PulledPlugError:
            continue
        break
    assert len(carried) > 10
    with opened(tmp_path / "site", site) as parts:
        expected = exported(parts)
    with opened(tmp_path / "site", target) as parts:
        assert exported(parts) == expected


def test_this_kind_is_not_overwritten(site: str, kind: Kind, tmp_path: Path) -> None:
    target = kind.fresh()
    with opened(tmp_path / "site", target) as parts:
        fill(parts, calls=10)
    with pytest.raises(MoveError, match="holds calls or messages already"):
        move_database(site, target, while_serving=False, tell=unheeded)


def test_new_ids_of_this_kind_come_behind_those_that_were_carried(site: str, kind: Kind) -> None:
    target = kind.fresh()
    move_database(site, target, while_serving=False, tell=unheeded)
    store, _ = open_with_tables(target, zone=ZONE)
    try:
        known = store.lines()
        with store.write() as transaction:
            assert transaction.lines_id(("+49309999001", "+49309999002")) not in known
            flow_id = transaction.new_flow_ids(1)[0]
        assert not store.journal_of(flow_id)
    finally:
        store.close()
