"""Made-up histories in a real store, and what any question about them must be answered, found by counting."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from calltally.engine.answers import By, Question, Selection
from calltally.engine.counting import Tally
from calltally.metrics.catalog import metric
from calltally.metrics.formula import Gauge, Maximum, Percentile, Sum, evaluate, sums_of
from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES, call_measures, call_spreads, visit_measures
from calltally.metrics.spread import percentile
from calltally.model.buckets import LocalDays, edges
from calltally.model.directory import OTHER, Directory, Group, Team
from calltally.model.instants import DAY_MS, Gap, Span
from calltally.model.records import NOTHING, Call, QueueVisit, Records
from calltally.model.words import AnsweredBy, Direction, Outcome, VisitOutcome
from calltally.store.open import open_store
from calltally.store.store import Store

NUMBERS = ("+4930100", "+4930200", "+4930300", "+4930400")
GROUPS = (
    Group(source="sipgate", group_id="g0", name="Sales", numbers=NUMBERS[:1]),
    Group(source="sipgate", group_id="g1", name="Service", numbers=(NUMBERS[1], "+4930999")),
)
TEAMS = (
    Team(name="North", numbers=frozenset(NUMBERS[:2])),
    Team(name="South", numbers=frozenset(NUMBERS[1:3])),  # shares a number with North
)
LINES = ((), NUMBERS[:1], NUMBERS[1:2], NUMBERS[:2], (NUMBERS[1], NUMBERS[0]), NUMBERS[2:3], NUMBERS[3:])
QUEUES = (None, "support", "orders")
CALLERS = (None, "+49151001", "+49151002", "+49151003")
OUTCOMES = (
    *(Outcome.ANSWERED,) * 4,
    *(Outcome.ABANDONED, Outcome.VOICEMAIL, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.FAILED, Outcome.UNKNOWN),
    Outcome.IN_PROGRESS,
)

_CALL_PLACES = {measure.name: place for place, measure in enumerate(CALL_MEASURES)}
_VISIT_PLACES = {measure.name: place for place, measure in enumerate(VISIT_MEASURES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened at a made-up site."""

    store: Store
    zone: ZoneInfo
    span: Span
    calls: tuple[Call, ...]
    visits: tuple[tuple[Call, QueueVisit], ...]
    gaps: tuple[Gap, ...]


def made_up(
    folder: Path | str, zone: ZoneInfo, since_ms: int, *, days: int = 9, count: int = 500, seed: int = 1
) -> History:
    """Return a history of some days, stored with its roll-ups; some calls are changed and taken back on the way.

    It is kept in a file in the folder, or at the address of an empty database.
    """
    random = Random(seed)  # noqa: S311  the same history on every run
    span = Span(since_ms, since_ms + days * DAY_MS)
    store = open_store(folder if isinstance(folder, str) else str(folder / "calls.db"), zone=zone.key)
    kept = [_records(random, number, span) for number in range(count)]
    first = [_records(random, number, span) if number % 5 == 0 else each for number, each in enumerate(kept)]
    extra = [_records(random, count + number, span) for number in range(20)]
    gaps = (
        Gap(source="sipgate", since_ms=since_ms + DAY_MS, until_ms=since_ms + DAY_MS + 5_000_000, reason="silent"),
        Gap(source=None, since_ms=since_ms + 2 * DAY_MS, until_ms=since_ms + 2 * DAY_MS + 900_000, reason="down"),
    )
    with store.write() as transaction:
        flows = transaction.new_flow_ids(count + len(extra))
        tally = Tally(LocalDays(zone), transaction.lines_id)
        for records in (*first, *extra):
            tally.change(NOTHING, records)
        transaction.save([(flow, 1, each) for flow, each in zip(flows, (*first, *extra), strict=True)])
        transaction.add(tally.deltas())
        transaction.save_directory(Directory(groups=GROUPS))
        for gap in gaps:
            transaction.add_gap(gap)
    with store.write() as transaction:
        tally = Tally(LocalDays(zone), transaction.lines_id)
        after = (*kept, *(NOTHING for _ in extra))
        for old, new in zip((*first, *extra), after, strict=True):
            tally.change(old, new)
        transaction.save([(flow, 2, each) for flow, each in zip(flows, after, strict=True)])
        transaction.add(tally.deltas())
    calls = tuple(each.call for each in kept if each.call)
    visits = tuple((each.call, visit) for each in kept if each.call for visit in each.visits)
    return History(store=store, zone=zone, span=span, calls=calls, visits=visits, gaps=gaps)


