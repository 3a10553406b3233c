"""Fetches the sums, histograms and greatest values that a question needs, and files them under bucket and key."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from calltally.engine.answers import By
from calltally.engine.plan import Part, parts_of, step_of
from calltally.metrics.formula import Maximum, Percentile, Sum
from calltally.model.instants import DAY_MS, Span
from calltally.model.words import Direction
from calltally.store.asked import Dimension, Filter, Grain, SpreadQuestion, Subject, SumQuestion, SumRow
from calltally.store.store import Store

Key: TypeAlias = str | None
"""A value of the dimension that an answer is split by."""

Cell: TypeAlias = tuple[int, Key]
"""Number of the bucket, and key."""

KeysOf: TypeAlias = Callable[[str | int | None], Sequence[Key]]
"""From a value of the store's dimension to the keys that a row with it counts for."""

DIMENSIONS: Final = {
    By.SOURCE: Dimension.SOURCE,
    By.DIRECTION: Dimension.DIRECTION,
    By.GROUP: Dimension.LINES,
    By.TEAM: Dimension.LINES,
    By.QUEUE: Dimension.QUEUE,
    By.AGENT: Dimension.AGENT,
    By.TRUNK: Dimension.TRUNK,
    By.CALLER: Dimension.CALLER,
    By.OUTCOME: Dimension.OUTCOME,
}
_ROLLED_UP: Final = {
    Subject.CALL: {None, Dimension.SOURCE, Dimension.DIRECTION, Dimension.LINES},
    Subject.VISIT: {None, Dimension.SOURCE, Dimension.QUEUE},
}
_KEEPS: Final = {Subject.CALL: ("sources", "directions", "lines"), Subject.VISIT: ("sources", "queues")}
"""The fields of a filter that the roll-ups of a subject can apply."""


_LONG_BUCKET_MS: Final = 3 * DAY_MS
"""From buckets so long on, on average, a histogram for each is quicker than the histograms of days."""


def is_rolled_up(subject: Subject, dimension: Dimension | None, where: Filter) -> bool:
    """Whether the roll-ups can split by the dimension and apply the filter."""
    return dimension in _ROLLED_UP[subject] and replace(where, **dict.fromkeys(_KEEPS[subject])) == Filter()


def is_nothing(where: Filter) -> bool:
    """Whether no record can match."""
    return () in (where.sources, where.directions, where.lines, where.queues, where.agents, where.trunks, where.callers)


def in_direction(where: Filter, direction: Direction | None) -> Filter:
    """Return the filter for one direction of what it lets through."""
    if direction is None:
        return where
    allowed = where.directions is None or direction in where.directions
    return replace(where, directions=(direction,) if allowed else ())


@dataclass(slots=True, kw_only=True)
class Totals:
    """Sums per cell and over everything, in the order of `leaves`; each record is once in `total`."""

    leaves: tuple[Sum, ...]
    cells: dict[Cell, list[int]]
    total: list[int]


class _Filing:
    """Files rows with the sums of some leaves under their keys, once each in the total."""

    def __init__(
        self, totals: Totals, leaves: Sequence[Sum], keys_of: KeysOf, measures: tuple[str, ...] | None = None
    ) -> None:
        self.measures = measures or tuple(leaf.measure for leaf in leaves)
        self._totals = totals
        self._places = tuple((totals.leaves.index(leaf), self.measures.index(leaf.measure)) for leaf in leaves)
        self._keys_of = keys_of
        self._known: dict[str | int | None, Sequence[Key]] = {}

    def file(self, index: int, row: SumRow) -> None:
        keys = self._known.get(row.value)
        if keys is None:
            keys = self._known[row.value] = self._keys_of(row.value)
        totals, sums, places = self._totals, row.sums, self._places
        for key in keys:
            cell = totals.cells.get((index, key))
            if cell is None:
                cell = totals.cells[index, key] = [0] * len(totals.leaves)
            for place, source in places:
                cell[place] += sums[source]
        for place, source in places:
            totals.total[place] += sums[source]


