"""A connection on which pushes are answered without the detour through ASGI.

A push is small, and thousands of them may come in a second. Building a scope, a task and two events for each costs as
much as writing it down. So the plain ones (HTTP/1.1, POST below `/in/`, nothing special) go from the parser straight to
the inlet; every other request goes uvicorn's usual way, and a pipelined one waits for the push before it. What is said
is the same: both ways end in `WebhookInlet`.

A client may offer to go on in another protocol behind a request; Java's offers HTTP/2 with every push. The parser then
takes what follows the head for that protocol, and leaves the body out. Nobody has to accept such an offer: unless it is
about a WebSocket, and may be, the request is read once more without it.
"""

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from calltally.inlets.webhook import LARGEST_BODY, NOT_STORED, Door, Told, WebhookInlet


class _Silent:
    """An event nobody waits for."""

    def set(self) -> None:
        """Do nothing."""


_SILENT = _Silent()


class Pushed:
    """A push on its way to its answer; to uvicorn it looks like a request in work.

    Attributes:
        keep_alive: whether another request may follow; uvicorn forbids it when the service ends.
        disconnected: the sender has gone; there is nobody to answer.
    """

    __slots__ = ("_connection", "_door", "disconnected", "keep_alive", "response_complete", "response_started")
    message_event = _SILENT

    def __init__(self, connection: "PushConnection", door: Door, *, keep_alive: bool) -> None:
        """Begin."""
        self._connection = connection
        self._door = door
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_started = False
        self.response_complete = False

    def durable(self, problem: Exception | None) -> None:
        """Answer, now that it is known what became of the message."""
        self._connection.say(self, self._door.stored if problem is None else NOT_STORED)


