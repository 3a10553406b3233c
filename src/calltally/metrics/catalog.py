"""The catalog of every number: its name, its one formula, and what a person must know to read it.

Pages, API, exports, Prometheus and the command line ask for a number by its name and get this definition. Where the
field disagrees on a definition, each variant is a number of its own with the variant in its name and here.
"""

from typing import Final

from calltally.metrics.formula import Gauge, Maximum, Minus, Percentile, Plus, Ratio, Seconds, Sum
from calltally.metrics.measures import VISIT_OUTCOMES
from calltally.metrics.metric import Better, Metric, count_metric, seconds_metric
from calltally.model.words import Direction

_IN: Final = Direction.INBOUND
_OUT: Final = Direction.OUTBOUND
_INTERNAL: Final = Direction.INTERNAL


def _unanswered(direction: Direction | None) -> Minus:
    return Minus(Minus(Sum("calls", direction), Sum("answered", direction)), Sum("in_progress", direction))


def _mean(total: str, count: str, direction: Direction | None = None) -> Ratio:
    return Ratio(Seconds(Sum(total, direction)), Sum(count, direction))


_ANSWER = (
    "Answered means connected to a person or a software agent; a mailbox, an announcement or a queue is no answer."
)
_NOT_ANSWERED = "Calls that are over without an answer: given up, not picked up, busy, failed, and those in a mailbox."

_VOLUMES: Final = (
    count_metric(
        "calls",
        "Calls",
        Sum("calls"),
        "neither",
        "Every call once, whatever number of legs, queues and transfers it has.",
    ),
    count_metric("inbound_calls", "Inbound calls", Sum("calls", _IN), "neither", "Calls from outside, each once."),
    count_metric("outbound_calls", "Outbound calls", Sum("calls", _OUT), "neither", "Calls to the outside, each once."),
    count_metric(
        "internal_calls", "Internal calls", Sum("calls", _INTERNAL), "neither", "Calls between own phones, each once."
    ),
    count_metric("answered_calls", "Answered calls", Sum("answered"), "higher", _ANSWER),
    count_metric("answered_inbound_calls", "Answered inbound calls", Sum("answered", _IN), "higher", _ANSWER),
    count_metric("answered_outbound_calls", "Answered outbound calls", Sum("answered", _OUT), "higher", _ANSWER),
    count_metric("answered_internal_calls", "Answered internal calls", Sum("answered", _INTERNAL), "higher", _ANSWER),
    count_metric("unanswered_calls", "Unanswered calls", _unanswered(None), "lower", _NOT_ANSWERED),
    count_metric("unanswered_inbound_calls", "Unanswered inbound calls", _unanswered(_IN), "lower", _NOT_ANSWERED),
    count_metric("unanswered_outbound_calls", "Unanswered outbound calls", _unanswered(_OUT), "lower", _NOT_ANSWERED),
    count_metric(
        "unanswered_internal_calls", "Unanswered internal calls", _unanswered(_INTERNAL), "lower", _NOT_ANSWERED
    ),
)

_OUTCOMES: Final = (
    count_metric(
        "in_progress_calls",
        "Calls in progress",
        Sum("in_progress"),
        "neither",
        "Calls of the range that still ring or wait; neither answered nor unanswered yet.",
    ),
    count_metric(
        "voicemail_calls",
        "Voicemail calls",
        Sum("voicemail", _IN),
        "lower",
        "Inbound calls that ended in a mailbox, at once or after ringing, with or without a message.",
    ),
    count_metric(
        "abandoned_calls",
        "Calls given up",
        Sum("abandoned"),
        "lower",
        "Calls that the caller gave up before an answer.",
    ),
    count_metric(
        "abandoned_inbound_calls",
        "Incoming calls given up",
        Sum("abandoned", _IN),
        "lower",
        "Inbound calls that the caller gave up before an answer, in a queue or while it rang.",
    ),
    count_metric(
        "gave_up_calls",
        "Given up while it rang",
        Sum("gave_up", _IN),
        "lower",
        "Inbound calls that the caller gave up while it rang, without a queue.",
    ),
    count_metric(
        "no_answer_calls",
        "Not picked up",
        Sum("no_answer"),
        "lower",
        "Calls that rang until the phone system ended them.",
    ),
    count_metric("busy_calls", "Busy", Sum("busy"), "lower", "Calls that met a busy line."),
    count_metric("failed_calls", "Failed calls", Sum("failed"), "lower", "Calls that could not be put through."),
    count_metric(
        "unknown_calls",
        "Unknown outcome",
        Sum("unknown"),
        "lower",
        "Calls that are over and whose outcome the source did not tell.",
    ),
    count_metric(
        "open_calls",
        "Calls without an end",
        Sum("open_calls"),
        "neither",
        "Calls of the range whose end is not known: they go on, or their end was lost.",
    ),
    count_metric(
        "answered_by_software_calls",
        "Answered by software",
        Sum("answered_by_software"),
        "neither",
        "Answered calls that a software agent took; they are part of the answered calls.",
    ),
    count_metric(
        "withheld_calls",
        "Calls with a withheld number",
        Sum("withheld", _IN),
        "neither",
        "Inbound calls whose caller did not show a number.",
    ),
)

