"""What sets of leg events add up to: the defects of the known service, and the rules of legs and calls."""

from dataclasses import replace

import pytest

from calltally.fold.records import records_from
from calltally.model.events import LegEvent
from calltally.model.instants import Gap
from calltally.model.records import NOTHING
from calltally.model.words import AnsweredBy, AnswerSource, Direction, End, HangupCause, Outcome
from tests.fold.leg_stories import START_MS, call_in, event_of, heard, leg_in

CASES = [
    # heard                                                  outcome                wait s  talk s
    ("0 start w4, 12 answer w4, 95 end normal", Outcome.ANSWERED, 12, 83),
    ("0 start, 4 end cancelled", Outcome.ABANDONED, 4, 0),
    ("0 start, 4 end busy", Outcome.BUSY, 4, 0),
    ("0 start, 4 end declined", Outcome.NO_ANSWER, 4, 0),
    ("0 start, 4 end normal", Outcome.NO_ANSWER, 4, 0),
    ("0 start, 4 end unreachable", Outcome.FAILED, 4, 0),
    ("0 start, 4 end not_found", Outcome.FAILED, 4, 0),
    ("0 start, 4 end other", Outcome.UNKNOWN, 4, 0),
    ("0 start, 4 end forwarded", Outcome.UNKNOWN, 4, 0),
    ("95 end normal, 12 answer w4, 0 start", Outcome.ANSWERED, 12, 83),
    ("0 start, 12 answer w4, 14 answer w5", Outcome.ANSWERED, 12, None),
    ("0 start, 12 answer w4, 95 end normal, 99 end busy", Outcome.ANSWERED, 12, 83),
    ("0 start, 12 answer w4, 95 end busy", Outcome.ANSWERED, 12, 83),
    ("0 start, 12 answer w4, 95 end forwarded", Outcome.ANSWERED, 12, 83),
    ("0 start, 12 end normal, 15 answer w4", Outcome.ANSWERED, 12, 0),
    ("0 start mailbox, 1 pick-up, 30 end normal", Outcome.VOICEMAIL, 0, 0),
    ("0 start mailbox, 30 end cancelled", Outcome.VOICEMAIL, 0, 0),
    ("0 start mailbox", Outcome.IN_PROGRESS, None, None),
    ("0 start mailbox, 1 pick-up", Outcome.VOICEMAIL, 0, 0),
    ("0 start", Outcome.IN_PROGRESS, None, None),
    ("0 start, 3 digits", Outcome.IN_PROGRESS, None, None),
    ("0 start, 60 seen", Outcome.IN_PROGRESS, None, None),
    ("0 start, 60 gone", Outcome.UNKNOWN, 60, 0),
    ("0 start, 60 gone, 90 seen", Outcome.IN_PROGRESS, None, None),
    ("0 start, 60 gone, 90 end cancelled", Outcome.ABANDONED, 90, 0),
    ("0 start, 60 seen, 9000 expired", Outcome.UNKNOWN, None, None),
    ("0 start, 5 answer w4, 9000 expired", Outcome.ANSWERED, 5, None),
    ("0 start, 5 answer w4, 9000 expired, 9060 end normal", Outcome.ANSWERED, 5, 9055),
    ("0 start, 5 answer w4, 60 gone, 9000 expired", Outcome.ANSWERED, 5, 55),
]


@pytest.mark.parametrize(("story", "outcome", "wait_s", "talk_s"), CASES)
def test_one_leg_adds_up_to_its_call(story: str, outcome: Outcome, wait_s: int | None, talk_s: int | None) -> None:
    call = call_in(records_from(heard(story)))
    assert call.outcome is outcome
    assert call.wait_ms == (None if wait_s is None else wait_s * 1000)
    assert call.talk_ms == (None if talk_s is None else talk_s * 1000)
    assert call.is_open is (call.ended_at_ms is None and "expired" not in story)


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(HangupCause.CANCELLED, Outcome.ABANDONED), (HangupCause.DECLINED, Outcome.NO_ANSWER)],
)
def test_an_outbound_leg_that_was_cancelled_was_abandoned_by_its_caller_too(
    cause: HangupCause, outcome: Outcome
) -> None:
    assert leg_in(heard(f"0 start w4, 9 end {cause.value}", direction=Direction.OUTBOUND)).outcome is outcome


