"""WebSockets on which only the service speaks."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class GuardedSocket(WebSocketsSansIOProtocol):
    """A WebSocket on which only the service speaks: what a viewer says is passed over."""

    def send_receive_event_to_app(self) -> None:
        """Pass a message over, whatever is in it."""
        self.frames = []

    def keepalive_timeout(self) -> None:
        """Cut off a viewer who has answered no ping; a close would wait until he has read everything."""
        super().keepalive_timeout()
        self.transport.abort()
