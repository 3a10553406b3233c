"""What a leg adds up to when the source's own history says more, or something else, than its pushes."""

from dataclasses import replace

import pytest

from calltally.model.events import LegSettled
from calltally.model.words import AnswerSource, Direction, End, Outcome
from tests.fold.leg_stories import START_MS, heard, leg_in

SETTLED = LegSettled(
    source="sipgate",
    at_ms=START_MS + 300_000,
    sequence=0,
    tie=99,
    leg_id="A",
    links=("c:A",),
    started_at_ms=START_MS,
    ended_at_ms=START_MS + 60_000,
    outcome=Outcome.ANSWERED,
    direction=Direction.INBOUND,
    caller="+491",
    callee="+492",
)


def lasting(began_s: int, ended_s: int | None) -> LegSettled:
    """Return a history of other times, in seconds from the start; `None` for one without an end."""
    ended_at_ms = None if ended_s is None else START_MS + ended_s * 1000
    return replace(SETTLED, started_at_ms=START_MS + began_s * 1000, ended_at_ms=ended_at_ms)


@pytest.mark.parametrize(
    ("story", "settled", "outcome", "answered_s", "ended_s", "end"),
    [
        ("0 start, 5 answer w4", SETTLED, Outcome.ANSWERED, 5, 60, End.ESTIMATED),
        ("0 start, 5 answer w4, 65 end normal", SETTLED, Outcome.ANSWERED, 5, 65, End.KNOWN),
        ("0 start, 5 answer w4, 66 end normal", SETTLED, Outcome.ANSWERED, 5, 66, End.KNOWN),
        ("0 start, 5 answer w4, 71 end normal", SETTLED, Outcome.ANSWERED, 5, 60, End.ESTIMATED),
        ("0 start, 70 answer w4", SETTLED, Outcome.ANSWERED, 70, 130, End.ESTIMATED),
        ("0 start, 70 end cancelled", SETTLED, Outcome.ANSWERED, 10, 70, End.KNOWN),
        ("0 start, 61 end cancelled", SETTLED, Outcome.ANSWERED, None, 61, End.KNOWN),
        ("0 start", SETTLED, Outcome.ANSWERED, None, 60, End.ESTIMATED),
        ("0 start", replace(SETTLED, ended_at_ms=None), Outcome.ANSWERED, None, None, End.UNKNOWN),
        ("0 start, 90 gone", replace(SETTLED, ended_at_ms=None), Outcome.ANSWERED, None, 90, End.ESTIMATED),
        ("0 start, 9 end other", replace(SETTLED, outcome=Outcome.BUSY), Outcome.BUSY, None, 9, End.KNOWN),
        ("0 start, 9 end cancelled", replace(SETTLED, outcome=Outcome.BUSY), Outcome.ABANDONED, None, 9, End.KNOWN),
        ("0 start, 9 pick-up", replace(SETTLED, outcome=Outcome.VOICEMAIL), Outcome.VOICEMAIL, None, 60, End.ESTIMATED),
        ("0 start, 9 answer w4", replace(SETTLED, outcome=Outcome.VOICEMAIL), Outcome.ANSWERED, 9, 60, End.ESTIMATED),
        ("0 start", replace(SETTLED, outcome=None), Outcome.UNKNOWN, None, 60, End.ESTIMATED),
        # A hangup is late by more than 5 seconds, an answer that was lost lies 2 seconds or more behind the start.
        ("0 start, 5 answer w4, 70 end normal", SETTLED, Outcome.ANSWERED, 5, 70, End.KNOWN),
        ("0 start, 62 end cancelled", SETTLED, Outcome.ANSWERED, 2, 62, End.KNOWN),
        ("0 start, 60 answer w4", SETTLED, Outcome.ANSWERED, 60, 60, End.ESTIMATED),
        # Nothing ends before it begins, whatever another clock says.
        ("0 start", lasting(-61, -1), Outcome.ANSWERED, None, 0, End.ESTIMATED),
        ("0 start, 50 answer w4", lasting(60, 30), Outcome.ANSWERED, 50, 50, End.ESTIMATED),
        ("10 gone", lasting(20, None), Outcome.ANSWERED, None, 20, End.ESTIMATED),
    ],
)
def test_the_history_mends_what_pushes_left_out_or_got_wrong(
    story: str, settled: LegSettled, outcome: Outcome, answered_s: int | None, ended_s: int | None, end: End
) -> None:
    leg = leg_in([*heard(story), settled])
    assert (leg.outcome, leg.end) == (outcome, end)
    assert leg.answered_at_ms == (None if answered_s is None else START_MS + answered_s * 1000)
    assert leg.ended_at_ms == (None if ended_s is None else START_MS + ended_s * 1000)


def test_a_leg_of_which_only_the_history_is_known_is_a_leg() -> None:
    leg = leg_in([SETTLED])
    assert (leg.started_at_ms, leg.ended_at_ms, leg.direction) == (START_MS, START_MS + 60_000, Direction.INBOUND)
    assert (leg.outcome, leg.answer_source, leg.answered_at_ms) == (Outcome.ANSWERED, AnswerSource.REPORTED, None)
    assert (leg.caller, leg.callee, leg.agent) == ("+491", "+492", None)


@pytest.mark.parametrize(
    ("story", "settled", "source"),
    [
        ("0 start, 5 answer w4", SETTLED, AnswerSource.OBSERVED),
        ("0 start", SETTLED, AnswerSource.REPORTED),
        ("0 start", replace(SETTLED, outcome=Outcome.NO_ANSWER), AnswerSource.REPORTED),
        ("0 start, 9 end busy", replace(SETTLED, outcome=Outcome.BUSY), AnswerSource.OBSERVED),
    ],
)
def test_a_leg_says_from_where_its_answer_is_known(story: str, settled: LegSettled, source: AnswerSource) -> None:
    assert leg_in([*heard(story), settled]).answer_source is source


@pytest.mark.parametrize(("outcome", "talk_ms"), [(Outcome.NO_ANSWER, 0), (Outcome.ANSWERED, None), (None, None)])
def test_a_leg_whose_end_nobody_knows_has_no_talk_only_if_surely_nobody_answered(
    outcome: Outcome | None, talk_ms: int | None
) -> None:
    leg = leg_in([*heard("0 start"), replace(SETTLED, ended_at_ms=None, outcome=outcome)])
    assert (leg.end, leg.talk_ms) == (End.UNKNOWN, talk_ms)
