"""How pushes arrive: the webhooks of every source, as one plain ASGI application.

It does as little as possible for each request: check, hand over to the writer, answer when the message is durable. The
same `begin` serves the connections of `inlets.push_connection`, which leave ASGI out.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from starlette.types import Receive, Scope, Send

from calltally.engine.health import Health
from calltally.engine.peers import Network, peer_of
from calltally.engine.writer import BusyError, Durable
from calltally.sources.source import BadMessageError, NotAllowedError, RawMessage, Webhook, delivery, received

log = structlog.get_logger(__name__)

LARGEST_BODY = 1024 * 1024
PREFIX = "/in/"
_PREFIX = PREFIX.encode()
MOST_TARGETS = 256
"""So many targets of requests are remembered as they were understood; a site uses one for each source."""
FORWARDED_FOR = "x-forwarded-for"

Pairs = Iterable[tuple[bytes, bytes]]


class Take(Protocol):
    """What takes a message, and says when it is durable."""

    def __call__(self, message: RawMessage, durable: Durable) -> None:
        """Call `durable` once, later, on the event loop; raise BusyError if nothing more can wait."""
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
class Door:
    """One webhook, ready for use.

    Attributes:
        wanted: names of the headers that are read, in lower case.
        stored: what is said when a delivery is durable.
    """

    name: str
    webhook: Webhook
    wanted: frozenset[bytes]
    stored: Told


class WebhookInlet:
    """Answers `POST /in/<source>` and `POST /in/<source>/<secret>`."""

    def __init__(
        self,
        *,
        webhooks: Mapping[str, Webhook],
        take: Take,
        health: Health,
        clock_us: Callable[[], int],
        trusted: tuple[Network, ...] = (),
        refused: Callable[[str, str], None] | None = None,
    ) -> None:
        """Take the webhooks by source name, and where their messages go.

        `refused` hears of each delivery that is turned away: its source, and a word for the reason.
        """
        self._doors = {name: _door(name, webhook) for name, webhook in webhooks.items()}
        self._plain: dict[bytes, tuple[Door, str]] = {}
        self._take = take
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
                told = self.too_large(self._behind(scope["path"])[0])
            else:
                if body is None:
                    return
                client = scope.get("client")
                told = await self._told(scope, body, str(client[0]) if client else "")
        length = (b"content-length", str(len(told.body)).encode())
        await send({"type": "http.response.start", "status": told.status, "headers": [*told.headers, length]})
        await send({"type": "http.response.body", "body": told.body})

    async def _told(self, scope: Scope, body: bytes, client: str) -> Told:
        door, secret = self._behind(scope["path"])
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()

        def durable(problem: Exception | None) -> None:
            if not answer.done():  # the sender may have gone
                answer.set_result(NOT_STORED if problem is not None else door.stored)

        told = self.begin(door, secret, scope["headers"], body, client, durable)
        return await answer if told is None else told

    def turned_away(self, path: str, method: str) -> Told | None:
        """Return why a request is not even read; `None` if it is."""
        name = path[len(PREFIX) :].partition("/")[0]
        if name not in self._doors:
            return refusal(404, f"No source called {name[:40]!r} receives pushes here.")
        if method != "POST":
            return refusal(405, "Pushes arrive by POST.", (b"allow", b"POST"))
        return None

    def plain(self, target: bytes) -> tuple[Door, str] | None:
        """Return the door that a request's target leads to, and the secret in it; `None` if it is not a plain path."""
        known = self._plain.get(target)
        if known is not None:
            return known
        if not target.startswith(_PREFIX) or not target.isascii() or any(special in target for special in b"?%#"):
            return None
        path = target.decode("ascii")
        if self.turned_away(path, "POST") is not None:
            return None
        found = self._behind(path)
        if len(self._plain) < MOST_TARGETS:
            self._plain[target] = found
        return found

    def _behind(self, path: str) -> tuple[Door, str]:
        """Return the door and the secret of a path that `turned_away` lets pass."""
        name, _, secret = path[len(PREFIX) :].partition("/")
        return self._doors[name], secret

    def too_large(self, door: Door) -> Told:
        """Return the answer to a body beyond the limit, and count it."""
        self._turn_away(door.name, "too_large", "a body of more than 1 MiB", self._clock_us())
        return TOO_LARGE

    def begin(self, door: Door, secret: str, headers: Pairs, body: bytes, client: str, durable: Durable) -> Told | None:
        """Check a delivery and hand it to the writer, which will call `durable`; else return the answer at once.

        A fault of our own is logged and told as what it is to the sender: nothing is stored, it should come again.

        Args:
            door: where it came in.
            secret: the rest of its path, as decoded.
            headers: pairs with names in lower case.
            body: as received.
            client: the address at the other end of the connection.
            durable: hears what kept the message from being stored, or `None` once it is durable.
        """
        try:
            return self._begin(door, secret, headers, body, client, durable)
        except Exception:
            log.exception("push_not_handled", source=door.name)
            return NOT_STORED

    def _begin(
        self, door: Door, secret: str, headers: Pairs, body: bytes, client: str, durable: Durable
    ) -> Told | None:
        received_at_us = self._clock_us()
        read = _read(headers, door.wanted)
        peer = peer_of(client, read.get(FORWARDED_FOR, ""), self._trusted)
        webhook = door.webhook
        try:
            webhook.admit(delivery(secret=secret, headers=read, body=body, peer=peer))
        except NotAllowedError as reason:
            self._turn_away(door.name, "not_allowed", str(reason), received_at_us)
            return refusal(401, str(reason))
        except BadMessageError as reason:
            self._turn_away(door.name, "bad_message", str(reason), received_at_us)
            return refusal(400, str(reason))
        kept = {key: read[key] for key in webhook.kept_headers if key in read}
        try:
            self._take(received(source=door.name, received_at_us=received_at_us, headers=kept, body=body), durable)
        except BusyError:
            if self._refused is not None:
                self._refused(door.name, "busy")
            return BUSY
        return None

    def _turn_away(self, name: str, word: str, sentence: str, now_us: int) -> None:
        """Count a delivery that is turned away for a fault of its own."""
        self._health.refused(name, sentence, now_us)
        if self._refused is not None:
            self._refused(name, word)


def _door(name: str, webhook: Webhook) -> Door:
    wanted = frozenset(header.encode() for header in (*webhook.read_headers, *webhook.kept_headers, FORWARDED_FOR))
    stored = Told(200, ((b"content-type", webhook.reply.content_type.encode()),), webhook.reply.body)
    return Door(name, webhook, wanted, stored)


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