_RATES: Final = (
    Metric(
        name="answer_rate",
        title="Answer rate",
        unit="ratio",
        formula=Ratio(Sum("answered", _IN), Sum("calls", _IN)),
        better="higher",
        help=f"{_ANSWER} Calls in progress count as inbound calls.",
        variant="of all inbound calls",
    ),
    Metric(
        name="outbound_answer_rate",
        title="Outbound answer rate",
        unit="ratio",
        formula=Ratio(Sum("answered", _OUT), Sum("calls", _OUT)),
        better="higher",
        help="Outbound calls that somebody picked up. Calls in progress count as outbound calls.",
        variant="of all outbound calls",
    ),
    Metric(
        name="voicemail_share",
        title="Voicemail share",
        unit="ratio",
        formula=Ratio(Sum("voicemail", _IN), Sum("calls", _IN)),
        better="lower",
        help="Inbound calls that ended in a mailbox, of all inbound calls.",
    ),
    Metric(
        name="gave_up_rate",
        title="Gave up while it rang",
        unit="ratio",
        formula=Ratio(Sum("gave_up", _IN), Sum("calls", _IN)),
        better="lower",
        help="Inbound calls given up without a queue, of all inbound calls. Callers who gave up in a queue are in the "
        "abandonment rate.",
        variant="without queues",
    ),
    Metric(
        name="withheld_share",
        title="Withheld numbers",
        unit="ratio",
        formula=Ratio(Sum("withheld", _IN), Sum("calls", _IN)),
        better="neither",
        help="Inbound calls without a caller's number, of all inbound calls.",
    ),
    Metric(
        name="failed_share",
        title="Failed share",
        unit="ratio",
        formula=Ratio(Sum("failed"), Sum("calls")),
        better="lower",
        help="Calls of every direction that could not be put through, of all calls.",
    ),
    Metric(
        name="software_share",
        title="Answered by software",
        unit="ratio",
        formula=Ratio(Sum("answered_by_software"), Sum("answered")),
        better="neither",
        help="Answered calls that a software agent took, of all answered calls.",
    ),
)


_BIN_NOTE = "Read from a histogram, exact within 2 %."

_TIMES: Final = (
    seconds_metric(
        "asa",
        "Average speed of answer",
        _mean("answered_wait_ms", "answered_waits", _IN),
        "From the start of an inbound call to its answer, queues and ringing included; answered calls only.",
        variant="whole call, not per queue",
    ),
    seconds_metric(
        "average_wait",
        "Average wait",
        Ratio(
            Plus(Seconds(Sum("answered_wait_ms", _IN)), Seconds(Sum("unanswered_wait_ms", _IN))),
            Plus(Sum("answered_waits", _IN), Sum("unanswered_waits", _IN)),
        ),
        "From the start of an inbound call to its answer or to the mailbox; without either, to its end.",
        variant="answered or not",
    ),
    seconds_metric(
        "average_unanswered_wait",
        "Average wait without an answer",
        _mean("unanswered_wait_ms", "unanswered_waits", _IN),
        "From the start of an inbound call that nobody answered to the mailbox, else to its end.",
    ),
    *(
        seconds_metric(
            f"wait_p{share}",
            f"Wait of {share} %" if share != 50 else "Median wait",  # noqa: PLR2004  the median is 50 %
            Percentile("answered_wait", share / 100, _IN),
            f"{share} % of the answered inbound calls were answered within this time. {_BIN_NOTE}",
            variant="answered calls",
        )
        for share in (50, 90, 95)
    ),
    seconds_metric(
        "longest_wait",
        "Longest wait",
        Maximum("wait_ms", _IN),
        "The longest wait of an inbound call, answered or not.",
        variant="answered or not",
    ),
    seconds_metric(
        "average_talk_time",
        "Average talk time",
        _mean("talk_ms", "talks"),
        "From answer to end of answered calls of every direction that are over.",
        better="neither",
    ),
    *(
        seconds_metric(
            f"talk_p{share}",
            f"Talk time of {share} %" if share != 50 else "Median talk time",  # noqa: PLR2004  the median is 50 %
            Percentile("talk", share / 100),
            f"{share} % of the answered calls that are over lasted this long or shorter. {_BIN_NOTE}",
            better="neither",
        )
        for share in (50, 90)
    ),
    seconds_metric(
        "longest_talk",
        "Longest talk",
        Maximum("talk_ms"),
        "The longest talk of a call of any direction.",
        better="neither",
    ),
    seconds_metric(
        "talk_time",
        "Talk time",
        Seconds(Sum("talk_ms")),
        "All talk of answered calls together.",
        better="neither",
    ),
)

