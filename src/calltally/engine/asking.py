"""One question on its way to its answer: what to fetch, which rows there are, and the values in them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from calltally.engine.answers import NO_VALUE, PRUNED, Answer, By, ImpossibleQuestionError, Question, Row, Value
from calltally.engine.gathering import DIMENSIONS, Gathering, Key, Totals, missing_ms
from calltally.engine.heard import not_heard
from calltally.engine.memberships import LinesIndex
from calltally.engine.unfinished import rebuild_gap, unfinished_before_ms
from calltally.metrics.catalog import metric as metric_named
from calltally.metrics.formula import Gauge, Maximum, Percentile, Ratio, Seconds, Sum, additive_evaluator, sums_of
from calltally.metrics.metric import Metric
from calltally.metrics.spread import percentile
from calltally.model.buckets import TooManyBucketsError, edges
from calltally.model.directory import OTHER
from calltally.model.instants import Gap, Span
from calltally.model.words import Direction, Outcome
from calltally.store.asked import RECORDS_PRUNED, Filter, Subject
from calltally.store.store import Store

MAX_ROWS: Final = 50_000
MAX_KEYS: Final = 1_000
MAX_KEYS_OF_DURATIONS: Final = 200
"""For how many keys percentiles and greatest values are looked up one by one."""

_NARROWED: Final[Mapping[By | None, Callable[[Filter, str], Filter]]] = {
    By.SOURCE: lambda where, key: replace(where, sources=(key,)),
    By.DIRECTION: lambda where, key: replace(where, directions=(Direction(key),)),
    By.OUTCOME: lambda where, key: replace(where, outcomes=(Outcome(key),)),
    By.QUEUE: lambda where, key: replace(where, queues=(key,)),
    By.AGENT: lambda where, key: replace(where, agents=(key,)),
    By.TRUNK: lambda where, key: replace(where, trunks=(key,)),
    By.CALLER: lambda where, key: replace(where, callers=(key,)),
}

_ENOUGH: Final = Sum("calls")
"""What tells which keys there are when nothing else of calls is summed."""

_Duration: TypeAlias = int | Counter[int]
_Durations: TypeAlias = Mapping[Key, Mapping[int, _Duration]]
_Valuer: TypeAlias = Callable[[Sequence[int], _Duration | None], Value]


class Asking:
    """One question to one store."""

    def __init__(
        self, question: Question, *, store: Store, zone: ZoneInfo, where: Filter, index: Callable[[], LinesIndex]
    ) -> None:
        """Take the question, the zone of the day roll-ups, its selection as a filter, and the index of lines."""
        self._question = question
        self._store = store
        self._where = where
        self._index_now = index
        self._metrics = tuple(metric_named(name) for name in question.metrics)
        self._check()
        span, unit = question.span, question.unit
        self._edges = (span.since_ms, span.until_ms) if unit is None else edges(span, unit, question.zone)
        self._gathering = Gathering(store, edges=self._edges, zone=zone)
        self._index: LinesIndex | None = None
        self._spreads: dict[tuple[Percentile, Filter], Mapping[int, Counter[int]]] = {}
        self._greatest: dict[tuple[Maximum, Filter], Mapping[int, int]] = {}
        # Calls and visits have outcomes of their own: what is asked of the ones says nothing of the others.
        self._has_visits = question.by is not By.OUTCOME and where.outcomes is None

    def _check(self) -> None:
        question = self._question
        if question.span.is_empty:
            raise ImpossibleQuestionError("The range is empty: it ends before it begins.", "span")
        for metric in self._metrics:
            if isinstance(metric.formula, Gauge):
                text = f"{metric.name} is a number of this moment and has no value over a range; ask for what is now."
                raise ImpossibleQuestionError(text, "metrics")
        limit = self._limit()
        if limit is None:
            return
        if not 1 <= limit <= MAX_KEYS:
            raise ImpossibleQuestionError(f"The limit {limit} is not between 1 and {MAX_KEYS}.", "limit")
        if self._metrics and not sums_of(self._metrics[0].formula):
            sentence = (
                f"{self._metrics[0].name} cannot be the metric that a limit goes by; name a sum, such as calls, first."
            )
            raise ImpossibleQuestionError(sentence, "metrics")

    def _limit(self) -> int | None:
        by, limit = self._question.by, self._question.limit
        return (MAX_KEYS if by is By.CALLER and limit is None else limit) if by else None

    def answer(self) -> Answer:
        """Return the answer."""
        question = self._question
        rebuilt_ms = unfinished_before_ms(self._store)
        totals = self._totals()
        keys = self._keys(totals)
        if len(keys) * (len(self._edges) - 1) > MAX_ROWS:
            raise TooManyBucketsError(
                f"The answer would have more than {MAX_ROWS:,} rows; choose a shorter range, a longer unit or a limit."
            )
        valuers = [self._valuer(metric, totals) for metric in self._metrics]
        durations = [self._durations(metric, keys) for metric in self._metrics]
        gaps = self._gaps(rebuilt_ms)
        rows = (row for key in keys for row in self._rows(key, totals, valuers, durations, gaps))
        return Answer(
            metrics=self._metrics,
            span=question.span,
            unit=question.unit,
            by=question.by,
            rows=tuple(rows),
            total=self._total(totals, valuers, gaps),
            gaps=gaps,
        )

    def _totals(self) -> Totals:
        found = dict.fromkeys(leaf for metric in self._metrics for leaf in sums_of(metric.formula))
        calls = [leaf for leaf in found if leaf.subject == "call"]
        visits = [leaf for leaf in found if leaf.subject == "visit"] if self._has_visits else []
        if not calls and not visits:
            calls = [_ENOUGH]
        totals = self._gathering.totals([*calls, *visits])
        by = self._question.by
        dimension = DIMENSIONS[by] if by else None
        where, rest = self._callers(totals, calls) if by is By.CALLER else (self._where, calls)
        for subject, leaves in ((Subject.CALL, rest), (Subject.VISIT, visits)):
            self._gathering.add_sums(totals, leaves, subject=subject, where=where, by=dimension, keys_of=self._keys_of)
        return totals

    def _callers(self, totals: Totals, leaves: Sequence[Sum]) -> tuple[Filter, Sequence[Sum]]:
        """Return the filter for the callers with most of the first metric, and the leaves not summed on the way."""
        formula = self._metrics[0].formula if self._metrics else _ENOUGH
        lead = formula.sum if isinstance(formula, Seconds) else formula
        limit = self._limit()
        if limit is None or not isinstance(lead, Sum) or lead not in leaves:
            return self._where, leaves
        callers = self._gathering.add_callers(totals, leaves, lead, where=self._where, limit=limit)
        has_one_bucket = len(self._edges) == 2  # noqa: PLR2004  its two ends
        rest = [leaf for leaf in leaves if leaf.direction is not lead.direction] if has_one_bucket else leaves
        return replace(self._where, callers=callers), rest

    def _keys_of(self, value: str | int | None) -> Sequence[Key]:
        by = self._question.by
        if by in {By.GROUP, By.TEAM} and isinstance(value, int):
            index = self._lines(value)
            return (index.group_of.get(value, OTHER),) if by is By.GROUP else index.teams_of.get(value, (OTHER,))
        return (None,) if by is None or value is None else (str(value),)

    def _lines(self, lines_id: int | None = None) -> LinesIndex:
        """Return what sets of own numbers belong to, made anew if a set is not in it: a call was written meanwhile."""
        if self._index is None or (lines_id is not None and lines_id not in self._index.group_of):
            self._index = self._index_now()
        return self._index

    def _keys(self, totals: Totals) -> list[Key]:
        if self._question.by is None:
            return [None]
        found = {key for _, key in totals.cells}
        keys = list(self._keys_in_order(found))
        limit = self._limit()
        if limit is None or not self._metrics:
            return keys
        sums: dict[Key, list[int]] = {key: [0] * len(totals.leaves) for key in keys}
        for (_, key), cell in totals.cells.items():
            if key in sums:
                sums[key] = [one + other for one, other in zip(sums[key], cell, strict=True)]
        valuer = self._valuer(self._metrics[0], totals)
        values = {key: valuer(its_sums, None).value for key, its_sums in sums.items()}
        return sorted(keys, key=lambda key: (values[key] is None, -(values[key] or 0), key is None, key or ""))[:limit]

    def _keys_in_order(self, found: set[Key]) -> Sequence[Key]:
        question = self._question
        selection = question.selection
        match question.by:
            case By.GROUP:
                names = self._lines().memberships
                groups = None if selection.groups is None else {names.group_key(each) for each in selection.groups}
                return _listed(list(names.groups), groups, found, all_of_them=selection.teams is None)
            case By.TEAM:
                teams = None if selection.teams is None else set(selection.teams)
                return _listed(self._lines().memberships.teams, teams, found, all_of_them=selection.groups is None)
            case By.DIRECTION:
                allowed = tuple(Direction) if selection.directions is None else selection.directions
                return [each.value for each in Direction if each in allowed]
            case By.OUTCOME:
                return [each.value for each in Outcome if each.value in found]
            case By.CALLER:
                return sorted(key for key in found if key is not None)
            case _:
                return [*sorted(key for key in found if key is not None), *([None] if None in found else [])]

    def _narrowed(self, key: Key) -> Filter | None:
        """Return the filter for the records of one key, `None` where no filter says it."""
        by, where = self._question.by, self._where
        if by is None:
            return where
        if key is None:
            return replace(where, with_queue=False) if by is By.QUEUE else None
        if by in {By.GROUP, By.TEAM}:
            return replace(where, lines=self._lines_of(key))
        return _NARROWED[by](where, key)

    def _lines_of(self, key: str) -> tuple[int, ...]:
        index = self._lines()
        if self._question.by is By.GROUP:
            ids = {each for each, group in index.group_of.items() if group == key}
        else:
            ids = {each for each, teams in index.teams_of.items() if key in teams}
        return tuple(sorted(ids if self._where.lines is None else ids.intersection(self._where.lines)))

    def _durations(self, metric: Metric, keys: Sequence[Key]) -> _Durations:
        """Return the histograms or greatest values that a metric needs, by key and bucket."""
        leaf = metric.formula
        if not isinstance(leaf, Percentile | Maximum):
            return {}
        if len(keys) > MAX_KEYS_OF_DURATIONS:
            raise ImpossibleQuestionError(
                f"{metric.name} cannot be split by more than {MAX_KEYS_OF_DURATIONS} values; set a limit.", "limit"
            )
        filters = ((key, self._narrowed(key)) for key in keys)
        return {key: self._duration(leaf, where) for key, where in filters if where is not None}

    def _duration(self, leaf: Percentile | Maximum, where: Filter) -> Mapping[int, _Duration]:
        return self._spread(leaf, where) if isinstance(leaf, Percentile) else self._maxima(leaf, where)

    def _spread(self, leaf: Percentile, where: Filter) -> Mapping[int, Counter[int]]:
        # Percentiles of the same spread differ in their share only.
        name = replace(leaf, share=1.0)
        if (name, where) not in self._spreads:
            self._spreads[name, where] = self._gathering.spread(name, where)
        return self._spreads[name, where]

    def _maxima(self, leaf: Maximum, where: Filter) -> Mapping[int, int]:
        if (leaf, where) not in self._greatest:
            self._greatest[leaf, where] = self._gathering.maxima(leaf, where)
        return self._greatest[leaf, where]

    def _valuer(self, metric: Metric, totals: Totals) -> _Valuer:
        """Return the function from sums and a duration to the value of a metric."""
        formula = metric.formula
        position = {leaf: place for place, leaf in enumerate(totals.leaves)}
        if isinstance(formula, Gauge) or not position.keys() >= set(sums_of(formula)):
            return lambda _sums, _duration: NO_VALUE
        if isinstance(formula, Percentile):
            share = formula.share
            return lambda _sums, duration: _percentile_value(duration, share)
        if isinstance(formula, Maximum):
            return lambda _sums, duration: _greatest_value(duration)
        if not isinstance(formula, Ratio):
            additive = additive_evaluator(formula, position)
            return lambda sums, _duration: Value(value := additive(sums), value, None)
        above = additive_evaluator(formula.numerator, position)
        below = additive_evaluator(formula.denominator, position)
        return lambda sums, _duration: _ratio_value(above(sums), below(sums))

    def _rows(
        self,
        key: Key,
        totals: Totals,
        valuers: Sequence[_Valuer],
        durations: Sequence[_Durations],
        gaps: Sequence[Gap],
    ) -> list[Row]:
        missing = self._missing(key, gaps)
        label = key
        if self._question.by is By.GROUP and key is not None:
            label = self._lines().memberships.groups.get(key, key)
        nothing = [0] * len(totals.leaves)
        its_durations = [each.get(key, {}) for each in durations]
        rows = []
        for index, (since, until) in enumerate(pairwise(self._edges)):
            sums = totals.cells.get((index, key), nothing)
            values = tuple(valuer(sums, its.get(index)) for valuer, its in zip(valuers, its_durations, strict=True))
            span = Span(since, until)
            rows.append(Row(span=span, key=key, label=label, values=values, missing_ms=missing[index]))
        return rows

    def _total(self, totals: Totals, valuers: Sequence[_Valuer], gaps: Sequence[Gap]) -> Row:
        question = self._question
        if question.by is By.CALLER:
            # The callers of the rows are not all calls; everything together is quickly read from the roll-ups.
            whole = replace(question, by=None, unit=None, limit=None)
            asking = Asking(
                whole, store=self._store, zone=self._gathering.zone, where=self._where, index=self._index_now
            )
            return asking.answer().total
        wholes = [self._whole_duration(metric) for metric in self._metrics]
        values = tuple(valuer(totals.total, whole) for valuer, whole in zip(valuers, wholes, strict=True))
        missing = sum(self._missing(None, gaps))
        return Row(span=question.span, key=None, label=None, values=values, missing_ms=missing)

    def _whole_duration(self, metric: Metric) -> _Duration | None:
        formula = metric.formula
        if isinstance(formula, Percentile):
            return sum(self._spread(formula, self._where).values(), start=Counter())
        if isinstance(formula, Maximum):
            return max(self._maxima(formula, self._where).values(), default=None)
        return None

    def _gaps(self, rebuilt_ms: int | None) -> tuple[Gap, ...]:
        """Return the gaps; what was read may lack calls whether a rebuild was unfinished before that or is now."""
        if rebuilt_ms is None:
            rebuilt_ms = unfinished_before_ms(self._store)
        sources = self._where.sources
        gaps = self._store.gaps(self._question.span)
        counted = [gap for gap in gaps if gap.source is None or sources is None or gap.source in sources]
        unheard = not_heard(self._store, self._question.span, sources)
        rebuild = rebuild_gap(rebuilt_ms, self._question.span)
        return tuple(sorted([*counted, *unheard, *self._pruned(), *rebuild], key=lambda gap: gap.since_ms))

    def _pruned(self) -> tuple[Gap, ...]:
        """Return where calls would have to be read one by one that retention has taken: the roll-ups do not help."""
        spans = self._gathering.spans_of_records()
        kept = self._store.value(RECORDS_PRUNED) if spans else None
        if kept is None:
            return ()
        pruned_ms = int(kept)
        found: list[Gap] = []
        for span in sorted(spans, key=lambda span: span.since_ms):
            since_ms = max(span.since_ms, found[-1].until_ms if found else span.since_ms)
            until_ms = min(span.until_ms, pruned_ms)
            if since_ms < until_ms:
                found.append(Gap(source=None, since_ms=since_ms, until_ms=until_ms, reason=PRUNED))
        return tuple(found)

    def _missing(self, key: Key, gaps: Sequence[Gap]) -> list[int]:
        if self._question.by is By.SOURCE and key is not None:
            gaps = [gap for gap in gaps if gap.source in {None, key}]
        return missing_ms([Span(gap.since_ms, gap.until_ms) for gap in gaps], self._edges)


def _listed(every: Sequence[str], asked: set[str] | None, found: set[Key], *, all_of_them: bool) -> list[Key]:
    """Return names in their order, those asked for or, unless others are filtered, all of them; `Other` last."""
    if asked is not None:
        return [name for name in (*every, OTHER) if name in asked]
    return [*(name for name in every if all_of_them or name in found), *([OTHER] if OTHER in found else [])]


def _ratio_value(above: float, below: float) -> Value:
    return Value(above / below if below else None, above, below)


def _percentile_value(duration: _Duration | None, share: float) -> Value:
    if not isinstance(duration, Counter):
        return NO_VALUE
    found = percentile(duration, share)
    return Value(None if found is None else found / 1000, None, duration.total())


def _greatest_value(duration: _Duration | None) -> Value:
    return Value(duration / 1000, None, None) if isinstance(duration, int) else NO_VALUE
