"""From push to durable, and from push to a viewer's socket, while viewers look and a reader asks."""

import asyncio
import json
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any
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


async def _look(url: str, viewers: int, seconds: float, seen: list[tuple[float, str | bytes]]) -> None:
    """Open viewers; a few of them keep every frame with its time, to be read when nothing is measured any more."""

    async def one(watched: bool) -> None:  # noqa: FBT001  an inner task
        async with connect(url, max_size=None, compression=None) as socket:
            end = time.time() + seconds
            async for frame in socket:
                now = time.time()
                if watched:
                    seen.append((now, frame))
                if now > end:
                    return

    await asyncio.gather(*(one(number < WATCHED_VIEWERS) for number in range(viewers)))


def _delays(seen: list[tuple[float, str | bytes]]) -> list[float]:
    """Return the time from the start of each call to each frame in which it waits."""
    return [
        at - datetime.fromisoformat(call["started_at"]).timestamp()
        for at, frame in seen
        for call in _changed(json.loads(frame))
        if call["state"] == "waiting"
    ]


def _changed(frame: dict[str, Any]) -> list[dict[str, Any]]:
    return frame["calls"] if frame["type"] == "delta" else []


def _read(service: Service, stop: threading.Event) -> None:
    """Ask what a page asks, again and again."""
    while not stop.wait(0.2):
        with urlopen(service.url + QUESTION, timeout=10) as answer:  # noqa: S310  an address of ours
            answer.read()


def _measure(service: Service, rate: int, viewers: int) -> None:
    requests = [request(body) for body in interleaved(rate * SECONDS // 3, 200, seed=rate + viewers)]
    seen: list[tuple[float, str | bytes]] = []
    looking = threading.Thread(
        target=lambda: uvloop.run(_look(f"ws://127.0.0.1:{service.port}/api/v1/live", viewers, SECONDS + 1, seen))
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
    latencies, delays = report.latencies, _delays(seen)
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
