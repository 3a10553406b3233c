"""From push to durable, and from push to a viewer's socket, while viewers look and a reader asks."""

import asyncio
import json
import tempfile
import threading
import time
from pathlib import Path
from urllib.request import urlopen

import uvloop
from websockets.asyncio.client import connect

from bench.load import send
from bench.pushes import interleaved, request
from bench.service import Service, running

RATES = ((300, 50), (2_000, 50), (300, 200))
SECONDS = 15
WATCHED_VIEWERS = 5
QUESTION = "/api/v1/query?metrics=calls,answer_rate,asa&since=-1d&every=1h"


def _share(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


async def _look(url: str, viewers: int, seconds: float, delays: list[float]) -> None:
    """Open viewers; a few of them read every frame, and note the time from a call's start to its frame."""

    async def one(watched: bool) -> None:  # noqa: FBT001  an inner task
        async with connect(url, max_size=None, compression=None) as socket:
            end = time.time() + seconds
            async for frame in socket:
                now = time.time()
                if watched:
                    _note(json.loads(frame), now, delays)
                if now > end:
                    return

    await asyncio.gather(*(one(number < WATCHED_VIEWERS) for number in range(viewers)))


def _note(frame: dict[str, object], now: float, delays: list[float]) -> None:
    if frame["type"] != "delta":
        return
    for call in frame.get("calls", ()):  # type: ignore[attr-defined]  a list of calls
        if call["state"] == "waiting":
            started = time.mktime(time.strptime(call["started_at"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
            delays.append(now - started - int(call["started_at"][20:23]) / 1000)


def _read(service: Service, stop: threading.Event) -> None:
    """Ask what a page asks, again and again."""
    while not stop.wait(0.2):
        with urlopen(service.url + QUESTION, timeout=10) as answer:  # noqa: S310  an address of ours
            answer.read()


def _measure(service: Service, rate: int, viewers: int) -> None:
    requests = [request(body) for body in interleaved(rate * SECONDS // 3, 200, seed=rate + viewers)]
    delays: list[float] = []
    looking = threading.Thread(
        target=lambda: uvloop.run(_look(f"ws://127.0.0.1:{service.port}/api/v1/live", viewers, SECONDS + 1, delays))
    )
    stop = threading.Event()
    reader = threading.Thread(target=_read, args=(service, stop))
    looking.start()
    reader.start()
    time.sleep(1)
    before = service.cpu_seconds()
    report = send(requests, service.port, connections=64, rate=rate)
    cpu = service.cpu_seconds() - before
    stop.set()
    looking.join()
    reader.join()
    latencies = report.latencies
    print(
        f"{rate} pushes/s, {viewers} viewers: durable p50 {_share(latencies, 0.5):.1f}"
        f" p99 {_share(latencies, 0.99):.1f} ms;"
        f" on a socket p50 {_share(delays, 0.5):.0f} ms p99 {_share(delays, 0.99):.0f} ms ({len(delays)} calls seen);"
        f" {cpu / report.seconds:.2f} CPU s per second, refused {report.refused}"
    )


def main() -> None:
    """Measure each rate once."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as service:
        for rate, viewers in RATES:
            _measure(service, rate, viewers)
