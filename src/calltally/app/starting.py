"""What must be sure before a service touches its data: it serves alone, its address is free, and it can be ended."""

import errno
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from calltally.settings import Address

LOCK_FILE = "service.lock"
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
    try:
        import fcntl  # noqa: PLC0415  it does not exist on Windows
    except ImportError:
        yield
        return
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / LOCK_FILE).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise StartError(
                f"Another calltally serves the data in {data} already; end it first, or name another folder by --data."
            ) from problem
        yield


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