_VISIT_HELP: Final[dict[str, tuple[str, Better, str]]] = {
    "answered": ("Answered visits", "higher", "Queue visits that an agent answered, also when transferred later."),
    "abandoned": ("Abandoned visits", "lower", "Queue visits that the caller gave up while waiting."),
    "timeout": ("Timed out visits", "lower", "Queue visits that reached the queue's longest wait."),
    "full": ("Full", "lower", "Queue visits turned away because the queue was full."),
    "closed": ("Closed", "lower", "Queue visits turned away because the queue was closed."),
    "joinempty": ("Nobody there", "lower", "Queue visits turned away because no agent was there."),
    "leaveempty": ("Nobody left", "lower", "Queue visits ended because no agent was left."),
    "divert_ca_ratio": ("Diverted by ratio", "lower", "Queue visits diverted because of too many callers per agent."),
    "divert_waittime": ("Diverted by wait", "lower", "Queue visits diverted because of the expected wait."),
    "exit_with_key": ("Left with a key", "neither", "Queue visits that the caller left by pressing a key."),
    "withdrawn": ("Withdrawn visits", "neither", "Queue visits that somebody took out of the queue."),
    "in_progress": ("Waiting visits", "neither", "Queue visits of the range that still wait."),
    "unknown": ("Unknown end", "lower", "Queue visits whose end the source did not tell."),
}


def _visit(measure: str) -> Sum:
    return Sum(measure, None, "visit")


def _visit_outcome(outcome: str) -> Metric:
    title, better, explanation = _VISIT_HELP[outcome]
    return count_metric(f"{outcome}_visits", title, _visit(outcome), better, explanation)


_VISITS: Final = (
    count_metric(
        "offered_visits", "Offered visits", _visit("offered"), "neither", "Every stay of a call in a queue, each once."
    ),
    *(_visit_outcome(outcome.value) for outcome in VISIT_OUTCOMES),
    Metric(
        name="abandonment_rate",
        title="Abandonment rate",
        unit="ratio",
        formula=Ratio(_visit("abandoned"), _visit("offered")),
        better="lower",
        help="Queue visits that the caller gave up, of all offered; short waits count too.",
        variant="of offered visits, short ones included",
    ),
    Metric(
        name="visit_answer_rate",
        title="Answer rate of queues",
        unit="ratio",
        formula=Ratio(_visit("answered"), _visit("offered")),
        better="higher",
        help="Queue visits that an agent answered, of all offered.",
        variant="of offered visits",
    ),
    seconds_metric(
        "visit_asa",
        "Average speed of answer in queues",
        Ratio(Seconds(_visit("answered_wait_ms")), _visit("answered_waits")),
        "Wait in the queue of the answered visits whose wait is known.",
        variant="per queue visit",
    ),
    seconds_metric(
        "average_time_to_abandon",
        "Average time to abandon",
        Ratio(Seconds(_visit("abandoned_wait_ms")), _visit("abandoned_waits")),
        "Wait in the queue of the visits that the caller gave up and whose wait is known.",
    ),
    seconds_metric(
        "average_visit_wait",
        "Average wait in queues",
        Ratio(Seconds(_visit("wait_ms")), _visit("waits")),
        "Wait in the queue of all visits that waited, whatever their outcome.",
        variant="every outcome",
    ),
    seconds_metric(
        "average_visit_talk_time",
        "Average talk time from queues",
        Ratio(Seconds(_visit("talk_ms")), _visit("talks")),
        "Talk of the answered visits that are over.",
        better="neither",
    ),
    count_metric(
        "no_answer_rings",
        "Rings in vain",
        _visit("no_answer_rings"),
        "lower",
        "Times that a queue let an agent's phone ring and nobody picked up; several per visit are possible.",
    ),
)

_NOW: Final = (
    count_metric(
        "waiting_now",
        "Waiting now",
        Gauge("waiting"),
        "lower",
        "Open inbound calls whose caller waits in a queue or hears it ring; a mailbox does not wait.",
    ),
    count_metric(
        "active_now",
        "Active now",
        Gauge("active"),
        "neither",
        "Open calls of every direction that a person or a software agent has answered.",
    ),
)

METRICS: Final[tuple[Metric, ...]] = (*_VOLUMES, *_OUTCOMES, *_RATES, *_TIMES, *_VISITS, *_NOW)
"""Every metric, in the order of the documents."""

BY_NAME: Final = {metric.name: metric for metric in METRICS}


_LONGEST_SHOWN = 60


class UnknownMetricError(ValueError):
    """A name that is not in the catalog; the text says where all names are."""


def metric(name: str) -> Metric:
    """Return a metric by its name.

    Raises:
        UnknownMetricError: there is none of this name.
    """
    found = BY_NAME.get(name)
    if found is None:
        raise UnknownMetricError(
            f"There is no metric {name[:_LONGEST_SHOWN]!r}; /api/v1/metrics lists all {len(METRICS)}."
        )
    return found
