"""Which visits the lines of one call id add up to."""

from dataclasses import replace

import pytest

from calltally.fold.visits import visit_records, visits_from
from calltally.model.events import QUEUE_CALL_EXPIRED
from calltally.model.records import NOTHING, QueueVisit
from tests.fold.queue_lines import CONNECT, ENTER, events, in_short

# What was heard, and what it adds up to:
# queue, outcome, seconds of entry-answer-end, seconds waited, rang, talked, agent, ended by.
CASES = {
    "the agent hung up": (
        (ENTER, CONNECT, "80 sales/Agent/1001 COMPLETEAGENT|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 agent"],
    ),
    "the caller hung up": (
        (ENTER, CONNECT, "80 sales/Agent/1001 COMPLETECALLER|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 caller"],
    ),
    "blind transfer": (
        (ENTER, CONNECT, "80 sales/Agent/1001 BLINDTRANSFER|7002|targets|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 blind_transfer"],
    ),
    "transfer as Asterisk 11 writes it": (
        (ENTER, CONNECT, "80 sales/Agent/1001 TRANSFER|7002|targets|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 blind_transfer"],
    ),
    "attended transfer to a bridge": (
        (ENTER, CONNECT, "80 sales/Agent/1001 ATTENDEDTRANSFER|BRIDGE|7a1c|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 attended_transfer"],
    ),
    "attended transfer to an application": (
        (ENTER, CONNECT, "80 sales/Agent/1001 ATTENDEDTRANSFER|APP|VoiceMail|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 attended_transfer"],
    ),
    "attended transfer to a linked channel has six values": (
        (ENTER, CONNECT, "80 sales/Agent/1001 ATTENDEDTRANSFER|LINK|SIP/a-1|SIP/b-2|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 attended_transfer"],
    ),
    "attended transfer of a kind nobody knows": (
        (ENTER, CONNECT, "80 sales/Agent/1001 ATTENDEDTRANSFER|MOON|x"),
        ["sales answered 0-9-80 9 4 ? Agent/1001 attended_transfer"],
    ),
    "abandoned": ((ENTER, "30 sales ABANDON|1|1|30"), ["sales abandoned 0-?-30 30 ? ? ? ?"]),
    "abandoned with an empty wait": ((ENTER, "30 sales ABANDON|1|1|"), ["sales abandoned 0-?-30 ? ? ? ? ?"]),
    "abandoned during the announcement to the member": (
        (ENTER, "30 sales/Agent/1001 ABANDON|1|1|30"),
        ["sales abandoned 0-?-30 30 ? ? ? ?"],
    ),
    "abandoned while a member rang": (
        (ENTER, "30 sales/Agent/1001 RINGCANCELED|2000", "30 sales ABANDON|1|1|30"),
        ["sales abandoned 0-?-30 30 ? ? ? ?"],
    ),
    "the channels could not be joined": (
        (ENTER, "30 sales/Agent/1001 SYSCOMPAT", "30 sales ABANDON|1|1|30"),
        ["sales abandoned 0-?-30 30 ? ? ? ?"],
    ),
    "timeout": ((ENTER, "20 sales EXITWITHTIMEOUT|1|1|20"), ["sales timeout 0-?-20 20 ? ? ? ?"]),
    "timeout as Asterisk 1.4 writes it": ((ENTER, "20 sales EXITWITHTIMEOUT|1"), ["sales timeout 0-?-20 ? ? ? ? ?"]),
    "key": ((ENTER, "5 sales EXITWITHKEY|3|1|1|5"), ["sales exit_with_key 0-?-5 5 ? ? ? ?"]),
    "taken out by somebody": ((ENTER, "5 sales WITHDRAW|1|1|5|moved"), ["sales withdrawn 0-?-5 5 ? ? ? ?"]),
    "empty queue, told by Asterisk": ((ENTER, "4 sales EXITEMPTY|1|1|4"), ["sales leaveempty 0-?-4 4 ? ? ? ?"]),
    "empty queue, told by Asterisk and by Wazo": (
        (ENTER, "4 sales EXITEMPTY|1|1|4", "4 sales LEAVEEMPTY"),
        ["sales leaveempty 0-?-4 4 ? ? ? ?"],
    ),
    "empty queue, told by Wazo alone": ((ENTER, "4 sales LEAVEEMPTY"), ["sales leaveempty 0-?-4 4 ? ? ? ?"]),
    "empty queue, told by both, and later by Wazo alone": (
        (
            ENTER,
            "4 sales EXITEMPTY|1|1|4",
            "4 sales LEAVEEMPTY",
            "10 sales ENTERQUEUE||0612345001|1",
            "15 sales LEAVEEMPTY",
        ),
        ["sales leaveempty 0-?-4 4 ? ? ? ?", "sales leaveempty 10-?-15 5 ? ? ? ?"],
    ),
    "empty queue, told by Wazo alone and without an entry": (
        ("4 sales LEAVEEMPTY",),
        ["sales leaveempty 4-?-4 ? ? ? ? ?"],
    ),
    "emptied twice": (
        (
            ENTER,
            "4 sales EXITEMPTY|1|1|4",
            "4 sales LEAVEEMPTY",
            "4 sales ENTERQUEUE||0612345001|1",
            "6 sales EXITEMPTY|1|1|2",
            "6 sales LEAVEEMPTY",
        ),
        ["sales leaveempty 0-?-4 4 ? ? ? ?", "sales leaveempty 4-?-6 2 ? ? ? ?"],
    ),
    "full": (("0 sales FULL",), ["sales full 0-?-0 ? ? ? ? ?"]),
    "closed": (("0 sales CLOSED",), ["sales closed 0-?-0 ? ? ? ? ?"]),
    "nobody there": (("0 sales JOINEMPTY",), ["sales joinempty 0-?-0 ? ? ? ? ?"]),
    "too many for the agents": (("0 sales DIVERT_CA_RATIO",), ["sales divert_ca_ratio 0-?-0 ? ? ? ? ?"]),
    "too long a wait": (("0 sales DIVERT_HOLDTIME",), ["sales divert_waittime 0-?-0 ? ? ? ? ?"]),
    "the member hung up during his announcement": (
        (
            ENTER,
            "5 sales/Agent/1002 AGENTDUMP",
            "9 sales/Agent/1001 CONNECT|9|1795000002.8|4",
            "80 sales/Agent/1001 COMPLETEAGENT|9|71|1",
        ),
        ["sales answered 0-9-80 9 4 71 Agent/1001 agent"],
    ),
    "still waiting": ((ENTER,), ["sales in_progress 0-?-? ? ? ? ? ?"]),
    "still talking": ((ENTER, CONNECT), ["sales answered 0-9-? 9 4 ? Agent/1001 ?"]),
    "timeout, then another queue": (
        (ENTER, "20 sales EXITWITHTIMEOUT|1|1|20", "20 support ENTERQUEUE||0612345001|2", "33 support ABANDON|1|2|13"),
        ["sales timeout 0-?-20 20 ? ? ? ?", "support abandoned 20-?-33 13 ? ? ? ?"],
    ),
    "full, then another queue": (
        ("0 sales FULL", "0 support ENTERQUEUE||0612345001|1", "3 support ABANDON|1|1|3"),
        ["sales full 0-?-0 ? ? ? ? ?", "support abandoned 0-?-3 3 ? ? ? ?"],
    ),
    "the same queue again is a second visit": (
        (
            ENTER,
            "20 sales EXITWITHTIMEOUT|1|1|20",
            "20 sales ENTERQUEUE||0612345001|1",
            "25 sales/Agent/1001 CONNECT|5|1795000022.8|2",
            "35 sales/Agent/1001 COMPLETECALLER|5|10|1",
        ),
        ["sales timeout 0-?-20 20 ? ? ? ?", "sales answered 20-25-35 5 2 10 Agent/1001 caller"],
    ),
    "a blind transfer into the same queue is told after the new entry": (
        (
            "0 support ENTERQUEUE||0612345965|1",
            "1 support/Agent/1003 CONNECT|1|1795000000.8|1",
            "3 support ENTERQUEUE||0612345965|2",
            "3 support/Agent/1003 BLINDTRANSFER|support|targets|1|2|1",
            "8 support/Agent/1003 CONNECT|5|1795000006.9|2",
            "15 support/Agent/1003 COMPLETEAGENT|5|7|2",
        ),
        [
            "support answered 0-1-3 1 1 2 Agent/1003 blind_transfer",
            "support answered 3-8-15 5 2 7 Agent/1003 agent",
        ],
    ),
    "a wait that fits two entries equally well is that of the newer": (
        (ENTER, "10 sales ENTERQUEUE||0612345001|2", "30 sales ABANDON|1|1|25"),
        ["sales unknown 0-?-? ? ? ? ? ?", "sales abandoned 10-?-30 25 ? ? ? ?"],
    ),
    "a timeout told after the entry it led to": (
        (ENTER, "20 sales ENTERQUEUE||0612345001|2", "20 sales EXITWITHTIMEOUT|1|1|20", "29 sales ABANDON|1|2|9"),
        ["sales timeout 0-?-20 20 ? ? ? ?", "sales abandoned 20-?-29 9 ? ? ? ?"],
    ),
    "the log begins after the entry": (
        ("9 sales/Agent/1001 CONNECT|9|1795000002.8|4", "80 sales/Agent/1001 COMPLETEAGENT|9|71|1"),
        ["sales answered 0-9-80 9 4 71 Agent/1001 agent"],
    ),
    "the log begins while they talk": (
        ("80 sales/Agent/1001 COMPLETEAGENT|9|71|1",),
        ["sales answered 0-9-80 9 ? 71 Agent/1001 agent"],
    ),
    "the log begins while the caller waits": (("30 sales ABANDON|1|1|30",), ["sales abandoned 0-?-30 30 ? ? ? ?"]),
    "the log begins while the caller waits, and a member has rung": (
        ("10 sales/Agent/1001 RINGNOANSWER|5000", "30 sales ABANDON|1|1|30"),
        ["sales abandoned 0-?-30 30 ? ? ? ?"],
    ),
    "figures that do not fit make nobody enter after the connection": (
        ("9 sales/Agent/1001 CONNECT|5|1795000002.8|4", "80 sales/Agent/1001 COMPLETEAGENT|5|60|1"),
        ["sales answered 9-9-80 5 4 60 Agent/1001 agent"],
    ),
    "figures that do not fit make nobody answer before the entry": (
        (ENTER, "80 sales/Agent/1001 COMPLETEAGENT|9|90|1"),
        ["sales answered 0-0-80 9 ? 90 Agent/1001 agent"],
    ),
    "the log does not hold the connection": (
        (ENTER, "80 sales/Agent/1001 COMPLETEAGENT|9|71|1"),
        ["sales answered 0-9-80 9 ? 71 Agent/1001 agent"],
    ),
    "the log does not hold the end of the first visit": (
        (ENTER, "40 support ENTERQUEUE||0612345001|1", "45 support ABANDON|1|1|5"),
        ["sales unknown 0-?-? ? ? ? ? ?", "support abandoned 40-?-45 5 ? ? ? ?"],
    ),
    "Asterisk 1.0: no positions, no ring, no figures in a transfer": (
        (
            "0 sales ENTERQUEUE||0612345001",
            "9 sales/Agent/1001 CONNECT|9",
            "80 sales/Agent/1001 TRANSFER|7002|targets",
        ),
        ["sales answered 0-9-80 9 ? ? Agent/1001 blind_transfer"],
    ),
    "a clock that was set while the caller waited": (
        (ENTER, "30 sales ABANDON|1|1|-3570"),
        ["sales abandoned 0-?-30 ? ? ? ? ?"],
    ),
    "a wait of fifty years is a clock as well": (
        (ENTER, "30 sales ABANDON|1|1|1600000000"),
        ["sales abandoned 0-?-30 ? ? ? ? ?"],
    ),
    "a wait of 366 days is the longest that can be": (
        (ENTER, "31622400 sales ABANDON|1|1|31622400"),
        ["sales abandoned 0-?-31622400 31622400 ? ? ? ?"],
    ),
    "a wait of 366 days and a second is none": (
        (ENTER, "31622401 sales ABANDON|1|1|31622401"),
        ["sales abandoned 0-?-31622401 ? ? ? ? ?"],
    ),
    "words of somebody's dialplan change nothing": (
        (ENTER, "7 sales SURVEY|5", "30 sales ABANDON|1|1|30", "31 sales/Agent/1001 WRAPUPSTART|2"),
        ["sales abandoned 0-?-30 30 ? ? ? ?"],
    ),
}


