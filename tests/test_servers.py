"""The servers that tests start: odd in their settings, quick to make databases, and whole again after a sudden end."""

import os
import select
import signal
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from tests.servers import Server

KINDS = ("postgresql_server", "mariadb_server")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.needs(name.removesuffix("_server"))) for name in KINDS])
def server(request: pytest.FixtureRequest) -> Server:
    """Return each server in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Server)
    return found


def _database(url: str) -> str:
    return url.rpartition("/")[2]


def test_every_database_is_a_new_one(server: Server) -> None:
    one, two = _database(server.fresh_database()), _database(server.fresh_database())
    server.ask("CREATE TABLE only_here (number INTEGER)", one)
    with pytest.raises(Exception, match="only_here"):
        server.ask("SELECT * FROM only_here", two)


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_what_was_committed_is_there_after_an_end(server: Server, how: str) -> None:
    database = _database(server.fresh_database())
    server.ask("CREATE TABLE kept (number INTEGER)", database)
    server.ask("INSERT INTO kept VALUES (7)", database)
    if how == "restart":
        server.restart()
    else:
        server.ask("CHECKPOINT" if server.flavour.scheme == "postgresql" else "DO 0")
        server.kill()
        server.start()
    assert server.ask("SELECT number FROM kept", database) == [(7,)]


def test_the_time_of_the_server_is_that_of_an_odd_zone(server: Server) -> None:
    zone = {
        "postgresql": "SELECT current_setting('timezone')",
        "mysql": "SELECT timediff(now(), utc_timestamp()) > '12:00'",
    }
    assert server.ask(zone[server.flavour.scheme]) in ([("Pacific/Chatham",)], [(1,)])


RUN = """
import sys
from tests.servers import MARIADB, POSTGRESQL, running_server

with running_server({"postgresql": POSTGRESQL, "mysql": MARIADB}[sys.argv[1]]) as server:
    print(server.pid, server.guard.pid, server.folder, flush=True)
    sys.stdin.read()
"""
END_SECONDS = 30


def _await_end(*pids: int) -> None:
    """Wait until processes of others have ended."""
    with ExitStack() as stack:
        for pid in pids:
            with suppress(ProcessLookupError):
                ended = stack.enter_context(closing(os.fdopen(os.pidfd_open(pid))))
                assert select.select([ended], [], [], END_SECONDS)[0], pid


def test_nothing_is_left_of_a_server_whose_tests_were_killed(server: Server) -> None:
    command = [sys.executable, "-c", RUN, server.flavour.scheme]
    tests = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=Path.cwd()
    )
    with tests:
        assert tests.stdout is not None
        process, guard, folder = tests.stdout.readline().split()
        assert Path(folder).is_dir()
        os.killpg(tests.pid, signal.SIGKILL)
        _await_end(int(process), int(guard))
    assert not Path(folder).exists()
