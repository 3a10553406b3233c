"""Pushes on a real connection, with the short way and without it: the answers must be the same."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from calltally.engine.health import Health
from calltally.engine.writer import Durable
from calltally.inlets.push_connection import PushConnection
from calltally.inlets.webhook import LARGEST_BODY, WebhookInlet
from calltally.sources.source import BadMessageError, Delivery, NotAllowedError, RawMessage, Reply, Webhook
from calltally.store.store import StoreError
from tests.wire import Wire

REPLY = b"<Response/>"
PLAIN = b"POST /in/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nevent"
OTHER = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n"


class Line:
    """One connection to an inlet whose messages become durable when the test says so."""

    def __init__(self, *, short: bool) -> None:
        self.waiting: list[Durable] = []
        self.messages: list[bytes] = []
        webhook = Webhook(
            kept_headers=(),
            read_headers=("x-fault",),
            admit=_admit,
            reply=Reply(content_type="application/xml", body=REPLY),
        )
        self.inlet = WebhookInlet(
            webhooks={"exchange": webhook}, take=self._take, health=Health(()), clock_us=lambda: 1
        )
        config = uvicorn.Config(
            self._app, lifespan="off", log_config=None, interface="asgi3", server_header=False, date_header=False
        )
        config.load()
        self.wire = Wire()
        self.state = ServerState()
        self.protocol = PushConnection(config, self.state, {}, inlet=self.inlet if short else None)
        self.protocol.connection_made(self.wire)

    def _take(self, message: RawMessage, durable: Durable) -> None:
        self.messages.append(message.body)
        self.waiting.append(durable)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/in/"):
            await self.inlet(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"page"})

    async def settle(self) -> None:
        """Let everything go on that can."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def send(self, data: bytes, error: StoreError | None = None) -> bytes:
        """Send something, make its messages durable (or not), and return what came back."""
        if data:
            self.protocol.data_received(data)
        await self.settle()
        for durable in self.waiting:
            durable(error)
        self.waiting.clear()
        await self.settle()
        return self.wire.written


def _admit(delivery: Delivery) -> None:
    fault = delivery.headers.get("x-fault", "")
    if fault == "stranger" or delivery.secret:
        raise NotAllowedError("You are not the exchange.")
    if fault == "nonsense":
        raise BadMessageError("This is no message.")


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def go() -> None:
        async with asyncio.timeout(20):
            await scenario()

    asyncio.run(go())


REQUESTS = [
    PLAIN,
    PLAIN.replace(b"POST", b"PUT"),
    PLAIN.replace(b"exchange", b"nobody"),
    PLAIN.replace(b"exchange", b"exchange/secret"),
    PLAIN.replace(b"exchange", b"exchange?x=1"),
    PLAIN.replace(b"exchange", b"exch%61nge"),
    PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
    PLAIN.replace(b"Host: x", b"Host: x\r\nX-Fault: stranger"),
    PLAIN.replace(b"Host: x", b"Host: x\r\nX-Fault: nonsense"),
    PLAIN.replace(b"Host: x", b"Host: x\r\nConnection: close"),
    PLAIN.replace(
        b"Content-Length: 5\r\n\r\nevent", b"Transfer-Encoding: chunked\r\n\r\n2\r\nev\r\n3\r\nent\r\n0\r\n\r\n"
    ),
    PLAIN.replace(b"Content-Length: 5\r\n\r\nevent", b"\r\n"),
    PLAIN + PLAIN.replace(b"event", b"later"),
    PLAIN + OTHER + PLAIN,
    OTHER + PLAIN,
    b"POST /in/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY + 1)
    + b"x" * (LARGEST_BODY + 1),
]


@pytest.mark.parametrize("error", [None, StoreError("locked")])
@pytest.mark.parametrize("request_bytes", REQUESTS)
def test_both_ways_answer_alike(request_bytes: bytes, error: StoreError | None) -> None:
    async def scenario() -> None:
        answers = []
        for short in (True, False):
            line = Line(short=short)
            await line.send(request_bytes, error)
            for _ in range(2):  # what is pipelined begins when what stands before it is answered
                await line.send(b"", error)
            answers.append((_heads(line.wire.written), line.messages, line.wire.closed))
        assert answers[0] == answers[1]

    run(scenario)


def _heads(written: bytes) -> list[bytes]:
    """Return the answers without the order and case of their headers, which say nothing."""
    parts = written.split(b"HTTP/1.1 ")[1:]
    told = []
    for part in parts:
        head, _, body = part.partition(b"\r\n\r\n")
        status, *headers = head.lower().split(b"\r\n")
        told.append(b"|".join([status, *sorted(headers), body]))
    return told


OFFERS = [
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB",  # Java's client
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==",
    b"Connection: close, upgrade\r\nUpgrade: a, b",
]


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("request_bytes", [sent for sent in REQUESTS if not sent.startswith(b"GET")])
@pytest.mark.parametrize("piece", [1, 70, 1_000_000])
def test_an_offer_of_another_protocol_is_passed_over(request_bytes: bytes, offer: bytes, piece: int) -> None:
    """What is answered, stored and closed is what it would be if nothing had been offered."""
    kept = b"" if b"close" not in offer else b"\r\nConnection: close"

    async def scenario() -> None:
        told = []
        for short in (True, False):
            for lines in (kept, b"\r\n" + offer):
                line = Line(short=short)
                sent = request_bytes.replace(b"\r\nHost: x", b"\r\nHost: x" + lines)
                size = max(piece, len(sent) // 500)
                for at in range(0, len(sent), size):
                    if not line.wire.closed:
                        line.protocol.data_received(sent[at : at + size])
                for _ in range(4):
                    await line.send(b"")
                told.append((_heads(line.wire.written), line.messages, line.wire.closed))
        assert told[1:] == told[:1] * 3

    run(scenario)


def test_thousands_of_offers_at_once_are_passed_over() -> None:
    async def scenario() -> None:
        line = Line(short=True)
        asked = b"GET /page HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        line.protocol.data_received(asked * 3_000)
        async with asyncio.timeout(20):
            while line.wire.written.count(b"page") < 3_000:
                await line.settle()

    run(scenario)


def test_a_push_is_answered_only_when_it_is_durable() -> None:
    async def scenario() -> None:
        line = Line(short=True)
        line.protocol.data_received(PLAIN)
        await line.settle()
        assert line.wire.written == b""
        assert (await line.send(b"")).endswith(REPLY)

    run(scenario)


def test_a_request_behind_a_push_waits_for_it() -> None:
    async def scenario() -> None:
        line = Line(short=True)
        line.protocol.data_received(PLAIN + OTHER)
        await line.settle()
        assert line.wire.written == b""
        written = await line.send(b"")
        assert written.index(REPLY) < written.index(b"page")

    run(scenario)


def test_a_sender_who_left_is_not_answered_but_the_message_counts() -> None:
    async def scenario() -> None:
        line = Line(short=True)
        line.protocol.data_received(PLAIN)
        line.protocol.connection_lost(None)
        assert await line.send(b"") == b""
        assert line.messages == [b"event"]

    run(scenario)


def test_a_push_in_work_is_answered_before_the_service_ends() -> None:
    async def scenario() -> None:
        line = Line(short=True)
        line.protocol.data_received(PLAIN)
        line.protocol.shutdown()
        written = await line.send(b"")
        assert b"connection: close" in written
        assert line.wire.closed

    run(scenario)