@pytest.mark.parametrize(("heard", "expected"), CASES.values(), ids=CASES.keys())
def test_the_lines_of_a_call_add_up_to_its_visits(heard: tuple[str, ...], expected: list[str]) -> None:
    assert [in_short(visit) for visit in visits_from(events(*heard))] == expected


def _only(*lines: str) -> QueueVisit:
    (visit,) = visits_from(events(*lines))
    return visit


def test_a_transfer_from_a_database_keeps_its_last_two_values_in_one_column() -> None:
    (end,) = events("80 sales/Agent/1001 ATTENDEDTRANSFER")
    joined = type(end)(
        source=end.source,
        at_ms=end.at_ms,
        sequence=9,
        tie=end.tie,
        name=end.name,
        call_ref=end.call_ref,
        links=end.links,
        queue=end.queue,
        agent=end.agent,
        data=("LINK", "SIP/a-1", "SIP/b-2", "9", "71|1"),
    )
    (visit,) = visits_from([*events(ENTER, CONNECT), joined])
    assert in_short(visit) == "sales answered 0-9-80 9 4 71 Agent/1001 attended_transfer"


def test_rings_without_an_answer_are_counted_in_their_own_visit() -> None:
    visits = visits_from(
        events(
            ENTER,
            "5 sales/Agent/1001 RINGNOANSWER|5000",
            "10 sales/Agent/1002 RINGNOANSWER|5000",
            "12 sales EXITWITHTIMEOUT|1|1|12",
            "12 support ENTERQUEUE||0612345001|1",
            "16 support/Agent/1003 RINGNOANSWER|4000",
            "20 support/Agent/1004 CONNECT|8|1795000017.9|3",
            "25 support/Agent/1004 COMPLETEAGENT|8|5|1",
        ),
    )
    assert [visit.no_answer_rings for visit in visits] == [2, 1]


