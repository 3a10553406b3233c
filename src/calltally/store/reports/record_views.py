"""Views of single records: calls, legs, queue visits, and what goes on now."""

from typing import Final

from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES, Measure
from calltally.metrics.now_sql import now_state_sql
from calltally.metrics.sql import literal_sql, measure_value_sql
from calltally.model.words import VisitOutcome
from calltally.store.reports.view import Column, View, duration, fixed, made, moment, plain, renamed

_IN_PROGRESS: Final = f"v.outcome = {literal_sql(VisitOutcome.IN_PROGRESS.value)}"
_OPEN_VISITS: Final = f"FROM visits v WHERE v.flow_id = c.flow_id AND {_IN_PROGRESS}"
_FLOW: Final = "The flow of messages that the record was made of; calls, legs and visits are joined by it."
_PERSONAL: Final = "in E.164 where it can be; NULL if withheld or not told"
_CALL_OUTCOME: Final = (
    "in_progress, answered, voicemail, abandoned (the caller gave up), no_answer, busy, failed or unknown."
)

_CALL: Final[tuple[Column, ...]] = (
    *plain("c.", flow_id=_FLOW, call_id="The source's own id of the call.", source="The phone system.",
           direction="inbound, outbound or internal, seen from the site.", caller=f"Who calls, {_PERSONAL}.",
           caller_withheld="1 if the caller did not show a number.", callee=f"Who is called, {_PERSONAL}."),
    *moment("c.", "started_at", "When the call began."),
    *moment("c.", "answered_at", "When a person or a software agent answered; NULL if nobody did."),
    *moment("c.", "ended_at", "When it ended; NULL while open."),
    *duration("c.", "wait", "Start to answer or to the mailbox; without either, to the end. NULL if unknown."),
    *duration("c.", "talk", "Answer to end; 0 if never answered, NULL if unknown."),
    *plain("c.", outcome=f"One of {_CALL_OUTCOME}",
           answered_by="person or software; NULL if nobody answered.", voicemail="1 if it ended in a mailbox.",
           is_open="1 if no end is known.", crashed="1 if calltally was down while it was open.",
           queue="The queue, if there was one.", agent="Who answered, or who placed an outbound call.",
           agent_name="The name of the agent.", trunk="The trunk.",
           lines_id="The set of own numbers that took part; see report_line_numbers.",
           leg_ids="Ids of the legs, a JSON list.", visit_ids="Ids of the queue visits, a JSON list."),
)  # fmt: skip

CALLS: Final = View(
    name="report_calls",
    help="Calls: one row for one conversation attempt, whatever number of legs, queues and transfers it has.",
    columns=_CALL,
    source=fixed("calls c"),
)

LEGS: Final = View(
    name="report_legs",
    help="Legs: one row for one party's connection.",
    columns=(
        *plain("l.", flow_id=_FLOW, leg_no="Its place among the legs of the call, from 0.",
               leg_id="The source's own id of the leg.", call_id="The call it belongs to.", source="The phone system.",
               direction="inbound, outbound or internal, as the source said.", caller=f"Who calls, {_PERSONAL}.",
               caller_withheld="1 if the caller did not show a number.", callee=f"Who is called, {_PERSONAL}.",
               answering_number="The number that answered.", diversion="The number it was diverted from.",
               own_numbers="Numbers of the site that took part, a JSON list.", users="Users who rang, a JSON list.",
               answered_by_user="The user who answered.", agent="The agent.", answered_by="person or software.",
               trunk="The trunk.", room="The room.", queue="The queue."),
        *moment("l.", "started_at", "When the leg began."),
        *moment("l.", "network_answered_at", "The pick-up of whatever picked up, a mailbox too."),
        *moment("l.", "answered_at", "When a person or a software agent was connected."),
        *moment("l.", "ended_at", "When it ended."),
        *duration("l.", "ring", "Start to pick-up, or to the end if nobody picked up."),
        *duration("l.", "queue_wait", "Wait in a queue."),
        *duration("l.", "talk", "Answer to end; 0 if never answered, NULL if unknown."),
        *plain("l.", outcome=f"forwarded, or one of {_CALL_OUTCOME}", hangup_cause="Why it ended.",
               hangup_cause_raw="Why it ended, as the source said.", sip_code="The SIP status code.",
               voicemail="1 for a mailbox.", crashed="1 if calltally was down while it was open."),
        renamed("l.", "end", "end_state", "How the end is known: known, estimated, unknown or open."),
        *plain("l.", answer_source="How the answer is known: observed, reported, inferred or unknown.",
               transfer_type="The kind of transfer.", transfer_target="Where it was transferred to.",
               recording_urls="Recordings, a JSON list.", linked_leg_id="The leg it is linked to.",
               metadata="What else the source said, as JSON."),
    ),
    source=fixed("legs l"),
)  # fmt: skip

