"""Strange viewers of the live stream: garbage, silence, crowds that come and go; the board goes on and stays small."""

import json
import socket
import subprocess
from collections import deque
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.fuzz.plain_http import answers, ask, push, request
from tests.running import Service

SILENT = 40
CALLS = 500
MOST_GROWTH_KIB = 150 * 1024
UPGRADE = request(
    b"/api/v1/live",
    headers=[
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"websocket"),
        (b"Sec-WebSocket-Version", b"13"),
        (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ],
)
FRAMES = [
    b"\xff" * 100,
    b"\x81\x05hello",  # not masked
    b"\x81\x84\x00\x00\x00\x00\xff\xfe\xfd\xfc",  # a text that is no UTF-8
    b"\x8f\x80\x00\x00\x00\x00",  # an unknown kind
    b"\x80\x80\x00\x00\x00\x00",  # goes on with nothing
    b"\x89\xfe\xff\xff\x00\x00\x00\x00" + b"p" * 0xFFFF,  # too large a ping
    b"\x88\x81\x00\x00\x00\x00x",  # a close with half a code
    b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00" + b"z" * 200_000,  # an endless frame
    b"\x02\xfe\xff\xff\x00\x00\x00\x00" + b"z" * 0xFFFF + b"\x00\xfe\xff\xff\x00\x00\x00\x00" + b"z" * 0xFFFF,  # parts
]
HANDSHAKES = [
    UPGRADE.replace(b"Version: 13", b"Version: 99"),
    UPGRADE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"),
    UPGRADE.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
    UPGRADE.replace(b"/api/v1/live", b"/api/v1/live?calls=%ff&calls=%00"),
    UPGRADE.replace(b"/api/v1/live", b"/api/v1/now"),
    UPGRADE.replace(b"/api/v1/live", b"/in/sipgate"),
    UPGRADE.replace(b"/api/v1/live", b"/%ff%00"),
    UPGRADE.replace(b"GET", b"POST"),
    UPGRADE.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: \xff,,\r\nOrigin: null\r\n\r\n"),
    UPGRADE.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\nhello"),
]


def viewer(service: Service) -> ClientConnection:
    return connect(f"ws://{service.host}:{service.port}/api/v1/live", max_size=None, compression=None)


def sees_a_call(service: Service, call: str) -> None:
    """Hold that a viewer is shown a new call."""
    with viewer(service) as watching:
        assert json.loads(watching.recv(timeout=30))["type"] == "snapshot"
        pushed = ask(service, push(f"event=newCall&direction=in&callId={call}&from=1&to=2".encode()), "POST")
        assert pushed is not None
        assert pushed.status == 200
        while call not in {seen["call_id"] for seen in json.loads(watching.recv(timeout=30))["calls"]}:
            pass


def push_all(service: Service, bodies: list[bytes]) -> None:
    """Push without waiting in between."""
    with service.connect(30) as connection:
        connection.sendall(b"".join(map(push, bodies)))
        assert {answer.status for answer in answers(connection, ["POST"] * len(bodies))} == {200}


def memory_kib(service: Service) -> int:
    """Return how much memory the service holds."""
    asked = ["ps", "-o", "rss=", "-p", str(service.process.pid)]
    return int(subprocess.run(asked, capture_output=True, check=True).stdout)


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_garbage_from_a_viewer_is_his_own_loss(service: Service, frame: bytes) -> None:
    with service.connect() as connection:
        connection.sendall(UPGRADE)
        assert connection.recv(15).startswith(b"HTTP/1.1 101 ")
        try:
            connection.sendall(frame)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
        except OSError:
            pass  # cut off
    sees_a_call(service, f"after-frame-{FRAMES.index(frame)}")


@pytest.mark.parametrize("sent", HANDSHAKES, ids=range(len(HANDSHAKES)))
def test_strange_handshakes_are_refused_or_served(service: Service, sent: bytes) -> None:
    with service.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        try:
            found = [answer.status for answer in answers(connection, ["HEAD"])]
        except OSError:
            found = []
        assert [status for status in found if status >= 500] == []
    sees_a_call(service, f"after-handshake-{HANDSHAKES.index(sent)}")


def test_what_a_viewer_says_is_passed_over(service: Service) -> None:
    with viewer(service) as talking:
        for _ in range(200):
            talking.send("x" * 60_000)
        talking.send(b"")
        assert json.loads(talking.recv(timeout=30))["type"] == "snapshot"
        talking.send("x" * 100_000)
        with pytest.raises(ConnectionClosed, match="1009"):
            deque(talking, maxlen=0)


def test_crowds_that_come_and_go_leave_nobody_behind(service: Service) -> None:
    for _ in range(5):
        with ExitStack() as crowd:
            for number in range(60):
                connection = crowd.enter_context(service.connect())
                connection.sendall(UPGRADE if number % 3 else request(b"/api/v1/live"))
                if number % 2:
                    assert connection.recv(9) == b"HTTP/1.1 "
    sees_a_call(service, "after-the-crowds")


def test_viewers_who_never_read_cost_little_and_hold_up_nobody(service: Service) -> None:
    calls = [f"silent{number}".encode() for number in range(CALLS)]
    before = memory_kib(service)
    with ExitStack() as crowd:
        for number in range(SILENT):
            silent = crowd.enter_context(service.connect())
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            silent.sendall(UPGRADE if number % 2 else request(b"/api/v1/live"))
        for first in range(0, CALLS, 100):
            push_all(service, [b"event=newCall&direction=in&callId=" + call for call in calls[first : first + 100]])
            sees_a_call(service, f"meanwhile{first}")
        grown = memory_kib(service) - before
    assert grown < MOST_GROWTH_KIB
    push_all(service, [b"event=hangup&direction=in&cause=cancel&callId=" + call for call in calls])


@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"\xff"])
def test_pages_of_others_may_not_watch(service: Service, origin: bytes) -> None:
    with service.connect() as connection:
        connection.sendall(UPGRADE.replace(b"\r\n\r\n", b"\r\nOrigin: " + origin + b"\r\n\r\n"))
        assert connection.recv(13) == b"HTTP/1.1 403 "


def test_who_asks_for_the_head_of_the_stream_gets_no_stream(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(request(b"/api/v1/live", method=b"HEAD") + request(b"/healthz"))
        head, health = answers(connection, ["HEAD", "GET"])
        assert head.headers["content-type"].startswith("text/event-stream")
        assert (head.status, health.status) == (200, 200)
