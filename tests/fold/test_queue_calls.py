"""Which call the visits of one call id make."""

import pytest

from calltally.fold.visits import caller_from, visit_records, visits_from
from calltally.model.records import Call
from tests.fold.queue_lines import CONNECT, ENTER, events, lasting, seconds


def _call(*lines: str) -> Call:
    call = visit_records(events(*lines)).call
    assert call is not None
    return call


CALLS = {
    # heard                                                         outcome, start-answer-end, wait, talk, agent, queue
    "answered": (
        (ENTER, CONNECT, "80 sales/Agent/1001 COMPLETEAGENT|9|71|1"),
        ("answered", 0, 9, 80, 9, 71, "Agent/1001", "sales"),
    ),
    "abandoned": ((ENTER, "30 sales ABANDON|1|1|30"), ("abandoned", 0, None, 30, 30, 0, None, "sales")),
    "timeout": ((ENTER, "20 sales EXITWITHTIMEOUT|1|1|20"), ("no_answer", 0, None, 20, 20, 0, None, "sales")),
    "full": (("0 sales FULL",), ("no_answer", 0, None, 0, 0, 0, None, "sales")),
    "key": ((ENTER, "5 sales EXITWITHKEY|3|1|1|5"), ("no_answer", 0, None, 5, 5, 0, None, "sales")),
    "waiting": ((ENTER,), ("in_progress", 0, None, None, None, 0, None, "sales")),
    "talking": ((ENTER, CONNECT), ("answered", 0, 9, None, 9, None, "Agent/1001", "sales")),
    "timeout, then abandoned elsewhere": (
        (ENTER, "20 sales EXITWITHTIMEOUT|1|1|20", "20 support ENTERQUEUE||0612345001|2", "33 support ABANDON|1|2|13"),
        ("abandoned", 0, None, 33, 33, 0, None, "sales"),
    ),
    "timeout, then answered elsewhere": (
        (
            ENTER,
            "20 sales EXITWITHTIMEOUT|1|1|20",
            "20 support ENTERQUEUE||0612345001|1",
            "26 support/Agent/1003 CONNECT|6|1795000023.9|3",
            "40 support/Agent/1003 COMPLETECALLER|6|14|1",
        ),
        ("answered", 0, 26, 40, 26, 14, "Agent/1003", "sales"),
    ),
    "answered, transferred, answered again": (
        (
            ENTER,
            CONNECT,
            "19 sales/Agent/1001 BLINDTRANSFER|support|targets|9|10|1",
            "19 support ENTERQUEUE||0612345001|1",
            "25 support/Agent/1003 CONNECT|6|1795000022.9|3",
            "40 support/Agent/1003 COMPLETECALLER|6|15|1",
        ),
        ("answered", 0, 9, 40, 9, 31, "Agent/1001", "sales"),
    ),
    "answered, transferred, gave up in the next queue": (
        (
            ENTER,
            CONNECT,
            "19 sales/Agent/1001 BLINDTRANSFER|support|targets|9|10|1",
            "19 support ENTERQUEUE||0612345001|1",
            "24 support ABANDON|1|1|5",
        ),
        ("answered", 0, 9, 24, 9, 15, "Agent/1001", "sales"),
    ),
    "answered, and turned away elsewhere before the end": (
        (ENTER, CONNECT, "19 support FULL", "80 sales/Agent/1001 COMPLETEAGENT|9|71|1"),
        ("answered", 0, 9, 80, 9, 71, "Agent/1001", "sales"),
    ),
    "answered first in the queue that was entered last": (
        (
            ENTER,
            "10 support ENTERQUEUE||0612345001|1",
            "20 support/Agent/1003 CONNECT|10|1795000012.9|2",
            "30 sales/Agent/1001 CONNECT|30|1795000022.8|4",
            "50 support/Agent/1003 COMPLETEAGENT|10|30|1",
            "80 sales/Agent/1001 COMPLETEAGENT|30|50|1",
        ),
        ("answered", 0, 20, 80, 20, 60, "Agent/1003", "sales"),
    ),
    "answered, though nobody knows when": (
        (ENTER, "80 sales/Agent/1001 TRANSFER|7002|targets"),
        ("answered", 0, None, 80, None, None, "Agent/1001", "sales"),
    ),
}


@pytest.mark.parametrize(("heard", "expected"), CALLS.values(), ids=CALLS.keys())
def test_the_visits_of_a_call_id_make_one_call(heard: tuple[str, ...], expected: tuple[object, ...]) -> None:
    call = _call(*heard)
    assert (
        call.outcome,
        seconds(call.started_at_ms),
        seconds(call.answered_at_ms),
        seconds(call.ended_at_ms),
        lasting(call.wait_ms),
        lasting(call.talk_ms),
        call.agent,
        call.queue,
    ) == expected
    assert call.direction == "inbound"
    assert call.answered_by == ("person" if call.outcome == "answered" else None)
    assert call.is_open == (call.ended_at_ms is None)
    assert call.visit_ids == tuple(visit.visit_id for visit in visits_from(events(*heard)))


@pytest.mark.parametrize(
    ("logged", "caller", "withheld"),
    [
        ("+49301234477", "+49301234477", False),
        ("+49 (30) 123-4477", "+49301234477", False),
        ("0612345001", "0612345001", False),
        ("004930123447", "004930123447", False),
        ("1864", "1864", False),
        ("+0123456789", "+0123456789", False),
        ("+12", "+12", False),
        ("sip:ann@example.org", "sip:ann@example.org", False),
        ("", None, True),
        ("anonymous", None, True),
        ("Anonymous", None, True),
        ("unknown", None, False),
        ("9" * 500, None, False),
    ],
)
def test_a_number_is_changed_only_where_it_is_surely_international(
    logged: str, caller: str | None, *, withheld: bool
) -> None:
    assert caller_from(logged) == (caller, withheld)


def test_a_call_that_was_never_let_in_has_an_unknown_caller_but_not_a_withheld_one() -> None:
    call = _call("0 sales FULL")
    assert (call.caller, call.caller_withheld) == (None, False)


def test_a_bar_in_the_url_does_not_make_it_the_caller() -> None:
    lines = ("0 sales ENTERQUEUE|http://crm.example/?a=1|b=2|0612345001|4", "30 sales ABANDON|2|4|30")
    assert _call(*lines).caller == "0612345001"
    (visit,) = visits_from(events(*lines))
    assert visit.entered_position == 4
