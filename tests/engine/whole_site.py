"""A site with something in every table: calls, queues, what was set aside, what retention left behind, and the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from calltally.app import Parts, clock_us, open_parts
from calltally.demo.company import directory, teams_file
from calltally.demo.history import Plan, history, in_batches
from calltally.engine.answers import Answer, By, Question
from calltally.engine.memberships import memberships_of
from calltally.engine.presence import Presence
from calltally.engine.teams import FILE_NAME
from calltally.engine.transfer import line_of
from calltally.metrics.catalog import METRICS
from calltally.metrics.formula import Gauge
from calltally.model.buckets import Unit
from calltally.model.instants import DAY_MS, Gap, Span
from calltally.model.messages import RawMessage
from calltally.render.records import call_value, leg_value, visit_value
from calltally.settings import load

NOW_MS = 1_795_000_000_000
DAYS = 70
SETTINGS = """\
[site]
name = "Nordlicht"
time_zone = "Europe/Berlin"
country = "DE"
[database]
url = "{url}"
[sources.sipgate]
check_signature = false
"""


@contextmanager
def opened(folder: Path, url: str) -> Iterator[Parts]:
    """Give the parts of a site whose database has an address."""
    folder.mkdir(exist_ok=True)
    (folder / "calltally.toml").write_text(SETTINGS.format(url=url.replace("\\", "\\\\")), encoding="utf-8")
    if not (folder / FILE_NAME).exists():
        (folder / FILE_NAME).write_text(teams_file(), encoding="utf-8")
    parts = open_parts(load(data=folder, environ={}))
    try:
        yield parts
    finally:
        parts.store.close()


def fill(parts: Parts, calls: int = 150) -> None:
    """Let a site hear some weeks of calls, of which the oldest have lost their messages, and some even their record."""
    ingest = parts.ingest()
    plan = Plan(calls=calls, days=DAYS, until_ms=NOW_MS, seed=3)
    for batch in in_batches(history(plan), 500):
        ingest.apply(batch)
    ingest.apply(
        [
            RawMessage(source="sipgate", received_at_us=NOW_MS * 1000 + number, headers={"x-odd": "ü'\"\\"}, body=body)
            for number, body in enumerate((b"event=nonsense", b"\xff\x00\xfe", "event=dtmf&ü=1".encode()))
        ]
    )
    with parts.store.write() as transaction:
        transaction.save_directory(directory())
        transaction.add_gap(Gap(source="sipgate", since_ms=NOW_MS - DAY_MS, until_ms=NOW_MS - 1, reason="was silent"))
        transaction.set_value("auth.made_up", bytes(range(256)))
        transaction.prune(
            messages_before_us=(NOW_MS - 30 * DAY_MS) * 1000,
            records_before_ms=NOW_MS - 50 * DAY_MS,
        )


def begin_to_serve(parts: Parts) -> None:
    """Note that a service lives, as it does when it starts."""
    steady = clock_us() // 1000
    presence = Presence(store=parts.store, instance="served", is_sole=True, clock_us=clock_us, steady_ms=lambda: steady)
    presence.begin(parts.ingest())


def exported(parts: Parts) -> dict[str, bytes]:
    """Return every export, byte by byte."""
    store = parts.store
    belonging = memberships_of(store.directory().groups, parts.teams.current())
    encode = msgspec.json.encode
    journal = store.journal(since_us=None, until_us=None, source=None)
    return {
        "messages": b"".join(line_of(entry.message) for entry in journal),
        "calls": b"\n".join(encode(call_value(call, belonging)) for call in store.all_calls(None, None)),
        "legs": b"\n".join(encode(leg_value(leg, belonging)) for leg in store.all_legs(None, None)),
        "visits": b"\n".join(encode(visit_value(visit)) for visit in store.all_visits(None, None)),
    }


def answers(parts: Parts) -> list[Answer]:
    """Return what the site answers about its weeks: every metric, over time and by everything it can be split by."""
    span = Span(NOW_MS - DAYS * DAY_MS, NOW_MS)
    every = tuple(metric.name for metric in METRICS if not isinstance(metric.formula, Gauge))
    asked: list[tuple[Unit | None, By | None]] = [(None, None), (Unit.DAY, None), (Unit.MONTH, By.DIRECTION)]
    asked += [(None, by) for by in (By.SOURCE, By.GROUP, By.TEAM)]
    questions = [Question(metrics=every, span=span, zone=parts.zone, unit=unit, by=by) for unit, by in asked]
    return [parts.questions.ask(question) for question in questions]
