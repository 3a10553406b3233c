"""A viewer who talks much, or does not listen, is read slowly or not at all."""

import asyncio
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from calltally.app.sockets import READ_AT_ONCE, GuardedSocket
from tests.app.test_connections import PATIENCE_SECONDS, UPGRADE
from tests.wire import Wire

PING = b"\x89\x80\x00\x00\x00\x00"
PONG = b"\x8a\x00"
NOTHING_GOES_ON = b"\x00\x80\x00\x00\x00\x00"
BEGUN = b"\x01\x80\x00\x00\x00\x00"


class Paused(Wire):
    """A wire that notes whether it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = asyncio.Event()

    def pause_reading(self) -> None:
        """Note it."""
        self.read.clear()

    def resume_reading(self) -> None:
        """Note it."""
        self.read.set()


def run(scenario: Callable[[GuardedSocket, Paused], Awaitable[None]]) -> None:
    """Run a scenario with a viewer who has been accepted."""
    accepted = asyncio.Event()

    async def watch(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        accepted.set()
        assert (await receive())["type"] == "websocket.disconnect"

    async def go() -> None:
        config = uvicorn.Config(watch, lifespan="off", log_config=None, interface="asgi3", ws_per_message_deflate=False)
        config.load()
        wire, state = Paused(), ServerState()
        viewer = GuardedSocket(config, state, {})
        viewer.connection_made(wire)
        viewer.data_received(UPGRADE)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await accepted.wait()
            wire.written = b""
            await scenario(viewer, wire)
            viewer.connection_lost(None)
            await asyncio.gather(*state.tasks)

    asyncio.run(go())


def test_of_many_frames_some_are_read_at_once_and_in_the_end_all() -> None:
    async def scenario(viewer: GuardedSocket, wire: Paused) -> None:
        pings = 10 * READ_AT_ONCE // len(PING)
        viewer.data_received(PING * pings)
        assert wire.written.count(PONG) == READ_AT_ONCE // len(PING)
        assert not wire.read.is_set()
        await wire.read.wait()
        assert wire.written == PONG * pings

    run(scenario)


def test_a_message_that_never_ends_is_kept_nowhere() -> None:
    async def scenario(viewer: GuardedSocket, wire: Paused) -> None:
        viewer.data_received(BEGUN + NOTHING_GOES_ON * 1_000)
        assert viewer.frames == []
        assert wire.read.is_set()

    run(scenario)


def test_who_does_not_read_is_not_read() -> None:
    async def scenario(viewer: GuardedSocket, wire: Paused) -> None:
        viewer.pause_writing()
        assert not wire.read.is_set()
        viewer.data_received(PING)
        assert (wire.written, wire.read.is_set()) == (b"", False)
        viewer.resume_writing()
        assert (wire.written, wire.read.is_set()) == (PONG, True)
        viewer.pause_writing()
        wire.close()
        viewer.resume_writing()
        assert not wire.read.is_set()

    run(scenario)
