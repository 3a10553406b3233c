"""Database servers of our own: fresh in a temporary folder, on a free port of loopback, gone when the tests end.

They are set up as unkindly as a real server may be found: an odd time zone, an odd collation, lax settings for what a
client should ask for itself. A test that depends on a server's defaults fails here.

`kill` ends one by force in the middle of its work, `start` brings it up again with what was in its files. A killed
process takes nothing with it that it had given to the system, so the servers do not wait for the disk itself.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import quote

import psycopg
import pymysql

from tests.programs import path_of
from tests.running import free_port

USER: Final = "calltally"
PASSWORD: Final = "p@ss/wörd:100% 'sure'\\"
"""Every character in it has to be quoted somewhere; addresses carry it percent-encoded."""
TIME_ZONE: Final = "Pacific/Chatham"
"""12:45 or 13:45 ahead of UTC: nobody's default, so that whatever depends on it is seen."""
START_SECONDS: Final = 60
END_SECONDS: Final = 30
_UNPRIVILEGED: Final = ("postgres", "mysql", "nobody")
_GUARD: Final = """
while read -r said; do process=$said; done
[ -z "$process" ] || kill -s KILL -- "-$process"
tries=0
until rm -rf -- "$1" || [ $((tries += 1)) -gt 100 ]; do sleep 0.1; done
"""
"""Hears what process runs until nobody is there any more to say so, and then leaves nothing behind.

A server's own children may still write for a moment after it has ended.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What differs from one kind of server to another.

    Attributes:
        scheme: of addresses.
        prepare: makes the files of an empty server in a folder.
        command: the program that serves from this folder at this port.
        ready: what it says when connections are welcome.
        stop: the signal that ends it in order.
        drop: the signal that ends it soonest, without leaving anything in the system's memory.
        ask: connects to a database, runs statements and returns the rows of the last.
        admin: a database that is always there.
    """

    scheme: str
    prepare: Callable[[Path], Sequence[Sequence[str]]]
    command: Callable[[Path, int], Sequence[str]]
    ready: str
    stop: signal.Signals
    drop: signal.Signals
    ask: Callable[["Server", str, Sequence[str]], list[tuple[object, ...]]]
    admin: str


class Guard:
    """A process that ends a server and deletes its folder when the tests end, however suddenly.

    It belongs to a session of its own, so that what ends the tests with all their processes does not end it, too.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def watch(self, process: subprocess.Popen[str] | None) -> None:
        """Watch over a process that leads a group of its own, instead of the one before; `None`: over none."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n" if process is None else b"%d\n" % process.pid)
        self._process.stdin.flush()

    def end(self) -> None:
        """End it; there is nothing left to do."""
        self._process.kill()
        self._process.communicate()


