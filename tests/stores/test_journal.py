"""The journal, tokens and flows: identities, order, merging, and what was heard of each source."""

from dataclasses import replace

from calltally.model.directory import Directory, Group, User
from calltally.model.instants import Gap, Span
from calltally.model.messages import RawMessage
from calltally.store.asked import JournalEntry, SourceHealth
from calltally.store.store import Store
from tests.stores.samples import NOON_MS, flow, keep_new, message


def entry(
    number: int, *, flow_id: int | None = None, problem: str | None = None, source: str = "sipgate"
) -> JournalEntry:
    return JournalEntry(message=message(number, source=source), flow_id=flow_id, problem=problem, stored_at_us=7)


def append(store: Store, *entries: JournalEntry) -> None:
    with store.write() as transaction:
        transaction.append(entries)


def everything(store: Store) -> list[JournalEntry]:
    return list(store.journal(since_us=None, until_us=None, source=None))


def test_messages_are_kept_as_they_came(store: Store) -> None:
    bodies = [b"", b"\x00\xff", "ü".encode(), b"x" * 200_000]
    entries = [
        JournalEntry(
            message=RawMessage(source="sipgate", received_at_us=number, headers={"b": "2", "a": "é"}, body=body),
            flow_id=None,
            problem=None,
            stored_at_us=number,
        )
        for number, body in enumerate(bodies)
    ]
    append(store, *entries)
    assert everything(store) == entries
    assert [list(kept.message.headers) for kept in everything(store)] == [["b", "a"]] * 4


def test_a_message_that_comes_again_changes_nothing(store: Store) -> None:
    append(store, entry(1, flow_id=1), entry(2, flow_id=1))
    append(store, entry(1, flow_id=9, problem="other"), entry(3), entry(3))
    assert everything(store) == [entry(1, flow_id=1), entry(2, flow_id=1), entry(3)]
    assert store.health() == [
        SourceHealth(
            source="sipgate",
            received=3,
            set_aside=0,
            last_received_at_us=message(3).received_at_us,
            last_problem=None,
            last_problem_at_us=None,
        )
    ]


def test_known_tells_which_messages_are_there(store: Store) -> None:
    append(store, *(entry(number) for number in range(700)))
    with store.write() as transaction:
        asked = [message(number) for number in range(650, 1_000)]
        assert transaction.known(asked) == {message(number).identity for number in range(650, 700)}
        same_time = RawMessage(source="sipgate", received_at_us=message(1).received_at_us, headers={}, body=b"else")
        assert transaction.known([same_time]) == set()


def test_the_journal_can_be_read_in_part(store: Store) -> None:
    append(store, *(entry(number) for number in (3, 1, 2)), entry(1, source="asterisk"))
    first = message(1).received_at_us
    found = store.journal(since_us=first, until_us=first + 2, source=None)
    assert [(kept.message.source, kept.message.body) for kept in found] == [
        ("asterisk", b"message 1"),
        ("sipgate", b"message 1"),
        ("sipgate", b"message 2"),
    ]
    assert [kept.message.body for kept in store.journal(since_us=first + 1, until_us=None, source="sipgate")] == [
        b"message 2",
        b"message 3",
    ]


def test_health_tells_what_was_heard_of_each_source(store: Store) -> None:
    append(store, entry(5, problem="bad"), entry(6), entry(7, problem="worse"))
    append(store, entry(2, problem="older"), entry(1, source="asterisk"))
    asterisk, sipgate = store.health()
    assert (asterisk.received, asterisk.set_aside, asterisk.last_problem) == (1, 0, None)
    assert (sipgate.received, sipgate.set_aside, sipgate.last_problem) == (4, 3, "worse")
    assert (sipgate.last_received_at_us, sipgate.last_problem_at_us) == (message(7).received_at_us,) * 2


def test_set_aside_messages_can_be_taken_in_again(store: Store) -> None:
    append(store, *(entry(number, problem=f"problem {number}") for number in range(5)), entry(9))
    assert [kept.problem for kept in store.set_aside(2)] == ["problem 4", "problem 3"]
    assert [[each.body for each in batch] for batch in store.set_aside_messages(2)] == [
        [b"message 0", b"message 1"],
        [b"message 2", b"message 3"],
        [b"message 4"],
    ]
    with store.write() as transaction:
        transaction.forget([message(0), message(9)])
        transaction.append([entry(0, flow_id=3)])
    assert [kept.problem for kept in store.set_aside(9)] == [f"problem {number}" for number in (4, 3, 2, 1)]
    assert everything(store)[0] == entry(0, flow_id=3)
    assert (store.health()[0].received, store.health()[0].set_aside) == (6, 4)


def test_flows_are_found_by_their_tokens(store: Store) -> None:
    tokens = {f"sipgate|c:{number}": number // 2 for number in range(600)}
    with store.write() as transaction:
        transaction.link(tokens)
        assert transaction.flows_of([*tokens, "sipgate|c:none"]) == tokens
    with store.write() as transaction:
        transaction.link({"sipgate|c:0": 9})
        assert transaction.flows_of(["sipgate|c:0", "sipgate|c:1"]) == {"sipgate|c:0": 9, "sipgate|c:1": 0}
        assert transaction.flows_of([]) == {}


def test_flow_ids_are_never_used_twice(store: Store) -> None:
    with store.write() as transaction:
        first = [*transaction.new_flow_ids(3), *transaction.new_flow_ids(2)]
    with store.write() as transaction:
        second = list(transaction.new_flow_ids(1))
    assert first == sorted(set(first))
    assert second[0] > first[-1]


def test_merged_flows_hand_over_messages_and_tokens(store: Store) -> None:
    append(store, entry(2, flow_id=1), entry(1, flow_id=2), entry(3, flow_id=2, problem="late"), entry(4, flow_id=3))
    with store.write() as transaction:
        transaction.link({"s|a": 1, "s|b": 2, "s|c": 3})
        transaction.merge_flows(1, [1, 2])
        assert transaction.flows_of(["s|a", "s|b", "s|c"]) == {"s|a": 1, "s|b": 1, "s|c": 3}
        assert transaction.messages_of([1, 2, 3]) == {1: [message(1), message(2)], 3: [message(4)]}
    assert [kept.message for kept in store.journal_of(1)] == [message(1), message(2), message(3)]
    assert store.journal_of(2) == []


def test_unplaced_are_understood_messages_whose_flow_is_old_and_has_no_record(store: Store) -> None:
    entries = {number: entry(number, flow_id=number) for number in (5, 4, 3, 2, 1)}
    with store.write() as transaction:
        transaction.append([*entries.values(), entry(6, flow_id=3, problem="bad"), entry(7)])
        transaction.save([(2, 1, flow("2"))])
    unplaced = [entries[1], entries[3], entries[4], entry(7)]
    assert [each for batch in store.unplaced(5, 2) for each in batch] == unplaced
    assert list(store.unplaced(5, 4)) == [unplaced]

    with store.write() as transaction:
        transaction.place([replace(entries[1], flow_id=8), replace(entries[3], flow_id=None, problem="odd")])
        transaction.place([])
    assert list(store.unplaced(5, 9)) == [[entries[4], entry(7)]]
    assert [kept.problem for kept in store.set_aside(9)] == ["bad", "odd"]
    assert [kept.message for kept in store.journal_of(8)] == [message(1)]
    (health,) = store.health()
    assert (health.received, health.set_aside) == (7, 2)


def test_messages_of_one_microsecond_are_unplaced_one_after_the_other(store: Store) -> None:
    same = [replace(entry(1), message=replace(message(1), body=bytes([each]), digest=-1)) for each in range(5)]
    append(store, *same)
    found = [each.message.body for batch in store.unplaced(1, 2) for each in batch]
    assert sorted(found) == [each.message.body for each in same]


def test_small_values_are_kept(store: Store) -> None:
    with store.write() as transaction:
        transaction.set_value("token.a", b"1")
        transaction.set_value("token.b", b"\x00\xff")
        transaction.set_value("token_c", b"3")
        transaction.set_value("token.a", b"2")
    assert store.value("token.a") == b"2"
    assert store.values("token.") == {"token.a": b"2", "token.b": b"\x00\xff"}
    with store.write() as transaction:
        transaction.set_value("token.a", None)
    assert store.value("token.a") is None


def test_gaps_that_touch_a_range_are_found(store: Store) -> None:
    gaps = [
        Gap(source=None, since_ms=NOON_MS, until_ms=NOON_MS + 10, reason="calltally was down"),
        Gap(source="sipgate", since_ms=NOON_MS, until_ms=NOON_MS + 20, reason="no answer"),
        Gap(source=None, since_ms=NOON_MS + 30, until_ms=NOON_MS + 40, reason="calltally was down"),
    ]
    with store.write() as transaction:
        for gap in gaps:
            transaction.add_gap(gap)
        transaction.add_gap(gaps[2])
    assert store.gaps(Span(NOON_MS + 10, NOON_MS + 30)) == [gaps[1]]
    assert store.gaps(Span(NOON_MS + 9, NOON_MS + 31)) == gaps
    assert store.gaps(Span(-(2**62), 2**62)) == gaps


def test_the_directory_is_replaced_as_a_whole(store: Store) -> None:
    first = Directory(
        groups=(
            Group(source="sipgate", group_id="g2", name="Sales", numbers=("+492", "+491")),
            Group(source="sipgate", group_id="g1", name="Support", numbers=()),
        ),
        users=(User(source="sipgate", user_id="w1", name="Anna"),),
        numbers={"+492": "Hotline", "+491": ""},
    )
    assert store.directory() == Directory()
    with store.write() as transaction:
        transaction.save_directory(first)
    assert store.directory() == first
    assert list(store.directory().numbers) == ["+492", "+491"]
    with store.write() as transaction:
        transaction.save_directory(Directory())
    assert store.directory() == Directory()


def test_generation_changes_with_every_commit(store: Store) -> None:
    seen = [store.generation()]
    for number in range(3):
        append(store, entry(number))
        seen.append(store.generation())
    keep_new(store, [flow("1")])
    seen.append(store.generation())
    assert len(set(seen)) == len(seen)
    assert store.generation() == seen[-1]
