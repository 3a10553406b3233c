"""What is special about SQLite files: their errors, in words and until the cause is gone, and how they are opened."""

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from calltally.store import schema, sqlite
from calltally.store.open import open_store
from calltally.store.store import Store, StoreError
from calltally.store.tables import METADATA
from tests.stores.kinds import ZONE
from tests.stores.samples import flow, keep_new


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calltally.db"


def test_a_locked_database_is_told_and_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.05)
    with closing(open_store(str(path), zone=ZONE)) as store, closing(sqlite3.connect(path)) as other:
        keep_new(store, [flow("before")])
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            keep_new(store, [flow("lost")])
        assert [call.call_id for call in store.all_calls(None, None)] == ["before"]
        other.execute("ROLLBACK")
        keep_new(store, [flow("after")])
        assert {call.call_id for call in store.all_calls(None, None)} == {"before", "after"}


@pytest.mark.parametrize("name", ["calltally.db", "calltally.db-wal"])
@pytest.mark.parametrize("replaced", [False, True], ids=["gone", "replaced"])
def test_nothing_is_written_to_a_file_that_is_not_in_its_place(tmp_path: Path, name: str, *, replaced: bool) -> None:
    """What goes into a deleted file is gone when the last one closes it."""
    (tmp_path / "link.db").symlink_to(tmp_path / "calltally.db")
    with closing(open_store(str(tmp_path / "link.db"), zone=ZONE)) as store:
        keep_new(store, [flow("before")])
        away = (tmp_path / name).rename(tmp_path / "away")
        if replaced:
            (tmp_path / name).write_bytes(away.read_bytes())
        for _ in range(2):
            with pytest.raises(StoreError, match=r"link\.db.* deleted, moved or replaced|calltally.* deleted, moved"):
                keep_new(store, [flow("lost")])
        away.rename(tmp_path / name)
        keep_new(store, [flow("after")])
        assert {call.call_id for call in store.all_calls(None, None)} == {"before", "after"}


FULL_DISK = """
import resource, signal, sys
from calltally.store.open import open_store
from calltally.store.asked import JournalEntry
from calltally.store.store import StoreError
from calltally.model.messages import RawMessage

def entry(number):
    message = RawMessage(source="s", received_at_us=number, headers={}, body=b"x" * 50_000)
    return JournalEntry(message=message, flow_id=None, problem=None, stored_at_us=1)

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1], zone="Europe/Berlin")
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
stored = 0
try:
    for number in range(1_000):
        with store.write() as transaction:
            transaction.append([entry(number)])
        stored += 1
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
with store.write() as transaction:
    transaction.append([entry(5_000)])
print(stored, len(list(store.journal(since_us=None, until_us=None, source=None))))
"""


def test_a_full_disk_loses_nothing_and_writing_goes_on_when_there_is_space(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    problem, numbers = done.stdout.strip().split("\n")
    stored, there = map(int, numbers.split())
    assert "disk" in problem
    assert 0 < stored < 1_000
    assert there == stored + 1


NOT_OPENED = [
    # what lies at the path                  what is said
    (b"this is no database, " * 500, "is not a database"),
    (None, "cannot be opened"),
]


@pytest.mark.parametrize(("content", "said"), NOT_OPENED)
def test_what_cannot_be_opened_is_told(path: Path, content: bytes | None, said: str) -> None:
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(StoreError, match=said):
        open_store(str(path), zone=ZONE)


def test_a_missing_folder_is_told(path: Path) -> None:
    with pytest.raises(StoreError, match=r"folder .* does not exist"):
        open_store(str(path / "deeper.db"), zone=ZONE)


@pytest.mark.parametrize("url", ["oracle://host/name", "sqlite://", "nonsense://", "://"])
def test_an_unknown_address_is_told(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///path"):
        open_store(url, zone=ZONE)


def test_a_damaged_database_is_told(path: Path) -> None:
    with closing(open_store(str(path), zone=ZONE)) as store:
        keep_new(store, [flow(str(number)) for number in range(300)])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8_192)
        file.write(b"\xff" * (size - 8_192))
    with pytest.raises(StoreError, match="damaged"), closing(open_store(str(path), zone=ZONE)) as store:
        list(store.all_calls(None, None))


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    with closing(open_store(str(path), zone=ZONE)) as store:
        keep_new(store, [flow("1")])
        files = [path, *path.parent.glob("calltally.db-*")]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_closing_leaves_one_file(path: Path) -> None:
    with closing(open_store(f"sqlite:///{path}", zone=ZONE)) as store:
        keep_new(store, [flow("1")])
        assert list(store.all_calls(None, None))
    assert list(path.parent.iterdir()) == [path]


def test_a_commit_is_on_the_disk_before_it_returns(path: Path) -> None:
    with closing(open_store(str(path), zone=ZONE)) as store:
        keep_new(store, [flow("1")])
        writer = vars(store)["_engine"]._writer  # noqa: SLF001  there is no other way to see it
        assert writer.execute("PRAGMA synchronous").fetchone() == (2,)
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_newer_database_is_refused(path: Path) -> None:
    open_store(str(path), zone=ZONE).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer calltally"):
        open_store(str(path), zone=ZONE)


def test_several_may_open_a_new_database_at_once(path: Path) -> None:
    with ThreadPoolExecutor(6) as threads:
        stores = list(threads.map(lambda _: open_store(str(path), zone=ZONE), range(6)))
    for number, store in enumerate(stores):
        keep_new(store, [flow(str(number))])
    assert len(list(stores[0].all_calls(None, None))) == 6
    for store in stores:
        store.close()


def test_d29_migrations_give_the_tables_of_today(path: Path) -> None:
    open_store(str(path), zone=ZONE).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_is_looked_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.NEWEST


def test_opening_a_current_database_does_not_load_the_migrations(path: Path) -> None:
    open_store(str(path), zone=ZONE).close()
    program = (
        "import sys; from calltally.store.open import open_store;"
        "open_store(sys.argv[1], zone='Europe/Berlin').close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_readers_see_the_state_before_a_write_until_it_is_done(store: Store) -> None:
    keep_new(store, [flow("1")])
    calls = store.all_calls(None, None)
    assert next(calls).call_id == "1"
    keep_new(store, [flow("2")])
    assert list(calls) == []
    assert len(list(store.all_calls(None, None))) == 2
