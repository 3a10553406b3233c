"""The genuine queue_log of this project's own Asterisk, and the visits that an independent reader saw in it."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from calltally.fold.visits import visit_records
from calltally.model.events import QueueEvent
from calltally.model.records import QueueVisit, Records
from calltally.sources.asterisk.lines import raw_messages
from calltally.sources.asterisk.parse import parse
from calltally.sources.source import BadMessageError, RawMessage

FOLDER = Path(__file__).parents[2] / "data" / "asterisk"
LOG = FOLDER / "queue_log"

Row = tuple[object, ...]


def truth() -> list[Row]:
    """Return the visits, sorted: call, queue, entry, end, status, wait, talk, agent, ended by, ring, rings."""
    with gzip.open(FOLDER / "truth_shared_queue_log.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    return sorted(
        (
            (
                row["callid"],
                row["queue"],
                row["enter"],
                row["end"],
                row["status"],
                row["wait"],
                row["talk"],
                row["agent"],
                row["ended_by"],
                row["ring"],
                row["ring_no_answer"],
            )
            for row in rows
        ),
        key=str,
    )


def rows_of(visits: Iterable[QueueVisit]) -> list[Row]:
    """Return visits as rows of the truth, sorted."""
    return sorted(
        (
            (
                visit.source_call_id,
                visit.queue,
                _seconds(visit.entered_at_ms),
                _seconds(visit.left_at_ms),
                str(visit.outcome),
                _seconds(visit.wait_ms),
                _seconds(visit.talk_ms),
                visit.agent,
                None if visit.ended_by is None else str(visit.ended_by),
                _seconds(visit.ring_ms),
                visit.no_answer_rings,
            )
            for visit in visits
        ),
        key=str,
    )


def records_of(lines: Iterable[bytes]) -> dict[str, Records]:
    """Return the records of each call id that lines tell of."""
    return folded(raw_messages(lines))


def folded(messages: Iterable[RawMessage]) -> dict[str, Records]:
    """Return the records of each call id that messages tell of, as ingest makes them."""
    flows: defaultdict[str, list[QueueEvent]] = defaultdict(list)
    for message in messages:
        for event in parse(message):
            flows[event.call_ref].append(event)
    return {call_ref: visit_records(events) for call_ref, events in flows.items()}


def is_understood(message: RawMessage) -> bool:
    """Whether a message is not set aside."""
    try:
        parse(message)
    except BadMessageError:
        return False
    return True


def visits_of(records: dict[str, Records]) -> list[QueueVisit]:
    """Return the visits of all records."""
    return [visit for record in records.values() for visit in record.visits]


def _seconds(milliseconds: int | None) -> int | None:
    if milliseconds is None:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    assert rest == 0, "the log knows whole seconds only"
    return seconds
