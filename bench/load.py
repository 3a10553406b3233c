"""Sends prepared requests over many connections, as fast as they are answered or at a steady rate."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvloop


@dataclass(slots=True)
class Report:
    """What came back."""

    seconds: float = 0.0
    answered: int = 0
    refused: int = 0
    acknowledged: list[int] = field(default_factory=list)
    """Places (in the given order) of the requests that were answered with 200."""
    latencies: list[float] = field(default_factory=list)


class _Line(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._transport: asyncio.Transport | None = None
        self._place = -1
        self._sent_at = 0.0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # TCP gives a Transport
        self._run.idle(self)

    def send(self, place: int) -> None:
        self._place = place
        self._sent_at = time.perf_counter()
        if self._transport is not None:
            self._transport.write(self._run.requests[place])

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().find(b"content-length: ")
        length = int(head[at + 16 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._run.answered(self._place, head[9:12], time.perf_counter() - self._sent_at)
        self._place = -1
        self._run.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._run.lost()


class _Run:
    def __init__(self, requests: Sequence[bytes], rate: float | None) -> None:
        self.requests = requests
        self.report = Report()
        self._rate = rate
        self._next = 0
        self._began = time.perf_counter()
        self._open = 0
        self._idle: list[_Line] = []
        self.done = asyncio.Event()

    def idle(self, line: _Line) -> None:
        if self._rate is not None:
            self._idle.append(line)
            return
        self._give(line)

    def _give(self, line: _Line) -> None:
        if self._next >= len(self.requests):
            if self.report.answered + self.report.refused >= len(self.requests):
                self.done.set()
            return
        place = self._next
        self._next += 1
        line.send(place)

    async def pace(self) -> None:
        """Hand out requests at the rate; a late line does not make the next one later."""
        while self._next < len(self.requests):
            due = int((time.perf_counter() - self._began) * (self._rate or 0.0))
            while self._next < min(due, len(self.requests)) and self._idle:
                self._give(self._idle.pop())
            await asyncio.sleep(0.001)

    def answered(self, place: int, status: bytes, seconds: float) -> None:
        if status == b"200":
            self.report.answered += 1
            self.report.acknowledged.append(place)
            self.report.latencies.append(seconds)
        else:
            self.report.refused += 1
        if self.report.answered + self.report.refused >= len(self.requests):
            self.done.set()

    def lost(self) -> None:
        self._open -= 1
        if self._open <= 0:
            self.done.set()

    async def run(self, port: int, connections: int, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        self._open = connections
        for _ in range(connections):
            await loop.create_connection(lambda: _Line(self), "127.0.0.1", port)
        pacing = asyncio.create_task(self.pace()) if self._rate is not None else None
        try:
            async with asyncio.timeout(deadline):
                await self.done.wait()
        except TimeoutError:
            pass
        if pacing is not None:
            pacing.cancel()
        self.report.seconds = time.perf_counter() - self._began


def send(
    requests: Sequence[bytes], port: int, *, connections: int = 64, rate: float | None = None, deadline: float = 300
) -> Report:
    """Send all requests and return what came back; ends early when every connection was lost."""

    async def go() -> Report:
        run = _Run(requests, rate)
        await run.run(port, connections, deadline)
        return run.report

    return uvloop.run(go())
