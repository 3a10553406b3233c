"""Any question about a made-up history."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from calltally.engine.answers import By, Question, Selection
from calltally.metrics.catalog import METRICS
from calltally.model.buckets import Unit
from calltally.model.directory import OTHER
from calltally.model.instants import QUARTER_MS, Span
from calltally.model.words import Direction
from tests.engine.histories import CALLERS, QUEUES, History

NAMES = tuple(each.name for each in METRICS if each.kind == "range")


def some(values: tuple[str | None, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    """Return a choice of some of the values, or no choice at all."""
    known = [value for value in values if value is not None]
    return st.none() | st.lists(st.sampled_from(known), max_size=2, unique=True).map(tuple)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Return a selection by the dimensions of the roll-ups, and sometimes by those of records."""
    directions = st.none() | st.lists(st.sampled_from(Direction), max_size=2, unique=True).map(tuple)
    chosen = Selection(
        sources=draw(some(("sipgate", "asterisk", "livekit"))),
        directions=draw(directions),
        groups=draw(some(("g0", "g1", OTHER))),
        teams=draw(some(("North", "South", OTHER))),
    )
    if draw(st.booleans()):
        return chosen
    return replace(
        chosen,
        queues=draw(some(QUEUES)),
        agents=draw(some(("anna", "ben"))),
        trunks=draw(some(("edge", "else"))),
        callers=draw(some(CALLERS)),
        with_queue=draw(st.none() | st.booleans()),
    )


def ask_of(data: st.DataObject, history: History, *, by: tuple[By | None, ...] = (None,)) -> Question:
    """Return a question about any part of a history."""
    quarters = (history.span.until_ms - history.span.since_ms) // QUARTER_MS
    moments = st.integers(-8, quarters + 8) | st.integers(-1, quarters // 96 + 1).map(lambda day: day * 96)
    one, other = data.draw(moments), data.draw(moments)
    crumbs = st.sampled_from((0, 0, 0, 1, 444_444))
    since = history.span.since_ms + min(one, other) * QUARTER_MS + data.draw(crumbs)
    until = history.span.since_ms + (max(one, other) + 1) * QUARTER_MS + data.draw(crumbs)
    units = (None, Unit.QUARTER, Unit.HOUR, Unit.DAY, Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)
    return Question(
        metrics=tuple(data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))),
        span=Span(since, until),
        zone=data.draw(st.sampled_from((history.zone, history.zone, ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")))),
        unit=data.draw(st.sampled_from(units)),
        by=data.draw(st.sampled_from(by)),
        selection=data.draw(selections()),
    )
