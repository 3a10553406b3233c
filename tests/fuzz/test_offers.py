"""Requests that offer to go on in another protocol: each is answered, and nothing of it is lost, or it is cut off."""

import pytest

from tests.fuzz.plain_http import answers, push, request
from tests.running import Service

LIVE = [
    (b"Connection", b"Upgrade"),
    (b"Upgrade", b"websocket"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
]
JAVA = [(b"Connection", b"Upgrade, HTTP2-Settings"), (b"Upgrade", b"h2c"), (b"HTTP2-Settings", b"AAMAAABkAAQAoAAA")]
OFFERS = {"a WebSocket": LIVE, "HTTP/2": JAVA}
UNREADABLE = [
    pytest.param([*LIVE, (b"Cookie", b"c" * 9_000)], 431, id="a long line"),
    pytest.param([*LIVE, *((b"X-%d" % number, b"1") for number in range(130))], 431, id="many lines"),
    pytest.param([*LIVE, (b"X", b"\xff")], 101, id="no ASCII"),
    pytest.param([*LIVE[:3]], 400, id="no key"),
    pytest.param([*LIVE, (b"Sec-WebSocket-Key", b"x")], 400, id="two keys"),
    pytest.param([*LIVE[:2], (b"Sec-WebSocket-Version", b"7"), LIVE[3]], 400, id="an old version"),
    pytest.param([*LIVE, (b"Content-Length", b"0")], 101, id="no body, as is said"),
]


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_a_push_that_offers_another_protocol_is_stored_whole(
    service: Service, offer: list[tuple[bytes, bytes]]
) -> None:
    body = b"offered=" + offer[1][1]
    with service.connect() as connection:
        connection.sendall(push(body, headers=offer) + request(b"/healthz"))
        assert [answer.status for answer in answers(connection, ["POST", "GET"])] == [200, 200]
    assert service.bodies()[body] == 1


def test_a_request_behind_an_offer_is_answered(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(request(b"/healthz", headers=JAVA) + request(b"/in/sipgate"))
        assert [answer.status for answer in answers(connection, ["GET", "GET"])] == [200, 405]


def test_a_tunnel_is_refused_and_what_is_said_into_it_passed_over(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(request(b"/", method=b"CONNECT") + push(b"in=a+tunnel"))
        (answered,) = answers(connection, ["GET", "POST"])
        assert 400 <= answered.status < 500
    assert service.bodies()[b"in=a+tunnel"] == 0


@pytest.mark.parametrize(("headers", "status"), UNREADABLE)
def test_every_request_for_a_socket_is_answered(
    service: Service, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    with service.connect() as connection:
        connection.sendall(request(b"/api/v1/live", headers=headers))
        assert connection.recv(13) == b"HTTP/1.1 %d " % status


def test_who_says_something_before_there_is_a_socket_is_refused(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(request(b"/api/v1/live", headers=LIVE) + b"\x81\x80\x00\x00\x00\x00")
        (answered,) = answers(connection, ["GET", "GET"])
        assert answered.status == 400


def test_a_socket_asked_for_behind_another_request_does_not_cut_into_its_answer(service: Service) -> None:
    with service.connect() as connection:
        connection.sendall(push(b"before=a+socket") + request(b"/healthz", headers=LIVE))
        assert [answer.status for answer in answers(connection, ["POST", "GET"])] == [200, 200]
    assert service.bodies()[b"before=a+socket"] == 1
