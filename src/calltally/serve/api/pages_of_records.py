"""Pages of legs and queue visits: the store yields them in order, a cursor remembers the last one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from calltally.model.instants import Span
from calltally.model.records import Leg, QueueVisit
from calltally.store.asked import Filter
from calltally.store.store import Store

T = TypeVar("T")
Page: TypeAlias = tuple[list[T], str | None]
"""Records and the cursor of the next page, `None` on the last."""
StorableMs: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What every database can compare with; only a cursor that is not ours holds more."""
Pages: TypeAlias = Callable[[Store, Span, Filter, int, str | None], Page[T]]


@dataclass(frozen=True, slots=True)
class _Place:
    """The last record of a page: its start, source and id, by which records are ordered."""

    start_ms: int
    source: str
    id: str


def legs_page(store: Store, span: Span, where: Filter, limit: int, cursor: str | None) -> Page[Leg]:
    """Return a page of the legs that count and the cursor of the next; ValueError if the cursor is nonsense."""
    place = _place(cursor)
    found = _after(store.all_legs(_rest(span, place), None, where), place, _leg_place)
    return _cut(found, limit, _leg_place)


def visits_page(store: Store, span: Span, where: Filter, limit: int, cursor: str | None) -> Page[QueueVisit]:
    """Return a page of the queue visits that count and the cursor of the next; ValueError if the cursor is nonsense."""
    place = _place(cursor)
    found = _after(store.all_visits(_rest(span, place), None, where), place, _visit_place)
    return _cut(found, limit, _visit_place)


def _leg_place(leg: Leg) -> _Place:
    return _Place(leg.started_at_ms, leg.source, leg.leg_id)


def _visit_place(visit: QueueVisit) -> _Place:
    return _Place(visit.entered_at_ms, visit.source, visit.visit_id)


def _rest(span: Span, place: _Place | None) -> Span:
    return span if place is None else Span(max(span.since_ms, place.start_ms), span.until_ms)


def _after(records: Iterator[T], place: _Place | None, place_of: Callable[[T], _Place]) -> Iterator[T]:
    for record in records:
        at = place_of(record)
        if place is None or (at.start_ms, at.source, at.id) > (place.start_ms, place.source, place.id):
            yield record


def _cut(records: Iterator[T], limit: int, place_of: Callable[[T], _Place]) -> Page[T]:
    page = list(islice(records, limit + 1))
    if len(page) <= limit:
        return page, None
    page = page[:limit]
    last = place_of(page[-1])
    return page, urlsafe_b64encode(msgspec.json.encode([last.start_ms, last.source, last.id])).decode().rstrip("=")


def _place(cursor: str | None) -> _Place | None:
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        start_ms, source, record_id = msgspec.json.decode(text, type=tuple[StorableMs, str, str])
    except (ValueError, msgspec.DecodeError) as problem:
        raise ValueError("The cursor does not belong to this list; begin again without it.") from problem
    return _Place(start_ms, source, record_id)
