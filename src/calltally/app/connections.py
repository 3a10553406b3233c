"""What a connection may cost: strangers get little time and little memory before they have asked for something.

uvicorn alone waits for ever for the rest of a request, keeps however long a head, and waits for ever until a viewer who
does not read has read what was sent to him.
"""

from asyncio import BaseProtocol, Transport
from collections.abc import Iterable
from typing import Any, Final

from calltally.inlets.push_connection import PushConnection

LARGEST_HEAD: Final = 64 * 1024
LARGEST_REQUEST: Final = 8 * 1024 * 1024
"""Of what arrives of one request in all: the largest push in tiny chunks. Lines behind a chunked body count, too."""
LONGEST_ARRIVAL_SECONDS: Final = 30.0
LONGEST_UNREAD_SECONDS: Final = 60.0
"""So long a client may leave an answer lying without reading any of it."""
LARGEST_FRAME: Final = 64 * 1024
"""Of a WebSocket; viewers have nothing to say."""

_TOO_LATE: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_HEAD_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_TOO_LARGE: Final = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedHttp(PushConnection):
    """HTTP on one connection, which notes since when a request is on its way and how large it is so far."""

    arriving_since: float | None = None
    _in_head = False
    _has_begun = False
    _head_lines = 0
    _bytes = 0
    _unsent = 0
    _unsent_since: float | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Begin; the first request is to come soon."""
        super().connection_made(transport)
        self.arriving_since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Read on, unless a request or its head has become too large."""
        if self.arriving_since is None and (self.resting_since is not None or self.timeout_keep_alive_task is not None):
            self.arriving_since = self.loop.time()
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes > LARGEST_HEAD and not self.transport.is_closing():
            self._stop_if_too_large()
        if self.transport.is_closing():
            self._forget()

    def give_up(self) -> None:
        """Close, whatever was to come; if a request had begun to arrive, say that it took too long."""
        if self._has_begun and (self._in_head or self.cycle is None or not self.cycle.response_started):
            self.transport.write(_TOO_LATE)
        self.transport.close()
        self._forget()

    def is_left_lying(self, now: float) -> bool:
        """Return whether the client has read nothing of its answer for too long; to be asked every second or so."""
        if not self.flow.write_paused:
            return False
        unsent = self.transport.get_write_buffer_size()
        if self._unsent_since is None or unsent < self._unsent:
            self._unsent_since = now
        self._unsent = unsent
        return now - self._unsent_since > LONGEST_UNREAD_SECONDS

    def resume_writing(self) -> None:
        """Go on; the client has read nearly everything, however much waits again when this is looked at next."""
        self._unsent_since = None
        super().resume_writing()

    def _stop_if_too_large(self) -> None:
        if self._in_head:
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()
        elif self._has_begun and self._bytes > LARGEST_REQUEST:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def _forget(self) -> None:
        """Tell the request in work that nobody waits for its answer; writing it to a closed connection would fail."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self._in_head = self._has_begun = True
        self._bytes = 0
        if self.arriving_since is None:
            self.arriving_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Note that the head is whole."""
        self._in_head = False
        self._head_lines = len(self.headers)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is whole; lines behind its body are dropped, as no proxy has checked them."""
        self.arriving_since = None
        self._has_begun = False
        del self.headers[self._head_lines :]
        super().on_message_complete()


def guarded_socket(**named: Any) -> BaseProtocol:  # noqa: ANN401  uvicorn's own arguments
    """Return a WebSocket on which only the service speaks; its code is loaded when somebody wants one."""
    from calltally.app.sockets import GuardedSocket  # noqa: PLC0415  no push needs it

    return GuardedSocket(**named)


def close_late(connections: Iterable[BaseProtocol], now: float) -> None:
    """Close the connections on which a request has been arriving for too long, or nothing came since the last push.

    Those whose clients do not read are cut off, as a close would wait until they have.

    `now` is the time of the event loop.
    """
    for connection in list(connections):
        if not isinstance(connection, GuardedHttp):
            continue
        arriving, resting = connection.arriving_since, connection.resting_since
        if arriving is not None and now - arriving > LONGEST_ARRIVAL_SECONDS:
            connection.give_up()
        elif resting is not None and now - resting > connection.timeout_keep_alive:
            connection.timeout_keep_alive_handler()
        if connection.is_left_lying(now):
            connection.transport.abort()
