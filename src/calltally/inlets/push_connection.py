"""A connection on which pushes are answered without the detour through ASGI.

A push is small, and thousands of them may come in a second. Building a scope, a task and two events for each costs as
much as writing it down. So the plain ones (HTTP/1.1, POST below `/in/`, nothing special) go from the parser straight to
the inlet; every other request goes uvicorn's usual way, and a pipelined one waits for the push before it. What is said
is the same: both ways end in `WebhookInlet`.
"""

from asyncio import Future
from functools import cache
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from calltally.inlets.webhook import LARGEST_BODY, NOT_STORED, PREFIX, Begun, Told, WebhookInlet

_PREFIX = PREFIX.encode()


class _Silent:
    """An event nobody waits for."""

    def set(self) -> None:
        """Do nothing."""


class Pushed:
    """A push on its way to its answer; to uvicorn it looks like a request in work.

    Attributes:
        keep_alive: whether another request may follow; uvicorn forbids it when the service ends.
        disconnected: the sender has gone; there is nobody to answer.
    """

    def __init__(self, *, keep_alive: bool) -> None:
        """Begin."""
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_started = False
        self.response_complete = False
        self.message_event = _Silent()


class PushConnection(HttpToolsProtocol):
    """HTTP on one connection, with a short way for pushes."""

    _body: bytearray | None = None

    def __init__(self, *arguments: Any, inlet: WebhookInlet | None = None, **named: Any) -> None:  # noqa: ANN401  uvicorn's own arguments
        """Take uvicorn's arguments, and the inlet; without one every request goes the usual way."""
        super().__init__(*arguments, **named)
        self._inlet = inlet

    def on_headers_complete(self) -> None:
        """Begin a push, or a request that goes the usual way."""
        if self._is_plain_push():
            self._body = bytearray()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Gather the body of a push; one beyond the limit is refused at once."""
        if self._body is None or self._inlet is None:
            super().on_body(body)
        elif len(self._body) + len(body) <= LARGEST_BODY:
            self._body += body
        else:
            self._body = None
            self._say(self._begun(keep_alive=False), self._inlet.too_large(self.url.decode("ascii")))

    def on_message_complete(self) -> None:
        """Hand a push over once it is whole."""
        if self._body is None or self._inlet is None:
            super().on_message_complete()
            return
        body, self._body = bytes(self._body), None
        push = self._begun(keep_alive=self.parser.should_keep_alive())
        client = self.client[0] if self.client else ""
        begun = self._inlet.begin(self.url.decode("ascii"), self.headers, body, client)
        if isinstance(begun, Begun):
            begun.durable.add_done_callback(lambda durable: self._say(push, _outcome(begun, durable)))
        else:
            self._say(push, begun)

    def _begun(self, *, keep_alive: bool) -> Pushed:
        """Return the push as the request in work."""
        push = Pushed(keep_alive=keep_alive)
        self.cycle = push  # type: ignore[assignment]  # it has what uvicorn asks of a cycle
        return push

    def _is_plain_push(self) -> bool:
        return (
            self.url.startswith(_PREFIX)
            and self._inlet is not None
            and (self.cycle is None or self.cycle.response_complete)
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and not any(special in self.url for special in b"?%#")
            and self.url.isascii()
            and self._inlet.turned_away(self.url.decode("ascii"), "POST") is None
        )

    def _say(self, push: Pushed, told: Told) -> None:
        """Write the answer, and let the next request begin."""
        push.response_started = push.response_complete = True
        if push.disconnected or self.transport.is_closing():
            return
        self.transport.write(_bytes_of(told, keep_alive=push.keep_alive))
        if not push.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _outcome(begun: Begun, durable: "Future[None]") -> Told:
    if durable.cancelled() or durable.exception() is not None:
        return NOT_STORED
    return begun.stored


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
