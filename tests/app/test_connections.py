"""Connections that cost time or memory and ask for nothing are closed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from calltally.app.connections import (
    LARGEST_HEAD,
    LARGEST_REQUEST,
    LONGEST_ARRIVAL_SECONDS,
    LONGEST_UNREAD_SECONDS,
    GuardedHttp,
    close_late,
)
from calltally.app.sockets import GuardedSocket
from calltally.engine.health import Health
from calltally.engine.writer import BusyError, Durable
from calltally.inlets.webhook import WebhookInlet
from calltally.sources.source import Delivery, NotAllowedError, RawMessage, Reply, Webhook
from tests.wire import Wire

PATIENCE_SECONDS = 20
ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Connection:
    """A client's connection to a server that answers "ok" to everything."""

    def __init__(self, inlet: WebhookInlet | None = None) -> None:
        config = uvicorn.Config(_say_ok, http=GuardedHttp, lifespan="off", log_config=None, interface="asgi3")
        config.load()
        self.wire = Wire()
        self.state = ServerState()
        self.protocol = GuardedHttp(config, self.state, {}, inlet=inlet)
        self.protocol.connection_made(self.wire)

    async def send(self, data: bytes) -> bytes:
        """Send something; return what comes back once nothing more is to come."""
        self.wire.written = b""
        self.protocol.data_received(data)
        if self.protocol.arriving_since is None:
            await asyncio.gather(*self.state.tasks)
        return self.wire.written

    def wait(self, seconds: float = LONGEST_ARRIVAL_SECONDS + 1) -> bool:
        """Return whether the connection is closed when so much time has passed."""
        close_late(self.state.connections, asyncio.get_running_loop().time() + seconds)
        return self.wire.closed

    async def leave(self) -> None:
        """End it."""
        self.protocol.connection_lost(None)
        await asyncio.gather(*self.state.tasks)