class Gathering:
    """Reads from the store what one question needs."""

    def __init__(self, store: Store, *, edges: Sequence[int], zone: ZoneInfo) -> None:
        """Take the borders of the buckets, both ends included, and the zone of the day roll-ups."""
        self._store = store
        self._edges = edges
        self.zone = zone
        self._inner = edges[1:-1]
        self._span = Span(edges[0], edges[-1])
        self._step_ms = step_of(self._inner)
        self._of_records: dict[Span, None] = {}

    def spans_of_records(self) -> tuple[Span, ...]:
        """Return the ranges for which records were read so far, and not the roll-ups that outlive them."""
        return tuple(self._of_records)

    def totals(self, leaves: Sequence[Sum]) -> Totals:
        """Return empty totals for these sums."""
        return Totals(leaves=tuple(leaves), cells={}, total=[0] * len(leaves))

    def add_sums(
        self,
        totals: Totals,
        leaves: Sequence[Sum],
        *,
        subject: Subject,
        where: Filter,
        by: Dimension | None,
        keys_of: KeysOf,
    ) -> None:
        """Add what the records of a subject sum up to, split by a dimension of the store; `leaves` are some of its."""
        directions = tuple(dict.fromkeys(leaf.direction for leaf in leaves))
        by_direction = by is Dimension.DIRECTION or (by is None and directions not in {(None,), ()})
        if by_direction and subject is Subject.CALL:
            self._add_by_direction(totals, leaves, where, keys_of)
            return
        for direction in directions:
            filing = _Filing(totals, [leaf for leaf in leaves if leaf.direction is direction], keys_of)
            for row in self._sums(subject, filing.measures, in_direction(where, direction), by):
                filing.file(self._bucket(row.bucket_ms), row)

    def add_callers(
        self, totals: Totals, leaves: Sequence[Sum], lead: Sum, *, where: Filter, limit: int
    ) -> tuple[str, ...]:
        """Return the callers with a number who have most of a sum, most first, and add their sums.

        Without buckets of time this adds the sums of the same direction as the leading one; the other leaves are for
        `add_sums`.
        """
        same = [lead, *(leaf for leaf in leaves if leaf.direction is lead.direction and leaf != lead)]
        filing = _Filing(totals, same, lambda value: (str(value),))
        self._of_records[self._span] = None
        question = SumQuestion(
            subject=Subject.CALL,
            grain=Grain.RECORD,
            measures=filing.measures,
            span=self._span,
            where=in_direction(where, lead.direction),
            by=Dimension.CALLER,
            order_by=lead.measure,
            limit=limit + 1,  # the callers without a number may be among them, in one row
        )
        rows = [] if is_nothing(question.where) else self._store.sums(question)
        known = [row for row in rows if row.value is not None][:limit]
        if not self._inner:
            for row in known:
                filing.file(0, row)
        return tuple(str(row.value) for row in known)

    def _add_by_direction(self, totals: Totals, leaves: Sequence[Sum], where: Filter, keys_of: KeysOf) -> None:
        """Add sums of calls, of single directions and of all of them, from one reading."""
        measures = tuple(dict.fromkeys(leaf.measure for leaf in leaves))
        filings = {
            direction.value: _Filing(
                totals, [leaf for leaf in leaves if leaf.direction in {None, direction}], keys_of, measures
            )
            for direction in Direction
        }
        for row in self._sums(Subject.CALL, measures, where, Dimension.DIRECTION):
            filings[str(row.value)].file(self._bucket(row.bucket_ms), row)

    def _bucket(self, bucket_ms: int | None) -> int:
        if bucket_ms is None or not self._inner:
            return 0
        # The first bucket of the store may begin before the range does.
        return max(bisect_right(self._edges, bucket_ms) - 1, 0)

    def _sums(
        self, subject: Subject, measures: tuple[str, ...], where: Filter, by: Dimension | None
    ) -> Iterator[SumRow]:
        if not measures or is_nothing(where):
            return
        for part in self._parts(subject, where, by):
            yield from self._store.sums(
                SumQuestion(
                    subject=subject,
                    grain=part.grain,
                    measures=measures,
                    span=part.span,
                    where=where,
                    step_ms=self._step_ms,
                    by=by,
                )
            )

    def _parts(self, subject: Subject, where: Filter, by: Dimension | None) -> tuple[Part, ...]:
        parts = parts_of(self._span, self._inner, zone=self.zone, by_roll_up=is_rolled_up(subject, by, where))
        self._of_records.update((part.span, None) for part in parts if part.grain is Grain.RECORD)
        return parts

    def spread(self, leaf: Percentile, where: Filter) -> dict[int, Counter[int]]:
        """Return the histogram of each bucket in which there is a duration."""
        where = in_direction(where, leaf.direction)
        if is_nothing(where):
            return {}
        buckets = len(self._edges) - 1
        if buckets > 1 and self._span.until_ms - self._span.since_ms >= buckets * _LONG_BUCKET_MS:
            # Bins of weeks and months are added up where they lie: one row for a bin of a month, not thirty.
            found = {}
            for index, ends in enumerate(pairwise(self._edges)):
                single = Gathering(self._store, edges=ends, zone=self.zone)
                spread = single.spread(leaf, where)
                self._of_records.update(dict.fromkeys(single.spans_of_records()))
                if spread:
                    found[index] = spread[0]
            return found
        return self._spread(leaf.spread, where)

    def _spread(self, name: str, where: Filter) -> dict[int, Counter[int]]:
        found: dict[int, Counter[int]] = {}
        for part in self._parts(Subject.CALL, where, None):
            question = SpreadQuestion(
                subject=Subject.CALL,
                grain=part.grain,
                spread=name,
                span=part.span,
                where=where,
                step_ms=self._step_ms,
            )
            for row in self._store.spread(question):
                index = self._bucket(row.bucket_ms)
                counts = found.get(index)
                if counts is None:
                    counts = found[index] = Counter()
                counts[row.bin] += row.count
        return found

    def maxima(self, leaf: Maximum, where: Filter) -> dict[int, int]:
        """Return the greatest milliseconds of each bucket in which there is a duration."""
        found: dict[int, int] = {}
        where = in_direction(where, leaf.direction)
        if not is_nothing(where):
            self._of_records[self._span] = None
            rows = self._store.maximum(Subject.CALL, leaf.column, self._span, where, self._step_ms)
            for bucket_ms, greatest in rows:
                index = self._bucket(bucket_ms)
                found[index] = max(greatest, found.get(index, greatest))
        return found


def missing_ms(spans: Iterable[Span], within: Sequence[int]) -> list[int]:
    """Return how much of each bucket is covered by ranges that may overlap; `within` are the borders of the buckets."""
    found = [0] * (len(within) - 1)
    reached = within[0]
    for span in sorted(spans, key=lambda span: span.since_ms):
        since, until = max(span.since_ms, reached), min(span.until_ms, within[-1])
        reached = max(reached, until)
        while since < until:
            index = bisect_right(within, since) - 1
            end = min(until, within[index + 1])
            found[index] += end - since
            since = end
    return found