def _records(random: Random, number: int, span: Span) -> Records:
    # Many on borders of quarter hours, where a mistake would show.
    start = random.randrange(span.since_ms, span.until_ms)
    start = max(start - random.choice((0, 0, start % 900_000, start % 3_600_000)), span.since_ms)
    outcome = random.choice(OUTCOMES)
    answered = outcome is Outcome.ANSWERED
    wait = random.choice((None, 0, 1, 4_000, random.randrange(300_000)))
    queue = random.choice(QUEUES)
    caller = random.choice(CALLERS)
    call = Call(
        source=random.choice(("sipgate", "asterisk")),
        call_id=f"call-{number}",
        direction=random.choice(tuple(Direction)),
        caller=caller,
        caller_withheld=caller is None and random.random() < 0.8,
        callee=random.choice(NUMBERS),
        own_numbers=random.choice(LINES),
        started_at_ms=start,
        answered_at_ms=start + (wait or 0) if answered else None,
        ended_at_ms=start + 400_000,
        wait_ms=wait,
        talk_ms=random.choice((None, 0, 83_000, random.randrange(900_000))) if answered else 0,
        outcome=outcome,
        answered_by=random.choice((AnsweredBy.PERSON, AnsweredBy.SOFTWARE)) if answered else None,
        voicemail=outcome is Outcome.VOICEMAIL,
        queue=queue,
        agent=random.choice((None, "anna", "ben")),
        agent_name=None,
        trunk=random.choice((None, "edge")),
        leg_ids=(),
        visit_ids=() if queue is None else (f"visit-{number}",),
        is_open=outcome is Outcome.IN_PROGRESS,
        crashed=False,
    )
    visit = None if queue is None else _visit(random, call, queue)
    return Records(call=call, visits=() if visit is None else (visit,))


def _visit(random: Random, call: Call, queue: str) -> QueueVisit:
    outcome = random.choice(tuple(VisitOutcome))
    return QueueVisit(
        source=call.source,
        visit_id=call.visit_ids[0],
        call_id=call.call_id,
        source_call_id=call.call_id,
        queue=queue,
        agent=random.choice((None, "anna", "ben")),
        entered_at_ms=call.started_at_ms + random.choice((0, 0, 1_000, 900_000)),
        answered_at_ms=None,
        left_at_ms=None,
        outcome=outcome,
        wait_ms=random.choice((None, 0, random.randrange(600_000))),
        ring_ms=random.choice((None, 3_000)),
        talk_ms=random.choice((None, 0, random.randrange(600_000))),
        ended_by=None,
        no_answer_rings=random.randrange(3),
        entered_position=None,
        left_position=None,
        key=None,
    )


# --- the answers by counting ----------------------------------------------------------------------------------------


def group_of(call: Call) -> str:
    """Return the group of the first own number that is in one."""
    found = [group.group_id for number in call.own_numbers for group in GROUPS if number in group.numbers]
    return found[0] if found else OTHER


def teams_of(call: Call) -> tuple[str, ...]:
    """Return every team that has one of the own numbers."""
    return tuple(team.name for team in TEAMS if team.numbers.intersection(call.own_numbers)) or (OTHER,)


