"""Who waits, who talks, and since when the one who waits longest does."""

from dataclasses import replace

import pytest

from calltally.metrics.now import is_active, is_waiting, now_of, waiting_since_ms
from calltally.model.records import NOTHING, Call, QueueVisit, Records
from calltally.model.words import Direction, Outcome
from tests.metrics.ended import MISSED, RINGING, SERVED, START_MS, WAITING

TALKING = replace(RINGING, outcome=Outcome.ANSWERED, answered_at_ms=START_MS + 5_000)

CASES = [
    # call                                              visits                 waits  talks
    (RINGING, (), True, False),
    (replace(RINGING, voicemail=True), (), False, False),  # a mailbox does not keep anybody waiting
    (replace(RINGING, direction=Direction.OUTBOUND), (), False, False),
    (replace(RINGING, direction=Direction.INTERNAL), (), False, False),
    (TALKING, (), False, True),
    (replace(TALKING, direction=Direction.OUTBOUND), (), False, True),
    (TALKING, (SERVED,), False, True),
    (TALKING, (SERVED, WAITING), True, False),  # handed on into another queue
    (MISSED, (), False, False),
    (replace(TALKING, is_open=False), (), False, False),
]


@pytest.mark.parametrize(("call", "visits", "waits", "talks"), CASES)
def test_an_open_call_waits_or_talks_or_does_neither(
    call: Call, visits: tuple[QueueVisit, ...], *, waits: bool, talks: bool
) -> None:
    records = Records(call=call, visits=visits)
    assert (is_waiting(records), is_active(records)) == (waits, talks)


def test_nothing_neither_waits_nor_talks() -> None:
    assert not is_waiting(NOTHING)
    assert not is_active(NOTHING)


def test_who_was_handed_on_waits_since_the_entry_into_the_newest_queue() -> None:
    entered_ms = START_MS + 60_000
    assert waiting_since_ms(Records(call=RINGING)) == START_MS
    assert waiting_since_ms(Records(call=TALKING, visits=(SERVED, replace(WAITING, entered_at_ms=entered_ms)))) == (
        entered_ms
    )
    both = (WAITING, replace(WAITING, entered_at_ms=entered_ms))
    assert waiting_since_ms(Records(call=RINGING, visits=both)) == entered_ms


def test_the_oldest_of_those_who_wait_is_told_in_whatever_order_they_come() -> None:
    waiting = [Records(call=replace(RINGING, started_at_ms=START_MS + later_ms)) for later_ms in (5_000, 0, 9_000)]
    now = now_of([*waiting, Records(call=replace(TALKING, started_at_ms=0, crashed=True)), Records(call=MISSED)])
    assert (now.waiting_now, now.active_now, now.ringing_out, now.uncertain) == (3, 1, 0, 1)
    assert now.oldest_waiting_since_ms == START_MS
    assert now_of([]).oldest_waiting_since_ms is None
