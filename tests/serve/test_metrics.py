"""`/metrics` over HTTP: who may see it, in which format, what it tells of calls, and that promtool is content."""

import asyncio
import gzip
import sqlite3
import subprocess
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from calltally.cli.main import run
from calltally.engine.credentials import Tokens
from calltally.engine.observed import SETTLE_US, Observed
from calltally.metrics.exposed import FAMILIES, MOST_ROUTES, ceiling
from calltally.serve.prometheus import gauges, scraping
from calltally.serve.prometheus.collecting import Snapshot, encoded, registry_of
from calltally.serve.prometheus.known import KnownNumber
from calltally.serve.prometheus.requests import UNMATCHED, counted, paths_of
from calltally.store.open import open_store
from calltally.store.store import StoreError
from tests.programs import path_of
from tests.serve.service_world import OPEN, Running, answer, hangup, new_call, service_in, with_service

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PATIENCE_SECONDS = 30

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in plain_text(text)
        for sample in family.samples
    }


def _sum(samples: Samples, name: str, **labels: str) -> float:
    return sum(value for (found, where), value in samples.items() if found == name and labels.items() <= set(where))


async def _scrape(service: Running) -> Samples:
    scraped = await service.http.get("/metrics")
    assert scraped.status_code == 200
    return _samples(scraped.text)


async def _until(service: Running, name: str, expected: float, **labels: str) -> Samples:
    """Return the first scrape that says so; calls are counted a moment after their end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            samples = await _scrape(service)
            if _sum(samples, name, **labels) == expected:
                return samples
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every scrape made anew, so that a test need not wait for the next one."""
    monkeypatch.setattr(scraping, "KEPT_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, PLAIN),
        ("*/*", PLAIN),
        ("text/html", PLAIN),
        ("text/plain;version=0.0.4", PLAIN),
        ("application/openmetrics-text", OPENMETRICS.partition("; escaping")[0]),
        ("application/openmetrics-text;version=1.0.0", OPENMETRICS),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS.replace("underscores", "allow-utf-8")),
        ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        ("application/openmetrics-text;version=abc", PLAIN),
        ("application/openmetrics-text; version=", PLAIN),
        ("application/openmetrics-text;version=1.0.0.0.0.0", PLAIN),
        (",;=,;;", PLAIN),
        ("text/plain;version=-1", PLAIN),
    ],
)
def test_the_format_is_the_one_that_is_asked_for(accept: str | None, expected: str) -> None:
    registry = registry_of(Snapshot({}, Observed(clock_us=lambda: 0, sources=("sipgate",)).observations()))
    body, content_type = encoded(registry, accept or "", compressed=False)
    assert content_type == expected
    is_open = content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n") is is_open
    names = {family.name for family in (open_metrics if is_open else plain_text)(body.decode())}
    assert {family.name.removesuffix("_total") for family in FAMILIES} - names <= {"calltally_build_info"}
    assert b"_created" not in body


@pytest.mark.parametrize(("accept", "expected"), [(PROMETHEUS_2, OPENMETRICS), ("a" * 20_000, PLAIN)])
def test_the_header_of_the_request_says_which(tmp_path: Path, accept: str, expected: str) -> None:
    async def scenario(service: Running) -> tuple[int, str]:
        scraped = await service.http.get("/metrics", headers={"accept": accept})
        return scraped.status_code, scraped.headers["content-type"]

    assert with_service(tmp_path, scenario) == (200, expected)


