"""Sums by family and labels: what the counters and histograms of `metrics.exposed` stand at."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from calltally.engine.label_values import LabelValues
from calltally.metrics.exposed import (
    BY_NAME,
    CALL_RING,
    CALL_TALK,
    CALL_WAIT,
    CALLS,
    DUPLICATE,
    ENTRIES,
    EXITS,
    NOT_UNDERSTOOD,
    OWN_CALL_COUNTERS,
    OWN_VISIT_COUNTERS,
    QUEUE_EVENT,
    QUEUE_WAIT,
    RECEIVED,
    REFUSALS,
    REJECTED,
    Amount,
    Labels,
    counter_name,
    values_of,
)
from calltally.model.events import LegEventKind
from calltally.model.words import Direction


@dataclass(slots=True)
class Distribution:
    """How often durations fell into each bucket, the last one without an upper border; `total` is their sum."""

    counts: list[int]
    total: int = 0


@dataclass(frozen=True, slots=True)
class Observations:
    """Counters and histograms at one moment, by family and labels; amounts before the family's scale."""

    counters: Mapping[str, Mapping[Labels, int]]
    histograms: Mapping[str, Mapping[Labels, Distribution]]
    borders: Mapping[str, Sequence[float]]


class Series:
    """All series of a process; used by one thread at a time."""

    def __init__(self, label_values: LabelValues, targets: Collection[float]) -> None:
        """Begin without any; targets, in seconds, are borders of the buckets of waits."""
        self.label_values = label_values
        self.places: set[Labels] = set()
        self._borders = {
            name: family.borders(targets) for name, family in BY_NAME.items() if family.kind == "histogram"
        }
        self._scaled = {
            name: [round(border * BY_NAME[name].scale) for border in borders] for name, borders in self._borders.items()
        }
        self._counters: dict[str, dict[Labels, int]] = {
            name: {} for name, family in BY_NAME.items() if family.kind == "counter"
        }
        self._histograms: dict[str, dict[Labels, Distribution]] = {name: {} for name in self._borders}
        self._begun: set[str] = set()

    def observations(self) -> Observations:
        """Return everything at this moment."""
        return Observations(
            counters={name: dict(series) for name, series in self._counters.items()},
            histograms={
                name: {labels: Distribution([*each.counts], each.total) for labels, each in series.items()}
                for name, series in self._histograms.items()
            },
            borders=self._borders,
        )

    def count(self, amounts: Iterable[Amount]) -> None:
        """Add to counters, and observe in histograms."""
        for name, labels, amount in amounts:
            if name in self._counters:
                self.add(name, labels, amount)
            else:
                distribution = self._distribution(name, labels)
                distribution.counts[bisect_left(self._scaled[name], amount)] += 1
                distribution.total += amount

    def add(self, name: str, labels: Labels, amount: int) -> None:
        """Add to a counter; 0 makes it begin."""
        series = self._counters[name]
        if labels not in series:
            labels = self._bounded(name, labels)
        series[labels] = series.get(labels, 0) + amount

    def begin_source(self, source: str) -> str:
        """Give a source its series, so that the first call of each kind is seen as a rise; return its bounded name."""
        if source in self._begun:
            return source
        name = self.label_values.bounded("source", source)
        if name in self._begun:
            return name
        self._begun.add(name)
        for reason in (*REFUSALS, NOT_UNDERSTOOD):
            self.add(REJECTED, (name, reason), 0)
        self.add(DUPLICATE, (name,), 0)
        for kind in (LegEventKind.STARTED, QUEUE_EVENT):
            self.add(RECEIVED, (name, kind), 0)
        for direction in Direction:
            place = (name, direction.value)
            for outcome in values_of(BY_NAME[CALLS], "outcome"):
                self.add(CALLS, (*place, outcome), 0)
            for measure in OWN_CALL_COUNTERS:
                self.add(counter_name(measure), place, 0)
            for outcome in values_of(BY_NAME[CALL_WAIT], "outcome"):
                self._distribution(CALL_WAIT, (*place, outcome))
            for histogram in (CALL_RING, CALL_TALK):
                self._distribution(histogram, place)
        return name

    def place(self, source: str, queue: str) -> Labels:
        """Give a queue its series; return its bounded labels."""
        place = (source, queue)
        if place in self.places:
            return place
        place = (self.begin_source(source), self.label_values.bounded("queue", queue))
        if place in self.places:
            return place
        self.places.add(place)
        self.add(ENTRIES, place, 0)
        for outcome in values_of(BY_NAME[EXITS], "outcome"):
            self.add(EXITS, (*place, outcome), 0)
        for outcome in values_of(BY_NAME[QUEUE_WAIT], "outcome"):
            self._distribution(QUEUE_WAIT, (*place, outcome))
        for measure in OWN_VISIT_COUNTERS:
            self.add(counter_name(measure, "visit"), place, 0)
        return place

    def observe_all(self, name: str, labels: Labels, amounts: list[int]) -> None:
        """Observe amounts in rising order: they are cut at the borders, not looked at one by one."""
        borders = self._scaled[name]
        distribution = self._distribution(name, labels)
        below = 0
        for place, border in enumerate(borders):
            reached = bisect_left(amounts, border + 1, below)
            distribution.counts[place] += reached - below
            below = reached
        distribution.counts[-1] += len(amounts) - below
        distribution.total += sum(amounts)

    def _distribution(self, name: str, labels: Labels) -> Distribution:
        series = self._histograms[name]
        if labels not in series:
            labels = self._bounded(name, labels)
        found = series.get(labels)
        if found is None:
            found = series[labels] = Distribution([0] * (len(self._scaled[name]) + 1))
        return found

    def _bounded(self, name: str, labels: Labels) -> Labels:
        """Return labels within the bounds; those of a series that is there are."""
        return tuple(map(self.label_values.bounded, BY_NAME[name].labels, labels))
