"""What must be sure before a service touches its data: it serves alone, its address is free, and it can be ended."""

import errno
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from calltally.settings import Address

LOCK_FILE = "service.lock"
DATABASE_LOCK = ".service.lock"
"""What is added to the whole name of a database file; the lock lies beside the file, which SQLite locks itself."""
_BACKLOG = 2048


class StartError(Exception):
    """The service cannot start here; the text is a sentence for an administrator."""


@contextmanager
def ending_at_once() -> Iterator[None]:
    """End at SIGTERM while the block lasts, until the service sets up its own way to end; for the main thread.

    Nothing has been acknowledged before that. The first process of a container, which a service is there, never hears
    of a signal that it does not handle itself. Whoever handles it already, as the demo does, goes on to.
    """
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)


@contextmanager
def sole_service(data: Path) -> Iterator[None]:
    """Hold the data folder while the block lasts; a killed process lets go of it by itself.

    Raises:
        StartError: another service holds it.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = f"Another calltally serves the data in {data} already; end it first, or name another folder by --data."
    with _held(data / LOCK_FILE, taken):
        yield


@contextmanager
def sole_database(file: Path | None) -> Iterator[None]:
    """Hold a database file in the same way, whatever the data folder of the service is.

    Args:
        file: its whole path, without symbolic links; `None` for a server's database, which services may share.

    Raises:
        StartError: another service holds it, or it is being moved.
    """
    if file is None or not file.parent.is_dir():
        yield  # what is missing is told when the database is opened
        return
    taken = (
        f"Another calltally serves or moves the database {file} already; end it first,"
        " or name another file as database.url in the settings."
    )
    with _held(file.with_name(file.name + DATABASE_LOCK), taken):
        yield


@contextmanager
def _held(lock_file: Path, taken: str) -> Iterator[None]:
    try:
        import fcntl  # noqa: PLC0415  it does not exist on Windows
    except ImportError:
        yield
        return
    with _opened(lock_file) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise StartError(taken) from problem
        except OSError as problem:
            raise StartError(
                f"The file {lock_file} cannot be locked ({problem.strerror or problem}), so that two services might"
                " write at once; keep its folder on a file system that knows locks, such as a local disk."
            ) from problem
        yield


def _opened(lock_file: Path) -> BinaryIO:
    try:
        return lock_file.open("ab")
    except OSError as problem:
        raise StartError(
            f"The file {lock_file} cannot be written ({problem.strerror or problem}), so that two services might write"
            " at once; let calltally's user write it, or move away what stands in its place."
        ) from problem


def listening(listen: Address) -> socket.socket:
    """Return a socket that listens at an address.

    Raises:
        StartError: it is taken, or not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        found = socket.create_server((listen.host, listen.port), family=family, backlog=_BACKLOG)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            reason = f"Another program listens at {listen} already"
        else:
            reason = f"Nothing can listen at {listen} ({problem.strerror or problem})"
        raise StartError(f"{reason}; choose another address, for example: --listen 127.0.0.1:8081") from problem
    found.setblocking(False)  # noqa: FBT003  the socket's own argument
    return found
