"""A site whose groups, teams, queues and users have the oddest names, with everything a dashboard shows.

Two months of calls, calls that wait and talk at this moment, withheld numbers, teams that overlap, one without calls.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from calltally.app import Parts
from calltally.demo.company import TEAMS, directory
from calltally.demo.history import Plan, history, in_batches
from calltally.engine.teams import FILE_NAME
from calltally.model.directory import Directory
from calltally.model.instants import DAY_MS, Gap
from calltally.model.messages import RawMessage

NOW_MS = 1_795_000_000_000
"""2026-11-18 17:46:40 in Berlin."""
DAYS = 60
ODD_NAMES = (
    'O\'Brien & "Söhne"',
    "C:\\temp\\",
    "[[x]] ${y} $z %s {{q}}",
    "'); DROP VIEW report_calls; --",
    "__all__",
    "Other",
)
"""What people write into a field for a name, and what some write on purpose."""


ODD_QUEUE = 'o\'queue \\ "x" 100% [a]'


def odd_directory() -> Directory:
    """Return groups with odd names."""
    plain = directory()
    groups = tuple(replace(group, name=name) for group, name in zip(plain.groups, ODD_NAMES, strict=True))
    return replace(plain, groups=groups)


def odd_teams() -> dict[str, tuple[str, ...]]:
    """Return the numbers of teams with odd names; the first three overlap, the last has had no call."""
    numbers = [tuple("+" + number for number in numbers) for _, numbers in TEAMS]
    return dict(zip(ODD_NAMES[:5], (*numbers, ("+4930000001", "+4930000002")), strict=True))


def write_teams(folder: Path) -> None:
    """Write the teams where a site has them."""
    text = json.dumps([{"name": name, "numbers": numbers} for name, numbers in odd_teams().items()])
    (folder / FILE_NAME).write_text(text, encoding="utf-8")


def fill(parts: Parts, calls: int) -> None:
    """Let the site hear two months of calls, and what goes on at this moment."""
    ingest = parts.ingest()
    for batch in in_batches(history(Plan(calls=calls, days=DAYS, until_ms=NOW_MS - 60_000, seed=5)), 2_000):
        ingest.apply(batch)
    ingest.apply([*_now(), *_queued()])
    gap = Gap(
        source="sipgate", since_ms=NOW_MS - 3 * DAY_MS, until_ms=NOW_MS - 3 * DAY_MS + 900_000, reason="was 'away'"
    )
    with parts.store.write() as transaction:
        transaction.save_directory(odd_directory())
        transaction.save_teams(list(odd_teams().items()))
        transaction.add_gap(gap)


def _now() -> Iterator[RawMessage]:
    """Yield pushes of calls that are not over: waiting, in a talk, ringing elsewhere, and within the company."""
    to = {"user[]": 'Anna \\ "Quote" O\'Hara', "fullUserId[]": "7654321w0"}
    calls = (
        # seconds ago, call, way, caller, callee, seconds until somebody answers
        (50, "waits-1", "in", "4915112345678", "493023125200", None),
        (40, "waits-2", "in", "anonymous", "493023125100", None),
        (300, "talks-1", "in", "4915112345679", "496990009300", 12),
        (200, "talks-2", "out", "493023125200", "4915112345670", 8),
        (20, "rings-1", "out", "494066969400", "4915112345671", None),
    )
    for ago, call, way, caller, callee, answered in calls:
        base = {"callId": call, "xcid": f"x{call}", "direction": way, "from": caller, "to": callee}
        yield _push(ago, {"event": "newCall", **base, **to})
        if answered is not None:
            yield _push(ago - answered, {"event": "answer", **base, "user": "Anna", "fullUserId": "7654321w0"})


def _queued() -> Iterator[RawMessage]:
    """Yield lines of a queue_log: one caller waits in a queue with an odd name, another has left it unheard."""
    second = NOW_MS // 1000
    lines = (
        (90, "q1", "ENTERQUEUE||4915112345699|1"),
        (70, "q2", "ENTERQUEUE||anonymous|2"),
        (35, "q2", "ABANDON|2|2|35"),
    )
    for ago, call, event in lines:
        line = f"{second - ago}|{second}.{call}|{ODD_QUEUE}|NONE|{event}"
        yield RawMessage(source="asterisk", received_at_us=(second - ago) * 1_000_000, headers={}, body=line.encode())


def _push(seconds_ago: int, fields: dict[str, str]) -> RawMessage:
    received_at_us = (NOW_MS - seconds_ago * 1_000) * 1_000
    return RawMessage(source="sipgate", received_at_us=received_at_us, headers={}, body=urlencode(fields).encode())
