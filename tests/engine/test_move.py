"""Moves between databases: everything arrives, an interruption loses nothing, and what cannot be right is refused."""

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from calltally.app.moving import MoveError, move_database
from calltally.app.starting import StartError, sole_database
from calltally.engine.move import Tell
from calltally.model.messages import RawMessage
from calltally.store.store import StoreError
from tests.engine.whole_site import NOW_MS, answers, begin_to_serve, exported, fill, opened
from tests.servers import Server

Url = Callable[[str], str]


class InterruptedMoveError(Exception):
    """Somebody pulled the plug."""


def unheeded(_done: int, _total: int, _said: str) -> None:
    """Hear of progress and think nothing of it."""


@pytest.fixture
def sqlite(tmp_path: Path) -> Url:
    """Return what gives an address of a SQLite file in a folder of its own."""

    def url(name: str) -> str:
        (tmp_path / name).mkdir(exist_ok=True)
        return f"sqlite:///{tmp_path / name / 'calltally.db'}"

    return url


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a site with something of everything."""
    folder = tmp_path_factory.mktemp("filled")
    with opened(folder, f"sqlite:///{folder / 'calltally.db'}") as parts:
        fill(parts)
    return folder / "calltally.db"


@pytest.fixture
def site(filled: Path, tmp_path: Path, sqlite: Url) -> str:
    """Return the address of a site with something of everything."""
    url = sqlite("site")
    shutil.copy(filled, tmp_path / "site")
    return url


def pull(_done: int, _total: int, _said: str) -> None:
    """Interrupt a move at once."""
    raise InterruptedMoveError


def pulling_after(count: int) -> Tell:
    """Return what interrupts a move when it has told something so often."""
    told = 0

    def tell(_done: int, _total: int, _said: str) -> None:
        nonlocal told
        told += 1
        if told == count:
            raise InterruptedMoveError

    return tell


def test_everything_goes_round_all_databases_and_comes_back_the_same(
    tmp_path: Path, site: str, sqlite: Url, postgresql_server: Server, mariadb_server: Server
) -> None:
    way = (site, postgresql_server.fresh_database(), mariadb_server.fresh_database(), sqlite("back"))
    with opened(tmp_path / "site", site) as parts:
        expected, told = exported(parts), answers(parts)
    for source, target in pairwise(way):
        move_database(source, target, while_serving=False, tell=unheeded)
        with opened(tmp_path / "site", target) as parts:
            assert exported(parts) == expected
            assert answers(parts) == told
            assert parts.store.verify(lambda _: None) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_move_that_is_interrupted_again_and_again_goes_on_where_it_stood(
    tmp_path: Path, site: str, sqlite: Url, seed: int
) -> None:
    with opened(tmp_path / "site", site) as parts:
        expected = exported(parts)
    random = Random(seed)  # noqa: S311  not for secrets
    for count in (random.randrange(1, 12) for _ in range(8)):
        with pytest.raises(InterruptedMoveError):
            move_database(site, sqlite("other"), while_serving=False, tell=pulling_after(count))
    assert move_database(site, sqlite("other"), while_serving=False, tell=unheeded).resumed
    with opened(tmp_path / "site", sqlite("other")) as parts:
        assert exported(parts) == expected


def test_progress_never_falls_and_ends_with_everything(site: str, sqlite: Url) -> None:
    told: list[tuple[int, int]] = []
    move_database(site, sqlite("other"), while_serving=False, tell=lambda done, total, _: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_what_was_moved_goes_on_hearing(tmp_path: Path, site: str, sqlite: Url) -> None:
    other = sqlite("other")
    move_database(site, other, while_serving=False, tell=unheeded)
    new_call = b"event=newCall&direction=in&from=4915112345678&to=493023125000&callId=later&xcid=later&user%5B%5D=Anna"
    message = RawMessage(source="sipgate", received_at_us=NOW_MS * 1000 + 10_000_000, headers={}, body=new_call)
    after: list[dict[str, bytes]] = []
    for url in (site, other):
        with opened(tmp_path / "site", url) as parts:
            parts.ingest().apply([message])
            after.append(exported(parts))
            assert parts.store.verify(lambda _: None) == []
    assert after[0] == after[1]
    assert b'"later"' in after[0]["calls"]


def test_a_half_filled_database_is_not_opened(tmp_path: Path, site: str, sqlite: Url) -> None:
    with pytest.raises(InterruptedMoveError):
        move_database(site, sqlite("other"), while_serving=False, tell=pull)
    with pytest.raises(StoreError, match="has not ended"), opened(tmp_path / "site", sqlite("other")):
        pass


def test_a_database_that_holds_calls_is_not_overwritten(tmp_path: Path, site: str, sqlite: Url) -> None:
    with opened(tmp_path / "site", sqlite("other")) as parts:
        fill(parts, calls=20)
        expected = exported(parts)
    with pytest.raises(MoveError, match="holds calls or messages already"):
        move_database(site, sqlite("other"), while_serving=False, tell=unheeded)
    with opened(tmp_path / "site", sqlite("other")) as parts:
        assert exported(parts) == expected


def test_two_sources_do_not_fill_one_database(tmp_path: Path, site: str, sqlite: Url) -> None:
    with opened(tmp_path / "site", sqlite("third")) as parts:
        fill(parts, calls=20)

    with pytest.raises(InterruptedMoveError):
        move_database(site, sqlite("other"), while_serving=False, tell=pull)
    with pytest.raises(MoveError, match="from another database"):
        move_database(sqlite("third"), sqlite("other"), while_serving=False, tell=unheeded)


def test_a_database_is_not_moved_to_itself(tmp_path: Path, site: str) -> None:
    again = f"{tmp_path / 'site' / '..' / 'site' / 'calltally.db'}"
    with pytest.raises(MoveError, match="same database"):
        move_database(site, again, while_serving=False, tell=unheeded)


@pytest.mark.parametrize("name", ["nothing.db", "folder/nothing.db"])
def test_nothing_is_moved_from_where_nothing_is(tmp_path: Path, sqlite: Url, name: str) -> None:
    with pytest.raises(MoveError, match="no database of calltally"):
        move_database(str(tmp_path / name), sqlite("other"), while_serving=False, tell=unheeded)
    assert not (tmp_path / name).exists()


def test_a_database_that_is_served_is_moved_only_if_told(tmp_path: Path, site: str, sqlite: Url) -> None:
    with opened(tmp_path / "site", site) as parts:
        begin_to_serve(parts)
    with pytest.raises(MoveError, match="serves the first database"):
        move_database(site, sqlite("other"), while_serving=False, tell=unheeded)
    with sole_database(tmp_path / "site" / "calltally.db"):
        with pytest.raises(StartError, match="serves or moves the database"):
            move_database(site, sqlite("other"), while_serving=False, tell=unheeded)
        move_database(site, sqlite("other"), while_serving=True, tell=unheeded)


def test_what_is_written_between_two_attempts_is_found_out(tmp_path: Path, site: str, sqlite: Url) -> None:
    with pytest.raises(InterruptedMoveError):
        move_database(site, sqlite("other"), while_serving=False, tell=pulling_after(15))
    with opened(tmp_path / "site", site) as parts, parts.store.write() as transaction:
        transaction.set_value("auth.made_up", b"changed")
        transaction.prune(messages_before_us=NOW_MS * 1000, records_before_ms=NOW_MS)
    with pytest.raises(MoveError, match=r"The databases differ in .*calls"):
        move_database(site, sqlite("other"), while_serving=False, tell=unheeded)
