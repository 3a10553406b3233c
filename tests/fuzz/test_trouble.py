"""The world fails: a full disk, a locked database, no more connections. Nothing acknowledged is lost, and it passes."""

import resource
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.running import FORM, Service, running_service

PATIENCE_SECONDS = 30
NO_LIMIT = resource.RLIM_INFINITY
can_limit = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process that runs already")
BEFORE_AND_AFTER = [b"event=newCall&direction=in&callId=after", b"event=newCall&direction=in&callId=before"]
"""What is stored of three pushes of which the middle one was turned away; its sender would come again."""


def push(http: httpx2.Client, body: bytes) -> httpx2.Response:
    return http.post("/in/sipgate", content=body, headers={"content-type": FORM})


def limit(service: Service, what: int, most: int) -> None:
    """Set or lift a limit of the running service, as `prlimit` does."""
    hard = resource.prlimit(service.process.pid, what)[1]
    resource.prlimit(service.process.pid, what, (hard if most == NO_LIMIT else most, hard))


def is_true_in_time(question: Callable[[], bool]) -> bool:
    """Return whether something becomes true; the question itself takes its time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if question():
            return True
    return False


@can_limit
def test_a_full_disk_is_no_acknowledgement_and_passes_by_itself(tmp_path: Path) -> None:
    acknowledged: Counter[bytes] = Counter()
    with running_service(tmp_path / "data") as service, service.client() as http:
        for number in range(20):
            body = b"event=newCall&direction=in&callId=before%d" % number
            assert push(http, body).status_code == 200
            acknowledged[body] += 1

        # No file may grow any more: what a full disk does, without one.
        limit(service, resource.RLIMIT_FSIZE, (tmp_path / "data" / "calltally.db-wal").stat().st_size)
        for number in range(20):
            body = b"event=newCall&direction=in&callId=during%d" % number
            refused = push(http, body)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
        unready = http.get("/readyz")
        assert (unready.status_code, http.get("/healthz").status_code) == (503, 200)
        assert http.get("/api/v1/now").json()["degraded"]
        assert http.get("/api/v1/calls").status_code == 200
        for path in ("/", "/parts/live/figures"):
            assert "Storing is delayed" in http.get(path).text

        limit(service, resource.RLIMIT_FSIZE, NO_LIMIT)
        assert is_true_in_time(lambda: http.get("/readyz").status_code == 200)
        for number in range(20):
            body = b"event=newCall&direction=in&callId=after%d" % number
            assert push(http, body).status_code == 200
            acknowledged[body] += 1
        assert http.get("/api/v1/now").json()["degraded"] is None
        assert service.bodies() == acknowledged
        assert len(http.get("/api/v1/calls?limit=100").json()["calls"]) == 40


def test_a_locked_database_is_no_acknowledgement_and_passes_by_itself(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service, service.client() as http:
        assert push(http, b"event=newCall&direction=in&callId=before").status_code == 200
        intruder = sqlite3.connect(tmp_path / "data" / "calltally.db", isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        refused = push(http, b"event=newCall&direction=in&callId=during")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert http.get("/readyz").status_code == 503
        assert http.get("/").status_code == 200
        intruder.execute("ROLLBACK")
        intruder.close()
        assert is_true_in_time(lambda: http.get("/readyz").status_code == 200)
        assert push(http, b"event=newCall&direction=in&callId=after").status_code == 200
        assert sorted(service.bodies()) == BEFORE_AND_AFTER


def test_a_folder_that_is_taken_away_is_no_acknowledgement_and_may_come_back(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service, service.client() as http:
        assert push(http, b"event=newCall&direction=in&callId=before").status_code == 200
        (tmp_path / "data").rename(tmp_path / "away")
        assert push(http, b"event=newCall&direction=in&callId=during").status_code == 503
        assert http.get("/readyz").status_code == 503
        assert "deleted, moved or replaced" in http.get("/api/v1/now").json()["degraded"]
        assert http.get("/").status_code == 200
        (tmp_path / "away").rename(tmp_path / "data")
        assert is_true_in_time(lambda: http.get("/readyz").status_code == 200)
        assert push(http, b"event=newCall&direction=in&callId=after").status_code == 200
        assert sorted(service.bodies()) == BEFORE_AND_AFTER


def test_a_service_whose_folder_was_deleted_keeps_answering_and_ends_in_order(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service, service.client() as http:
        assert push(http, b"event=newCall&direction=in&callId=before").status_code == 200
        shutil.rmtree(tmp_path / "data")
        assert push(http, b"event=newCall&direction=in&callId=after").status_code == 503
        for path in ("/", "/statistics", "/calls", "/api/v1/calls"):
            assert http.get(path).status_code in {200, 503}  # what is open already can still be read


@can_limit
def test_when_connections_run_out_the_service_goes_on_as_soon_as_there_are_some(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        limit(service, resource.RLIMIT_NOFILE, 64)
        crowd = [service.connect() for _ in range(100)]
        for connection in crowd:
            connection.close()
        with service.client() as http:
            assert is_true_in_time(lambda: push(http, b"event=newCall&callId=A").status_code == 200)
            assert http.get("/").status_code == 200
        limit(service, resource.RLIMIT_NOFILE, NO_LIMIT)
