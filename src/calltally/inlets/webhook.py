"""How pushes arrive: one plain ASGI application for the webhooks of every source.

It does as little as possible for each request: check, hand over to the writer, wait until the message is durable,
answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from starlette.types import Message, Receive, Scope, Send

from calltally.engine.health import Health
from calltally.engine.peers import Network, peer_of
from calltally.engine.writer import BusyError, NotStoredError
from calltally.sources.source import BadMessageError, Delivery, NotAllowedError, RawMessage, Webhook

LARGEST_BODY = 1024 * 1024
PREFIX = "/in/"
FORWARDED_FOR = "x-forwarded-for"


class Accept(Protocol):
    """What takes a message and returns when it is durable."""

    def __call__(self, message: RawMessage) -> Awaitable[None]:
        """Return an awaitable; raise BusyError if nothing more can wait."""
        ...


class TooLargeError(Exception):
    """The body exceeds the limit."""


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
    ) -> None:
        """Take the webhooks by source name, and where their messages go."""
        self._webhooks = webhooks
        self._accept = accept
        self._health = health
        self._clock_us = clock_us
        self._trusted = trusted
        self._wanted = {
            name: frozenset(
                header.encode() for header in (*webhook.read_headers, *webhook.kept_headers, FORWARDED_FOR)
            )
            for name, webhook in webhooks.items()
        }
        self._ok = {
            name: _start(200, webhook.reply.content_type, len(webhook.reply.body)) for name, webhook in webhooks.items()
        }
        self._bodies = {
            name: {"type": "http.response.body", "body": webhook.reply.body} for name, webhook in webhooks.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request under `/in/`."""
        path = str(scope["path"])[len(PREFIX) :]
        name, _, secret = path.partition("/")
        webhook = self._webhooks.get(name)
        if webhook is None:
            await _refuse(send, 404, f"No source called {name[:40]!r} receives pushes here.")
            return
        if scope["method"] != "POST":
            await _refuse(send, 405, "Pushes arrive by POST.", ((b"allow", b"POST"),))
            return
        try:
            body = await _body(receive)
        except TooLargeError:
            self._health.refused(name, "a body of more than 1 MiB", self._clock_us())
            await _refuse(send, 413, "The body is larger than 1 MiB.", ((b"connection", b"close"),))
            return
        if body is None:
            return
        await self._take(name, webhook, scope, secret, body, send)

    async def _take(self, name: str, webhook: Webhook, scope: Scope, secret: str, body: bytes, send: Send) -> None:
        received_at_us = self._clock_us()
        headers = _headers(scope, self._wanted[name])
        try:
            client = scope.get("client")
            peer = peer_of(str(client[0]) if client else "", headers.get(FORWARDED_FOR, ""), self._trusted)
            webhook.admit(Delivery(secret=secret, headers=headers, body=body, peer=peer))
        except NotAllowedError as reason:
            self._health.refused(name, str(reason), received_at_us)
            await _refuse(send, 401, str(reason))
            return
        except BadMessageError as reason:
            self._health.refused(name, str(reason), received_at_us)
            await _refuse(send, 400, str(reason))
            return
        kept = {key: headers[key] for key in webhook.kept_headers if key in headers} if webhook.kept_headers else {}
        try:
            await self._accept(RawMessage(source=name, received_at_us=received_at_us, headers=kept, body=body))
        except BusyError:
            await _refuse(send, 503, "More messages wait than can be stored; come again.", ((b"retry-after", b"1"),))
            return
        except NotStoredError:
            await _refuse(send, 503, "The message could not be stored; come again.", ((b"retry-after", b"2"),))
            return
        await send(self._ok[name])
        await send(self._bodies[name])


def _headers(scope: Scope, wanted: frozenset[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for key, value in scope["headers"]:
        if key in wanted:
            name = key.decode()
            text = value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


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


def _start(status: int, content_type: str, length: int, extra: tuple[tuple[bytes, bytes], ...] = ()) -> Message:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(length).encode()), *extra]
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _refuse(send: Send, status: int, sentence: str, extra: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    body = sentence.encode()
    await send(_start(status, "text/plain; charset=utf-8", len(body), extra))
    await send({"type": "http.response.body", "body": body})
