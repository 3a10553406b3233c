"""Every folder under cases/ tells what happened on the phones, and what it adds up to in any order and with repeats.

`messages.jsonl` is a journal; `records.json` holds the fields that matter, instants in seconds from the first message.
"""

import json
import random
from pathlib import Path
from typing import Any

import pytest

import calltally.sources.sipgate
from calltally.fold.records import records_from
from calltally.model.events import Event
from calltally.model.instants import instant_us
from calltally.model.messages import RawMessage
from calltally.model.records import Call, Leg
from calltally.sources.sipgate import SOURCE

CASES = sorted((Path(calltally.sources.sipgate.__file__).parent / "cases").iterdir())


def messages_of(case: Path) -> list[RawMessage]:
    lines = (case / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        RawMessage(
            source=line["source"],
            received_at_us=instant_us(line["received_at"]),
            headers=line["headers"],
            body=line["body"].encode(),
        )
        for line in map(json.loads, lines)
    ]


def events_of(messages: list[RawMessage]) -> list[Event]:
    return [event for message in messages for event in SOURCE.parse(message)]


def seen(record: Call | Leg, name: str, start_ms: int) -> object:
    """Return a field as records.json writes it."""
    if name.endswith("_at"):
        instant_ms = getattr(record, name + "_ms")
        return None if instant_ms is None else (instant_ms - start_ms) / 1000
    if name.endswith("_seconds"):
        length_ms = getattr(record, name.removesuffix("_seconds") + "_ms")
        return None if length_ms is None else length_ms / 1000
    value = getattr(record, name)
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case_adds_up_to_its_records_in_any_order_and_with_repeats(case: Path) -> None:
    messages = messages_of(case)
    expected: dict[str, Any] = json.loads((case / "records.json").read_text(encoding="utf-8"))
    events = events_of(messages)
    records = records_from(events)
    start_ms = messages[0].received_at_us // 1000

    assert records.call is not None
    assert {name: seen(records.call, name, start_ms) for name in expected["call"]} == expected["call"]
    assert len(records.legs) == len(expected["legs"])
    for leg, wanted in zip(records.legs, expected["legs"], strict=True):
        assert {name: seen(leg, name, start_ms) for name in wanted} == wanted
    shuffled = [*events, *events[1:]]
    random.Random(case.name).shuffle(shuffled)  # noqa: S311  an order, no secret
    assert records_from(shuffled) == records


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_messages_of_a_case_are_one_flow(case: Path) -> None:
    groups: list[set[str]] = []
    for event in events_of(messages_of(case)):
        joined = set(event.links).union(*(group for group in groups if group & set(event.links)))
        groups = [group for group in groups if not group & joined] + [joined]
    assert len(groups) == 1
