"""Made-up conversations: each is pushed as sipgate pushes, and adds up to what was made up."""

from collections.abc import Sequence

import pytest

from calltally.demo import mood
from calltally.demo.chance import chance
from calltally.demo.company import PEOPLE
from calltally.demo.mood import Case
from calltally.demo.pushes import Conversation, conversation, conversation_of
from calltally.fold.records import records_from
from calltally.model.events import Event, LegEvent
from calltally.model.messages import RawMessage
from calltally.model.records import Records
from calltally.model.words import Direction, End, Outcome
from calltally.sources.sipgate.parse import parse

START_US = 1_763_634_000_000_000
MOODS = {"working": mood.WORKING, "bad day": mood.BAD_DAY, "closed": mood.CLOSED, "live": mood.LIVE}


def events_of(made_up: Conversation) -> list[Event]:
    messages = [
        RawMessage(source="sipgate", received_at_us=START_US + at_ms * 1000 + place, headers={}, body=body)
        for place, (at_ms, body) in enumerate(made_up.pushes)
    ]
    return [event for message in messages for event in parse(message)]


def folded(made_up: Conversation) -> Records:
    return records_from(events_of(made_up), ())


def legs_named(events: Sequence[Event]) -> set[str]:
    return {event.leg_id for event in events if isinstance(event, LegEvent)}


@pytest.mark.parametrize("case", list(Case))
@pytest.mark.parametrize("seed", range(12))
def test_every_conversation_folds_to_what_was_made_up(case: Case, seed: int) -> None:
    for mood_now in MOODS.values():
        made_up = conversation_of(case, chance(case, seed), mood_now)
        call = folded(made_up).call
        assert call is not None
        assert (call.direction, call.outcome) == (made_up.direction, made_up.outcome)
        assert call.talk_ms == made_up.talk_ms
        assert call.is_open is (made_up.lost_leg is not None)


@pytest.mark.parametrize("name", MOODS)
def test_a_drawn_conversation_belongs_to_one_flow_and_folds_to_what_was_made_up(name: str) -> None:
    rng = chance(name)
    for _ in range(300):
        made_up = conversation(rng, MOODS[name])
        call = folded(made_up).call
        assert call is not None
        assert (call.direction, call.outcome, call.talk_ms) == (made_up.direction, made_up.outcome, made_up.talk_ms)
        assert set(call.leg_ids) == legs_named(events_of(made_up))


@pytest.mark.parametrize("case", [Case.ANSWERED, Case.CALLED_OUT, Case.MAILBOX_AFTER_RINGING])
def test_a_lost_hangup_leaves_its_leg_open(case: Case) -> None:
    forgetful = mood.Mood(
        cases=(case,),
        weights=(1.0,),
        ring=mood.WORKING.ring,
        patience=mood.WORKING.patience,
        talk=mood.WORKING.talk,
        lost_share=1.0,
    )
    made_up = conversation(chance(4), forgetful)
    records = folded(made_up)
    assert [leg.leg_id for leg in records.legs if leg.end is End.OPEN] == [made_up.lost_leg]


def test_nothing_is_lost_and_nothing_lasts_long_on_the_live_board() -> None:
    rng = chance(9)
    for _ in range(500):
        made_up = conversation(rng, mood.LIVE)
        assert made_up.lost_leg is None
        assert made_up.length_ms < 12 * 60_000


def test_a_group_call_rings_at_several_phones_and_names_who_took_it() -> None:
    names = {person.name for person in PEOPLE}
    for seed in range(20):
        leg = folded(conversation_of(Case.ANSWERED, chance(seed), mood.WORKING)).legs[0]
        assert leg.answered_by_user in leg.users
        listed = leg.metadata["user_names"]
        assert isinstance(listed, list)
        assert set(listed) <= names


def test_the_caller_waits_until_the_person_answers_and_not_until_the_mailbox_does() -> None:
    call = folded(conversation_of(Case.MAILBOX_AFTER_RINGING, chance(1), mood.WORKING)).call
    assert call is not None
    assert call.voicemail
    assert call.wait_ms is not None
    assert 15_000 <= call.wait_ms <= 25_000


def test_conversations_come_in_every_way_and_direction() -> None:
    rng = chance(2)
    drawn = [conversation(rng, mood.WORKING) for _ in range(4_000)]
    assert {made_up.case for made_up in drawn} == set(Case)
    assert {made_up.direction for made_up in drawn} == set(Direction)
    answered = sum(made_up.outcome is Outcome.ANSWERED for made_up in drawn) / len(drawn)
    assert 0.7 < answered < 0.82


def test_the_same_seed_makes_the_same_bytes() -> None:
    assert conversation(chance(7), mood.WORKING) == conversation(chance(7), mood.WORKING)
    assert conversation(chance(7), mood.WORKING) != conversation(chance(8), mood.WORKING)
