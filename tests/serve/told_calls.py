"""Calls as a table tells them, pushed into a data folder as sipgate would have pushed them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from calltally.app import open_parts
from calltally.engine.heard import FIRST_START
from calltally.model.directory import Directory, Group
from calltally.model.instants import Gap
from calltally.model.messages import RawMessage
from calltally.settings import load
from tests.serve.service_world import OPEN

ZONE = ZoneInfo("Europe/Berlin")
SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One call: it rings for `rings` seconds, and then `ends` says what happens.

    Attributes:
        at: local time of its first push, `2026-11-02 08:10:00`.
        caller, callee: digits as sipgate sends them; `anonymous` for a withheld number.
        way: `in` or `out`.
        who: the person who is rung and answers; empty if the pushes name nobody.
        ends: `talks 120`, `gives_up`, `mailbox 25`, or `stays` for one whose end is never heard of.
    """

    at: str
    caller: str
    callee: str
    ends: str
    rings: float = 10
    way: str = "in"
    who: str = "Anna Arndt"


def us(local: str) -> int:
    """Return the microseconds since 1970 of a local time."""
    return round(datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp() * SECOND)


def pushes_of(told: Told, number: int) -> list[RawMessage]:
    """Return the pushes of a call."""
    start, ring = us(told.at), round(told.rings * SECOND)
    kind, _, seconds = told.ends.partition(" ")
    length = round(float(seconds or 0) * SECOND)
    first, second = f"C{number}", f"C{number}M"
    person = {"user[]": told.who, "fullUserId[]": "1234567w1"} if told.who else {}
    answering = {"user": told.who, "fullUserId": "1234567w1"} if told.who else {}
    events: list[tuple[int, dict[str, str]]] = [(start, {"event": "newCall", "callId": first, **person})]
    match kind:
        case "talks":
            events.append((start + ring, {"event": "answer", "callId": first, **answering}))
            end = {"event": "hangup", "callId": first, "cause": "normalClearing"}
            events.append((start + ring + length, end))
        case "gives_up":
            events.append((start + ring, {"event": "hangup", "callId": first, "cause": "cancel"}))
        case "mailbox":
            there = start + ring + SECOND // 10
            mailbox = {"callId": second, "diversion": told.callee}
            events += [
                (start + ring, {"event": "hangup", "callId": first, "cause": "forwarded"}),
                (there, {"event": "newCall", "user[]": "voicemail", **mailbox}),
                (there, {"event": "answer", **mailbox}),
                (there + length, {"event": "hangup", "cause": "normalClearing", **mailbox}),
            ]
        case _:
            pass
    return [_message(told, at_us, {**fields, "origCallId": first, "xcid": f"x{number}"}) for at_us, fields in events]


def _message(told: Told, at_us: int, fields: Mapping[str, str]) -> RawMessage:
    body = urlencode({"direction": told.way, "from": told.caller, "to": told.callee, **fields})
    return RawMessage(source="sipgate", received_at_us=at_us, headers={}, body=body.encode())


def fill(
    folder: Path,
    calls: Iterable[Told],
    *,
    groups: Sequence[tuple[str, str, tuple[str, ...]]] = (),
    teams: Mapping[str, tuple[str, ...]] | None = None,
    gaps: Sequence[Gap] = (),
    settings: str = OPEN,
    since: str = "2020-01-01 00:00:00",
) -> Path:
    """Fill a data folder, and return it.

    Args:
        folder: where.
        calls: what was heard.
        groups: id, name and numbers of each group of the phone system.
        teams: numbers of each team.
        gaps: when a source was not heard.
        settings: of the site.
        since: when calltally was started first.
    """
    folder.mkdir(exist_ok=True)
    (folder / "calltally.toml").write_text(settings)
    written = [{"name": name, "numbers": _with_plus(numbers)} for name, numbers in (teams or {}).items()]
    (folder / "teams.json").write_text(json.dumps(written))
    parts = open_parts(load(data=folder, environ={}))
    try:
        parts.ingest().apply([push for number, told in enumerate(calls, 1) for push in pushes_of(told, number)])
        with parts.store.write() as transaction:
            known = [
                Group(source="sipgate", group_id=key, name=name, numbers=_with_plus(of)) for key, name, of in groups
            ]
            transaction.save_directory(Directory(groups=tuple(known)))
            transaction.set_value(FIRST_START, str(us(since) // 1000).encode())
            for gap in gaps:
                transaction.add_gap(gap)
    finally:
        parts.store.close()
    return folder


def _with_plus(numbers: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"+{number}" for number in numbers)
