"""Everything that pages, API and stream may ask, in one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from calltally.engine.live import Board
from calltally.engine.observed import Observed
from calltally.engine.questions import Questions
from calltally.engine.teams import Teams
from calltally.engine.writer import Writer
from calltally.settings import Settings
from calltally.sources.source import Source
from calltally.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The running service as its pages see it. `sources` are all known phone systems by name, connected or not."""

    settings: Settings
    zone: ZoneInfo
    store: Store
    questions: Questions
    board: Board
    writer: Writer
    teams: Teams
    sources: Mapping[str, Source]
    observed: Observed
    clock_us: Callable[[], int]

    def now_ms(self) -> int:
        """Return the instant of this moment."""
        return self.clock_us() // 1000
