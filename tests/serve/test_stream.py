"""The live stream as a viewer gets it: over a WebSocket and as server-sent events."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.types import Message, Scope

from calltally.serve import stream
from tests.serve.service_world import Running, answer, hangup, new_call, with_service


class Viewer:
    """One connection to the stream, below any network."""

    def __init__(self, service: Running, kind: str, query: bytes = b"", room: int = 0) -> None:
        """Connect; `room` is for how many messages there is room on the line while nobody reads, 0 for any number."""
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.outgoing: asyncio.Queue[Message] = asyncio.Queue(room)
        self._task = asyncio.create_task(self._ask(service, self._scope(kind, query)))
        self._incoming.put_nowait({"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request"})

    async def _ask(self, service: Running, scope: Scope) -> None:
        await service.app(scope, self._incoming.get, self.outgoing.put)

    @staticmethod
    def _scope(kind: str, query: bytes) -> Scope:
        return {
            "type": kind,
            "method": "GET",
            "path": "/api/v1/live",
            "raw_path": b"/api/v1/live",
            "query_string": query,
            "headers": [(b"host", b"127.0.0.1:8080")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8080),
            "scheme": "ws" if kind == "websocket" else "http",
            "subprotocols": [],
            "http_version": "1.1",
            "root_path": "",
        }

    async def frame(self) -> dict[str, Any]:
        """Return the next frame."""
        while True:
            async with asyncio.timeout(10):
                message = await self.outgoing.get()
            if message["type"] == "websocket.send":
                return dict(msgspec.json.decode(message["text"]))
            if message["type"] == "http.response.body" and b"data: " in message["body"]:
                return dict(msgspec.json.decode(message["body"].split(b"data: ", 1)[1].strip()))

    async def gone(self) -> None:
        """Wait until the service has let the viewer go."""
        async with asyncio.timeout(10):
            await self._task

    async def leave(self) -> None:
        """Go away."""
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def _scenario(kind: str) -> Any:  # noqa: ANN401  a coroutine function
    async def scenario(service: Running) -> list[dict[str, Any]]:
        viewer = Viewer(service, kind)
        frames = [await viewer.frame()]
        for body in (new_call("A"), answer("A"), hangup("A")):
            await service.push(body)
            frame = await viewer.frame()
            while not frame["calls"]:
                frame = await viewer.frame()
            frames.append(frame)
        await viewer.leave()
        return frames

    return scenario


def test_a_call_appears_changes_and_ends_in_frames_of_its_own(tmp_path: Path) -> None:
    frames = with_service(tmp_path, _scenario("websocket"))
    assert [frame["type"] for frame in frames] == ["snapshot", "delta", "delta", "delta"]
    assert all({"id", "as_of", "type"} <= frame.keys() for frame in frames)
    assert all(frame["gone"] == [] for frame in frames)
    ids = [frame["id"] for frame in frames]
    assert ids == sorted(set(ids))
    assert [call["call_id"] for frame in frames for call in frame["calls"]] == ["xA"] * 3
    assert [call["state"] for frame in frames for call in frame["calls"]] == ["waiting", "active", "ended"]
    assert [(frame["waiting_now"], frame["active_now"]) for frame in frames] == [(0, 0), (1, 0), (0, 1), (0, 0)]
    assert all(frame["delay_ms"] < 1_000 for frame in frames[1:])


def test_server_sent_events_tell_the_same(tmp_path: Path) -> None:
    frames = with_service(tmp_path, _scenario("http"))
    assert [call["state"] for frame in frames for call in frame["calls"]] == ["waiting", "active", "ended"]


def test_a_viewer_may_leave_the_calls_out(tmp_path: Path) -> None:
    async def scenario(service: Running) -> dict[str, Any]:
        await service.push(new_call("A"))
        viewer = Viewer(service, "websocket", b"calls=none")
        frame = await viewer.frame()
        await viewer.leave()
        return frame

    frame = with_service(tmp_path, scenario)
    assert "calls" not in frame
    assert frame["waiting_now"] == 1


def test_a_viewer_who_does_not_read_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LONGEST_SEND_SECONDS", 0.01)
    monkeypatch.setattr(stream, "MOST_VIEWERS", 1)

    async def scenario(service: Running) -> None:
        silent = Viewer(service, "http", room=1)
        await silent.gone()
        viewer = Viewer(service, "http")
        assert (await viewer.frame())["type"] == "snapshot"
        refused = await service.http.get("/api/v1/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        await viewer.leave()

    with_service(tmp_path, scenario)
