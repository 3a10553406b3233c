"""Work of the running service that must never end."""

import asyncio

import pytest

from calltally.app import working


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
