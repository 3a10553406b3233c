"""Loads the made-up history into the database beside the running service, a piece at a time, newest day first.

How far it came is written down after each piece, so that the next start goes on there. The messages of a piece may be
taken in twice by that; they are the same messages, so nothing is doubled.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from calltally.demo.company import ASTERISK, SIPGATE, directory
from calltally.demo.history import DayOfHistory, Plan, history
from calltally.engine.heard import heard_in, note_import
from calltally.engine.ingest import Ingest
from calltally.model.instants import Span
from calltally.model.messages import RawMessage
from calltally.store.store import Store

PROGRESS = "demo.progress"
"""Small named value: JSON with `percent` (100 when done) and `text`."""

NEXT_DAY = "demo.next_day"
BATCH = 2_000
DONE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the history is loaded: back to a day, with so many calls since the beginning of this process."""

    percent: int
    calls: int
    back_to: date | None

    @property
    def text(self) -> str:
        """The progress in a few words."""
        back = f", {self.calls:,} calls, back to {self.back_to}" if self.back_to else ""
        return f"history {self.percent} %{back}"


def save_names(store: Store) -> None:
    """Write groups, users and numbers of the made-up company, as an import from its phone system would."""
    with store.write() as transaction:
        transaction.save_directory(directory())


def load_history(
    plan: Plan,
    *,
    store: Store,
    ingest: Ingest,
    tell: Callable[[Progress], None],
    pause: Callable[[], bool],
) -> bool:
    """Load what is still missing of a history; return whether it is complete.

    Args:
        plan: the history.
        store: where `ingest` writes to.
        ingest: takes the messages in.
        tell: hears how far it is.
        pause: lets others write for a moment; returns whether to stop.

    Raises:
        StoreError: the database did not take a piece; what was loaded before stays.
    """
    first = int(store.value(NEXT_DAY) or b"0")
    calls = 0
    for piece in pieces(history(plan, first=first), BATCH):
        for batch in _batches(piece):
            ingest.apply(batch)
            if pause():
                return False
        calls += sum(day.calls for day in piece)
        _note(store, piece[-1].number + 1, plan, calls, piece[-1].on, tell)
    _note(store, plan.days, plan, calls, None, tell)
    return True


def pieces(days: Iterable[DayOfHistory], size: int) -> Iterator[list[DayOfHistory]]:
    """Yield days in runs of at least so many messages."""
    piece: list[DayOfHistory] = []
    messages = 0
    for day in days:
        piece.append(day)
        messages += len(day.messages)
        if messages >= size:
            yield piece
            piece, messages = [], 0
    if piece:
        yield piece


def _batches(piece: Iterable[DayOfHistory]) -> Iterator[list[RawMessage]]:
    messages = (message for day in piece for message in day.messages)
    while batch := list(islice(messages, BATCH)):
        yield batch


def _note(
    store: Store, next_day: int, plan: Plan, calls: int, back_to: date | None, tell: Callable[[Progress], None]
) -> None:
    progress = Progress(percent=DONE * next_day // plan.days, calls=calls, back_to=back_to)
    _note_heard(store, plan, next_day)
    with store.write() as transaction:
        transaction.set_value(NEXT_DAY, str(next_day).encode())
        transaction.set_value(PROGRESS, msgspec.json.encode({"percent": progress.percent, "text": progress.text}))
    tell(progress)


def _note_heard(store: Store, plan: Plan, days: int) -> None:
    """Note that so many days are known whole, up to the first start of the service, which came a moment later."""
    zone = ZoneInfo(plan.zone)
    newest = datetime.fromtimestamp(plan.until_ms / 1000, zone).date()
    first = datetime.combine(newest - timedelta(days=max(days - 1, 0)), time(), zone)
    span = Span(round(first.timestamp() * 1000), max(plan.until_ms, heard_in(store).since_ms or 0))
    note_import(store, dict.fromkeys((SIPGATE, ASTERISK), span))
