"""How pushes arrive: the webhooks of every source, as one plain ASGI application.

It does as little as possible for each request: check, hand over to the writer, answer when the message is durable. The
same `begin` serves the connections of `inlets.push_connection`, which leave ASGI out.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Receive, Scope, Send

from calltally.engine.health import Health
from calltally.engine.peers import Network, peer_of
from calltally.engine.writer import BusyError, NotStoredError
from calltally.sources.source import BadMessageError, Delivery, NotAllowedError, RawMessage, Webhook

LARGEST_BODY = 1024 * 1024
PREFIX = "/in/"
FORWARDED_FOR = "x-forwarded-for"

Pairs = Iterable[tuple[bytes, bytes]]


class Accept(Protocol):
    """What takes a message and returns when it is durable."""

    def __call__(self, message: RawMessage) -> "asyncio.Future[None]":
        """Return a future; raise BusyError if nothing more can wait."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: headers without the length, and the body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def refusal(status: int, sentence: str, *headers: tuple[bytes, bytes]) -> Told:
    """Return the answer that turns a delivery away."""
    return Told(status, ((b"content-type", b"text/plain; charset=utf-8"), *headers), sentence.encode())


CLOSE = (b"connection", b"close")
TOO_LARGE = refusal(413, "The body is larger than 1 MiB.", CLOSE)
BUSY = refusal(503, "More messages wait than can be stored; come again.", (b"retry-after", b"1"))
NOT_STORED = refusal(503, "The message could not be stored; come again.", (b"retry-after", b"2"))


class TooLargeError(Exception):
    """The body exceeds the limit."""


@dataclass(frozen=True, slots=True)
class _Door:
    """One webhook, ready for use."""

    name: str
    webhook: Webhook
    wanted: frozenset[bytes]
    stored: Told


@dataclass(frozen=True, slots=True)
class Begun:
    """A delivery that was admitted: what to say once the future is done without an error."""

    durable: "asyncio.Future[None]"
    stored: Told


class WebhookInlet:
    """Answers `POST /in/<source>` and `POST /in/<source>/<secret>`."""

    def __init__(
        self,
        *,
        webhooks: Mapping[str, Webhook],
        accept: Accept,
        health: Health,
        clock_us: Callable[[], int],
        trusted: tuple[Network, ...] = (),
        refused: Callable[[str, str], None] | None = None,
    ) -> None:
        """Take the webhooks by source name, and where their messages go.

        `refused` hears of each delivery that is turned away: its source, and a word for the reason.
        """
        self._doors = {name: _door(name, webhook) for name, webhook in webhooks.items()}
        self._accept = accept
        self._health = health
        self._clock_us = clock_us
        self._trusted = trusted
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request under `/in/`."""
        told = self.turned_away(scope["path"], scope["method"])
        if told is None:
            try:
                body = await _body(receive)
            except TooLargeError:
                told = self.too_large(scope["path"])
            else:
                if body is None:
                    return
                client = scope.get("client")
                told = await self._take(scope, body, str(client[0]) if client else "")
        length = (b"content-length", str(len(told.body)).encode())
        await send({"type": "http.response.start", "status": told.status, "headers": [*told.headers, length]})
        await send({"type": "http.response.body", "body": told.body})

    async def _take(self, scope: Scope, body: bytes, client: str) -> Told:
        begun = self.begin(scope["path"], scope["headers"], body, client)
        if isinstance(begun, Told):
            return begun
        try:
            await begun.durable
        except NotStoredError:
            return NOT_STORED
        return begun.stored

    def turned_away(self, path: str, method: str) -> Told | None:
        """Return why a request is not even read; `None` if it is."""
        name = path[len(PREFIX) :].partition("/")[0]
        if name not in self._doors:
            return refusal(404, f"No source called {name[:40]!r} receives pushes here.")
        if method != "POST":
            return refusal(405, "Pushes arrive by POST.", (b"allow", b"POST"))
        return None

    def too_large(self, path: str) -> Told:
        """Return the answer to a body beyond the limit, and count it."""
        name = path[len(PREFIX) :].partition("/")[0]
        self._turn_away(name, "too_large", "a body of more than 1 MiB", self._clock_us())
        return TOO_LARGE

    def begin(self, path: str, headers: Pairs, body: bytes, client: str) -> Begun | Told:
        """Check a delivery and hand it to the writer; its path is one that `turned_away` lets pass.

        Args:
            path: as decoded, from `/in/` on.
            headers: pairs with names in lower case.
            body: as received.
            client: the address at the other end of the connection.
        """
        received_at_us = self._clock_us()
        name, _, secret = path[len(PREFIX) :].partition("/")
        door = self._doors[name]
        read = _read(headers, door.wanted)
        peer = peer_of(client, read.get(FORWARDED_FOR, ""), self._trusted)
        try:
            door.webhook.admit(Delivery(secret=secret, headers=read, body=body, peer=peer))
        except NotAllowedError as reason:
            self._turn_away(name, "not_allowed", str(reason), received_at_us)
            return refusal(401, str(reason))
        except BadMessageError as reason:
            self._turn_away(name, "bad_message", str(reason), received_at_us)
            return refusal(400, str(reason))
        kept = {key: read[key] for key in door.webhook.kept_headers if key in read}
        try:
            durable = self._accept(RawMessage(source=name, received_at_us=received_at_us, headers=kept, body=body))
        except BusyError:
            if self._refused is not None:
                self._refused(name, "busy")
            return BUSY
        return Begun(durable, door.stored)

    def _turn_away(self, name: str, word: str, sentence: str, now_us: int) -> None:
        """Count a delivery that is turned away for a fault of its own."""
        self._health.refused(name, sentence, now_us)
        if self._refused is not None:
            self._refused(name, word)


def _door(name: str, webhook: Webhook) -> _Door:
    wanted = frozenset(header.encode() for header in (*webhook.read_headers, *webhook.kept_headers, FORWARDED_FOR))
    stored = Told(200, ((b"content-type", webhook.reply.content_type.encode()),), webhook.reply.body)
    return _Door(name, webhook, wanted, stored)


def _read(headers: Pairs, wanted: frozenset[bytes]) -> dict[str, str]:
    read: dict[str, str] = {}
    for key, value in headers:
        if key in wanted:
            name = key.decode()
            text = value.decode("latin-1")
            read[name] = f"{read[name]}, {text}" if name in read else text
    return read


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body, or `None` if the sender went away before its end."""
    chunks = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return None
        body: bytes = event.get("body", b"")
        if len(chunks) + len(body) > LARGEST_BODY:
            raise TooLargeError
        if not event.get("more_body"):
            return bytes(chunks) + body if chunks else body
        chunks += body