def test_positions_are_those_of_entry_and_of_leaving() -> None:
    visit = _only("0 sales ENTERQUEUE||0612345001|4", "30 sales ABANDON|2|4|30")
    assert (visit.entered_position, visit.left_position) == (4, 2)


def test_the_position_of_entry_is_taken_from_the_end_if_the_entry_has_none() -> None:
    visit = _only("0 sales ENTERQUEUE||0612345001", "30 sales ABANDON|2|4|30")
    assert (visit.entered_position, visit.left_position) == (4, 2)


def test_the_key_is_the_one_that_was_pressed() -> None:
    assert _only(ENTER, "5 sales EXITWITHKEY|3|1|1|5").key == "3"


def test_the_name_of_the_caller_is_not_the_position() -> None:
    assert _only("0 sales ENTERQUEUE||0612345001|4|Ann Example").entered_position == 4


def test_the_id_of_a_visit_does_not_depend_on_what_was_before_it() -> None:
    later = ("20 support ENTERQUEUE||0612345001|1", "33 support ABANDON|1|1|13")
    (alone,) = visits_from(events(*later))
    first, second = visits_from([*events(ENTER, "20 sales EXITWITHTIMEOUT|1|1|20"), *events(*later)])
    assert second.visit_id == alone.visit_id
    assert first.visit_id != second.visit_id