def counts(call: Call, visit: QueueVisit | None, selection: Selection) -> bool:
    """Whether a call, or a visit of it, is part of a selection."""
    record = call if visit is None else visit
    return all(
        (
            selection.sources is None or record.source in selection.sources,
            selection.directions is None or call.direction in selection.directions,
            selection.groups is None or group_of(call) in selection.groups,
            selection.teams is None or not set(teams_of(call)).isdisjoint(selection.teams),
            selection.queues is None or record.queue in selection.queues,
            selection.agents is None or record.agent in selection.agents,
            selection.trunks is None or call.trunk in selection.trunks,
            selection.callers is None or call.caller in selection.callers,
            selection.with_queue is None or (record.queue is not None) == selection.with_queue,
        )
    )


def keys_of(call: Call, visit: QueueVisit | None, by: By | None) -> Sequence[str | None]:
    """Return the values of a dimension that a call, or a visit of it, counts for."""
    record = call if visit is None else visit
    match by:
        case None:
            return (None,)
        case By.GROUP:
            return (group_of(call),)
        case By.TEAM:
            return teams_of(call)
        case By.SOURCE | By.QUEUE | By.AGENT | By.OUTCOME:
            value = getattr(record, by.value)
        case _:
            value = getattr(call, by.value)
    return (None if value is None else str(value),)


@dataclass(frozen=True, slots=True)
class Counted:
    """Some calls and visits."""

    calls: tuple[Call, ...]
    visits: tuple[tuple[Call, QueueVisit], ...]

    def value(self, name: str) -> float | None:
        """Return a metric of these."""
        formula = metric(name).formula
        assert not isinstance(formula, Gauge)
        if isinstance(formula, Maximum):
            durations = [getattr(call, formula.column) for call in self._of(formula.direction)]
            return max((duration / 1000 for duration in durations if duration is not None), default=None)
        if isinstance(formula, Percentile):
            spreads = (entry for call in self._of(formula.direction) for entry in call_spreads(call))
            found = percentile(Counter(each for spread, each in spreads if spread == formula.spread), formula.share)
            return None if found is None else found / 1000
        return evaluate(formula, {leaf: self._sum(leaf) for leaf in sums_of(formula)})

    def _of(self, direction: Direction | None) -> list[Call]:
        return [call for call in self.calls if direction in {None, call.direction}]

    def _sum(self, leaf: Sum) -> int:
        if leaf.subject == "visit":
            place = _VISIT_PLACES[leaf.measure]
            return sum(visit_measures(visit)[place] for _, visit in self.visits)
        place = _CALL_PLACES[leaf.measure]
        return sum(call_measures(call)[place] for call in self._of(leaf.direction))


def matching(history: History, question: Question) -> Counted:
    """Return all that counts for a question."""

    def matches(call: Call, visit: QueueVisit | None) -> bool:
        at_ms = call.started_at_ms if visit is None else visit.entered_at_ms
        return question.span.since_ms <= at_ms < question.span.until_ms and counts(call, visit, question.selection)

    return Counted(
        tuple(call for call in history.calls if matches(call, None)),
        tuple((call, visit) for call, visit in history.visits if matches(call, visit)),
    )


def rows_of(question: Question, found: Counted) -> dict[tuple[int, str | None], Counted]:
    """Return what counts in each row, by the start of its bucket and its key."""
    starts = [span.since_ms for span in buckets(question)]
    rows: dict[tuple[int, str | None], tuple[list[Call], list[tuple[Call, QueueVisit]]]] = {}
    for call in found.calls:
        for key in keys_of(call, None, question.by):
            start = starts[bisect_right(starts, call.started_at_ms) - 1]
            rows.setdefault((start, key), ([], []))[0].append(call)
    for call, visit in found.visits:
        for key in keys_of(call, visit, question.by):
            start = starts[bisect_right(starts, visit.entered_at_ms) - 1]
            rows.setdefault((start, key), ([], []))[1].append((call, visit))
    return {place: Counted(tuple(calls), tuple(visits)) for place, (calls, visits) in rows.items()}


def buckets(question: Question) -> list[Span]:
    """Return the buckets of a question."""
    if question.unit is None:
        return [question.span]
    borders = edges(question.span, question.unit, question.zone)
    return [Span(since, until) for since, until in pairwise(borders)]
