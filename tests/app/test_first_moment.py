"""The first moment of the service: pushes are taken before anything is loaded that they do not need."""

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from tests.programs import ROOT
from tests.running import ENDED_SECONDS, SETTINGS, Service, environment, free_port, running_service

UNNEEDED = (
    *("alembic", "authlib", "babel", "fastapi", "httpx2", "jinja2", "multipart", "openpyxl", "phonenumbers"),
    *("prometheus_client", "psycopg", "pyarrow", "pymysql", "rich", "starlette.routing", "websockets"),
    *("calltally.app.outside", "calltally.serve.service", "calltally.serve.web", "calltally.serve.prometheus"),
)
"""What pages, API, clients, other databases and the first making of tables need, and no push does."""

TAKES_A_PUSH = """
import asyncio, sys
from pathlib import Path

sys.modules.update(dict.fromkeys(sys.argv[2:]))  # whoever imports one of them fails

from calltally import app
from calltally.settings import load

settings = load(data=Path(sys.argv[1]), environ={})
app._load_log()

from calltally.app.parts import open_parts
from calltally.app.running import running


async def push(served, body):
    answers = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(event):
        answers.append(event)

    scope = {"type": "http", "path": "/in/sipgate", "method": "POST", "client": None}
    await served.app({**scope, "headers": [(b"content-type", b"application/x-www-form-urlencoded")]}, receive, send)
    return answers[0]["status"]


async def main():
    parts = open_parts(settings)
    async with running(parts) as served:
        print(await push(served, b"event=newCall&from=4915112345678&to=493023125000&direction=in&callId=c1"))
        print(len(parts.store.open_flows()))
        await asyncio.wait([served.opening])
        print(type(served.opening.exception()).__name__)
    parts.store.close()


asyncio.run(main())
"""
PUSH = b"event=newCall&from=4915112345678&to=493023125000&direction=in&callId=early"
PATIENCE_SECONDS = 20


def test_a_push_is_stored_where_nothing_can_be_loaded_that_it_does_not_need(tmp_path: Path) -> None:
    with running_service(tmp_path / "data"):
        pass  # made the tables
    done = subprocess.run(
        [sys.executable, "-c", TAKES_A_PUSH, str(tmp_path / "data"), *UNNEEDED],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["200", "1", "ModuleNotFoundError"], done.stderr


def answered(port: int, request: bytes, answers: dict[bytes, bytes]) -> None:
    """Send a request as soon as somebody listens, and keep the first line of the answer."""
    until = monotonic() + PATIENCE_SECONDS
    while monotonic() < until:
        with (
            suppress(ConnectionRefusedError),
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection,
        ):
            connection.sendall(request)
            answers[request] = connection.makefile("rb").readline()
            return
        Event().wait(0.005)


def test_pushes_and_pages_of_the_first_moment_are_all_answered(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    head = b"Host: 127.0.0.1:%d\r\nConnection: close\r\n" % port
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(PUSH)
    requests = [b"GET %s HTTP/1.1\r\n%s\r\n" % (path, head) for path in (b"/", b"/statistics", b"/api/v1/now")]
    requests.append(b"POST /in/sipgate HTTP/1.1\r\n" + head + form + PUSH)
    answers: dict[bytes, bytes] = {}
    asking = [Thread(target=answered, args=(port, request, answers)) for request in requests]
    for thread in asking:
        thread.start()
    with running_service(data, port=port) as service:
        for thread in asking:
            thread.join()
        assert service.bodies() == {PUSH: 1}
    assert answers == dict.fromkeys(requests, b"HTTP/1.1 200 OK\r\n")


def test_the_end_is_logged_when_the_store_is_closed(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    data.mkdir()
    (data / "calltally.toml").write_text(SETTINGS, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "calltally", "serve", "--data", str(data), "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        service = Service(host="127.0.0.1", port=port, data=data, process=process)
        assert process.stderr is not None
        assert "service_ready" in process.stderr.readline()
        log_of_writes = data / "calltally.db-wal"
        assert log_of_writes.exists()
        service.stop()
        assert "service_ended" in process.stderr.readline()
        assert process.wait(ENDED_SECONDS) == 0
        assert not log_of_writes.exists()