def test_two_visits_of_one_queue_in_one_second_have_ids_of_their_own() -> None:
    visits = visits_from(
        events(ENTER, "0 sales EXITEMPTY|1|1|0", "0 sales ENTERQUEUE||0612345001|1", "0 sales EXITEMPTY|1|1|0"),
    )
    assert len({visit.visit_id for visit in visits}) == 2


def test_a_line_that_was_read_while_it_was_written_goes_once_it_is_whole() -> None:
    whole = events(ENTER, "30 sales ABANDON|1|1|30")
    part = events(ENTER, "30 sales ABANDON|1|1|3")
    assert visit_records([*part, *whole]) == visit_records(whole)
    assert visit_records([*whole, *events("0 sales ENTERQUEUE||0612")]) == visit_records(whole)


def test_a_call_that_waits_for_ever_is_given_up() -> None:
    records = visit_records(events(ENTER, f"43200 - {QUEUE_CALL_EXPIRED}"))
    assert [in_short(visit) for visit in records.visits] == ["sales unknown 0-?-? ? ? ? ? ?"]
    assert records.call is not None
    assert (records.call.is_open, records.call.outcome, records.call.ended_at_ms) == (False, "unknown", None)


def test_a_late_end_settles_a_call_that_was_given_up() -> None:
    settled = visit_records(events(ENTER, f"43200 - {QUEUE_CALL_EXPIRED}", "43300 sales ABANDON|1|1|43300"))
    assert [in_short(visit) for visit in settled.visits] == ["sales abandoned 0-?-43300 43300 ? ? ? ?"]


def test_lines_that_tell_of_no_visit_add_up_to_nothing() -> None:
    assert visit_records([]) is NOTHING
    assert visit_records(events("0 sales/Agent/1001 OUTCALL|ANSWER|17|35|0612345678")) is NOTHING
    assert visit_records(events("0 sales/Agent/1001 RINGNOANSWER|5000")) is NOTHING


@pytest.mark.parametrize(("lasted_ms", "wait_ms"), [(0, 0), (2_499, 2_000), (2_500, 3_000), (3_500, 4_000)])
def test_the_wait_of_an_emptied_queue_is_rounded_half_up_as_wazo_does(lasted_ms: int, wait_ms: int) -> None:
    entry, end = events("0 sales ENTERQUEUE||0612345001|1", "0 sales LEAVEEMPTY")
    (visit,) = visits_from([entry, replace(end, at_ms=end.at_ms + lasted_ms)])
    assert visit.wait_ms == wait_ms
