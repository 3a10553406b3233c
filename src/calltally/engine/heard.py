"""What counts as heard: the time since the first start, and the times of which history was imported.

A figure of a time before that would look like a quiet time, though nobody listened. So such a time is missing in every
answer, as an outage is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from calltally.engine.ingest import Applied
from calltally.model.instants import Gap, Span
from calltally.model.messages import RawMessage
from calltally.store.asked import Dimension
from calltally.store.store import Store, Transaction

FIRST_START = "heard.since_ms"
IMPORTED = "heard.imported."
NOT_YET = "nothing was heard yet"
FOREVER_MS = 2**62

Apply: TypeAlias = Callable[[Sequence[RawMessage]], Applied]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What counts as heard.

    Attributes:
        since_ms: since when calltally listens, `None` if it never did.
        imported: the times of which history was imported, by source, in order and apart from each other.
    """

    since_ms: int | None
    imported: Mapping[str, tuple[Span, ...]]


def heard_in(store: Store) -> Heard:
    """Return what counts as heard; where nothing was noted, everything since the first call."""
    values = store.values("heard.")
    since = values.get(FIRST_START)
    imported = {
        name.removeprefix(IMPORTED): _spans(value) for name, value in values.items() if name.startswith(IMPORTED)
    }
    if since is None and not imported:
        first = store.first_and_last()
        return Heard(since_ms=None if first is None else first.since_ms, imported={})
    return Heard(since_ms=None if since is None else int(since), imported=imported)


def note_first_start(store: Store, transaction: Transaction, now_ms: int) -> None:
    """Note since when calltally listens, if it never did; what is there already and was not imported counts, too."""
    if store.value(FIRST_START) is None:
        heard = heard_in(store)
        since_ms = now_ms if heard.since_ms is None else min(heard.since_ms, now_ms)
        transaction.set_value(FIRST_START, str(since_ms).encode())


def note_import(store: Store, spans: Mapping[str, Span]) -> None:
    """Note that everything is known of these times, by source."""
    with store.write() as transaction:
        for source, span in spans.items():
            stored = store.value(IMPORTED + source)
            known = () if stored is None else _spans(stored)
            together = msgspec.json.encode([(one.since_ms, one.until_ms) for one in united([*known, span])])
            if together != stored:
                transaction.set_value(IMPORTED + source, together)


@contextmanager
def noting_imports(store: Store, apply: Apply) -> Iterator[Apply]:
    """Give what takes messages in; at the end the time from the oldest to the newest of a source counts as heard."""
    spans: dict[str, Span] = {}

    def take(messages: Sequence[RawMessage]) -> Applied:
        applied = apply(messages)
        for source, span in _spans_told(messages, applied).items():
            known = spans.get(source, span)
            spans[source] = Span(min(known.since_ms, span.since_ms), max(known.until_ms, span.until_ms))
        return applied

    try:
        yield take
    finally:
        if spans:
            note_import(store, spans)


def _spans_told(messages: Sequence[RawMessage], applied: Applied) -> dict[str, Span]:
    """Return the time from the oldest to the newest message of each source that was not set aside."""
    if applied.problems:
        aside = {message.identity for message, _ in applied.problems}
        messages = [message for message in messages if message.identity not in aside]
    spans: dict[str, Span] = {}
    for source in {message.source for message in messages}:
        times_us = [message.received_at_us for message in messages if message.source == source]
        spans[source] = Span(min(times_us) // 1000, max(times_us) // 1000 + 1)
    return spans


def not_heard(store: Store, span: Span, sources: Iterable[str] | None) -> list[Gap]:
    """Return the parts of a range of which nothing is known of a source, `None` of any.

    Args:
        store: where it was noted.
        span: the range.
        sources: those that count; `None` for all of which there is anything.
    """
    heard = heard_in(store)
    if heard.since_ms is not None and heard.since_ms <= span.since_ms:
        return []
    names = sorted({*store.values_of(Dimension.SOURCE), *heard.imported} if sources is None else set(sources))
    since = () if heard.since_ms is None else (Span(heard.since_ms, FOREVER_MS),)
    covered = {name: [*heard.imported.get(name, ()), *since] for name in names} or {"": [*since]}
    nowhere = uncovered([each for spans in covered.values() for each in spans], span)
    found = [_gap(None, each) for each in nowhere]
    found += [_gap(name, each) for name, spans in covered.items() for each in uncovered([*spans, *nowhere], span)]
    return found


def is_unheard(gap: Gap) -> bool:
    """Return whether a gap is a time of which nothing was ever heard, and no outage."""
    return gap.reason == NOT_YET


def first_heard_ms(gaps: Iterable[Gap], span: Span) -> int | None:
    """Return when in a range anything was heard first, if that is not its beginning."""
    ends = [gap.until_ms for gap in gaps if is_unheard(gap) and gap.source is None and gap.since_ms <= span.since_ms]
    return max(ends, default=None)


def uncovered(spans: Iterable[Span], within: Span) -> list[Span]:
    """Return the parts of a range that none of the others covers, in order."""
    found: list[Span] = []
    reached = within.since_ms
    for span in united(spans):
        if span.since_ms >= within.until_ms:
            break
        if span.since_ms > reached:
            found.append(Span(reached, span.since_ms))
        reached = max(reached, span.until_ms)
    if reached < within.until_ms:
        found.append(Span(reached, within.until_ms))
    return found


def united(spans: Iterable[Span]) -> list[Span]:
    """Return ranges that cover the same, in order and apart from each other."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.since_ms):
        if found and span.since_ms <= found[-1].until_ms:
            found[-1] = Span(found[-1].since_ms, max(found[-1].until_ms, span.until_ms))
        else:
            found.append(span)
    return found


def _spans(value: bytes) -> tuple[Span, ...]:
    return tuple(Span(since, until) for since, until in msgspec.json.decode(value, type=list[tuple[int, int]]))


def _gap(source: str | None, span: Span) -> Gap:
    return Gap(source=source, since_ms=span.since_ms, until_ms=span.until_ms, reason=NOT_YET)
