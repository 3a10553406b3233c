"""Several services on one database: what one hears is seen at the other, and who goes leaves no gap while one stays."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from time import monotonic, time_ns
from typing import Any

import httpx2
import msgspec
import pytest

from calltally.engine.presence import lives_in
from calltally.engine.transfer import line_of
from calltally.model.instants import Span
from calltally.model.messages import RawMessage
from calltally.store.open import open_store
from calltally.store.store import Store
from tests.running import FORM, SETTINGS, ZONE, Service, environment, running_service
from tests.serve.service_world import new_call
from tests.servers import Server

PATIENCE_SECONDS = 30
KINDS = ("postgresql", "mariadb")
EVER = Span(0, 2**60)


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty database on each server."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server.fresh_database()


@pytest.fixture
def postgresql(postgresql_server: Server) -> str:
    """Return the address of an empty database on PostgreSQL."""
    return postgresql_server.fresh_database()


def settings(address: str) -> str:
    """Return the settings of a service that uses a database server."""
    return f"{SETTINGS}\n[database]\nurl = {msgspec.json.encode(address).decode()}\n"


@contextmanager
def two_services(folder: Path, address: str) -> Iterator[tuple[Service, Service]]:
    """Give two services with folders of their own on one database."""
    text = settings(address)
    with running_service(folder / "one", text) as one, running_service(folder / "two", text) as two:
        yield one, two


def push(service: Service, body: str) -> None:
    """Send a push, which is stored when this returns."""
    with service.client() as http:
        assert http.post("/in/sipgate", content=body, headers={"content-type": FORM}).status_code == 200


def frames(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield the frames of an event stream."""
    for line in lines:
        if line.startswith("data: "):
            yield msgspec.json.decode(line.removeprefix("data: "))


def until_shown(stream: Iterator[dict[str, Any]], call_id: str) -> dict[str, Any]:
    """Return the first frame in which a call stands."""
    return next(frame for frame in stream if call_id in {call["call_id"] for call in frame["calls"]})


@contextmanager
def watched(service: Service) -> Iterator[Iterator[dict[str, Any]]]:
    """Give the frames that a viewer of a service gets, from the snapshot on."""
    timeout = httpx2.Timeout(PATIENCE_SECONDS)
    with (
        httpx2.Client(base_url=service.url, timeout=timeout) as http,
        http.stream("GET", "/api/v1/live") as answer,
    ):
        stream = frames(answer.iter_lines())
        assert next(stream)["type"] == "snapshot"
        yield stream


def in_time(holds: Callable[[], bool]) -> None:
    """Return when something holds; fail if that takes too long."""
    until = monotonic() + PATIENCE_SECONDS
    while not holds():
        assert monotonic() < until
        Event().wait(0.1)


def marks(store: Store) -> dict[str, int]:
    """Return when each life was noted last."""
    return {name: life.at_ms for name, life in lives_in(store).items()}


def test_what_one_service_hears_a_viewer_of_the_other_sees_within_a_second(tmp_path: Path, address: str) -> None:
    with two_services(tmp_path, address) as (one, two), watched(two) as stream:
        took: list[float] = []
        frame: dict[str, Any] = {}
        for number in range(5):
            begun = monotonic()
            push(one, new_call(f"c{number}", xcid=f"x{number}"))
            frame = until_shown(stream, f"x{number}")
            took.append(monotonic() - begun)
            assert frame["waiting_now"] == number + 1
        # The machine of a test may be busy; what is slow by itself is slow every time.
        assert min(took) < 1
        totals = [source["received"] for source in frame["sources"] if source["source"] == "sipgate"]
        assert totals == [5]
        push(two, new_call("c0", xcid="x0", event="hangup", cause="cancel"))
        assert until_shown(stream, "x0")["waiting_now"] == 4
    with closing(open_store(address, zone=ZONE)) as store:
        assert store.gaps(EVER) == []
        assert {life.is_over for life in lives_in(store).values()} == {True}  # the second may have forgotten the first
        assert store.value("service.lease") is None
        assert store.verify(lambda _: None) == []


def test_services_that_hear_nothing_leave_each_other_alone(tmp_path: Path, postgresql: str) -> None:
    with two_services(tmp_path, postgresql), closing(open_store(postgresql, zone=ZONE)) as store:
        before, first = marks(store), store.generation()
        in_time(lambda: sum(marks(store)[name] != at_ms for name, at_ms in before.items()) == len(before))
        # Each has noted once or twice that it lives, and none answered to that by writing.
        assert store.generation() - first <= 4


def test_no_gap_is_noted_for_a_service_that_is_killed_while_another_lives(tmp_path: Path, postgresql: str) -> None:
    text = settings(postgresql)
    with (
        running_service(tmp_path / "one", text) as one,
        running_service(tmp_path / "two", text) as two,
        closing(open_store(postgresql, zone=ZONE)) as store,
    ):
        push(one, new_call("A", xcid="xA"))
        two.kill()
        with running_service(tmp_path / "two", text):
            newest = max(lives_in(store), key=lambda name: lives_in(store)[name].since_ms)
            # The one that was killed is forgotten when the new one knows that there is no gap.
            in_time(lambda: len(lives_in(store)) == 2 and newest in lives_in(store))
            assert store.gaps(EVER) == []
        assert [call.crashed for call in store.all_calls(None, None)] == [False]


def test_a_gap_is_noted_if_all_services_were_killed(tmp_path: Path, postgresql: str) -> None:
    text = settings(postgresql)
    with running_service(tmp_path / "one", text) as one:
        push(one, new_call("A", xcid="xA"))
        one.kill()
    with closing(open_store(postgresql, zone=ZONE)) as store:
        (killed_ms,) = marks(store).values()
        with running_service(tmp_path / "one", text) as again, watched(again) as stream:
            frame = next(frame for frame in stream if any(call["crashed"] for call in frame["calls"]))
            assert frame["uncertain"] == 1
            (gap,) = store.gaps(EVER)
            (begun_ms,) = (life.since_ms for life in lives_in(store).values())
            assert (gap.since_ms, gap.until_ms) == (killed_ms, begun_ms)


def test_what_a_command_imports_is_seen_beside_a_service_on_a_file(tmp_path: Path) -> None:
    now_us = time_ns() // 1000
    message = RawMessage(source="sipgate", received_at_us=now_us, headers={}, body=new_call("A", xcid="xA").encode())
    with running_service(tmp_path) as service, watched(service) as stream:
        command = [sys.executable, "-m", "calltally", "messages", "import", "-", "--data", str(tmp_path)]
        subprocess.run(command, input=line_of(message), check=True, env=environment(), capture_output=True)
        assert until_shown(stream, "xA")["waiting_now"] == 1