def test_a_scrape_is_compressed_for_who_can_read_it_and_kept_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scraping, "KEPT_SECONDS", 3600.0)

    async def scenario(service: Running) -> None:
        plain = await service.http.get("/metrics", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        again = await service.http.get("/metrics", headers={"accept-encoding": "identity"})
        assert again.content == plain.content
        async with service.http.stream("GET", "/metrics", headers={"accept-encoding": "gzip"}) as packed:
            assert packed.headers["content-encoding"] == "gzip"
            assert "Accept-Encoding" in packed.headers["vary"]
            body = b"".join([chunk async for chunk in packed.aiter_raw()])
        assert len(body) < len(plain.content) / 4
        assert _samples(gzip.decompress(body).decode()).keys() >= _samples(plain.text).keys()
        for number in range(50):  # however it is asked, what is kept is bounded
            await service.http.get("/metrics", headers={"accept": f"text/x{number}"})

    with_service(tmp_path, scenario)


PASSWORD = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse")
CLOSED = OPEN.replace("[server]", f"[server]\npassword = '{PASSWORD}'")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer ct_wrong"}, 401),
        ({"authorization": "Bearer {token}"}, 200),
    ],
)
def test_with_a_password_a_token_opens_the_metrics(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async def scenario(service: Running) -> int:
        token = Tokens(service.parts.store, lambda: "secret").create("prometheus", 0)
        sent = {name: value.format(token=token) for name, value in headers.items()}
        return (await service.http.get("/metrics", headers=sent)).status_code

    assert with_service(tmp_path, scenario, CLOSED) == status


def test_calls_and_messages_are_told_as_they_happen(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        empty = await _scrape(service)
        assert _sum(empty, "calltally_calls_total") == 0
        assert _sum(empty, "calltally_source_up", source="sipgate") == 0  # nothing was heard of it
        for call in ("A", "B"):
            await service.push(new_call(call))
        await service.push(answer("A"))
        await service.push("event=ping&callId=C")
        assert (await service.http.post("/in/sipgate", content=b"x" * 2_000_000)).status_code == 413
        now = await _until(service, "calltally_calls_active", 1, state="active")
        assert _sum(now, "calltally_calls_active", state="waiting", direction="inbound") == 1
        assert _sum(now, "calltally_events_received_total", event="started") == 2
        assert _sum(now, "calltally_events_rejected_total", reason="too_large") == 1
        assert _sum(now, "calltally_events_rejected_total", reason="not_understood") == 1
        assert _sum(now, "calltally_ingest_duration_seconds_count", source="sipgate") == 4
        assert _sum(now, "calltally_calls_longest_wait_seconds", source="sipgate") >= 0
        await service.push(hangup("A"))
        await service.push(hangup("B", "cancel"))
        over = await _until(service, "calltally_calls_total", 2)
        assert _sum(over, "calltally_calls_total", direction="inbound", outcome="answered", source="sipgate") == 1
        assert _sum(over, "calltally_calls_total", outcome="abandoned") == 1
        assert _sum(over, "calltally_gave_up_total") == 1
        assert _sum(over, "calltally_call_talk_seconds_count") == 1
        assert _sum(over, "calltally_calls_active") == 0
        assert _sum(over, "calltally_source_up", source="sipgate") == 1
        assert _sum(over, "calltally_store_up") == 1
        assert _sum(over, "calltally_store_size_bytes") > 10_000
        assert _sum(over, "calltally_figures_incomplete") == 0
        assert _sum(over, "calltally_build_info", store="sqlite") == 1
        # A correction after the fact, and the same push again: nothing falls, nothing is counted twice.
        await service.push(hangup("A", "busy"))
        await service.push(new_call("A"))
        late = await _until(service, "calltally_events_duplicate_total", 2)
        assert _sum(late, "calltally_calls_total") == 2

    assert SETTLE_US < PATIENCE_SECONDS * 1_000_000
    with_service(tmp_path, scenario)


def test_a_log_that_was_imported_is_no_source_that_fell_silent(tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text("1700000000|1.1|support|NONE|ENTERQUEUE||4930111|1\n1700000009|1.1|support|NONE|ABANDON|1|1|9\n")
    with pytest.raises(SystemExit) as ended:
        run(["queue-log", "import", str(log), "--data", str(tmp_path)])
    assert ended.value.code == 0

    async def scenario(service: Running) -> None:
        await service.push(new_call("A"))
        samples = await _until(service, "calltally_source_up", 1)
        for name in ("calltally_source_up", "calltally_source_last_event_timestamp_seconds"):
            assert [dict(where)["source"] for found, where in samples if found == name] == ["sipgate"]
        assert _sum(samples, "calltally_calls_active", source="asterisk", state="waiting") == 0  # it is there, though

    with_service(tmp_path, scenario)


def test_requests_are_counted_by_route_and_never_by_what_is_written_in_them(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        for path in ("/", "/api/v1/calls/secret-1", "/calls/secret-2", "/nothing/secret-3", "/healthz", "/api/v1/now"):
            await service.http.get(path)
        await service.http.request("BREW", "/healthz")
        samples = await _scrape(service)
        routes = {dict(where)["route"] for name, where in samples if name == "calltally_http_requests_total"}
        assert {"/", "/calls/{call_id:path}", "/api/v1/calls/{call_id:path}", "/healthz", "unmatched"} <= routes
        assert not [route for route in routes if "secret" in route]
        assert _sum(samples, "calltally_http_requests_total", route="/api/v1/now", method="GET", status="2xx") == 1
        assert _sum(samples, "calltally_http_requests_total", method="other") == 1

    with_service(tmp_path, scenario)


def test_a_scrape_does_not_wait_for_a_database_that_does_not_answer() -> None:
    answers, is_back = iter((5, 7)), threading.Event()

    def ask() -> int:
        is_back.wait(PATIENCE_SECONDS)
        return next(answers)

    async def scenario() -> None:
        size = KnownNumber(ask)
        assert [await size.latest(), await size.latest()] == [None, None]
        is_back.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await size.latest() is None:
                pass
        assert [await size.latest(), await size.latest()] == [5, 5]  # it is not asked each time

    asyncio.run(scenario())


def test_a_write_that_does_not_end_counts_as_one_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "STUCK_SECONDS", 0.5)

    async def scenario(service: Running) -> None:
        await _until(service, "calltally_store_up", 1)
        with closing(sqlite3.connect(tmp_path / "calltally.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            push = asyncio.create_task(service.push(new_call("A")))
            await _until(service, "calltally_store_up", 0)
            other.execute("ROLLBACK")
            await push
        await service.push(new_call("B"))
        await _until(service, "calltally_store_up", 1)

    with_service(tmp_path, scenario)


def test_a_database_that_fails_has_no_size() -> None:
    def ask() -> int:
        raise StoreError("out of order")

    assert asyncio.run(KnownNumber(ask).latest()) is None


def test_a_rebuild_that_has_not_ended_is_told(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / "calltally.db"), zone="UTC")) as store, store.write() as transaction:
        transaction.begin_rebuild()

    async def scenario(service: Running) -> None:
        await _until(service, "calltally_figures_incomplete", 1)

    with_service(tmp_path, scenario)


async def _busy_day(service: Running) -> str:
    for call in ("A", "B"):
        await service.push(new_call(call))
        await service.push(answer(call))
    await service.push(hangup("A"))
    await _until(service, "calltally_calls_total", 1)
    return (await service.http.get("/metrics")).text


@pytest.mark.needs("promtool")
def test_promtool_finds_nothing_wrong_with_a_scrape(tmp_path: Path) -> None:
    text = with_service(tmp_path, _busy_day)
    checked = subprocess.run(
        [path_of("promtool"), "check", "metrics", "--extended"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    counts = {line.split()[0]: int(line.split()[1]) for line in checked.stdout.splitlines()[1:] if line.strip()}
    for family in FAMILIES:
        assert counts.get(family.name, 0) <= ceiling(family, most_values=50, sources=1), family.name


def test_what_another_service_took_in_is_not_counted_here_but_shown_as_now(tmp_path: Path) -> None:
    """Two services on one database: counters add up to the whole, gauges are the same in both."""

    async def scenario(one: Running) -> None:
        async with service_in(tmp_path, OPEN) as two:
            await one.push(new_call("A"))
            await two.push(new_call("B"))
            await one.push(answer("A"))
            for service in (one, two):
                await _until(service, "calltally_calls_active", 2)
            await two.push(hangup("A"))  # the end of a call may reach another process than its begin
            await two.push(hangup("B", "cancel"))
            there = await _until(two, "calltally_calls_total", 2)
            here = await _until(one, "calltally_calls_active", 0)
            for name, expected in (("calltally_calls_total", 2), ("calltally_events_received_total", 5)):
                assert _sum(here, name) + _sum(there, name) == expected

    with_service(tmp_path, scenario)


def test_there_are_no_more_routes_than_the_ceiling_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = {UNMATCHED}

    def counted_noting(app: ASGIApp, observed: Observed, routes: Iterable[BaseRoute]) -> ASGIApp:
        given = list(routes)
        found.update(paths_of(given).values())
        return counted(app, observed, given)

    async def scenario(service: Running) -> None:
        found.update((await service.http.get("/api/v1/openapi.json")).json()["paths"])

    monkeypatch.setattr("calltally.serve.service.counted", counted_noting)
    with_service(tmp_path, scenario)
    assert 20 < len(found) <= MOST_ROUTES