def test_nothing_adds_up_to_nothing() -> None:
    assert records_from([]) == NOTHING


def test_a_leg_of_which_only_lists_of_running_calls_spoke_is_no_record() -> None:
    assert records_from(heard("0 seen, 60 gone, 120 expired")) == NOTHING


def test_d01_times_are_exact_to_the_millisecond() -> None:
    leg = leg_in(heard("0 start, 7.251 answer w4, 67.502 end normal"))
    assert (leg.ring_ms, leg.talk_ms) == (7251, 60251)


def test_d02_an_answer_that_overtakes_the_start_is_not_lost() -> None:
    leg = leg_in(heard("1 answer w4, 1.2 start w3 w4, 61 end normal"))
    assert leg.outcome is Outcome.ANSWERED
    assert (leg.started_at_ms, leg.answered_at_ms) == (START_MS + 1000, START_MS + 1000)
    assert leg.users == ("w3", "w4")


def test_d03_a_repeated_answer_or_hangup_moves_nothing() -> None:
    once = leg_in(heard("0 start w4, 5 answer w4, 65 end normal"))
    again = leg_in(heard("0 start w4, 5 answer w4, 65 end normal, 1 start w4, 9 answer w4, 80 end normal"))
    assert again == once


def test_d04_an_unknown_cause_is_kept_and_closes_the_leg() -> None:
    leg = leg_in(heard("0 start, 9 end other"))
    assert (leg.end, leg.hangup_cause, leg.hangup_cause_raw) == (End.KNOWN, HangupCause.OTHER, "other")


@pytest.mark.parametrize("story", ["5 answer w4, 65 end normal", "5 answer w4", "65 end normal", "3 digits"])
def test_d05_a_lost_start_loses_nothing_else(story: str) -> None:
    records = records_from(heard(story))
    assert call_in(records).started_at_ms == START_MS + int(story[: story.index(" ")]) * 1000
    assert call_in(records).caller == "+491"


def test_d06_a_lost_hangup_is_settled_by_the_age_of_the_call() -> None:
    open_leg = leg_in(heard("0 start, 5 answer w4"))
    assert (open_leg.end, open_leg.ended_at_ms, open_leg.hangup_cause) == (End.OPEN, None, None)
    given_up = leg_in(heard("0 start, 5 answer w4, 43200 expired"))
    assert (given_up.end, given_up.ended_at_ms, given_up.hangup_cause) == (End.UNKNOWN, None, None)
    assert not given_up.crashed


DOWN = Gap(source=None, since_ms=START_MS + 20_000, until_ms=START_MS + 30_000, reason="stopped")


@pytest.mark.parametrize(
    ("story", "gap", "crashed"),
    [
        ("0 start, 5 answer w4", DOWN, True),
        ("0 start", DOWN, True),
        ("0 start, 5 answer w4", replace(DOWN, source="sipgate"), True),
        ("0 start, 5 answer w4", replace(DOWN, source="asterisk"), False),
        ("40 start, 45 answer w4", DOWN, False),
        ("0 start, 5 answer w4, 40 seen", DOWN, False),
        ("0 start, 40 answer w4", DOWN, False),
        ("0 start, 30 answer w4", DOWN, False),  # heard in the moment in which the gap was over
        ("0 start, 5 answer w4, 40 end normal", DOWN, False),
        ("0 start, 5 answer w4, 10 end normal", DOWN, False),
        ("0 start, 5 answer w4, 40 gone", DOWN, False),
        ("0 start, 5 answer w4, 40 expired", DOWN, False),
    ],
)
def test_d07_a_restart_marks_only_open_calls_of_which_nothing_was_heard_since(
    story: str,
    gap: Gap,
    crashed: bool,  # noqa: FBT001  a column of the table
) -> None:
    records = records_from(heard(story), (gap,))
    assert (records.legs[0].crashed, call_in(records).crashed) == (crashed, crashed)


