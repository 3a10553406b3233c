"""Whether another process has written to a database on a server, watched on a connection of its own."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Final, Generic

from calltally.store.driver import AnyLink, Driver
from calltally.store.rows import Row

_SINCE: Final = (
    "SELECT MAX(generation), COUNT(*), SUM(CASE WHEN writer = {writer:d} THEN 0 ELSE 1 END)"
    " FROM changes WHERE generation > {position:d}"
)


class Feed(Generic[AnyLink]):
    """The commits of others since the last look. One thread at a time looks.

    Args:
        driver: of the server.
        connect: makes a connection that watches.
        drop: ends it.
    """

    def __init__(
        self, driver: Driver[AnyLink], connect: Callable[[], AnyLink], drop: Callable[[AnyLink | None], None]
    ) -> None:
        self._driver = driver
        self._connect = connect
        self._drop = drop
        self._link: AnyLink | None = None
        self._looked: int | None = None

    def begin(self, position: int) -> None:
        """Look from behind a commit on, if nobody has looked yet."""
        if self._looked is None:
            self._looked = position

    def has_news(self, writer: int) -> bool:
        """Return whether another process than this writer has written since the last look."""
        before = self._looked
        question = _SINCE.format(writer=writer, position=-1 if before is None else before)
        ((newest, count, others),) = self._asked(question)
        if newest is None:
            return False
        self._looked = newest
        # Where rows are missing, too much time has passed to know.
        return before is not None and bool(others or count != newest - before)

    def listen(self, until: float, writer: int, closed: Event) -> None:
        """Wait until another process may have written, or it is time to look again, at the latest at an instant."""
        if self._link is None:
            return
        seconds = min(until - monotonic(), self._driver.look_seconds)
        try:
            self._driver.listen(self._link, seconds, writer=writer, closed=closed)
        except self._driver.errors as error:
            if not self._driver.is_gone(error):
                raise

    def close(self) -> None:
        """End its connection."""
        link, self._link = self._link, None
        self._drop(link)

    def _asked(self, question: str) -> list[Row]:
        """Return the rows of a question; a connection that was closed while nothing happened is opened again, once."""
        had_one = self._link is not None
        try:
            return self._asked_once(question)
        except self._driver.errors as error:
            self.close()
            if not had_one or not self._driver.is_gone(error):
                raise
        return self._asked_once(question)

    def _asked_once(self, question: str) -> list[Row]:
        if self._link is None:
            self._link = self._connect()
        return self._driver.rows(self._link, question)