class PushConnection(HttpToolsProtocol):
    """HTTP on one connection, with a short way for pushes.

    Attributes:
        resting_since: when the last push was answered, on the event loop's clock, if nothing came since. uvicorn's own
            timer, one for each request, would cost more than reading the request.
    """

    resting_since: float | None = None
    _door: Door | None = None
    _secret = ""
    _body: bytes | bytearray = b""
    _is_for_socket = False
    _again: bytes | None = None
    """The head of a request that is to be read once more."""

    def __init__(self, *arguments: Any, inlet: WebhookInlet | None = None, **named: Any) -> None:  # noqa: ANN401  uvicorn's own arguments
        """Take uvicorn's arguments, and the inlet; without one every request goes the usual way."""
        super().__init__(*arguments, **named)
        self._inlet = inlet

    def data_received(self, data: bytes) -> None:
        """Read on, as uvicorn does, but for what stands behind an offer of another protocol."""
        self.resting_since = None
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._read_behind(memoryview(data)[upgrade.args[0] :])
        except HttpParserError:
            self._refuse()

    def _read_behind(self, rest: memoryview) -> None:
        """Read on behind the head of a request that offers another protocol."""
        while self._again is not None:
            head, self._again = self._again, None
            self.parser = HttpRequestParser(self)  # the former one may have read that the connection ends here
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            try:
                self.parser.feed_data(head)
                self.parser.feed_data(rest)
            except HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
            except HttpParserError:
                self._refuse()
                return
            else:
                return
        if not self._is_for_socket:
            self.cycle.keep_alive = False  # CONNECT: what follows it is not HTTP
        elif rest:
            self._refuse()  # who wants a WebSocket has to wait for the answer
        else:
            self.handle_websocket_upgrade()

    def _refuse(self) -> None:
        message = "Invalid HTTP request received."
        self.logger.warning(message)
        self.send_400_response(message)

    def on_message_begin(self) -> None:
        """Begin a request; what ASGI needs besides is made when it is known to go that way."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """Begin a push, or a request that goes the usual way."""
        parser = self.parser
        if parser.should_upgrade():
            self._is_for_socket = self._may_become_socket()
            if not self._is_for_socket and parser.get_method() != b"CONNECT":
                self._again = _without_offer(
                    parser.get_method(), self.url, parser.get_http_version().encode(), self.headers
                )
                return
        elif self._is_plain_push():
            self._body = b""
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the list that is in the scope already
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Gather the body of a push; one beyond the limit is refused at once."""
        door = self._door
        if door is None or self._inlet is None:
            super().on_body(body)
        elif len(self._body) + len(body) > LARGEST_BODY:
            self.say(self._begun(door, keep_alive=False), self._inlet.too_large(door))
        elif self._body:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += body
        else:
            self._body = body

    def on_message_complete(self) -> None:
        """Hand a push over once it is whole."""
        door = self._door
        if door is None or self._inlet is None:
            if self._again is None:
                super().on_message_complete()
            return
        push = self._begun(door, keep_alive=self.parser.should_keep_alive())
        client = self.client[0] if self.client else ""
        told = self._inlet.begin(door, self._secret, self.headers, bytes(self._body), client, push.durable)
        if told is not None:
            self.say(push, told)

    def _begun(self, door: Door, *, keep_alive: bool) -> Pushed:
        """Return the push as the request in work."""
        self._door = None
        push = Pushed(self, door, keep_alive=keep_alive)
        self.cycle = push  # type: ignore[assignment]  # it has what uvicorn asks of a cycle
        return push

    def _is_plain_push(self) -> bool:
        """Return whether a request is plain, and note through which door it goes."""
        found = self._inlet.plain(self.url) if self._inlet is not None else None
        parser = self.parser
        if (
            found is None
            or (self.cycle is not None and not self.cycle.response_complete)
            or parser.get_method() != b"POST"
            or parser.get_http_version() != "1.1"
            or self.expect_100_continue
        ):
            return False
        self._door, self._secret = found
        return True

    def _should_upgrade(self) -> bool:
        return self._is_for_socket

    def _may_become_socket(self) -> bool:
        """Return whether a request asks for a WebSocket and may: nothing is to be answered or read before."""
        parser = self.parser
        return (
            self._get_upgrade() == b"websocket"
            and parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and (self.cycle is None or self.cycle.response_complete)
            and not any(
                name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
                for name, value in self.headers
            )
        )

    def say(self, push: Pushed, told: Told) -> None:
        """Write the answer to a push, and let the next request begin."""
        push.response_started = push.response_complete = True
        if push.disconnected or self.transport.is_closing():
            return
        self.transport.write(_bytes_of(told, keep_alive=push.keep_alive))
        if not push.keep_alive:
            self.transport.close()
        if self.pipeline or not push.keep_alive:
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1
            self.resting_since = self.loop.time()


def _without_offer(method: bytes, target: bytes, version: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head of a request as it would be if it offered no other protocol."""
    lines = [method + b" " + target + b" HTTP/" + version]
    for name, value in headers:
        if name == b"connection":
            tokens = [token for token in value.split(b",") if token.strip().lower() != b"upgrade"]
            lines.append(name + b": " + b",".join(tokens))
        elif name != b"upgrade":
            lines.append(name + b": " + value)
    return b"\r\n".join((*lines, b"", b""))


@cache
def _stored_bytes(told: Told, keep_alive: bool) -> bytes:  # noqa: FBT001  a key of the cache
    return _printed(told, keep_alive=keep_alive)


def _bytes_of(told: Told, *, keep_alive: bool) -> bytes:
    """Return an answer as it goes over the wire; those to stored pushes are few and remembered."""
    return _stored_bytes(told, keep_alive) if told.status == HTTPStatus.OK else _printed(told, keep_alive=keep_alive)


def _printed(told: Told, *, keep_alive: bool) -> bytes:
    status = HTTPStatus(told.status)
    lines = [b"HTTP/1.1 %d %s" % (status.value, status.phrase.encode())]
    lines += [name + b": " + value for name, value in told.headers if name != b"connection"]
    lines.append(b"content-length: %d" % len(told.body))
    if not keep_alive:
        lines.append(b"connection: close")
    return b"\r\n".join((*lines, b"", told.body))
