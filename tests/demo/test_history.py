"""A made-up history: the same for the same seed, understood in whole, newest day first, and interruptible."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import chain, pairwise

import phonenumbers

from calltally.demo.company import ACCOUNT, AGENTS, ASTERISK, DEPARTMENTS, QUEUES, SIPGATE, directory
from calltally.demo.history import DayOfHistory, Plan, history, in_batches
from calltally.fold.records import records_from
from calltally.model.events import Event
from calltally.model.messages import RawMessage
from calltally.model.records import Records
from calltally.model.words import Direction, Outcome, VisitOutcome
from calltally.sources.asterisk.parse import parse as parse_line
from calltally.sources.sipgate.parse import parse as parse_push

PLAN = Plan(calls=2_500, days=30, until_ms=1_795_183_200_000, seed=3)
PARSERS: dict[str, Callable[[RawMessage], Sequence[Event]]] = {SIPGATE: parse_push, ASTERISK: parse_line}


def messages_of(days: Sequence[DayOfHistory]) -> list[RawMessage]:
    return [message for day in days for message in day.messages]


def folded(messages: Sequence[RawMessage], source: str) -> list[Records]:
    """Return the records of every flow; the last link of an event is the one that all its legs share."""
    flows: defaultdict[str, list[Event]] = defaultdict(list)
    of_leg: dict[str, str] = {}
    for event in chain.from_iterable(PARSERS[source](each) for each in messages if each.source == source):
        flow = of_leg.setdefault(event.links[0], event.links[-1])
        flows[flow].append(event)
    return [records_from(events, ()) for events in flows.values()]


def test_the_same_seed_makes_the_same_messages_and_another_makes_others() -> None:
    small = Plan(calls=60, days=5, until_ms=PLAN.until_ms, seed=1)
    other = Plan(calls=60, days=5, until_ms=PLAN.until_ms, seed=2)
    assert list(history(small)) == list(history(small))
    assert messages_of(list(history(small))) != messages_of(list(history(other)))


def test_a_history_goes_on_at_any_day() -> None:
    whole = list(history(PLAN))
    assert list(history(PLAN, first=12)) == whole[12:]
    assert list(history(PLAN, first=30)) == []


def test_the_newest_day_comes_first_and_no_message_is_from_the_future() -> None:
    days = list(history(PLAN))
    assert all(newer.on > older.on for newer, older in pairwise(days))
    assert max(message.received_at_us for message in messages_of(days)) < PLAN.until_ms * 1000
    assert abs(sum(day.calls for day in days) - 2_750) <= 1


def test_every_message_is_one_of_its_own_and_is_understood() -> None:
    messages = messages_of(list(history(PLAN)))
    assert len({message.identity for message in messages}) == len(messages)
    for message in messages:
        PARSERS[message.source](message)


def test_the_calls_of_sipgate_have_every_direction_and_come_to_an_end() -> None:
    calls = [records.call for records in folded(messages_of(list(history(PLAN))), SIPGATE)]
    known = [call for call in calls if call is not None]
    assert len(known) == len(calls)
    assert 2_450 <= len(known) <= 2_500  # those that would end in the future are left out
    assert not [call for call in known if call.is_open]
    assert {call.direction for call in known} == set(Direction)
    assert {Outcome.ANSWERED, Outcome.ABANDONED, Outcome.VOICEMAIL, Outcome.BUSY} <= {call.outcome for call in known}
    withheld = sum(call.caller_withheld for call in known) / len(known)
    assert 0.02 < withheld < 0.1
    callers = Counter(call.caller for call in known if call.direction is Direction.INBOUND and call.caller)
    assert callers.most_common(1)[0][1] >= 5


def test_the_lines_of_the_queues_give_visits_of_every_kind() -> None:
    plan = Plan(calls=30_000, days=60, until_ms=PLAN.until_ms, seed=5)
    found = folded(messages_of(list(history(plan))), ASTERISK)
    visits = [visit for records in found for visit in records.visits]
    assert {visit.queue for visit in visits} == set(QUEUES)
    assert {visit.agent for visit in visits if visit.agent} == {number for number, _ in AGENTS}
    missing = set(VisitOutcome) - {visit.outcome for visit in visits}
    assert missing == {VisitOutcome.IN_PROGRESS, VisitOutcome.UNKNOWN}
    answered = [visit for visit in visits if visit.outcome is VisitOutcome.ANSWERED]
    assert all(visit.talk_ms and visit.ring_ms and visit.wait_ms is not None for visit in answered)
    for visit in answered:
        assert visit.answered_at_ms is not None
        assert visit.left_at_ms is not None
        assert visit.answered_at_ms - visit.entered_at_ms == visit.wait_ms
        assert visit.left_at_ms - visit.answered_at_ms == visit.talk_ms
    assert not [records for records in found if records.call is not None and records.call.is_open]


def test_batches_hold_every_message_once_and_in_order() -> None:
    days = list(history(PLAN))
    batches = list(in_batches(days, 500))
    assert list(chain.from_iterable(batches)) == messages_of(days)
    assert max(map(len, batches)) < 1_000


def test_the_directory_names_every_group_user_and_own_number() -> None:
    names = directory()
    assert [group.group_id for group in names.groups] == [group.group_id for group in DEPARTMENTS]
    assert all(user.user_id.startswith(ACCOUNT + "w") for user in names.users)
    assert {number for group in names.groups for number in group.numbers} <= set(names.numbers)
    assert len({user.name for user in names.users}) == len(names.users)


def test_every_number_is_one_that_could_be_dialled() -> None:
    calls = [records.call for records in folded(messages_of(list(history(PLAN))), SIPGATE)]
    numbers = {number for call in calls if call is not None for number in (call.caller, call.callee) if number}
    numbers |= set(directory().numbers)
    impossible = [number for number in numbers if not phonenumbers.is_possible_number(phonenumbers.parse(number))]
    assert impossible == []
