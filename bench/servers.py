"""Databases to measure on: a SQLite file, or a server of our own with plain settings, kept in a folder between runs.

The servers are started as those of the tests are (`tests/servers.py`), but with as much memory as a small server of a
team has, everything durable, and their files in a folder that stays.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.servers import MARIADB, POSTGRESQL, Flavour, Server, running_server

KINDS = ("sqlite", "postgresql", "mariadb")
NAME = "calltally_bench"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a measurement keeps its data."""

    kind: str
    url: str
    pid: int | None
    """The server's first process; `None` for SQLite, which is part of the service."""
    server: Server | None = None

    def settings(self, text: str) -> str:
        """Return settings for the service that name this database."""
        return f'{text}\n[database]\nurl = "{self.url.replace(chr(92), chr(92) * 2)}"\n'

    def cpu_seconds(self) -> float:
        """Return the processor time of the server so far: its processes, and those that have ended."""
        return 0.0 if self.pid is None else _cpu_seconds(self.pid)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let the one who measures choose the database."""
    parser.add_argument("--database", choices=KINDS, default="sqlite")
    parser.add_argument("--data", type=Path, help="a folder to keep databases in; else everything is thrown away")


@contextmanager
def place(kind: str, folder: Path) -> Iterator[Place]:
    """Give the database of a kind whose files lie in a folder; what is in it from an earlier run is still there."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "sqlite":
        yield Place(kind=kind, url=f"sqlite:///{folder / 'calltally.db'}", pid=None)
        return
    with running_server(_kept(POSTGRESQL if kind == "postgresql" else MARIADB, folder / kind)) as server:
        if kind == "postgresql":
            there = server.ask(f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'")  # noqa: S608  a fixed name
            pid = int((folder / kind / "data" / "postmaster.pid").read_text().split()[0])
        else:
            there = server.ask(f"SELECT 1 FROM information_schema.schemata WHERE schema_name = '{NAME}'")  # noqa: S608  the same
            pid = int((server.folder / "pid").read_text())
        if not there:
            server.ask(f"CREATE DATABASE {NAME}")
        yield Place(kind=kind, url=server.url(NAME), pid=pid, server=server)
        # Its files stay, so it ends in order.
        server.stop()


def _kept(flavour: Flavour, kept: Path) -> Flavour:
    """Return a flavour of server whose files are in a folder that stays, with plain settings."""

    def prepare(folder: Path) -> Sequence[Sequence[str]]:
        commands = [[_moved(argument, folder, kept) for argument in command] for command in flavour.prepare(folder)]
        if (kept / "data").exists():
            return ()
        kept.mkdir(parents=True, exist_ok=True)
        kept.parent.chmod(0o755)
        kept.chmod(0o777)  # the server may run as another user than we do
        for path in folder.iterdir():
            path.chmod(0o777 if path.is_dir() else 0o644)
        return commands

    def command(folder: Path, port: int) -> Sequence[str]:
        wanted = _POSTGRESQL if flavour.scheme == "postgresql" else _MARIADB
        given = [_moved(argument, folder, kept) for argument in flavour.command(folder, port)]
        plain = [argument for argument in given if not argument.lstrip("-").removeprefix("c").startswith(_UNKIND)]
        return [*plain, *wanted]

    return replace(flavour, prepare=prepare, command=command)


_UNKIND = ("timezone", "datestyle", "synchronous_commit", "sql-mode", "transaction-isolation", "character-set", "coll")
"""Settings by which the tests make life hard for a client; they have no place in a measurement."""
_POSTGRESQL = ("-cshared_buffers=512MB", "-cmax_wal_size=4GB", "-cfsync=on", "-csynchronous_commit=on")
_MARIADB = ("--innodb-buffer-pool-size=512M", "--innodb-log-file-size=1G", "--innodb-flush-log-at-trx-commit=1")


def _moved(argument: str, folder: Path, kept: Path) -> str:
    return argument.replace(str(folder / "data"), str(kept / "data"))


def _cpu_seconds(pid: int) -> float:
    """Return what a process, its living children and those it has waited for have used."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number = int(stat.parent.name)
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended in this moment
            continue
        if number == pid:
            total += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS
