"""The genuine recording gives exactly the visits that an independent reader saw in it, whatever way it is read."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from calltally.sources.asterisk.lines import raw_messages
from tests.sources.asterisk.recording import LOG, folded, is_understood, records_of, rows_of, truth, visits_of

BYTES = LOG.read_bytes()
LINES = BYTES.splitlines(keepends=True)
MESSAGES = list(raw_messages(LINES))
RECORDS = {call: record for call, record in folded(MESSAGES).items() if record.call is not None}

# Calls which re-enter the queue that they leave, move on within a second, or leave an empty queue.
BUSY_CALLS = ("1795175634.1170", "1795175500.912", "1795175576.1068", "1795175181.124", "1795175090.4")
BUSY_MESSAGES = [message for message in MESSAGES if any(f"|{call}|".encode() in message.body for call in BUSY_CALLS)]


def test_the_visits_are_exactly_those_of_the_independent_reader() -> None:
    assert rows_of(visits_of(RECORDS)) == truth()


def test_every_visit_that_was_entered_has_ended() -> None:
    assert Counter(visit.outcome for visit in visits_of(RECORDS)) == {
        "answered": 151,
        "abandoned": 58,
        "full": 38,
        "timeout": 36,
        "exit_with_key": 19,
        "closed": 16,
        "joinempty": 9,
        "divert_waittime": 8,
        "divert_ca_ratio": 5,
        "withdrawn": 1,
        "leaveempty": 1,
    }


def test_each_of_the_307_call_ids_is_one_ended_inbound_call() -> None:
    calls = [record.call for record in RECORDS.values() if record.call is not None]
    assert len(calls) == 307
    assert all(call.direction == "inbound" and not call.is_open for call in calls)


def test_visit_ids_are_unique() -> None:
    ids = [visit.visit_id for visit in visits_of(RECORDS)]
    assert len(set(ids)) == len(ids)


def test_the_file_read_twice_gives_the_same_messages() -> None:
    assert [message.identity for message in raw_messages(LINES)] == [message.identity for message in MESSAGES]
    assert len({message.identity for message in MESSAGES}) == len(LINES)


@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_order_and_repeats_of_lines_do_not_matter(random: Random, repeats: int) -> None:
    shuffled = BUSY_MESSAGES * (repeats + 1)
    random.shuffle(shuffled)
    assert folded(shuffled) == {call: RECORDS[call] for call in BUSY_CALLS}


@given(st.integers(0, len(BYTES)))
def test_a_log_that_is_read_while_it_grows_gives_the_same_in_the_end(size: int) -> None:
    early = list(raw_messages(BYTES[:size].splitlines(keepends=True)))
    unfinished = early.pop() if early and BYTES[:size][-1:] != b"\n" else None
    assert [message.identity for message in early] == [message.identity for message in MESSAGES[: len(early)]]
    if unfinished is not None and is_understood(unfinished):
        records = folded([*MESSAGES, unfinished])
        assert {call: record for call, record in records.items() if record.call is not None} == RECORDS


def test_lines_of_another_system_give_the_same() -> None:
    windows = [line.replace(b"\n", b"\r\n") for line in LINES]
    blank = [part for line in LINES for part in (line, b"\n", b"  \r\n")]
    assert records_of(windows) == RECORDS
    assert records_of(blank) == RECORDS
