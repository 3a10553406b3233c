"""Work beside the requests: loops that never end, and writes in the writer's thread."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from calltally.app.parts import Parts
from calltally.engine.duties import Duties
from calltally.engine.observed import Observed
from calltally.engine.values import Perform
from calltally.engine.writer import Writer

log = structlog.get_logger(__name__)

RESTART_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What runs already from the first moment, as the outside needs it."""

    parts: Parts
    duties: Duties
    observed: Observed

    @property
    def writer(self) -> Writer:
        """What takes messages in."""
        return self.duties.writer


def performing(writer: Writer) -> Perform:
    """Return what runs a write to the store in the writer's thread."""
    return lambda job: writer.run(lambda _ingest: job())


@asynccontextmanager
async def meanwhile(name: str, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Let work that never ends run while the block lasts."""
    task = asyncio.create_task(keep_running(name, work))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run work that never ends; a fault of ours in it is logged loudly, and the work begun anew."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("work_failed", work=name)
        await asyncio.sleep(RESTART_SECONDS)