def test_d07_a_call_of_which_another_leg_was_heard_since_is_not_crashed() -> None:
    events = [*heard("0 start, 5 answer w4"), *heard("40 start w5", "B", origin_leg_id="A")]
    records = records_from(events, (DOWN,))
    assert [leg.crashed for leg in records.legs] == [True, False]
    assert not call_in(records).crashed
    later = [*heard("0 start, 5 answer w4, 40 seen"), *heard("10 start w5", "B", origin_leg_id="A")]
    records = records_from(later, (DOWN,))
    assert [leg.crashed for leg in records.legs] == [False, True]
    assert not call_in(records).crashed


def test_d08_a_mailbox_leg_keeps_its_own_id_and_the_wait_ends_before_it() -> None:
    events = [
        *heard("0 start w4, 21 end forwarded", "A"),
        *heard("20.1 start mailbox, 20.4 pick-up, 45 end normal", "B", origin_leg_id="A"),
    ]
    records = records_from(events)
    assert [leg.leg_id for leg in records.legs] == ["A", "B"]
    assert records.legs[0].hangup_cause is HangupCause.FORWARDED
    assert call_in(records).outcome is Outcome.VOICEMAIL
    assert call_in(records).wait_ms == 20_100
    assert (records.legs[1].answered_at_ms, records.legs[1].network_answered_at_ms) == (None, START_MS + 20_400)
    assert records.legs[1].answered_by is None


def test_d09_forwarded_and_transferred_callers_count_once() -> None:
    forwarded = [*heard("0 start, 9 end forwarded"), *heard("9 start, 12 answer w5, 60 end normal", "B")]
    transferred = [*heard("0 start, 5 answer w4, 30 end normal"), *heard("20 start, 25 answer w5, 90 end normal", "B")]
    for events in (forwarded, transferred):
        records = records_from(events)
        assert call_in(records).leg_ids == ("A", "B")
        assert {leg.call_id for leg in records.legs} == {"flow"}


def test_d09_an_internal_call_counts_once_also_if_its_halves_are_heard_the_other_way_round() -> None:
    outward = heard("0.2 start w4, 6.1 answer, 66 end normal", "O", direction=Direction.OUTBOUND, origin_leg_id="O")
    inward = heard("0 start w5, 6 answer w5, 66.1 end normal", "I", origin_leg_id="O")
    call = call_in(records_from([*inward, *outward]))
    assert (call.direction, call.agent, call.wait_ms) == (Direction.INTERNAL, "w5", 6000)
    assert call.own_numbers == ("+492", "+491")


@pytest.mark.parametrize("told", [{"caller": "+491", "callee": "+492"}, {"caller": None, "caller_withheld": True}])
def test_d09_halves_of_an_internal_call_may_name_other_numbers(told: dict[str, object]) -> None:
    dialled = {"direction": Direction.OUTBOUND, "caller": "+4917", "callee": "104", "origin_leg_id": "O"}
    outward = heard("0 start w4, 6.1 answer, 66 end normal", "O", **dialled)
    inward = heard("0.1 start w5, 6 answer w5, 66.1 end normal", "I", origin_leg_id="O", **told)
    call = call_in(records_from([*outward, *inward]))
    assert (call.direction, call.agent, call.caller, call.callee) == (Direction.INTERNAL, "w5", "+4917", "104")


def test_d10_members_of_a_group_and_users_who_did_not_answer_are_kept() -> None:
    leg = leg_in(heard("0 start w3 w4 w5, 12 end cancelled", user_names=("Deniz", "Eva", "Jo")))
    assert leg.users == ("w3", "w4", "w5")
    assert leg.answered_by_user is None
    assert leg.metadata == {"user_names": ["Deniz", "Eva", "Jo"]}


def test_d12_legs_keep_their_ids_whatever_comes_later() -> None:
    first = records_from(heard("0 start w4"))
    later = records_from([*heard("0 start w4"), *heard("20 start mailbox", "B", origin_leg_id="A")])
    assert first.legs[0] == later.legs[0]


def test_an_inbound_answer_without_a_user_is_inferred_to_be_a_person() -> None:
    leg = leg_in(heard("0 start, 5 pick-up, 60 end normal"))
    assert (leg.outcome, leg.answered_by, leg.answer_source) == (
        Outcome.ANSWERED,
        AnsweredBy.PERSON,
        AnswerSource.INFERRED,
    )
    assert (leg.answered_by_user, leg.agent) == (None, None)


