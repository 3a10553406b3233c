"""The live stream: the board's frames as JSON, over a WebSocket or as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Message, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from calltally.engine.health import Hearing
from calltally.engine.live import Board, Frame, Viewer
from calltally.metrics.now import is_active, is_waiting
from calltally.model.instants import rfc3339_ms
from calltally.model.records import Records

LONGEST_SEND_SECONDS = 20
MOST_VIEWERS = 1_000

Encoded = dict[bool, str]


def live_state(records: Records) -> str:
    """Return where an open call stands: `waiting`, `active`, `ringing`, `mailbox`; `ended` if it is open no more."""
    call = records.call
    if call is None or not call.is_open:
        return "ended"
    if is_waiting(records):
        return "waiting"
    if is_active(records):
        return "active"
    return "mailbox" if call.voicemail else "ringing"


def live_call(records: Records) -> dict[str, object] | None:
    """Return one call as the stream tells it."""
    call = records.call
    if call is None:
        return None
    return {
        "call_id": call.call_id,
        "source": call.source,
        "state": live_state(records),
        "direction": call.direction.value,
        "caller": call.caller,
        "caller_withheld": call.caller_withheld,
        "callee": call.callee,
        "queue": call.queue,
        "agent": call.agent,
        "agent_name": call.agent_name,
        "started_at": rfc3339_ms(call.started_at_ms),
        "answered_at": _instant(call.answered_at_ms),
        "ended_at": _instant(call.ended_at_ms),
        "outcome": call.outcome.value,
        "crashed": call.crashed,
    }


def live_source(name: str, hearing: Hearing, now_us: int) -> dict[str, object]:
    """Return the health of one source as stream and API tell it."""
    last = hearing.last_received_at_us
    return {
        "source": name,
        "received": hearing.received,
        "set_aside": hearing.set_aside,
        "refused": hearing.refused,
        "per_minute": hearing.per_minute(now_us),
        "last_received_at": _instant(None if last is None else last // 1000),
        "delay_ms": hearing.delay_ms(),
        "last_refusal": hearing.last_refusal,
    }


def frame_value(frame: Frame, board: Board, *, with_calls: bool) -> dict[str, object]:
    """Return a frame in its outside form; `as_of` and all instants are RFC 3339 UTC."""
    now = frame.now
    value: dict[str, object] = {
        "id": frame.number,
        "type": frame.kind,
        "as_of": rfc3339_ms(frame.as_of_ms),
        "delay_ms": frame.delay_ms,
        "waiting_now": now.waiting_now,
        "active_now": now.active_now,
        "ringing_out": now.ringing_out,
        "uncertain": now.uncertain,
        "oldest_waiting_since": _instant(now.oldest_waiting_since_ms),
        "sources": [
            live_source(name, hearing, frame.as_of_ms * 1000) for name, hearing in sorted(board.health.sources.items())
        ],
    }
    if with_calls:
        value["calls"] = [call for call in map(live_call, frame.changed) if call is not None]
        value["gone"] = frame.gone
    else:
        value["changed"] = len(frame.changed)
    return value


_EVENTS: Final = "text/event-stream"
_NOT_KEPT: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class _Events(StreamingResponse):
    """Events to one viewer, until he leaves or does not read for too long."""

    def __init__(self, lines: AsyncGenerator[str]) -> None:
        super().__init__(lines, headers=_NOT_KEPT, media_type=_EVENTS)
        self._lines = lines

    async def stream_response(self, send: Send) -> None:
        """Send the lines; each must find its way in time."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(LONGEST_SEND_SECONDS):
                await send(message)

        async with aclosing(self._lines):
            with suppress(TimeoutError):
                await super().stream_response(send_in_time)


class Stream:
    """Encodes each frame once for all who look, whatever way they look."""

    def __init__(self, board: Board) -> None:
        """Take the board."""
        self._board = board
        self._newest: tuple[int, str, Encoded] | None = None

    def routes(self) -> list[BaseRoute]:
        """Return the two routes; they share a path."""
        return [
            WebSocketRoute("/api/v1/live", self.socket),
            Route("/api/v1/live", self.events, methods=["GET"]),
        ]

    async def socket(self, socket: WebSocket) -> None:
        """Send frames until the viewer leaves. `?calls=none` leaves the calls out of the frames."""
        if self._board.viewers >= MOST_VIEWERS:
            await socket.close(1013)
            return
        await socket.accept()
        viewer = self._board.watch()
        sending = asyncio.create_task(self._send(socket, viewer, with_calls=_wants_calls(socket.query_params.get)))
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
        except WebSocketDisconnect:
            pass
        finally:
            self._board.leave(viewer)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def events(self, request: Request) -> Response:
        """Send the same frames as server-sent events; who asks for the head alone gets that, and no stream."""
        if request.method == "HEAD":
            return Response(headers=_NOT_KEPT, media_type=_EVENTS)
        if self._board.viewers >= MOST_VIEWERS:
            return Response("Too many look already; come again.", 503, {"retry-after": "10"})
        return _Events(self._event_lines(_wants_calls(request.query_params.get)))

    async def _send(self, socket: WebSocket, viewer: Viewer, *, with_calls: bool) -> None:
        try:
            while True:
                text = self._encode(await viewer.get(), with_calls=with_calls)
                async with asyncio.timeout(LONGEST_SEND_SECONDS):
                    await socket.send_text(text)
        except TimeoutError:
            await socket.close(1008)

    async def _event_lines(self, with_calls: bool) -> AsyncGenerator[str]:  # noqa: FBT001  an inner generator
        viewer = self._board.watch()
        try:
            while True:
                frame = await viewer.get()
                yield f"id: {frame.number}\nevent: {frame.kind}\ndata: {self._encode(frame, with_calls=with_calls)}\n\n"
        finally:
            self._board.leave(viewer)

    def _encode(self, frame: Frame, *, with_calls: bool) -> str:
        newest = self._newest
        if newest is None or newest[0] != frame.number or newest[1] != frame.kind:
            newest = (frame.number, frame.kind, {})
            self._newest = newest
        text = newest[2].get(with_calls)
        if text is None:
            text = msgspec.json.encode(frame_value(frame, self._board, with_calls=with_calls)).decode()
            newest[2][with_calls] = text
        return text


def _wants_calls(parameter: Callable[[str], str | None]) -> bool:
    return parameter("calls") != "none"


def _instant(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else rfc3339_ms(instant_ms)
