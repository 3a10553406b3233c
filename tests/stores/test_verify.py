"""Every kind of damage is found by `verify`, and said where."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from calltally.store.open import open_store
from calltally.store.store import Store
from tests.stores.kinds import ZONE
from tests.stores.samples import VISIT, flow, keep_new

DAMAGE = [
    # what happens to the database                                        where it is found
    ("UPDATE call_day SET answered = answered + 1", "call_day"),
    ("UPDATE call_quarter SET talk_ms = talk_ms - 1", "call_quarter"),
    ("DELETE FROM call_quarter", "call_quarter"),
    ("UPDATE call_day SET bucket_ms = bucket_ms + 86400000", "call_day"),
    ("UPDATE visit_day SET timeout = 1", "visit_day"),
    ("DELETE FROM visit_quarter", "visit_quarter"),
    ("UPDATE spread_quarter SET count = 9", "spread_quarter"),
    ("DELETE FROM spread_day WHERE spread = 'talk'", "spread_day"),
    ("UPDATE calls SET outcome = 'busy'", "call_quarter"),
    ("UPDATE calls SET wait_bin = 3", "wait bin"),
    ("UPDATE calls SET lines_id = 77", "calls of flow 1"),
    ("UPDATE calls SET messages = 0", "calls of flow 1"),
    ("DELETE FROM calls", "legs of flow 1"),
    ("DELETE FROM legs WHERE leg_no = 1", "legs of the call"),
    ("UPDATE visits SET visit_id = 'other'", "visits of the call"),
    ("DELETE FROM links", "calls of flow 1"),
    ("INSERT INTO links VALUES (0, 99)", "links of flow 99"),
    ("UPDATE messages SET flow_id = 99", "messages of flow 99"),
    ("UPDATE calls SET call_id = 'other'", "calls of sipgate with the id other"),
]


@pytest.mark.parametrize(("damage", "where"), DAMAGE)
def test_damage_is_found(tmp_path: Path, damage: str, where: str) -> None:
    path = tmp_path / "calltally.db"
    with closing(open_store(str(path), zone=ZONE)) as store:
        keep_new(store, [flow("1", legs=2, visits=[VISIT]), flow("2")])
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(damage)
        assert any(found.where.startswith(where) for found in store.verify(lambda _: None))


def test_tokens_of_pruned_calls_are_right_and_others_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "calltally.db"
    with closing(open_store(str(path), zone=ZONE)) as store:
        keep_new(store, [flow("1")])
        with store.write() as transaction:
            transaction.prune(messages_before_us=2**60, records_before_ms=2**50)
        assert store.verify(lambda _: None) == []
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("INSERT INTO links VALUES (0, 99)")
        assert [found.where for found in store.verify(lambda _: None)] == ["links of flow 99"]


def test_progress_is_told_while_verifying(store: Store) -> None:
    keep_new(store, [flow("1")])
    steps: list[str] = []
    assert store.verify(steps.append) == []
    assert steps[:2] == ["records", "journal and links"]