VISITS: Final = View(
    name="report_visits",
    help="Queue visits: one row for one stay of a call in a queue.",
    columns=(
        *plain("v.", flow_id=_FLOW, visit_no="Its place among the visits of the call, from 0.",
               visit_id="Id of the visit.", call_id="The call it belongs to.",
               source_call_id="The id of the call in the queue's log.", source="The phone system.", queue="The queue.",
               agent="The member who answered."),
        *moment("v.", "entered_at", "When the caller entered the queue."),
        *moment("v.", "answered_at", "When a member answered; NULL if nobody did."),
        *moment("v.", "left_at", "When the visit ended; NULL while it goes on."),
        *plain("v.", outcome="answered, abandoned, timeout, full, closed, joinempty, leaveempty, divert_ca_ratio, "
               "divert_waittime, exit_with_key, withdrawn, in_progress or unknown."),
        *duration("v.", "wait", "Wait in the queue, as the source says."),
        *duration("v.", "ring", "Ringing at members."),
        *duration("v.", "talk", "Talk with the member."),
        *plain("v.", ended_by="agent, caller, blind_transfer, attended_transfer or NULL.",
               no_answer_rings="How often a member's phone rang in vain.",
               entered_position="Place in the queue at the beginning.", left_position="Place at the end."),
        renamed("v.", "key", "key_pressed", "The key by which the caller left."),
    ),
    source=fixed("visits v"),
)  # fmt: skip

OPEN_CALLS: Final = View(
    name="report_open_calls",
    help="Calls that go on now, as the Live page shows them. A call that calltally lost sight of has crashed = 1.",
    columns=(
        *(column for column in _CALL if column.name in {
            "flow_id", "call_id", "source", "direction", "caller", "caller_withheld", "callee", "crashed", "queue",
            "agent", "agent_name", "lines_id", "started_at", "started_at_ms", "answered_at", "answered_at_ms"}),
        made("state", "waiting, active, ringing (outbound, not answered yet) or other.",
             now_state_sql("c.", f"EXISTS (SELECT 1 {_OPEN_VISITS})")),
        made("waiting_since_ms", "When the caller began to wait where they wait now, milliseconds since 1970.",
             f"COALESCE((SELECT v.entered_at_ms {_OPEN_VISITS} ORDER BY v.visit_no DESC LIMIT 1), c.started_at_ms)"),
        made("own_number", "The first own number that took part.", lambda dialect: dialect.first("s.numbers")),
    ),
    source=fixed("calls c JOIN line_sets s ON s.lines_id = c.lines_id WHERE c.is_open = 1"),
)  # fmt: skip


def _measure(measure: Measure, prefix: str) -> Column:
    return made(measure.name, f"What it adds to this measure: {measure.help}.", measure_value_sql(measure, prefix))


CALL_MEASURES_OF_EACH: Final = View(
    name="report_call_measures",
    help="What each call adds to the roll-ups of calls: the same columns, one row for a call, for ranges that do not "
    "lie on quarter hours.",
    columns=(
        made("bucket_ms", "When the call began, milliseconds since 1970.", "c.started_at_ms"),
        *plain("c.", flow_id=_FLOW, source="The phone system.", direction="inbound, outbound or internal.",
               lines_id="The set of own numbers that took part."),
        *(_measure(measure, "c.") for measure in CALL_MEASURES),
    ),
    source=fixed("calls c"),
)  # fmt: skip

VISIT_MEASURES_OF_EACH: Final = View(
    name="report_visit_measures",
    help="What each queue visit adds to the roll-ups of visits, one row for a visit.",
    columns=(
        made("bucket_ms", "When the visit began, milliseconds since 1970.", "v.entered_at_ms"),
        *plain("v.", flow_id=_FLOW, source="The phone system.", queue="The queue."),
        *(_measure(measure, "v.") for measure in VISIT_MEASURES),
    ),
    source=fixed("visits v"),
)
