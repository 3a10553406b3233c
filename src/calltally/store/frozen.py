"""Notices a server that keeps its connections but answers nothing, so that nobody waits for it for ever.

That is what a stopped process or a machine without a disk looks like: the network says that all is well. A statement
may rightly take minutes, so time alone proves nothing. A server that still welcomes somebody new is working; of one
that does not, every connection is ended, and whoever waits has an error.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final, Protocol
from weakref import WeakSet

PATIENCE_SECONDS: Final = 5.0
"""How long something may take before the server is asked whether it is there."""
LOOK_SECONDS: Final = 1.0


class Connected(Protocol):
    """A connection of a driver, or its socket."""

    def fileno(self) -> int:
        """Return the number of its socket."""
        ...


class FrozenWatch:
    """Watches over all connections to one server, in a thread of its own from the first use on."""

    def __init__(self, answers: Callable[[], bool]) -> None:
        """Take what tries to connect anew, and says whether the server let it, within a few seconds."""
        self._answers = answers
        self._lock = Lock()
        self._connections: WeakSet[Connected] = WeakSet()
        self._waiting: dict[object, float] = {}
        self._closed = Event()
        self._thread: Thread | None = None

    def add(self, connection: Connected) -> None:
        """Watch over a connection, too."""
        with self._lock:
            self._connections.add(connection)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="frozen-watch", daemon=True)
                self._thread.start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for the server while the block lasts."""
        mark = object()
        self._waiting[mark] = monotonic()
        try:
            yield
        finally:
            del self._waiting[mark]

    def close(self) -> None:
        """End the watch."""
        self._closed.set()

    def _run(self) -> None:
        asked = monotonic()
        while not self._closed.wait(LOOK_SECONDS):
            since = min(list(self._waiting.values()), default=None)
            if since is None or monotonic() - max(since, asked) < PATIENCE_SECONDS:
                continue
            if not self._answers():
                self._end_all()
            asked = monotonic()

    def _end_all(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(Exception):  # it may have ended by itself a moment ago, each driver says so in its own way
                _shut(connection.fileno())


def _shut(number: int) -> None:
    """End what a socket carries; it stays open, and belongs to its driver as before."""
    with socket.socket(fileno=os.dup(number)) as twin:
        twin.shutdown(socket.SHUT_RDWR)
