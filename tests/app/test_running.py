"""Work of the running service that must never end, and the end of a service that cannot start."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from calltally.app import working
from calltally.app.parts import open_parts
from calltally.app.running import running
from calltally.settings import load
from calltally.sources.source import Source, Webhook


def test_work_that_fails_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "RESTART_SECONDS", 0)
    begun: list[int] = []
    third = asyncio.Event()

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise ZeroDivisionError
        if len(begun) == 2:
            raise ExceptionGroup("two loops", [KeyError("x"), ValueError("y")])
        third.set()
        await asyncio.Event().wait()

    async def scenario() -> None:
        task = asyncio.create_task(working.keep_running("work", work))
        async with asyncio.timeout(10):
            await third.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    asyncio.run(scenario())
    assert begun == [0, 1, 2]


def test_a_service_that_cannot_start_leaves_no_thread_behind(tmp_path: Path) -> None:
    def fail(_settings: object, _public_url: str) -> Webhook:
        raise ZeroDivisionError

    faulty = Source(name="faulty", title="Faulty", parse=lambda _message: (), webhook=fail)
    parts = open_parts(load(data=tmp_path, environ={}))

    async def start() -> None:
        async with running(replace(parts, sources=MappingProxyType({"faulty": faulty}))):
            pass

    try:
        with pytest.raises(ZeroDivisionError):
            asyncio.run(start())
        assert "writer" not in {thread.name for thread in threading.enumerate()}
    finally:
        parts.store.close()


def test_a_start_says_that_a_rebuild_was_interrupted(tmp_path: Path) -> None:
    parts = open_parts(load(data=tmp_path, environ={}))
    with parts.store.write() as transaction:
        transaction.begin_rebuild()

    advice: list[str] = []

    async def start() -> None:
        loop, is_told = asyncio.get_running_loop(), asyncio.Event()

        def hear(_logger: object, _level: str, line: EventDict) -> EventDict:
            if line["event"] == "figures_incomplete":
                advice.append(line["advice"])
                loop.call_soon_threadsafe(is_told.set)
            return line

        structlog.get_config()["processors"].insert(0, hear)
        async with asyncio.timeout(60), running(parts):
            await is_told.wait()

    try:
        with capture_logs():
            asyncio.run(start())
    finally:
        parts.store.close()
    assert len(advice) == 1
    assert advice[0].startswith("Calls and figures are not whole")
