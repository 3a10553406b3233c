"""What the database knows, for scrapes, which are to be answered also while the database is not."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from calltally.store.store import StoreError

KEPT_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 0.5
"""A scrape waits no longer: that nothing can be written is what Prometheus has to hear just then."""


class KnownNumber:
    """Asks for a number now and then; used on the event loop only."""

    def __init__(self, ask: Callable[[], int]) -> None:
        """Take what asks the database; it may block, and raise `StoreError`."""
        self._ask = ask
        self._asking: asyncio.Task[int | None] | None = None
        self._asked_at = 0.0
        self._number: int | None = None

    async def latest(self) -> int | None:
        """Return the number as known last, `None` if the database did not answer."""
        now = time.monotonic()
        if self._asking is None or (self._asking.done() and now - self._asked_at >= KEPT_SECONDS):
            self._asked_at = now
            self._asking = asyncio.create_task(asyncio.to_thread(self._answer))
        await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
        if self._asking.done():
            self._number = self._asking.result()
        return self._number

    def _answer(self) -> int | None:
        try:
            return self._ask()
        except StoreError:
            return None
