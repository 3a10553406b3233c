"""The counters of this process, made from the settings and from what the store knows."""

from contextlib import suppress

from calltally.app.parts import Parts, clock_us
from calltally.engine.observed import Observed
from calltally.model.instants import DAY_MS, QUARTER_MS, Span
from calltally.settings import QueueSetting
from calltally.store.asked import Dimension, Filter, Grain, Subject, SumQuestion
from calltally.store.store import Store, StoreError

RECENT_DAYS = 30


def observed_of(parts: Parts) -> Observed:
    """Return the counters of this process, all at zero; queues of late have theirs from the start.

    Otherwise the first call of each queue after a start would be no rise, but a series that begins with 1.
    """
    queues = parts.settings.queues
    observed = Observed(
        clock_us=clock_us,
        sources=tuple(parts.settings.sources),
        queues=[queue.name for queue in queues],
        targets={seconds for queue in queues for seconds in _targets(queue)},
        most_values=parts.settings.prometheus.max_label_values,
    )
    # A service whose database does not answer in this moment begins all the same; its queues show up as they are heard.
    with suppress(StoreError):
        for source, queue in recent_queues(parts.store, clock_us() // 1000):
            observed.place(source, queue)
    return observed


def _targets(queue: QueueSetting) -> set[float]:
    """Return the borders that a queue's service level needs: no abandon is short where that is 0 seconds."""
    short = (queue.short_abandon_seconds,) if queue.short_abandon_seconds else ()
    return {float(seconds) for seconds in (queue.target_seconds, *short)}


def recent_queues(store: Store, now_ms: int) -> list[tuple[str, str]]:
    """Return source and queue of the visits of the last 30 days, those with most visits first."""
    until_ms = now_ms - now_ms % QUARTER_MS + QUARTER_MS
    span = Span(until_ms - RECENT_DAYS * DAY_MS, until_ms)
    found: list[tuple[int, str, str]] = []
    for heard in store.health():
        question = SumQuestion(
            subject=Subject.VISIT,
            grain=Grain.QUARTER,
            measures=("offered",),
            span=span,
            where=Filter(sources=(heard.source,)),
            by=Dimension.QUEUE,
        )
        found += [(-row.sums[0], heard.source, str(row.value)) for row in store.sums(question) if row.value is not None]
    return [(source, queue) for _, source, queue in sorted(found)]
