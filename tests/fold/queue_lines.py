"""Writes the lines of a queue's log shortly: `second queue/agent EVENT|data...`, seconds counted from `START`."""

from calltally.model.events import QueueEvent
from calltally.model.records import QueueVisit

START = 1_795_000_000
CALL = "1795000000.7"
ENTER = "0 sales ENTERQUEUE||0612345001|1"
CONNECT = "9 sales/Agent/1001 CONNECT|9|1795000002.8|4"


def events(*lines: str, call: str = CALL) -> list[QueueEvent]:
    """Return the events of the lines of one call, in the order of the log."""
    told: list[QueueEvent] = []
    for ordinal, line in enumerate(lines):
        second, place, rest = line.split(" ", 2)
        queue, _, agent = place.partition("/")
        name, *data = rest.split("|")
        told.append(
            QueueEvent(
                source="asterisk",
                at_ms=(START + int(second)) * 1000,
                sequence=ordinal,
                tie=hash_of(line),
                name=name,
                call_ref=call,
                links=("c:" + call,),
                queue=None if queue == "-" else queue,
                agent=agent or None,
                data=tuple(data),
            ),
        )
    return told


def hash_of(line: str) -> int:
    """Return a number that differs for lines that differ, the same in every run."""
    return int.from_bytes(line.encode(), "big") % (2**61 - 1)


def seconds(at_ms: int | None) -> int | None:
    """Return an instant in seconds from `START`."""
    return None if at_ms is None else at_ms // 1000 - START


def lasting(duration_ms: int | None) -> int | None:
    """Return a duration in seconds."""
    return None if duration_ms is None else duration_ms // 1000


def in_short(visit: QueueVisit) -> str:
    """Return a visit as one line: queue, outcome, entry-answer-end, waited, rang, talked, agent, who ended it."""
    times = "-".join(str(seconds(at) if at is not None else "?") for at in _instants(visit))
    figures = [lasting(visit.wait_ms), lasting(visit.ring_ms), lasting(visit.talk_ms)]
    shown = " ".join("?" if figure is None else str(figure) for figure in figures)
    return f"{visit.queue} {visit.outcome} {times} {shown} {visit.agent or '?'} {visit.ended_by or '?'}"


def _instants(visit: QueueVisit) -> tuple[int | None, int | None, int | None]:
    return visit.entered_at_ms, visit.answered_at_ms, visit.left_at_ms
