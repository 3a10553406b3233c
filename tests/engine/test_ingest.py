"""What becomes of messages: durable, folded, counted, whatever their order, repeats and restarts in between."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.engine.duties import Retention, keep_to_retention
from calltally.engine.flows import LONGEST_FLOW
from calltally.engine.ingest import reasons
from calltally.engine.placing import SEALED, TOO_LONG
from calltally.fold.records import records_from
from calltally.model.events import Event
from calltally.model.instants import DAY_MS, Gap, Span
from calltally.model.messages import BadMessageError, RawMessage
from calltally.model.records import Call, Records
from calltally.model.words import Direction, Outcome
from calltally.store.asked import Grain, Subject, SumQuestion
from calltally.store.store import StoreError
from tests.engine.ingest_world import BERLIN, START_US, STORY, World, answer, hangup, new_call, push
from tests.stores.samples import cells


def _calls(world: World) -> dict[str, Call]:
    return {call.call_id: call for call in world.store.all_calls(None, None)}


def _counted(world: World) -> int:
    span = Span(START_US // 1000 - DAY_MS, START_US // 1000 + DAY_MS)
    question = SumQuestion(subject=Subject.CALL, grain=Grain.QUARTER, measures=("calls",), span=_quarters(span))
    return sum(row.sums[0] for row in world.store.sums(question))


def _quarters(span: Span) -> Span:
    quarter = 15 * 60_000
    return Span(span.since_ms - span.since_ms % quarter, span.until_ms - span.until_ms % quarter + quarter)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_pushes_become_calls_that_are_counted_once(world: World) -> None:
    world.ingest.apply(STORY)
    calls = _calls(world)
    assert {key: call.outcome for key, call in calls.items()} == {
        "xA": Outcome.ANSWERED,
        "xB": Outcome.ABANDONED,
        "C": Outcome.VOICEMAIL,
        "flow": Outcome.NO_ANSWER,
    }
    assert (calls["xA"].wait_ms, calls["xA"].talk_ms) == (12_000, 83_000)
    assert calls["C"].leg_ids == ("C", "D")
    assert _counted(world) == 4
    assert world.differences() == []


def test_a_message_that_cannot_be_understood_is_kept_with_its_reason(world: World) -> None:
    applied = world.ingest.apply(STORY)
    assert list(reasons(applied).values()) == [1]
    (entry,) = world.store.set_aside(10)
    assert entry.message.body == b"event=ping&callId=Z"
    assert "ping" in (entry.problem or "")


def test_a_message_of_an_unknown_source_is_set_aside(world: World) -> None:
    applied = world.ingest.apply([replace(STORY[0], source="teletype", digest=-1)])
    assert list(reasons(applied)) == ["no phone system is called 'teletype'"]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_order_repeats_batches_and_restarts_change_nothing(data: st.DataObject) -> None:
    order = data.draw(st.permutations(STORY * 2))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=6)))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        straight, shuffled = World(Path(one)), World(Path(two))
        straight.ingest.apply(STORY)
        for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            shuffled.ingest.apply(order[begin:end])
            if data.draw(st.booleans()):
                shuffled.restart()
        assert shuffled.exported() == straight.exported()
        assert shuffled.differences() == []
        straight.store.close()
        shuffled.store.close()


def test_an_identical_message_imported_again_is_known(world: World) -> None:
    first = world.ingest.apply_new([*STORY, STORY[0]])
    again = world.ingest.apply_new(STORY)
    assert (len(first.messages), first.already_known) == (len(STORY), 1)
    assert (len(again.messages), again.already_known) == (0, len(STORY))


def test_rebuild_gives_the_same_bytes(world: World) -> None:
    world.ingest.apply(STORY)
    before = world.exported()
    progress: list[int] = []
    assert world.ingest.rebuild(progress.append) == 4
    assert world.exported() == before
    assert world.differences() == []
    assert progress == [4]


def test_rebuild_takes_in_what_a_mended_parser_understands(world: World) -> None:
    def broken(_message: RawMessage) -> Sequence[Event]:
        raise BadMessageError("a mistake of ours")

    mended = world.parse
    world.parse = broken
    world.ingest.apply(STORY[:3])
    assert _calls(world) == {}
    world.parse = mended
    world.ingest.rebuild(lambda _count: None)
    assert _calls(world)["xA"].talk_ms == 83_000
    assert world.store.set_aside(10) == []
    assert world.differences() == []


def _with_links(world: World, choose: Callable[[str], bool]) -> Callable[[RawMessage], Sequence[Event]]:
    """Return a parser whose events keep only those links, but always that of the leg itself."""
    healthy = world.parse

    def parse(message: RawMessage) -> Sequence[Event]:
        events = healthy(message)
        return [
            replace(
                each, links=tuple(link for link in each.links[:1] + each.links[1:] if choose(link)) or each.links[:1]
            )
            for each in events
        ]

    return parse


@pytest.mark.parametrize("kept", ["c:", "x:"])
def test_rebuild_joins_and_parts_calls_as_a_mended_parser_links_them(tmp_path: Path, kept: str) -> None:
    right, wrong = (World(Path(tempfile.mkdtemp(dir=tmp_path))) for _ in range(2))
    right.ingest.apply(STORY)
    healthy = wrong.parse
    wrong.parse = _with_links(wrong, lambda link: link.startswith(kept))
    wrong.ingest.apply(STORY)
    broken = wrong.exported()
    assert broken != right.exported()

    wrong.parse = healthy
    wrong.ingest.rebuild(lambda _count: None)
    assert wrong.exported() == right.exported()
    assert wrong.differences() == []
    assert cells(wrong.store) == cells(right.store)


def test_a_mended_parser_that_links_a_call_to_a_sealed_one_changes_neither(world: World) -> None:
    healthy = world.parse
    world.parse = _with_links(world, lambda _link: False)
    world.ingest.apply([new_call(0, "A"), hangup(9, "A", "cancel")])
    with world.store.write() as transaction:
        transaction.prune(messages_before_us=START_US + 10_000_000, records_before_ms=0)
    world.restart()
    world.ingest.apply([new_call(60, "F", xcid="", origCallId="A"), hangup(69, "F", "cancel", xcid="", origCallId="A")])
    before = world.exported()
    world.parse = healthy
    world.ingest.rebuild(lambda _count: None)
    assert world.exported() == before
    assert [call.leg_ids for call in world.store.all_calls(None, None)] == [("A",), ("F",)]
    assert world.store.set_aside(10) == []
    # Both are called after the leg in which they began; `verify` says so, for nothing can join them any more.
    assert len(world.differences()) == 1


def test_rebuild_gets_past_a_message_that_we_fail_on_and_takes_in_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = world.parse

    def broken(_message: RawMessage) -> Sequence[Event]:
        raise BadMessageError("a mistake of ours")

    def faulty(events: Iterable[Event], gaps: Sequence[Gap] = ()) -> Records:
        known = list(events)
        if any("c:B" in event.links for event in known):
            raise ZeroDivisionError
        return records_from(known, gaps)

    world.parse = broken
    world.ingest.apply([*STORY[:2], STORY[3]])
    world.parse = healthy
    monkeypatch.setattr("calltally.engine.placing.records_from", faulty)
    world.ingest.rebuild(lambda _count: None)
    assert list(_calls(world)) == ["xA"]
    (entry,) = world.store.set_aside(10)
    assert entry.message == STORY[3]
    assert "ZeroDivisionError" in (entry.problem or "")
    assert world.differences() == []


def test_a_fault_of_ours_sets_one_message_aside_and_stores_the_others(world: World) -> None:
    healthy = world.parse

    def faulty(message: RawMessage) -> Sequence[Event]:
        if b"callId=B&" in message.body:
            raise ZeroDivisionError
        return healthy(message)

    world.parse = faulty
    applied = world.ingest.apply(STORY[:5])
    assert [message.body[:30] for message, _ in applied.problems] == [STORY[3].body[:30], STORY[4].body[:30]]
    assert _calls(world)["xA"].outcome is Outcome.ANSWERED
    assert all("ZeroDivisionError" in problem for _, problem in applied.problems)


def test_two_processes_write_the_same_call(world: World) -> None:
    other = World(world.folder)
    world.ingest.apply([STORY[0]])
    other.ingest.apply([STORY[1]])
    world.ingest.apply([STORY[2]])
    other.store.close()
    assert _calls(world)["xA"].talk_ms == 83_000
    assert world.differences() == []


def test_a_message_after_the_retention_changes_no_record(world: World) -> None:
    world.ingest.apply(STORY[:3])
    before = world.exported()
    with world.store.write() as transaction:
        transaction.prune(messages_before_us=START_US + 10**12, records_before_ms=0)
    world.restart()
    applied = world.ingest.apply([hangup(97, "A")])
    assert list(reasons(applied)) == [SEALED]
    assert world.exported() == before
    assert world.differences() == []


def test_a_message_that_would_join_a_sealed_call_to_another_changes_neither(world: World) -> None:
    alone = {"xcid": "", "origCallId": ""}
    world.ingest.apply([new_call(0, "A", **alone), answer(5, "A", **alone), hangup(9, "A", **alone)])
    with world.store.write() as transaction:
        transaction.prune(messages_before_us=START_US + 10**12, records_before_ms=0)
    world.restart()
    world.ingest.apply([new_call(60, "F", **alone)])
    before = world.exported()
    applied = world.ingest.apply([hangup(69, "F", "cancel", xcid="", origCallId="A")])
    assert list(reasons(applied)) == [SEALED]
    assert world.exported() == before
    assert _counted(world) == 2
    assert world.differences() == []


def test_messages_that_retention_took_are_forgotten_in_memory_too(world: World) -> None:
    world.ingest.apply(STORY[:3])
    before = world.exported()
    keep_to_retention(
        world.store, world.ingest, Retention(journal_days=1, records_months=13), START_US // 1000 + 2 * DAY_MS, BERLIN
    )
    applied = world.ingest.apply([hangup(97, "A")])
    assert list(reasons(applied)) == [SEALED]
    assert world.exported() == before


def test_messages_that_retention_took_are_known_when_they_are_imported_again(world: World) -> None:
    world.ingest.apply_new(STORY[:3])
    before = world.exported()
    with world.store.write() as transaction:
        transaction.prune(messages_before_us=START_US + 100_000_000, records_before_ms=0)
    world.restart()
    late = hangup(101, "A")
    applied = world.ingest.apply_new([*STORY[:3], late])
    assert (applied.already_known, list(reasons(applied)), list(applied.messages)) == (3, [SEALED], [late])
    assert [entry.message for entry in world.store.set_aside(10)] == [late]
    assert world.exported() == before
    assert world.differences() == []


def test_what_is_imported_again_after_the_retention_is_counted_once(world: World) -> None:
    world.ingest.apply_new(STORY)
    before = cells(world.store)
    for _ in range(3):
        with world.store.write() as transaction:
            transaction.prune(messages_before_us=2**60, records_before_ms=2**50)
        world.restart()
        applied = world.ingest.apply_new(STORY)
        assert applied.already_known == len(STORY) - 1  # all but the one that is set aside
        assert [message for message, _ in applied.problems] == [STORY[-1]] == list(applied.messages)
        assert cells(world.store) == before
        assert world.exported() == []
        assert world.differences() == []
    world.ingest.rebuild(lambda _count: None)
    assert cells(world.store) == before
    assert world.differences() == []


def test_a_flow_without_end_is_cut_off(world: World) -> None:
    many = [push(number / 1000, "event=dtmf&dtmf=1&callId=A") for number in range(LONGEST_FLOW + 5)]
    applied = world.ingest.apply(many)
    assert reasons(applied) == {TOO_LONG: 5}


def test_a_store_that_fails_keeps_nothing_and_works_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> None:
        raise StoreError("the database is locked by another program")

    with monkeypatch.context() as broken:
        broken.setattr(world.store, "write", locked)
        with pytest.raises(StoreError):
            world.ingest.apply(STORY)
    assert _calls(world) == {}
    world.ingest.apply(STORY)
    assert len(_calls(world)) == 4
    assert world.differences() == []


def test_listeners_hear_what_changed_from_what_to_what(world: World) -> None:
    world.ingest.apply([STORY[0]])
    world.ingest.apply([STORY[1]])
    (change,) = world.applied[-1].changes
    assert change.old.call is not None
    assert change.new.call is not None
    assert (change.old.call.outcome, change.new.call.outcome) == (Outcome.IN_PROGRESS, Outcome.ANSWERED)
    assert change.new.call.direction is Direction.INBOUND
