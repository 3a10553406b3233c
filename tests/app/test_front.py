"""The front of the service: who waits for the pages, who does not, and what is said when there is no time left."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from calltally.app import front as fronting
from calltally.app.front import Front
from calltally.engine.health import Health
from calltally.engine.writer import Writer
from calltally.inlets.webhook import WebhookInlet
from calltally.store.store import StoreError
from tests.engine.ingest_world import World

PATIENCE_SECONDS = 20


def with_front(tmp_path: Path, scenario: Callable[[Front, Writer], Awaitable[None]]) -> None:
    """Run a scenario with the front of a service whose pages are not there yet."""

    async def go() -> None:
        world = World(tmp_path)
        writer = Writer(world.ingest)
        writer.start()
        inlet = WebhookInlet(webhooks={}, take=writer.take, health=Health(()), clock_us=world.clock)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await scenario(Front(inlet, writer), writer)
        finally:
            writer.stop()
            world.store.close()

    asyncio.run(go())


async def ask(front: Front, path: str, *, method: str = "GET", kind: str = "http") -> list[MutableMapping[str, Any]]:
    """Return all that is sent in answer to a request."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(event: Message) -> None:
        sent.append(event)

    await front({"type": kind, "path": path, "method": method, "headers": []}, receive, send)
    return sent


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the pages would."""
    del receive
    await send({"type": "told", "path": scope["path"]})


def test_a_page_is_waited_for(tmp_path: Path) -> None:
    async def scenario(front: Front, _writer: Writer) -> None:
        asked = [asyncio.create_task(ask(front, path)) for path in ("/", "/api/v1/now", "/healthz/", "/metrics")]
        asked.append(asyncio.create_task(ask(front, "/readyz", method="POST")))
        await asyncio.sleep(0)
        assert not any(task.done() for task in asked)
        front.let_in(pages)
        assert [(await task)[0]["type"] for task in asked] == ["told"] * 5
        assert (await ask(front, "/readyz"))[0]["type"] == "told"

    with_front(tmp_path, scenario)


def test_programs_hear_at_once_whether_the_service_lives_and_stores(tmp_path: Path) -> None:
    async def scenario(front: Front, writer: Writer) -> None:
        assert [(await ask(front, path))[0]["status"] for path in ("/healthz", "/readyz")] == [200, 200]
        writer.judge(StoreError("the disk is full"))
        start, body = await ask(front, "/readyz")
        assert (start["status"], body["body"]) == (503, b"not ready: the disk is full")
        assert (b"retry-after", b"2") in start["headers"]
        assert (await ask(front, "/healthz"))[0]["status"] == 200

    with_front(tmp_path, scenario)


def test_pushes_do_not_wait_for_pages(tmp_path: Path) -> None:
    async def scenario(front: Front, _writer: Writer) -> None:
        assert (await ask(front, "/in/nobody", method="POST"))[0]["status"] == 404

    with_front(tmp_path, scenario)


def test_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronting, "LONGEST_WAIT_SECONDS", 0)

    async def scenario(front: Front, _writer: Writer) -> None:
        assert (await ask(front, "/"))[0]["status"] == 503
        assert (await ask(front, "/api/v1/live", kind="websocket")) == [{"type": "websocket.close", "code": 1013}]

    with_front(tmp_path, scenario)


@pytest.mark.parametrize("has_pages", [False, True])
def test_a_request_cut_off_by_the_end_of_the_service_is_told_so(tmp_path: Path, *, has_pages: bool) -> None:
    async def slow(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async def scenario(front: Front, _writer: Writer) -> None:
        if has_pages:
            front.let_in(slow)
        asked = asyncio.create_task(ask(front, "/statistics"))
        await asyncio.sleep(0)
        front.is_ending = True
        asked.cancel()
        start, _ = await asked
        assert start["status"] == 503
        assert (b"connection", b"close") in start["headers"]

    with_front(tmp_path, scenario)


def test_a_request_whose_answer_has_begun_is_only_cut_off(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.set()
        await asyncio.Event().wait()

    async def scenario(front: Front, _writer: Writer) -> None:
        front.let_in(stream)
        asked = asyncio.create_task(ask(front, "/api/v1/live"))
        await begun.wait()
        front.is_ending = True
        asked.cancel()
        assert [event["status"] for event in await asked] == [200]

    with_front(tmp_path, scenario)
