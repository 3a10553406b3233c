"""Commands that only look leave nothing behind, and `check` tells what others could read."""

import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calltally.cli.main import app
from calltally.engine.checks import others_may_read
from calltally.settings.problems import holds_secret
from calltally.store.open import kept_zone, open_store
from tests.servers import Server
from tests.stores.samples import flow, keep_new

Ended = tuple[int, str]


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    monkeypatch.setenv("CALLTALLY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CALLTALLY_SERVER__LISTEN", "127.0.0.1:0")
    monkeypatch.delenv("CALLTALLY_CONFIG", raising=False)

    def call(*arguments: str) -> Ended:
        done = CliRunner().invoke(app, arguments)
        return done.exit_code, done.output if done.exception is None else f"{done.output}{done.exception}"

    return call


LOOKING = [
    ("verify",),
    ("rebuild",),
    ("prune", "--dry-run"),
    ("calls", "export"),
    ("legs", "export"),
    ("visits", "export"),
    ("messages", "export"),
    ("token", "list"),
    ("messages", "import", "missing.jsonl"),
]


@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
def test_a_command_that_finds_no_database_says_so_and_makes_none(
    called: Callable[..., Ended], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    status, told = called(*arguments)
    assert status == 1
    assert "there is no database in" in told or "missing.jsonl" in told
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_database_and_stays_empty(called: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "calltally.db"
    file.touch()
    assert "there is no database in" in called("verify")[1]
    assert "database: none yet" in called("check")[1]
    assert called("database", "upgrade")[0] == 0
    assert called("verify")[0] == 0


SERVERS = [pytest.param(kind, marks=pytest.mark.needs(kind)) for kind in ("postgresql", "mariadb")]


@pytest.mark.parametrize("kind", SERVERS)
def test_an_empty_database_on_a_server_stays_empty(
    called: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, kind: str
) -> None:
    server: Server = request.getfixturevalue(f"{kind}_server")
    url = server.fresh_database()
    monkeypatch.setenv("CALLTALLY_DATABASE__URL", url)
    assert "database: none yet" in called("check")[1]
    status, told = called("verify")
    assert status == 1
    assert "nothing of calltally is in the database yet" in told
    assert kept_zone(url) is None
    assert called("database", "upgrade")[0] == 0
    assert called("verify") == (0, "Everything agrees.\n")


def test_check_makes_neither_folder_nor_database(called: Callable[..., Ended], tmp_path: Path) -> None:
    status, told = called("check")
    assert status == 0
    assert "there is no such file, so the defaults are used" in told
    assert "not there yet; the service makes it when it starts" in told
    assert "database: none yet" in told
    assert list(tmp_path.iterdir()) == []


def test_check_says_where_a_folder_cannot_be_made(called: Callable[..., Ended], tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.touch()
    status, told = called("check", "--data", str(settings / "data"), "--config", str(settings))
    assert status == 1
    assert f"data: It is not there, and cannot be made in {settings}." in told


SETTINGS = [
    # what the file says                                              mode   warned
    ('[sources.sipgate]\ntoken_id = "token-A"\ntoken = "abc"', 0o644, True),
    ('[sources.sipgate]\ntoken_id = "token-A"\ntoken = "abc"', 0o640, False),
    ('[site]\nname = "Nordlicht"', 0o644, False),
    ('[sources.asterisk]\ndatabase_url = "postgresql://reader:abc@pbx.example.org/asterisk"', 0o644, True),
    ('[sources.asterisk]\ndatabase_url = "postgresql://pbx.example.org/asterisk"', 0o644, False),
    ('[sources.sipgate]\npublic_key_file = "key.pem"', 0o644, False),
]


@pytest.mark.parametrize(("text", "mode", "warned"), SETTINGS)
def test_check_warns_of_secrets_that_every_user_may_read(tmp_path: Path, text: str, mode: int, *, warned: bool) -> None:
    file = tmp_path / "cal tally.toml"
    file.write_text(text)
    file.chmod(mode)
    said = others_may_read(file) if holds_secret(tomllib.loads(text)) else None
    assert (said is not None) is warned
    assert said is None or said.endswith(f"chmod o-r '{file}'")


def test_a_warning_of_check_is_no_failure(called: Callable[..., Ended], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name, text in (("calltally.toml", '[sources.sipgate]\nsecret = "q7Hc2mVx4TzLr9q7"'), ("secret.key", "x")):
        (data / name).write_text(text)
        (data / name).chmod(0o644)
    status, told = called("check")
    assert status == 0
    assert f"WARNING  settings {data / 'calltally.toml'}: It holds secrets" in told
    assert f"WARNING  key {data / 'secret.key'}: It holds secrets" in told
    assert "Everything is ready. 2 warnings: see above." in told


def test_check_warns_of_a_rebuild_that_was_interrupted(called: Callable[..., Ended], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with closing(open_store(str(data / "calltally.db"), zone="Europe/Berlin")) as store, store.write() as transaction:
        transaction.begin_rebuild()
    status, told = called("check")
    assert status == 0
    assert "WARNING  database: Calls and figures are not whole" in told
    assert called("rebuild")[0] == 0
    assert "WARNING  database" not in called("check")[1]


def test_verify_and_exports_say_that_a_rebuild_was_interrupted(called: Callable[..., Ended], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with closing(open_store(str(data / "calltally.db"), zone="Europe/Berlin")) as store:
        keep_new(store, [flow("A")])
        with store.write() as transaction:
            assert transaction.clear_records(transaction.begin_rebuild(), 0) is not None
        assert store.verify(lambda _: None) != []
    status, told = called("verify")
    assert status == 1
    assert told.startswith("Calls and figures are not whole: `calltally rebuild` has not ended yet")
    assert "expected" not in told
    for kind in ("calls", "legs", "visits"):
        status, told = called(kind, "export")
        assert (status, told.count("\n")) == (0, 1)
        assert told.startswith("calltally: Calls and figures are not whole")
    assert "not whole" not in called("messages", "export")[1]
    assert called("rebuild")[0] == 0
    assert called("verify") == (0, "Everything agrees.\n")
    assert "not whole" not in called("calls", "export")[1]


def test_a_broken_file_of_teams_is_told_by_check_once_and_by_no_command_that_needs_no_teams(
    called: Callable[..., Ended], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "teams.json").write_text("[{")
    assert called("database", "upgrade")[0] == 0
    for arguments, times in ((("token", "list"), 0), (("verify",), 0), (("check",), 1), (("calls", "export"), 1)):
        assert called(*arguments)[1].count("teams.json is not used") == times, arguments


def test_check_finds_that_the_database_may_only_be_read(
    called: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, mariadb_server: Server
) -> None:
    url = mariadb_server.fresh_database()
    name = url.rsplit("/", 1)[1]
    open_store(url, zone="UTC").close()
    mariadb_server.ask(f"CREATE USER looker_{name}@'%' IDENTIFIED BY 'looks'")
    mariadb_server.ask(f"GRANT SELECT ON {name}.* TO looker_{name}@'%'")
    monkeypatch.setenv("CALLTALLY_DATABASE__URL", mariadb_server.url(name, user=f"looker_{name}", password="looks"))
    status, told = called("check")
    assert status == 1
    assert f"does not allow looker_{name} to do this" in told


NOT_THERE_YET = [
    # where the database is to be        what check says             status
    ("data/calltally.db", "database: none yet; the service makes it", 0),
    ("calltally.db", "database: none yet; the service makes it", 0),  # its folder is made with the data folder
    ("elsewhere/calltally.db", "nor is its folder, which the service does not make", 1),
    ("a-file/calltally.db", "nor is its folder, which the service does not make", 1),
]


@pytest.mark.parametrize(("where", "said", "status"), NOT_THERE_YET)
def test_check_says_truly_what_becomes_of_a_database_that_is_not_there(
    called: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    said: str,
    status: int,
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("CALLTALLY_DATABASE__URL", f"sqlite:///{tmp_path / where}")
    ended, told = called("check")
    assert said in told
    assert ended == status
    if status == 0:
        assert called("database", "upgrade")[0] == 0
    else:
        assert called("database", "upgrade")[0] == 1
