"""Work of the running service that must never end, and the end of a service that cannot start."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

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