@dataclass(slots=True, kw_only=True)
class Server:
    """A server. `said` grows with what it writes, line by line."""

    flavour: Flavour
    folder: Path
    port: int
    guard: Guard
    said: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def admin_url(self) -> str:
        """The address of a database that is always there, for one who may do everything."""
        return self.url(self.flavour.admin)

    def url(self, database: str, *, user: str = USER, password: str = PASSWORD) -> str:
        """Return the address of a database on this server."""
        return f"{self.flavour.scheme}://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def ask(self, statement: str, database: str | None = None) -> list[tuple[object, ...]]:
        """Run one statement with all rights and return its rows, if any."""
        return self.flavour.ask(self, database or self.flavour.admin, (statement,))

    def run(self, statements: Sequence[str], database: str) -> None:
        """Run statements with all rights on one connection."""
        self.flavour.ask(self, database, statements)

    def fresh_database(self, *, template: str | None = None) -> str:
        """Return the address of a new database: empty, or (PostgreSQL) a copy of one to which nobody is connected."""
        name = f"test_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return self.url(name)

    def start(self) -> None:
        """Start it, and return when it welcomes connections."""
        patience = monotonic() + START_SECONDS
        while not self._has_started():
            # What a killed server leaves behind, such as shared memory, may take a moment to go.
            assert monotonic() < patience, "".join(self.said[-50:])

    def stop(self) -> None:
        """End it in order; open connections are closed."""
        self._end(self.flavour.stop)

    def kill(self) -> None:
        """End it by force in the middle of its work; what it had not written to its files is gone."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it and all its processes where they are: connections stay, and nobody answers."""
        self._tell(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._tell(signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The number of its process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def _tell(self, how: signal.Signals) -> None:
        assert self._process is not None
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def drop(self) -> None:
        """End it at once, because nobody needs its files any more."""
        self._end(self.flavour.drop)

    def restart(self) -> None:
        """End it in order and start it again."""
        self.stop()
        self.start()

    def _has_started(self) -> bool:
        self._process = process = _run(self.flavour.command(self.folder, self.port), self.folder)
        self.guard.watch(process)
        settled = threading.Event()
        is_ready = threading.Event()

        def listen() -> None:
            assert process.stdout is not None
            with process.stdout:
                for line in process.stdout:
                    self.said.append(line)
                    if self.flavour.ready in line:
                        is_ready.set()
                        settled.set()
            settled.set()

        threading.Thread(target=listen, daemon=True).start()
        settled.wait(START_SECONDS)
        if not is_ready.is_set():
            self._end(signal.SIGKILL)
        return is_ready.is_set()

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(how)
        process.wait(END_SECONDS)
        self.guard.watch(None)
        self._process = None


def _account() -> tuple[int, int] | None:
    """Return the user and group under which a server runs; `None` is our own, unless that is root: they refuse it."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    message = f"as root, tests need one of the users {', '.join(_UNPRIVILEGED)} to run database servers under"
    raise LookupError(message)


def _run(command: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    user, group = _account() or (None, None)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "MYSQL", "MARIADB"))}
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**kept, "TZ": TIME_ZONE, "LC_ALL": "C", "HOME": str(folder)},
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        # Ctrl-C in a terminal is for the tests, which then end their servers themselves.
        start_new_session=True,
    )


def _prepare_postgresql(folder: Path) -> Sequence[Sequence[str]]:
    password = folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    initdb = Path(path_of("postgresql")).with_name("initdb")
    collation = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=de-DE")
    access = (f"--username={USER}", f"--pwfile={password}", "--auth=scram-sha-256")
    return [(str(initdb), f"--pgdata={folder / 'data'}", "--no-sync", *collation, *access)]


def _serve_postgresql(folder: Path, port: int) -> Sequence[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": folder,
        "timezone": TIME_ZONE,
        "log_timezone": "UTC",
        "datestyle": "SQL, DMY",
        "synchronous_commit": "off",
        "fsync": "off",
        "shared_buffers": "32MB",
        "max_wal_size": "256MB",
        "lc_messages": "C",
    }
    return [
        path_of("postgresql"),
        f"-D{folder / 'data'}",
        *(f"-c{name}={value}" for name, value in settings.items()),
    ]


def _ask_postgresql(server: Server, database: str, statements: Sequence[str]) -> list[tuple[object, ...]]:
    with closing(psycopg.connect(server.url(database), autocommit=True)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _prepare_mariadb(folder: Path) -> Sequence[Sequence[str]]:
    password = PASSWORD.replace("\\", "\\\\").replace("'", "''")
    grants = "".join(
        f"CREATE USER IF NOT EXISTS '{USER}'@'{host}' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO '{USER}'@'{host}' WITH GRANT OPTION;\n"
        for host in ("%", "localhost")
    )
    # A server deletes what others have left in its folder for temporary tables, and takes what they still use for that.
    (folder / "tmp").mkdir()
    (folder / "users.sql").write_text(f"SET NAMES utf8mb4;\n{grants}", encoding="utf-8")
    program = shutil.which("mariadb-install-db")
    assert program is not None
    return [(program, "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db")]


def _serve_mariadb(folder: Path, port: int) -> Sequence[str]:
    settings = {
        "datadir": folder / "data",
        "bind-address": "127.0.0.1",
        "port": port,
        "socket": folder / "socket",
        "pid-file": folder / "pid",
        "tmpdir": folder / "tmp",
        "init-file": folder / "users.sql",
        "default-time-zone": "SYSTEM",
        "character-set-server": "latin1",
        "collation-server": "latin1_german2_ci",
        "sql-mode": "ANSI_QUOTES",
        "transaction-isolation": "SERIALIZABLE",
        "innodb-buffer-pool-size": "64M",
        "innodb-log-file-size": "64M",
        "innodb-flush-log-at-trx-commit": 1,
        "innodb-flush-method": "nosync",
    }
    return [
        path_of("mariadb"),
        "--no-defaults",
        "--skip-name-resolve",
        *(f"--{name}={value}" for name, value in settings.items()),
    ]


def _ask_mariadb(server: Server, database: str, statements: Sequence[str]) -> list[tuple[object, ...]]:
    connection = pymysql.connect(
        host="127.0.0.1",
        port=server.port,
        user=USER,
        password=PASSWORD.encode(),
        database=database,
        charset="utf8mb4",
        autocommit=True,
    )
    with closing(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


POSTGRESQL: Final = Flavour(
    scheme="postgresql",
    prepare=_prepare_postgresql,
    command=_serve_postgresql,
    ready="database system is ready to accept connections",
    stop=signal.SIGINT,
    drop=signal.SIGQUIT,
    ask=_ask_postgresql,
    admin="postgres",
)
MARIADB: Final = Flavour(
    scheme="mysql",
    prepare=_prepare_mariadb,
    command=_serve_mariadb,
    ready="ready for connections",
    stop=signal.SIGTERM,
    drop=signal.SIGKILL,
    ask=_ask_mariadb,
    admin="mysql",
)


@contextmanager
def running_server(flavour: Flavour) -> Iterator[Server]:
    """Run an empty server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"calltally-{flavour.scheme}-{secrets.token_hex(2)}-"))
    guard = Guard(folder)
    server = Server(flavour=flavour, folder=folder, port=free_port(), guard=guard)
    try:
        commands = flavour.prepare(folder)
        if account := _account():
            for path in (folder, *folder.iterdir()):
                os.chown(path, *account)
        for command in commands:
            with _run(command, folder) as process:
                guard.watch(process)
                said, _ = process.communicate(timeout=START_SECONDS)
            guard.watch(None)
            assert process.returncode == 0, said
        server.start()
        yield server
    finally:
        server.drop()
        shutil.rmtree(folder, ignore_errors=True)
        guard.end()