def test_what_picks_up_for_a_mailbox_is_heard_and_not_inferred() -> None:
    assert leg_in(heard("0 start mailbox, 1 pick-up, 30 end normal")).answer_source is AnswerSource.OBSERVED


def test_outbound_legs_have_an_agent_but_nobody_of_ours_who_answered() -> None:
    leg = leg_in(heard("0 start w4, 5 pick-up, 60 end normal", direction=Direction.OUTBOUND))
    assert (leg.agent, leg.answered_by_user, leg.answer_source) == ("w4", None, AnswerSource.OBSERVED)
    several = leg_in(heard("0 start w4 w5, 5 pick-up", direction=Direction.OUTBOUND))
    assert several.agent is None


def test_own_numbers_begin_with_the_number_that_was_dialled_first() -> None:
    inbound = leg_in(heard("0 start, 5 answer w4", diversion="+490", answering_number="+493"))
    assert inbound.own_numbers == ("+490", "+492", "+493")
    assert leg_in(heard("0 start", diversion="+492", answering_number="+492")).own_numbers == ("+492",)
    assert leg_in(heard("0 start", direction=Direction.OUTBOUND)).own_numbers == ("+491",)
    assert leg_in(heard("0 start", direction=Direction.OUTBOUND, caller=None)).own_numbers == ()


def test_of_two_phones_the_one_that_answered_first_counts_not_the_one_that_rang_first() -> None:
    events = [
        *heard("0 start w4, 20 answer w4, 60 end normal"),
        *heard("5 start w5, 10 answer w5, 90 end normal", "B", origin_leg_id="A"),
    ]
    call = call_in(records_from(events))
    assert (call.agent, call.wait_ms, call.talk_ms) == ("w5", 10_000, 80_000)


def test_a_withheld_caller_is_withheld_on_leg_and_call() -> None:
    records = records_from(heard("0 start, 5 end cancelled", caller=None, caller_withheld=True))
    assert (records.legs[0].caller, records.legs[0].caller_withheld) == (None, True)
    assert (call_in(records).caller, call_in(records).caller_withheld) == (None, True)


def test_what_the_start_left_out_is_taken_from_what_came_later() -> None:
    bare = event_of("0 start", 0, "A", {"caller": None, "callee": None, "direction": None})
    late = event_of("5 answer w4", 1, "A", {"diversion": "+490", "answering_number": "+493", "origin_leg_id": "O"})
    leg = leg_in([bare, late])
    assert (leg.caller, leg.callee, leg.diversion, leg.answering_number) == ("+491", "+492", "+490", "+493")
    assert (leg.direction, leg.linked_leg_id) == (Direction.INBOUND, "O")


def test_the_call_id_is_the_flow_else_the_origin_else_the_leg() -> None:
    (event,) = heard("0 start", "B", origin_leg_id="A")
    assert isinstance(event, LegEvent)
    assert call_in(records_from([event])).call_id == "flow"
    assert call_in(records_from([replace(event, links=("c:B", "c:A"))])).call_id == "A"
    assert call_in(records_from([replace(event, links=("c:B",), origin_leg_id=None)])).call_id == "B"


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_of_several_flows_or_origins_the_smallest_names_the_call(first: str, second: str) -> None:
    """Which comes first must not matter, and what comes later may bring a smaller one."""
    (one,) = heard("0 start", "A")
    (two,) = heard("1 start", "B")
    assert isinstance(one, LegEvent)
    assert isinstance(two, LegEvent)
    flows = [replace(one, links=("c:A", f"x:{first}")), replace(two, links=("c:B", f"x:{second}"))]
    assert call_in(records_from(flows)).call_id == "a"
    origins = [replace(one, links=("c:A",), origin_leg_id=first), replace(two, links=("c:B",), origin_leg_id=second)]
    assert call_in(records_from(origins)).call_id == "a"


def test_a_transfer_of_an_outbound_call_is_no_internal_call() -> None:
    outward = heard("0 start w4, 5 pick-up, 40 end normal", "O", direction=Direction.OUTBOUND, caller="+4911")
    inward = heard("30 start w5, 33 answer w5, 90 end normal", "I", origin_leg_id="O", caller="+492", callee="+4912")
    call = call_in(records_from([*outward, *inward]))
    assert (call.direction, call.agent, call.callee) == (Direction.OUTBOUND, "w4", "+492")
