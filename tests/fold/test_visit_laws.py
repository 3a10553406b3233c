"""What holds for any lines of a call, however senseless: the fold is total, and knows no order of arrival."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from calltally.fold.visits import visit_records
from calltally.model.events import QUEUE_CALL_EXPIRED, QueueEvent
from calltally.model.records import QueueVisit
from calltally.model.words import VisitOutcome
from tests.fold.queue_lines import events

WORDS = (
    "ENTERQUEUE",
    "CONNECT",
    "COMPLETEAGENT",
    "COMPLETECALLER",
    "TRANSFER",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "ABANDON",
    "EXITWITHTIMEOUT",
    "EXITWITHKEY",
    "EXITEMPTY",
    "LEAVEEMPTY",
    "WITHDRAW",
    "FULL",
    "CLOSED",
    "JOINEMPTY",
    "DIVERT_CA_RATIO",
    "DIVERT_HOLDTIME",
    "RINGNOANSWER",
    "RINGCANCELED",
    "AGENTDUMP",
    "SYSCOMPAT",
    "OUTCALL",
    QUEUE_CALL_EXPIRED,
)
DATA = st.lists(
    st.one_of(
        st.integers(-3, 40).map(str), st.sampled_from(["", "LINK", "BRIDGE", "APP", "99999999999", "x"]), st.text()
    ),
    max_size=7,
)
PLACES = st.sampled_from(["-", "sales", "support", "sales/Agent/1001", "sales/Agent/1002", "support/Agent/1001"])


@st.composite
def _lines(draw: st.DrawFn) -> list[QueueEvent]:
    second = 0
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 12))):
        second += draw(st.integers(0, 9))
        data = "|".join(text.replace("\n", " ") for text in draw(DATA))
        lines.append(f"{second} {draw(PLACES)} {draw(st.sampled_from(WORDS))}|{data}")
    return events(*lines)


@given(_lines(), st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(lines: list[QueueEvent], random: Random) -> None:
    shuffled = lines * 2
    random.shuffle(shuffled)
    assert visit_records(shuffled) == visit_records(lines)


@given(_lines())
def test_every_visit_is_consistent(lines: list[QueueEvent]) -> None:
    records = visit_records(lines)
    assert len({visit.visit_id for visit in records.visits}) == len(records.visits)
    for visit in records.visits:
        _is_consistent(visit)
    for one, two in pairwise(records.visits):
        assert one.entered_at_ms <= two.entered_at_ms
    assert sum(visit.left_at_ms is not None for visit in records.visits) == sum(_ends_a_visit(lines))


@given(_lines())
def test_the_call_is_consistent_with_its_visits(lines: list[QueueEvent]) -> None:
    records = visit_records(lines)
    call = records.call
    if call is None:
        assert records.visits == ()
        return
    assert call.visit_ids == tuple(visit.visit_id for visit in records.visits)
    assert (call.outcome == "answered") == any(visit.outcome == "answered" for visit in records.visits)
    assert call.outcome != "in_progress" or call.is_open
    assert not (call.is_open and call.ended_at_ms is not None)
    assert call.wait_ms is None or call.wait_ms >= 0
    assert call.talk_ms is None or call.talk_ms >= 0


def _is_consistent(visit: QueueVisit) -> None:
    instants = [at for at in (visit.entered_at_ms, visit.answered_at_ms, visit.left_at_ms) if at is not None]
    assert instants == sorted(instants)
    assert all(figure is None or figure >= 0 for figure in (visit.wait_ms, visit.ring_ms, visit.talk_ms))
    is_answered = visit.outcome is VisitOutcome.ANSWERED
    assert is_answered or (visit.answered_at_ms, visit.agent, visit.ended_by, visit.talk_ms) == (None,) * 4
    assert (visit.outcome is VisitOutcome.IN_PROGRESS) <= (visit.left_at_ms is None)


def _ends_a_visit(lines: list[QueueEvent]) -> list[bool]:
    """Return which lines must end a visit: every end and refusal, but no LEAVEEMPTY after its EXITEMPTY."""
    told: list[bool] = []
    emptied = dict.fromkeys(("sales", "support"), 0)
    for line in lines:
        if line.queue is None:
            continue
        repeated = line.name == "LEAVEEMPTY" and emptied[line.queue] > 0
        emptied[line.queue] += (line.name == "EXITEMPTY") - repeated
        told.append(line.name in WORDS[2:18] and not repeated)
    return told
