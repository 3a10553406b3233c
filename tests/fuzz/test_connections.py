"""Strange connections: no HTTP, half of it, too much of it, slow or many; others are served meanwhile."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b

import pytest

from tests.fuzz.plain_http import answers, ask, push, request
from tests.running import Service

GARBAGE = [
    b"\x00" * 500,
    b"\xff\xfe\xfd",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the begin of TLS
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET \xff\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /in/sipgate\x00 HTTP/1.1\r\n\r\n",
    b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //// HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n folded: 1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n: nothing\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\r\nCookie: \xff=\xff\r\n\r\n",
    b"POST /in/sipgate HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /in/sipgate HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /in/sipgate HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST /in/sipgate HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /in/sipgate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /in/sipgate HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 100) for number in range(3_000)) + b"\r\n",
    b"GET / HTTP/1.1\r\nX-Long: " + b"z" * 1_000_000 + b"\r\n\r\n",
    blake2b(b"noise").digest() * 80,
]


@contextmanager
def nothing_stored(service: Service) -> Iterator[None]:
    """Hold that the journal is the same afterwards, and that the service still takes a push."""
    before = service.bodies()
    yield
    assert service.bodies() == before
    marked = ask(service, push(b"still=here"), "POST")
    assert marked is not None
    assert marked.status == 200


@pytest.mark.parametrize("sent", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_http_is_refused_or_cut_off(service: Service, sent: bytes) -> None:
    with nothing_stored(service), service.connect() as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            found = answers(connection, ["GET"])
        except OSError:  # it has closed the connection before it was told everything
            found = []
        assert [answer.status for answer in found if answer.status >= 500] == []


def test_a_head_without_end_is_refused_at_the_limit(service: Service) -> None:
    with nothing_stored(service), service.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"z" * 300_000)
        assert [answer.status for answer in answers(connection, ["GET"])] in ([431], [])


@pytest.mark.parametrize("cut", [1, 10, 30, 60, 110, -1])
def test_half_a_push_stores_nothing(service: Service, cut: int) -> None:
    whole = push(b"event=newCall&callId=half")
    with nothing_stored(service), service.connect() as connection:
        connection.sendall(whole[:cut])


def test_idle_and_slow_clients_hold_up_nobody(service: Service) -> None:
    with ExitStack() as open_connections:
        for sent in (b"", b"P", push(b"event=newCall")[:-1], b"GET / HTTP/1.1\r\nHost:") * 50:
            slow = open_connections.enter_context(service.connect())
            slow.sendall(sent)
        for path in (b"/", b"/healthz", b"/api/v1/now"):
            answered = ask(service, request(path))
            assert answered is not None
            assert answered.status == 200
        pushed = ask(service, push(b"in=between"), "POST")
        assert pushed is not None
        assert pushed.status == 200


def test_many_connections_opened_and_dropped_leave_no_trace(service: Service) -> None:
    with nothing_stored(service):
        for number in range(300):
            connection = service.connect()
            if number % 3:
                connection.sendall(push(b"x")[: number % 100 + 1])
            # A reset instead of an orderly end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.close()


def test_pushes_sent_without_waiting_are_answered_in_order_and_stored_once(service: Service) -> None:
    bodies = [b"pipelined=%d" % number for number in range(200)]
    with service.connect() as connection:
        connection.sendall(b"".join(map(push, bodies)) + request(b"/in/sipgate"))
        found = answers(connection, ["POST"] * len(bodies) + ["GET"])
    assert [answer.status for answer in found] == [200] * len(bodies) + [405]
    stored = service.bodies()
    assert {body: stored[body] for body in bodies} == dict.fromkeys(bodies, 1)


def test_a_body_in_chunks_is_one_body(service: Service) -> None:
    head = push(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    answered = ask(service, head + b"5\r\nchunk\r\n5;x=y\r\ned=1&\r\n0\r\nTrailer: 1\r\n\r\n", "POST")
    assert answered is not None
    assert answered.status == 200
    assert service.bodies()[b"chunked=1&"] == 1


def test_chunks_without_end_are_refused_at_the_limit(service: Service) -> None:
    head = push(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with nothing_stored(service):
        answered = ask(service, head + chunk * 20, "POST")
        assert answered is None or answered.status == 413


def test_a_sender_who_asks_first_is_told_to_go_on(service: Service) -> None:
    whole = push(b"asked=first", headers=[(b"Expect", b"100-continue")])
    head, _, body = whole.partition(b"\r\n\r\n")
    with service.connect() as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        (answered,) = answers(connection, ["POST"])
    assert answered.status == 200
    assert service.bodies()[b"asked=first"] == 1


def test_what_follows_a_body_is_not_part_of_it(service: Service) -> None:
    before = service.bodies()
    with service.connect() as connection:
        connection.sendall(push(b"exact=1") + b"rest of a body that was announced too short\r\n\r\n")
        found = answers(connection, ["POST", "POST"])
    assert [answer.status for answer in found] in ([200], [200, 400], [400])
    assert service.bodies() - before in (Counter(), Counter([b"exact=1"]))


def test_a_body_that_was_announced_too_large_is_refused_without_being_read(service: Service) -> None:
    with nothing_stored(service), service.connect() as connection:
        connection.sendall(push(b"x").replace(b"Content-Length: 1", b"Content-Length: 9000000") + b"y" * 2_000_000)
        found = answers(connection, ["POST"])
        assert [answer.status for answer in found] in ([413], [])
