"""Reads one line of a queue_log, `epoch|callid|queue|agent|event|data1|data2|...`.

Lines about members, agents and the log itself are understood but tell of no call, so they give no event. Words that
nobody has documented are kept as events of their call: any dialplan may write its own.
"""

from json import loads

from calltally.model.events import QUEUE_CALL_EXPIRED, QueueEvent
from calltally.model.quick import quick
from calltally.model.words import LONGEST_NAME
from calltally.sources.asterisk.lines import LONGEST_LINE, second_in
from calltally.sources.source import BadMessageError, RawMessage

LONGEST_FIELD = LONGEST_NAME
"""Characters of a call id, a queue, an agent or an event's word."""

MOST_FIELDS = 200

_queue_event = quick(QueueEvent)

_NOBODY = frozenset({"", "NONE"})
_NO_CALL = frozenset({"", "NONE", "MANAGER", "CLI", "REALTIME"})

_OF_A_CALL = frozenset(
    {
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
        "WITHDRAW",
        "LEAVEEMPTY",
        "FULL",
        "CLOSED",
        "JOINEMPTY",
        "DIVERT_CA_RATIO",
        "DIVERT_HOLDTIME",
        "RINGNOANSWER",
        "RINGCANCELED",
    },
)

_OF_NO_CALL = frozenset(
    {
        "ADDMEMBER",
        "REMOVEMEMBER",
        "PAUSE",
        "UNPAUSE",
        "PAUSEALL",
        "UNPAUSEALL",
        "PENALTY",
        "RINGINUSE",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "AGENTCALLBACKLOGIN",
        "AGENTCALLBACKLOGOFF",
        "QUEUESTART",
        "CONFIGRELOAD",
    },
)


def parse(message: RawMessage) -> list[QueueEvent]:
    """Return the event of one line; an empty list for a line that tells of no call.

    The event's time is the line's own second; its place among the lines of that second comes from the time of receipt.

    Raises:
        BadMessageError: this is no line of a queue_log, or one that lacks what its word needs.
    """
    if message.headers and message.kind:
        return [_expired(message)]
    second, fields = _fields_of(message.body)
    _, call_ref, queue, agent, name, *data = fields
    if name in _OF_NO_CALL:
        return []
    if call_ref in _NO_CALL:
        if name in _OF_A_CALL:
            raise BadMessageError("the line tells of a call in a queue but names no call")
        return []
    is_nowhere = queue in _NOBODY
    if is_nowhere and name in _OF_A_CALL:
        raise BadMessageError("the line tells of a call in a queue but names no queue")
    if not name:
        raise BadMessageError("the line names no event")
    if len(data) == 1 and not data[0]:  # the bar that ends an event without parameters
        data = []
    return [
        _queue_event(
            source=message.source,
            at_ms=second * 1000,
            sequence=message.received_at_us - second * 1_000_000,
            tie=message.digest,
            name=name,
            call_ref=call_ref,
            links=("c:" + call_ref,),
            queue=None if is_nowhere else queue,
            agent=None if agent in _NOBODY else agent,
            data=tuple(data),
        ),
    ]


def _fields_of(body: bytes) -> tuple[int, list[str]]:
    r"""Return the second and all fields of a line.

    Bytes that are no UTF-8 are kept as `\xe4`, so that different names stay different.
    """
    line = body.rstrip(b"\r\n")
    if len(line) > LONGEST_LINE:
        raise BadMessageError(f"the line is longer than {LONGEST_LINE} bytes")
    text = line.decode("utf-8", "backslashreplace")
    if "\0" in text:
        raise BadMessageError("the line holds NUL bytes, as a crash of the machine leaves them")
    fields = text.split("|")
    second = second_in(fields[0])
    if second is None:
        raise BadMessageError("the line does not begin with a time in whole seconds since 1970 and a bar")
    if "\n" in text:
        raise BadMessageError("the message holds more than one line")
    if len(fields) < 5:  # noqa: PLR2004  the fixed fields
        raise BadMessageError("the line ends before its five fields time, call, queue, agent and event are complete")
    if len(line) > LONGEST_FIELD:
        if max(map(len, fields[:5])) > LONGEST_FIELD:
            raise BadMessageError(f"a call id, queue, agent or event is longer than {LONGEST_FIELD} characters")
        if len(fields) > MOST_FIELDS:
            raise BadMessageError(f"the line has more than {MOST_FIELDS} fields")
    return second, fields


def _expired(message: RawMessage) -> QueueEvent:
    """Return the event by which calltally itself says that it no longer waits for the end of a call."""
    if message.kind != "expired":
        raise BadMessageError("a message of this kind cannot come from a queue_log")
    try:
        told = loads(message.body)
    except (ValueError, RecursionError) as problem:
        raise BadMessageError("the message is no JSON") from problem
    call_ref = told.get("callId") if isinstance(told, dict) else None
    if not isinstance(call_ref, str) or not 0 < len(call_ref) <= LONGEST_FIELD or not call_ref.isprintable():
        raise BadMessageError("the message names no call in callId")
    at_ms, rest_us = divmod(message.received_at_us, 1000)
    return _queue_event(
        source=message.source,
        at_ms=at_ms,
        sequence=rest_us,
        tie=message.digest,
        name=QUEUE_CALL_EXPIRED,
        call_ref=call_ref,
        links=("c:" + call_ref,),
        queue=None,
        agent=None,
        data=(),
    )
