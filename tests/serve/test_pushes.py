"""A push over HTTP: what is answered, what is stored, and what a broken or strange sender gets."""

import asyncio
import base64
import os
import sqlite3
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.serve.service_world import OPEN, Running, answer, hangup, new_call, with_service

FORM = "application/x-www-form-urlencoded"
SECRET = OPEN + 'secret = "s3cret-path"\n'


def test_a_push_is_answered_by_a_response_that_only_subscribes(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        answered = await service.push(new_call("A"))
        assert answered.status_code == 200
        assert answered.headers["content-type"].startswith("application/xml")
        root = ET.fromstring(answered.content)  # noqa: S314  our own answer
        assert root.tag == "Response"
        assert root.attrib == {
            "onAnswer": "https://calls.example.org/in/sipgate",
            "onHangup": "https://calls.example.org/in/sipgate",
        }
        assert list(root) == []

    with_service(tmp_path, scenario)


def test_what_was_acknowledged_can_be_asked_for_at_once(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        for body in (new_call("A"), answer("A"), hangup("A"), new_call("B")):
            assert (await service.push(body)).status_code == 200
        asked = (
            await service.http.get("/api/v1/query", params={"metrics": "calls,answer_rate", "since": "-1d"})
        ).json()
        assert asked["rows"][0]["calls"]["value"] == 2
        assert asked["rows"][0]["answer_rate"] == {"value": 0.5, "numerator": 1, "denominator": 2}
        call = (await service.http.get("/api/v1/calls/A")).json()
        assert (call["call_id"], call["outcome"], len(call["messages"])) == ("xA", "answered", 3)

    with_service(tmp_path, scenario)


def test_the_messages_of_a_call_are_told_as_in_the_journal(tmp_path: Path) -> None:
    raw = new_call("A", **{"user%5B%5D": "JANE"}).encode().replace(b"JANE", b"J\xf6rg")

    async def scenario(service: Running) -> None:
        await service.http.post("/in/sipgate", content=raw, headers={"content-type": FORM})
        await service.push(hangup("A", "cancel"))
        first, second = (await service.http.get("/api/v1/calls/A")).json()["messages"]
        assert set(first) - {"body_base64"} == set(second) - {"body"}
        assert base64.b64decode(first["body_base64"]) == raw
        assert second["body"] == hangup("A", "cancel")

    with_service(tmp_path, scenario)


REFUSED = [
    # method, path, headers, body, status
    ("GET", "/in/sipgate", {}, b"", 405),
    ("PUT", "/in/sipgate", {}, b"", 405),
    ("POST", "/in/nothing", {}, b"", 404),
    ("POST", "/in/", {}, b"", 404),
    ("POST", "/in/sipgate", {"content-type": "application/json"}, b"{}", 400),  # D19: ended the known service
    ("POST", "/in/sipgate", {"content-type": "multipart/form-data; boundary=x"}, b"--x--", 400),
    ("POST", "/in/sipgate", {"content-type": FORM}, b"a=" + b"b" * (1024 * 1024), 413),
]


@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), REFUSED)
def test_d19_a_strange_request_is_refused_and_the_service_goes_on(
    tmp_path: Path, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    async def scenario(service: Running) -> None:
        refused = await service.http.request(method, path, headers=headers, content=body)
        assert refused.status_code == status
        assert (await service.push(new_call("A"))).status_code == 200
        assert [
            entry.message.source for entry in service.parts.store.journal(since_us=None, until_us=None, source=None)
        ]

    with_service(tmp_path, scenario)


SET_ASIDE = [
    b"",
    b"event=newCall",
    b"event=ping&callId=1",
    b"\x00\xff\xfe",
    b"%ZZ=%",
    b'{"event": "newCall"}',
    b"&&&===",
]


def test_a_message_without_sense_is_accepted_and_shown_as_set_aside(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        for body in SET_ASIDE:
            sent = await service.http.post("/in/sipgate", content=body, headers={"content-type": FORM})
            assert sent.status_code == 200
        assert {entry.message.body for entry in service.parts.store.set_aside(20)} == set(SET_ASIDE)
        now = (await service.http.get("/api/v1/now")).json()
        assert now["sources"][0]["set_aside"] == len(SET_ASIDE)

    with_service(tmp_path, scenario)


@pytest.mark.parametrize(
    ("path", "status"), [("", 401), ("/wrong", 401), ("/s3cret-path", 200), ("/s3cret-path/x", 401)]
)
def test_d26_a_secret_path_segment_guards_the_inlet(tmp_path: Path, path: str, status: int) -> None:
    async def scenario(service: Running) -> None:
        headers = {"content-type": FORM}
        sent = await service.http.post(f"/in/sipgate{path}", content=new_call("A").encode(), headers=headers)
        assert sent.status_code == status
        stored = list(service.parts.store.journal(since_us=None, until_us=None, source=None))
        assert len(stored) == (1 if status == 200 else 0)
        now = (await service.http.get("/api/v1/now")).json()
        assert sum(source["refused"] for source in now["sources"]) == (0 if status == 200 else 1)

    with_service(tmp_path, scenario, SECRET)


def test_d26_a_push_without_signature_is_refused_by_default(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        assert (await service.push(new_call("A"))).status_code == 401
        assert (await service.push(new_call("A"), **{"x-sipgate-signature": "bm90aGluZw=="})).status_code == 401

    with_service(tmp_path, scenario, "[site]\nname = 'x'\n")


def test_why_pushes_are_refused_is_told_where_an_administrator_looks(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        await service.push(new_call("A"))
        [sipgate] = (await service.http.get("/api/v1/now")).json()["sources"]
        assert (sipgate["refused"], sipgate["last_refusal"]) == (1, "The push has no signature.")
        assert "The push has no signature." in (await service.http.get("/parts/live/sources")).text

    with_service(tmp_path, scenario, "[site]\nname = 'x'\n")


def test_many_pushes_at_once_are_all_durable(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        bodies = [body for number in range(60) for body in (new_call(f"c{number}"), hangup(f"c{number}", "cancel"))]
        answers = await asyncio.gather(*(service.push(body) for body in bodies))
        assert {answered.status_code for answered in answers} == {200}
        stored = [
            entry.message.body for entry in service.parts.store.journal(since_us=None, until_us=None, source=None)
        ]
        assert sorted(stored) == sorted(body.encode() for body in bodies)

    with_service(tmp_path, scenario)


def test_d21_a_locked_database_gives_503_and_recovers_by_itself(tmp_path: Path) -> None:
    async def scenario(service: Running) -> None:
        assert (await service.push(new_call("A"))).status_code == 200
        intruder = sqlite3.connect(tmp_path / "calltally.db", isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        refused = await service.push(new_call("B"))
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert (await service.http.get("/readyz")).status_code == 503
        assert (await service.http.get("/healthz")).status_code == 200
        intruder.execute("ROLLBACK")
        intruder.close()
        assert (await service.push(new_call("B"))).status_code == 200
        assert (await service.http.get("/readyz")).status_code == 200
        assert len(list(service.parts.store.all_calls(None, None))) == 2

    with_service(tmp_path, scenario)


def test_d07_a_restart_keeps_live_calls_and_says_that_they_are_uncertain(tmp_path: Path) -> None:
    async def before(service: Running) -> None:
        await service.push(new_call("A"))
        await service.push(answer("A"))

    async def after(service: Running) -> None:
        now = (await service.http.get("/api/v1/now")).json()
        assert (now["active_now"], now["uncertain"]) == (1, 1)
        assert now["calls"][0]["crashed"] is True
        await service.push(hangup("A"))
        call = (await service.http.get("/api/v1/calls/A")).json()
        assert (call["legs"][0]["crashed"], call["legs"][0]["end"], call["outcome"]) == (False, "known", "answered")

    with_service(tmp_path, before)
    with_service(tmp_path, after)


def test_no_number_or_body_reaches_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(service: Running) -> None:
        await service.push(new_call("A"))
        await service.push("event=ping&from=4915112345678")
        await service.http.post("/in/sipgate/wrong", content=b"from=4915112345678", headers={"content-type": FORM})

    with_service(tmp_path, scenario)
    written = "".join(capfd.readouterr())
    assert "15112345678" not in written
    assert os.fspath(tmp_path) not in written