async def _say_ok(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    assert b"x-key" not in dict(scope["headers"])
    if message["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def run(scenario: Callable[[Connection], Awaitable[None]], inlet: WebhookInlet | None = None) -> None:
    """Run a scenario on a new connection."""

    async def go() -> None:
        connection = Connection(inlet)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await scenario(connection)
            await connection.leave()

    asyncio.run(go())


NOT_BEGUN = {b"\r\n"}
PARTS = [b"\r\n", b"G", ASKED[:-2], b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"]


@pytest.mark.parametrize("sent", PARTS)
@pytest.mark.parametrize("before", [b"", ASKED])
def test_a_request_that_does_not_arrive_in_time_is_given_up(before: bytes, sent: bytes) -> None:
    async def scenario(connection: Connection) -> None:
        if before:
            assert (await connection.send(before)).endswith(b"ok")
            assert not connection.wait()
        await connection.send(sent)
        assert not connection.wait(LONGEST_ARRIVAL_SECONDS - 1)
        assert connection.wait()
        said_late = b"408 Request Timeout" in connection.wire.written
        assert said_late is (sent not in NOT_BEGUN)

    run(scenario)


def test_a_connection_on_which_nothing_is_ever_asked_is_closed() -> None:
    async def scenario(connection: Connection) -> None:
        assert connection.wait()

    run(scenario)


def test_a_request_that_arrived_whole_may_take_its_time() -> None:
    async def scenario(connection: Connection) -> None:
        assert (await connection.send(ASKED[:10])) == b""
        assert (await connection.send(ASKED[10:])).endswith(b"ok")
        assert not connection.wait(10 * LONGEST_ARRIVAL_SECONDS)

    run(scenario)


def test_a_head_is_read_up_to_its_limit_and_a_body_beyond_it() -> None:
    async def scenario(connection: Connection) -> None:
        large = b"X-Long: " + b"z" * (LARGEST_HEAD // 2) + b"\r\n\r\n"
        assert (await connection.send(ASKED[:-2] + large)).endswith(b"ok")
        length = 4 * LARGEST_HEAD
        await connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
        await connection.send(b"y" * (length - 1))
        assert (await connection.send(b"y")).endswith(b"ok")
        await connection.send(ASKED[:-2] + b"X-Long: " + b"z" * (LARGEST_HEAD // 2))
        assert (await connection.send(b"z" * 2 * LARGEST_HEAD)).startswith(b"HTTP/1.1 431 ")
        assert connection.wire.closed

    run(scenario)


CHUNKED = b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n"


def inlet_with_key() -> WebhookInlet:
    """Return an inlet that lets in who names the key in a header, and can store nothing."""

    def admit(delivery: Delivery) -> None:
        if "x-key" not in delivery.headers:
            raise NotAllowedError("You have no key.")

    def take(message: RawMessage, durable: Durable) -> None:  # noqa: ARG001  as it is called
        raise BusyError

    webhook = Webhook(
        kept_headers=(), read_headers=("x-key",), admit=admit, reply=Reply(content_type="text/plain", body=b"")
    )
    return WebhookInlet(webhooks={"exchange": webhook}, take=take, health=Health(()), clock_us=lambda: 1)


@pytest.mark.parametrize("asked", [b"POST /page", b"POST /in/exchange"])
def test_lines_behind_a_body_do_not_grow_for_ever(asked: bytes) -> None:
    async def scenario(connection: Connection) -> None:
        await connection.send(asked + CHUNKED)
        line = b"X-Long: " + b"z" * LARGEST_HEAD + b"\r\n"
        for _ in range(LARGEST_REQUEST // len(line)):
            await connection.send(line)
        assert not connection.wire.closed
        assert (await connection.send(2 * line)).startswith(b"HTTP/1.1 413 ")
        assert connection.wire.closed

    run(scenario, inlet_with_key())


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"POST /page" + CHUNKED + b"X-Key: 1\r\n\r\n", b"200", id="page"),
        pytest.param(b"POST /in/exchange" + CHUNKED + b"X-Key: 1\r\n\r\n", b"401", id="push"),
        pytest.param(
            b"POST /in/exchange HTTP/1.1\r\nHost: x\r\nX-Key: 1\r\nContent-Length: 3\r\n\r\na=b",
            b"503",
            id="push with the key in its head",
        ),
    ],
)
def test_a_line_behind_a_body_is_no_header(request_bytes: bytes, status: bytes) -> None:
    async def scenario(connection: Connection) -> None:
        assert (await connection.send(request_bytes)).startswith(b"HTTP/1.1 " + status)

    run(scenario, inlet_with_key())


class Unread(Wire):
    """A wire at whose end something is read or not."""

    unsent = 0
    aborted = False

    def get_write_buffer_size(self) -> int:
        """Return how much waits."""
        return self.unsent

    def abort(self) -> None:
        """Note it."""
        self.aborted = self.closed = True


def test_an_answer_that_nobody_reads_is_taken_back_and_one_that_is_read_slowly_is_not() -> None:
    async def scenario(connection: Connection) -> None:
        wire = Unread()
        connection.wire = wire
        connection.protocol.transport = wire
        assert (await connection.send(ASKED)).endswith(b"ok")
        connection.protocol.pause_writing()
        for unsent in range(100_000, 90_000, -1_000):
            wire.unsent = unsent
            assert not connection.wait(LONGEST_UNREAD_SECONDS * (100_000 - unsent) / 1_000)
        connection.protocol.resume_writing()
        assert not connection.wait(100 * LONGEST_UNREAD_SECONDS)
        connection.protocol.pause_writing()
        assert not connection.wait(200 * LONGEST_UNREAD_SECONDS)
        wire.unsent += 1_000
        assert not connection.wait(201 * LONGEST_UNREAD_SECONDS - 1)
        assert connection.wait(201 * LONGEST_UNREAD_SECONDS + 1)
        assert wire.aborted

    run(scenario)


def test_who_has_read_all_of_a_part_whenever_it_is_looked_at_is_not_cut_off() -> None:
    async def scenario(connection: Connection) -> None:
        wire = Unread()
        connection.wire = wire
        connection.protocol.transport = wire
        assert (await connection.send(ASKED)).endswith(b"ok")
        wire.unsent = 65_536
        for second in range(int(2 * LONGEST_UNREAD_SECONDS)):
            connection.protocol.pause_writing()
            assert not connection.wait(second)
            connection.protocol.resume_writing()

    run(scenario)


def test_a_viewer_who_never_reads_is_cut_off() -> None:
    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "websocket"
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "x" * 100_000})
        finally:
            left.set()

    async def go() -> None:
        config = uvicorn.Config(
            talk, ws=GuardedSocket, lifespan="off", interface="asgi3", ws_ping_interval=0.05, ws_ping_timeout=0.05
        )
        config.load()
        state = ServerState()
        listening = await asyncio.get_running_loop().create_server(
            lambda: GuardedHttp(config, state, {}), "127.0.0.1", 0
        )
        async with asyncio.timeout(PATIENCE_SECONDS), listening:
            reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
            writer.write(UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
            await left.wait()
            assert not state.connections
            writer.transport.abort()

    left = asyncio.Event()
    asyncio.run(go())
