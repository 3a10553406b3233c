"""A connection on which pushes come: it may rest between two of them, but not for ever."""

import asyncio

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from calltally.app.connections import LONGEST_ARRIVAL_SECONDS, GuardedHttp, close_late
from calltally.engine.health import Health
from calltally.engine.writer import Durable
from calltally.inlets.webhook import WebhookInlet
from calltally.sources.source import Delivery, RawMessage, Reply, Webhook
from tests.wire import Wire

PUSH = b"POST /in/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nevent"
REST_SECONDS = 75


async def _no_page(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError(f"a push took the way of pages: {scope}, {receive}, {send}")


def _store_at_once(message: RawMessage, durable: Durable) -> None:
    assert message.body == b"event"
    durable(None)


def _admit(delivery: Delivery) -> None:
    assert delivery.body == b"event"


def test_a_connection_rests_between_pushes_and_is_closed_when_none_comes_for_long() -> None:
    async def go() -> None:
        webhook = Webhook(
            kept_headers=(), read_headers=(), admit=_admit, reply=Reply(content_type="application/xml", body=b"<Ok/>")
        )
        inlet = WebhookInlet(webhooks={"exchange": webhook}, take=_store_at_once, health=Health(()), clock_us=lambda: 1)
        config = uvicorn.Config(
            _no_page, lifespan="off", log_config=None, interface="asgi3", timeout_keep_alive=REST_SECONDS
        )
        config.load()
        state, wire = ServerState(), Wire()
        connection = GuardedHttp(config, state, {}, inlet=inlet)
        connection.connection_made(wire)
        now = asyncio.get_running_loop().time
        for _ in range(2):
            wire.written = b""
            connection.data_received(PUSH)
            assert wire.written.endswith(b"<Ok/>")
            close_late(state.connections, now() + LONGEST_ARRIVAL_SECONDS + 1)
            close_late(state.connections, now() + REST_SECONDS - 1)
            assert not wire.closed
        connection.data_received(PUSH[:20])
        close_late(state.connections, now() + LONGEST_ARRIVAL_SECONDS - 1)
        assert not wire.closed
        wire.written = b""
        connection.data_received(PUSH[20:])
        assert wire.written.endswith(b"<Ok/>")
        close_late(state.connections, now() + REST_SECONDS + 1)
        assert wire.closed

    asyncio.run(go())
