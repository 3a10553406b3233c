"""WebSockets on which only the service speaks."""

from time import monotonic
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

READ_AT_ONCE: Final = 16 * 1024
"""Of what a viewer says; as the smallest frames that takes a few hundredths of a second."""

RESTS: Final = 2
"""So many times as long as reading took, everybody else is served before more of the same viewer is read."""

_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedSocket(WebSocketsSansIOProtocol):
    """A WebSocket on which only the service speaks: what a viewer says is passed over, and read slowly."""

    _unread = b""
    _rests = False
    _is_blocked = False

    def data_received(self, data: bytes) -> None:
        """Read on, unless too much has come just now."""
        self._unread += data
        if not self._rests:
            self._read_some()

    def _read_some(self) -> None:
        """Read some of what came; a request that cannot be read is answered, which uvicorn leaves out."""
        self._rests = False
        if self.transport.is_closing() or self._is_blocked:
            return
        began_at = monotonic()
        some, self._unread = self._unread[:READ_AT_ONCE], self._unread[READ_AT_ONCE:]
        super().data_received(some)
        if self.transport.is_closing():
            return
        if self.conn.handshake_exc is not None:
            self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
            self.transport.close()
        elif len(some) == READ_AT_ONCE:
            self._rests = True
            self.loop.call_later(RESTS * (monotonic() - began_at), self._read_some)
        self._read_or_not()

    def _read_or_not(self) -> None:
        """Take nothing from a viewer who is to rest, or who does not read what he is answered."""
        if self._rests or self._is_blocked:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """Note that a viewer reads too slowly: answers to his pings would pile up."""
        super().pause_writing()
        self._is_blocked = True
        self._read_or_not()

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._is_blocked = False
        if self._unread and not self._rests:
            self._read_some()
        elif not self.transport.is_closing():
            self._read_or_not()

    def handle_text(self, event: Frame) -> None:
        """Pass it over."""

    def handle_bytes(self, event: Frame) -> None:
        """Pass it over."""

    def handle_cont(self, event: Frame) -> None:
        """Pass it over."""

    def keepalive_timeout(self) -> None:
        """Cut off a viewer who has answered no ping; a close would wait until he has read everything."""
        super().keepalive_timeout()
        self.transport.abort()
