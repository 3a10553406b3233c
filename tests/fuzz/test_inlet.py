"""Anything below `/in/`: never a failure, and whatever was answered with 200 is in the journal exactly once."""

import asyncio
import time
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.plain_http import Header, ask, push, request
from tests.running import Service

FLOOD = 20_000
SENDERS = 64
TOKEN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!#$%&'*+^`|~"
# What would change where the request ends, or what its connection becomes, is in test_connections.
FRAMING = {b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect"}

visible = st.binary(max_size=40).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F))
names = st.one_of(
    st.sampled_from(
        [b"Content-Type", b"X-Forwarded-For", b"Authorization", b"X-Sipgate-Signature", b"Cookie", b"Host"]
    ),
    st.text(TOKEN, min_size=1, max_size=20).map(str.encode),
).filter(lambda name: name.lower() not in FRAMING)
types = st.sampled_from(
    [b"application/x-www-form-urlencoded", b"application/json", b"multipart/form-data; boundary=x", b"text/plain"]
).map(lambda kind: (b"Content-Type", kind))
headers = st.lists(st.one_of(types, st.tuples(names, visible)), max_size=6)
methods = st.sampled_from([b"POST", b"GET", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"TRACE"])
escaped = st.binary(max_size=30).map(lambda raw: b"".join(b"%%%02X" % byte for byte in raw))
paths = st.one_of(
    st.just(b"sipgate"),
    st.tuples(st.just(b"sipgate/"), escaped).map(b"".join),
    escaped,
    st.text("/.%?#&=;ain", max_size=20).map(str.encode),
).map(lambda rest: b"/in/" + rest)
fields = st.sampled_from(
    ["event", "direction", "from", "to", "callId", "origCallId", "xcid", "user%5B%5D", "cause", "diversion"]
)
values = st.one_of(
    st.sampled_from(
        ["newCall", "answer", "hangup", "in", "out", "A", "D", "anonymous", "voicemail", "forwarded", "%00"]
    ),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace").hex()),
    st.integers(-(10**30), 10**30).map(str),
)
forms = st.lists(st.tuples(fields, values), max_size=12).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode()
)
bodies = st.one_of(st.binary(max_size=200), forms)


@settings(max_examples=150, derandomize=True)
@given(method=methods, path=paths, sent=headers, body=bodies)
@example(method=b"POST", path=b"/in/sipgate", sent=[], body=b"\xff" * 100)
@example(method=b"POST", path=b"/in/sipgate", sent=[], body=b"x" * 1024 * 1024)
@example(method=b"POST", path=b"/in/sipgate", sent=[], body=b"&" * 1024 * 1024)
@example(method=b"POST", path=b"/in/sipgate", sent=[], body=b"x" * (1024 * 1024 + 1))
def test_any_request_is_answered_and_what_is_acknowledged_is_there_once(
    service: Service, method: bytes, path: bytes, sent: list[Header], body: bytes
) -> None:
    since_us = time.time_ns() // 1000
    answered = ask(service, request(path, method=method, headers=sent, body=body), method.decode())
    assert answered is not None
    assert answered.status < 500
    assert service.bodies(since_us) == (Counter([body]) if answered.status == 200 else Counter())


@settings(max_examples=15, derandomize=True)
@given(several=st.lists(forms, min_size=2, max_size=20))
def test_any_story_of_pushes_is_taken_and_can_be_read(service: Service, several: list[bytes]) -> None:
    since_us = time.time_ns() // 1000
    with service.client() as http:
        for body in several:
            form = {"content-type": "application/x-www-form-urlencoded"}
            assert http.post("/in/sipgate", content=body, headers=form).status_code == 200
        for path in ("/api/v1/now", "/api/v1/calls?limit=1000", "/api/v1/legs?limit=1000", "/", "/parts/live/calls"):
            assert http.get(path).status_code == 200, path
    assert service.bodies(since_us) == Counter(several)


def test_a_flood_is_answered_and_stored_whole(service: Service) -> None:
    since_us = time.time_ns() // 1000
    statuses, sent = asyncio.run(_flood(service))
    assert set(statuses) <= {200, 503}
    assert statuses[200] > FLOOD / 2
    assert service.bodies(since_us) == sent
    with service.client() as http:
        assert http.get("/readyz").status_code == 200


async def _flood(service: Service) -> tuple[Counter[int], Counter[bytes]]:
    """Return how often each status was answered, and what was acknowledged."""
    statuses: Counter[int] = Counter()
    acknowledged: Counter[bytes] = Counter()
    numbers = iter(range(FLOOD))

    async def send() -> None:
        reader, writer = await asyncio.open_connection(service.host, service.port)
        for number in numbers:
            call = number // 2
            event = "hangup&cause=cancel" if number % 2 else "newCall"
            body = f"event={event}&direction=in&from=4915112345678&to=493023125000&callId=f{call}".encode()
            writer.write(push(body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            status = int(head[9:12])
            statuses[status] += 1
            acknowledged[body] += status == 200
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(send() for _ in range(SENDERS)))
    return statuses, acknowledged
