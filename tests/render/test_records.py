"""Records in their outside form: the contract's names, exact seconds, and CSV that spreadsheets leave alone."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.model.records import Call, Leg, QueueVisit
from calltally.model.words import AnsweredBy, AnswerSource, Direction, End, EndedBy, HangupCause, Outcome, VisitOutcome
from calltally.render.csv_lines import csv_line, csv_record
from calltally.render.records import NAMES, Kind, call_value, leg_value, seconds, visit_value

START_MS = 1_795_180_052_114


class Known:
    """One group and two teams, by number."""

    def group_of(self, own_numbers: tuple[str, ...], /) -> str | None:
        """Return the group of the first number."""
        return "g0" if "+4930123450" in own_numbers else None

    def teams_of(self, own_numbers: tuple[str, ...], /) -> tuple[str, ...]:
        """Return both teams or none."""
        return ("North", "Support") if "+4930123450" in own_numbers else ()


CALL = Call(
    source="sipgate",
    call_id="54576B15",
    direction=Direction.INBOUND,
    caller=None,
    caller_withheld=True,
    callee="+4930123450",
    own_numbers=("+4930123450",),
    started_at_ms=START_MS,
    answered_at_ms=START_MS + 12_345,
    ended_at_ms=None,
    wait_ms=12_345,
    talk_ms=None,
    outcome=Outcome.ANSWERED,
    answered_by=AnsweredBy.PERSON,
    voicemail=False,
    queue=None,
    agent="1234567w0",
    agent_name="Anna",
    trunk=None,
    leg_ids=("54576B15", "54576B16"),
    visit_ids=(),
    is_open=True,
    crashed=False,
)
LEG = Leg(
    source="sipgate",
    leg_id="54576B15",
    call_id="54576B15",
    direction=Direction.INBOUND,
    caller="+491713920001",
    caller_withheld=False,
    callee="+4930123450",
    answering_number=None,
    diversion=None,
    own_numbers=("+4930123450",),
    users=("1234567w0", "1234567w1"),
    answered_by_user="1234567w0",
    agent="1234567w0",
    answered_by=AnsweredBy.PERSON,
    trunk=None,
    room=None,
    queue=None,
    started_at_ms=START_MS,
    network_answered_at_ms=START_MS + 2_000,
    answered_at_ms=START_MS + 2_000,
    ended_at_ms=START_MS + 5_500,
    ring_ms=2_000,
    queue_wait_ms=None,
    talk_ms=3_500,
    outcome=Outcome.ANSWERED,
    hangup_cause=HangupCause.NORMAL,
    hangup_cause_raw="normalClearing",
    sip_code=None,
    voicemail=False,
    crashed=False,
    end=End.KNOWN,
    answer_source=AnswerSource.OBSERVED,
    transfer_type=None,
    transfer_target=None,
    recording_urls=(),
    linked_leg_id=None,
    metadata={"user_names": ["Anna", "Ben"], "dtmf": "1"},
)
VISIT = QueueVisit(
    source="asterisk",
    visit_id="1.1/sales/1",
    call_id="1.1",
    source_call_id="1.1",
    queue="sales",
    agent="Agent/1001",
    entered_at_ms=START_MS,
    answered_at_ms=START_MS + 7_000,
    left_at_ms=START_MS + 9_000,
    outcome=VisitOutcome.ANSWERED,
    wait_ms=7_000,
    ring_ms=0,
    talk_ms=2_000,
    ended_by=EndedBy.CALLER,
    no_answer_rings=2,
    entered_position=1,
    left_position=None,
    key=None,
)


def test_each_kind_has_the_names_of_the_contract_in_their_order() -> None:
    assert tuple(call_value(CALL, Known())) == NAMES[Kind.CALLS]
    assert tuple(leg_value(LEG, Known())) == NAMES[Kind.LEGS]
    assert tuple(visit_value(VISIT)) == NAMES[Kind.VISITS]


def test_a_call_is_told_with_group_teams_and_null_for_the_unknown() -> None:
    value = call_value(CALL, Known())
    assert value["started_at"] == "2026-11-20T13:07:32.114Z"
    assert value["wait_seconds"] == 12.345
    assert value["talk_seconds"] is None
    assert value["ended_at"] is None
    assert value["caller_withheld"] is True
    assert value["group"] == "g0"
    assert value["teams"] == ("North", "Support")
    elsewhere = call_value(replace(CALL, own_numbers=("+4930123459",)), Known())
    assert elsewhere["group"] is None
    assert elsewhere["teams"] == ()


def test_names_in_metadata_are_sorted_so_that_the_same_record_gives_the_same_bytes() -> None:
    assert list(leg_value(LEG, Known())["metadata"].items()) == [  # type: ignore[attr-defined]  # a mapping
        ("dtmf", "1"),
        ("user_names", ["Anna", "Ben"]),
    ]


@given(st.integers(0, 10**13))
def test_seconds_are_exact_to_the_millisecond(duration_ms: int) -> None:
    told = seconds(duration_ms)
    assert told is not None
    assert round(told * 1000) == duration_ms
    assert len(str(told).partition(".")[2]) <= 3


@pytest.mark.parametrize(
    ("content", "cell"),
    [
        (None, ""),
        (True, "true"),
        (3.5, "3.5"),
        ("+4930123450", "+4930123450"),
        ("+49 30 123450", "+49 30 123450"),
        (("a", "b"), "a; b"),
        ((), ""),
        ({}, ""),
        ({"a": [1]}, '{"a":[1]}'),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(1)", "'@SUM(1)"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("-3", "-3"),
        ('say "no"', 'say "no"'),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_cell_is_what_a_spreadsheet_should_show(content: object, cell: str) -> None:
    [[first, second]] = csv.reader(io.StringIO(csv_record({"a": content, "b": "end"})))
    assert (first, second) == (cell, "end")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=2, max_size=5))
def test_any_cells_come_back_from_their_line(cells: list[str]) -> None:
    assert next(csv.reader(io.StringIO(csv_line(cells), newline=""))) == cells
