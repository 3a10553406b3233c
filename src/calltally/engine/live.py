"""The board: every open call, kept from committed changes, and told to viewers in frames."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from calltally.engine.health import Health
from calltally.engine.ingest import Applied
from calltally.engine.placing import Change
from calltally.metrics.now import Now, now_of
from calltally.model.records import NOTHING, Records
from calltally.store.asked import SourceHealth

FRAME_SECONDS = 0.25
"""At most four frames a second for each viewer."""

LATE_SECONDS = 0.02
"""A frame that is late by no more than this does not make the next one later."""

TICK_SECONDS = 5.0
"""A frame at least this often, so that a viewer can tell silence from a broken line."""

QUEUED_FRAMES = 8
"""A viewer who is further behind loses what waits for him and gets a fresh snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What changed since the frame before. `ended` and `open` records are keyed by call id.

    Attributes:
        number: rises by one with every frame.
        gone: ids under which there is no call any more, because it goes on under another or became part of another.
        delay_ms: from the receipt of the newest message in the frame to this frame.
    """

    number: int
    as_of_ms: int
    kind: str
    now: Now
    changed: tuple[Records, ...]
    delay_ms: int | None
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What other processes wrote: what some flows are now, and what was heard of each source in all."""

    flows: Mapping[int, Records]
    totals: Sequence[SourceHealth]


Viewer = asyncio.Queue[Frame]


class Pace:
    """When frames may go out: at once after a silence, else at steady intervals, however long making one takes."""

    def __init__(self, now: float) -> None:
        """Begin; the first frame may go out now."""
        self._due = now

    def rest(self, now: float) -> float:
        """Return how long the next frame must wait."""
        return max(0.0, self._due - now)

    def went(self, now: float) -> None:
        """Note that a frame goes out."""
        self._due = max(self._due, now - LATE_SECONDS) + FRAME_SECONDS


class Board:
    """The state of the moment. Used on the event loop."""

    def __init__(self, *, clock_us: Callable[[], int], health: Health, open_flows: Mapping[int, Records]) -> None:
        """Begin with the open calls that the store holds, by their flows."""
        self._clock_us = clock_us
        self.health = health
        self.open = _by_call_id(open_flows)
        self._call_ids = _call_ids(open_flows)
        self._anew = False
        self._changed: dict[str, Records] = {}
        self._gone: set[str] = set()
        self._newest_us: int | None = None
        self._viewers: set[Viewer] = set()
        self._stirred = asyncio.Event()
        self.number = 0
        self.delay_ms: int | None = None

    def reload(self, open_flows: Mapping[int, Records], totals: Iterable[SourceHealth]) -> None:
        """Take the open calls anew, after another process has written; viewers get everything once more."""
        self._hear(totals)
        self.open = _by_call_id(open_flows)
        self._call_ids = _call_ids(open_flows)
        self._anew = True
        self._stirred.set()

    def now(self) -> Now:
        """Return the numbers of the moment."""
        return now_of(self.open.values())

    def snapshot(self) -> Frame:
        """Return everything as one frame."""
        return Frame(
            number=self.number,
            as_of_ms=self._clock_us() // 1000,
            kind="snapshot",
            now=self.now(),
            changed=tuple(self.open.values()),
            delay_ms=self.delay_ms,
        )

    def watch(self) -> Viewer:
        """Add a viewer; its first frame is a snapshot."""
        viewer: Viewer = asyncio.Queue(QUEUED_FRAMES)
        viewer.put_nowait(self.snapshot())
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Take a viewer away."""
        self._viewers.discard(viewer)

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    def heard(self, applied: Applied) -> None:
        """Take a stored batch into the board."""
        self.health.heard(applied)
        for change in applied.changes:
            self._drop(change)
        for change in applied.changes:
            self._take(change)
        if applied.messages:
            self._newest_us = max([message.received_at_us for message in applied.messages])
        self._stirred.set()

    def told(self, told: Told) -> None:
        """Take in what other processes wrote."""
        self._hear(told.totals)
        changes = [Change(flow_id, self._shown(flow_id), records) for flow_id, records in told.flows.items()]
        for change in changes:
            self._drop(change)
        for change in changes:
            self._take(change)
        self._stirred.set()

    def _shown(self, flow_id: int) -> Records:
        """Return the open call of a flow as it stands here."""
        return self.open.get(self._call_ids.get(flow_id, ""), NOTHING)

    def _hear(self, totals: Iterable[SourceHealth]) -> None:
        """Take the store's totals; what others heard just now counts for the delay, too."""
        newest_us = self.health.catch_up(totals, now_us=self._clock_us())
        if newest_us is not None:
            self._newest_us = newest_us if self._newest_us is None else max(self._newest_us, newest_us)

    async def run(self) -> None:
        """Send frames while something changes, and a tick when nothing does."""
        clock = asyncio.get_running_loop().time
        pace = Pace(clock())
        while True:
            # Not wait_for, which before Python 3.12 forgets that it was cancelled when what it waits for comes too.
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._stirred.wait()
            await asyncio.sleep(pace.rest(clock()))
            pace.went(clock())
            if self._stirred.is_set():
                self._stirred.clear()
                self.send("snapshot" if self._anew else "delta")
            else:
                self.send("tick")

    def _drop(self, change: Change) -> None:
        """Take an id away under which the call of a flow is no longer known."""
        old, new = change.old.call, change.new.call
        if old is not None and (new is None or new.call_id != old.call_id):
            self.open.pop(old.call_id, None)
            self._call_ids.pop(change.flow_id, None)
            self._changed.pop(old.call_id, None)
            self._gone.add(old.call_id)

    def _take(self, change: Change) -> None:
        new = change.new.call
        if new is None:
            return
        self._gone.discard(new.call_id)
        if new.is_open:
            self.open[new.call_id] = change.new
            self._call_ids[change.flow_id] = new.call_id
        else:
            self.open.pop(new.call_id, None)
            self._call_ids.pop(change.flow_id, None)
        self._changed[new.call_id] = change.new

    def send(self, kind: str) -> None:
        """Send a frame with what has changed since the last one; a snapshot holds all open calls besides."""
        self.number += 1
        now_us = self._clock_us()
        if self._newest_us is not None:
            self.delay_ms = max(0, (now_us - self._newest_us) // 1000) if self._changed else self.delay_ms
        frame = Frame(
            number=self.number,
            as_of_ms=now_us // 1000,
            kind=kind,
            now=self.now(),
            changed=tuple((self.open | self._changed if kind == "snapshot" else self._changed).values()),
            delay_ms=self.delay_ms,
            gone=() if kind == "snapshot" else tuple(sorted(self._gone)),
        )
        self._changed = {}
        self._gone = set()
        self._anew = False
        for viewer in self._viewers:
            if viewer.full():
                while not viewer.empty():
                    viewer.get_nowait()
                viewer.put_nowait(self.snapshot())
            else:
                viewer.put_nowait(frame)


def _by_call_id(flows: Mapping[int, Records]) -> dict[str, Records]:
    return {records.call.call_id: records for records in flows.values() if records.call is not None}


def _call_ids(flows: Mapping[int, Records]) -> dict[int, str]:
    return {flow_id: records.call.call_id for flow_id, records in flows.items() if records.call is not None}
