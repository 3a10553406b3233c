"""A year of made-up messages, newest day first, the same for the same seed.

Days are independent of each other, so a history that was interrupted goes on at any day. Within a day the messages of a
call stand together: what belongs to one call is then folded once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from types import MappingProxyType
from zoneinfo import ZoneInfo

from calltally.demo.chance import chance
from calltally.demo.company import ASTERISK, SIPGATE, ZONE
from calltally.demo.mood import BAD_DAY, CLOSED, WORKING, Mood
from calltally.demo.pushes import conversation
from calltally.demo.queue_lines import Line, agent_lines, queue_call
from calltally.demo.shape import Day, days_of
from calltally.model.instants import HOUR_MS, QUARTER_MS
from calltally.model.messages import KIND_HEADER, RawMessage
from calltally.sources.source import LONGEST_CALL_HOURS

LONGEST_CALL_MS = LONGEST_CALL_HOURS * HOUR_MS
_PLAIN: Mapping[str, str] = MappingProxyType({})
_CALLS_FOR_ONE_IN_A_QUEUE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which history to make up.

    Attributes:
        calls: how many calls sipgate tells of, about; the queues' log tells of a tenth as many.
        until_ms: nothing is told of after this instant.
    """

    calls: int
    days: int
    until_ms: int
    seed: int
    zone: str = ZONE

    @property
    def queued_calls(self) -> int:
        """How many calls the queues' log tells of, about."""
        return self.calls // _CALLS_FOR_ONE_IN_A_QUEUE

    @property
    def all_calls(self) -> int:
        """How many calls there are together, about."""
        return self.calls + self.queued_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfHistory:
    """Everything that was heard of the calls of one local day; `number` counts days back from the newest, 0."""

    number: int
    on: date
    calls: int
    messages: Sequence[RawMessage]


def history(plan: Plan, *, first: int = 0) -> Iterator[DayOfHistory]:
    """Yield the days of a history, newest first, from the day with a number on."""
    zone = ZoneInfo(plan.zone)
    times = {"days": plan.days, "until_ms": plan.until_ms, "seed": plan.seed}
    pushed = days_of(calls=plan.calls, zone=zone, **times)
    queued = days_of(calls=plan.queued_calls, zone=zone, **times)
    for number in range(first, plan.days):
        day = pushed[number]
        yield DayOfHistory(
            number=number,
            on=day.on,
            calls=day.calls + queued[number].calls,
            messages=[*_pushed(day, plan), *_logged(queued[number], plan)],
        )


def in_batches(days: Iterable[DayOfHistory], size: int) -> Iterator[list[RawMessage]]:
    """Yield the messages of all days in batches of about this size."""
    batch: list[RawMessage] = []
    for day in days:
        for begin in range(0, len(day.messages), size):
            batch.extend(day.messages[begin : begin + size])
            if len(batch) >= size:
                yield batch
                batch = []
    if batch:
        yield batch


def _pushed(day: Day, plan: Plan) -> Iterator[RawMessage]:
    """Yield the pushes of a day, and what calltally told itself of calls whose end never came."""
    rng = chance(plan.seed, "pushes", day.on)
    for start_ms, is_open in day.starts_ms(rng):
        talk = conversation(rng, _mood(day, is_open=is_open))
        last_ms = start_ms + (talk.length_ms if talk.lost_leg is None else LONGEST_CALL_MS)
        rest_us = int(1000 * rng.random())
        if last_ms >= plan.until_ms:
            continue
        for at_ms, body in talk.pushes:
            received_at_us = (start_ms + at_ms) * 1000 + rest_us
            yield RawMessage(source=SIPGATE, received_at_us=received_at_us, headers=_PLAIN, body=body)
        if talk.lost_leg is not None:
            body = b'{"callId":"%s"}' % talk.lost_leg.encode("ascii")
            headers = {KIND_HEADER: "expired"}
            yield RawMessage(source=SIPGATE, received_at_us=last_ms * 1000 + rest_us, headers=headers, body=body)


def _logged(day: Day, plan: Plan) -> Iterator[RawMessage]:
    """Yield the lines of a day's queue_log, each at its second and its place within that second."""
    rng = chance(plan.seed, "queues", day.on)
    lines = [*_lines_of_calls(day, plan, rng), *_lines_of_agents(day, rng)]
    lines.sort(key=_second_of)  # stable, so the lines of one call keep their order
    last, place = -1, 0
    for second, text in lines:
        place = place + 1 if second == last else 0
        last = second
        if second * 1000 < plan.until_ms:
            received_at_us = second * 1_000_000 + place
            yield RawMessage(source=ASTERISK, received_at_us=received_at_us, headers=_PLAIN, body=text.encode())


def _lines_of_calls(day: Day, plan: Plan, rng: Random) -> Iterator[Line]:
    for serial, (start_ms, is_open) in enumerate(day.starts_ms(rng)):
        call = queue_call(
            rng,
            _mood(day, is_open=is_open),
            start_second=start_ms // 1000,
            serial=serial,
            is_open=is_open,
            is_bad=day.is_bad,
        )
        if call.lines[-1][0] * 1000 < plan.until_ms:
            yield from call.lines


def _lines_of_agents(day: Day, rng: Random) -> Iterable[Line]:
    working = [quarter.start_ms // 1000 for quarter in day.quarters if quarter.is_open]
    if not working:
        return ()
    return agent_lines(rng, opens_second=working[0], closes_second=working[-1] + QUARTER_MS // 1000)


def _second_of(line: Line) -> int:
    return line[0]


def _mood(day: Day, *, is_open: bool) -> Mood:
    if not is_open:
        return CLOSED
    return BAD_DAY if day.is_bad else WORKING
