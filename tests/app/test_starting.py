"""A second service on the same data, or at the same address, ends with a sentence and writes nothing."""

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from calltally.app.parts import database_file, database_warnings
from calltally.app.starting import StartError, listening, sole_database, sole_service
from calltally.settings import Address, Settings, load
from tests.running import SETTINGS, environment, running_service


def test_a_folder_is_held_by_one_service_and_free_afterwards(tmp_path: Path) -> None:
    with sole_service(tmp_path), pytest.raises(StartError, match="--data"), sole_service(tmp_path):
        pass
    with sole_service(tmp_path):
        pass


def settings_with(folder: Path, url: str) -> Settings:
    """Return the settings of a service with a data folder of its own and this database."""
    folder.mkdir(exist_ok=True)
    return load(data=folder, environ={"CALLTALLY_DATABASE__URL": url})


def test_a_database_file_is_held_under_all_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "folder").symlink_to(tmp_path / "one")
    (tmp_path / "link.db").symlink_to(tmp_path / "one" / "calltally.db")
    monkeypatch.chdir(tmp_path / "folder")
    own = load(data=tmp_path / "one", environ={})
    names = (f"{tmp_path}/folder/calltally.db", f"{tmp_path}/link.db", "calltally.db", "../one/../one/calltally.db")
    for url in (f"sqlite:///{name}" for name in names):
        with sole_database(database_file(own)):
            other = settings_with(tmp_path / "two", url)
            with pytest.raises(StartError, match=r"one/calltally\.db already.*database\.url"):
                sole_database(database_file(other)).__enter__()
        with sole_database(database_file(other)):
            pass


def test_another_file_and_the_database_of_a_server_are_free(tmp_path: Path) -> None:
    server = "postgresql://calltally@127.0.0.1/calltally"
    with sole_database(tmp_path / "one.db"), sole_database(tmp_path / "two.db"), sole_database(None):
        assert database_file(settings_with(tmp_path / "data", server)) is None
    with sole_database(tmp_path / "no folder" / "one.db"):
        assert not (tmp_path / "no folder").exists()


def test_a_second_name_of_a_database_file_is_told_of(tmp_path: Path) -> None:
    settings = load(data=tmp_path, environ={})
    assert database_warnings(settings) == []
    (tmp_path / "calltally.db").touch()
    assert database_warnings(settings) == []
    (tmp_path / "second.db").hardlink_to(tmp_path / "calltally.db")
    (advice,) = database_warnings(settings)
    assert "second name" in advice


def test_a_lock_that_cannot_be_had_at_all_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_file: object, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)  # as a network file system does
    with pytest.raises(StartError, match=r"cannot be locked \(No locks available"), sole_service(tmp_path):
        pass


def test_a_lock_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "service.lock").mkdir()
    told = r"service\.lock cannot be written \(Is a directory\).*move away"
    with pytest.raises(StartError, match=told), sole_service(tmp_path):
        pass


def test_a_taken_or_foreign_address_is_a_sentence() -> None:
    with listening(Address("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port} already; choose another"):
            listening(Address("127.0.0.1", port))
    with pytest.raises(StartError, match="Nothing can listen at 192"):
        listening(Address("192.0.2.1", 8080))


@pytest.mark.parametrize(
    ("folder", "told"), [("one", "serves the data"), ("two", "serves or moves the database")], ids=["data", "database"]
)
def test_a_second_service_writes_no_outage_into_the_data_of_the_first(tmp_path: Path, folder: str, told: str) -> None:
    with running_service(tmp_path / "one") as first:
        command = [sys.executable, "-m", "calltally", "serve", "--listen", "127.0.0.1:0"]
        if folder != "one":
            (tmp_path / folder).mkdir()
            url = f"sqlite:///{tmp_path / 'one' / 'calltally.db'}"
            (tmp_path / folder / "calltally.toml").write_text(f'{SETTINGS}\n[database]\nurl = "{url}"\n', "utf-8")
        second = subprocess.run(
            [*command, "--data", str(tmp_path / folder)],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert second.returncode == 1
        assert told in second.stderr
        assert second.stderr.count("\n") == 1
        with first.client() as client:
            gaps = client.get("/api/v1/query?metrics=calls&since=-1d").json()["gaps"]
            assert [gap["reason"] for gap in gaps] == ["nothing was heard yet"]


def test_a_service_that_is_told_to_end_while_it_starts_ends_at_once() -> None:
    """A process that leaves the signal to the system is ended by it, or does not hear of it as a container's first."""
    program = """
import os, signal
from calltally.app.starting import ending_at_once

heard = []
signal.signal(signal.SIGTERM, lambda *_: heard.append("by another"))
with ending_at_once():
    signal.raise_signal(signal.SIGTERM)
assert heard == ["by another"]
signal.signal(signal.SIGTERM, signal.SIG_DFL)
with ending_at_once():
    pass
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
with ending_at_once():
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=20)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("server", "is_told"),
    [("", False), ('public_url = "https://calls.example.org"', True), ('trusted_proxies = ["127.0.0.1"]', True)],
)
def test_a_service_that_others_reach_tells_of_signatures_that_it_does_not_check(
    tmp_path: Path, server: str, *, is_told: bool
) -> None:
    settings = f"[server]\n{server}\n[sources.sipgate]\ncheck_signature = false\n"
    with running_service(tmp_path / "data", settings) as service:
        pass
    assert any("signatures_unchecked" in line and "source=sipgate" in line for line in service.said) is is_told
