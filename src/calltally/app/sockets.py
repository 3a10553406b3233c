"""WebSockets on which only the service speaks."""

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class GuardedSocket(WebSocketsSansIOProtocol):
    """A WebSocket on which only the service speaks: what a viewer says is passed over."""

    def data_received(self, data: bytes) -> None:
        """Read on; a request that cannot be read as one for a WebSocket is answered, which uvicorn leaves out."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """Pass a message over, whatever is in it."""
        self.frames = []

    def keepalive_timeout(self) -> None:
        """Cut off a viewer who has answered no ping; a close would wait until he has read everything."""
        super().keepalive_timeout()
        self.transport.abort()
