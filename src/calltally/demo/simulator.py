"""Plays made-up conversations in real time: posts each push to the running service when it is due, as sipgate would.

A push that the service cannot take at the moment (503, or nobody there) is posted again after a while; the later pushes
of its conversation then come later, too.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from random import Random

import httpx2
import structlog

from calltally.demo.mood import LIVE, Mood
from calltally.demo.pushes import Conversation, conversation

log = structlog.get_logger(__name__)

CALLS_A_MINUTE = 20.0
MOST_AT_ONCE = 60
FIRST_CALLS = 8
_FIRST_SECONDS = 4.0
_MOST_TRIES = 40
_LONGEST_PAUSE_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0
_FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8", "user-agent": "sipgate.io"}

Post = Callable[[bytes], Awaitable[int | None]]
"""Posts a push; returns the status of the answer, `None` without one."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The way to the service, and the clock by which conversations are played."""

    post: Post
    sleep: Sleep


async def play(line: Line, rng: Random, *, calls: int | None = None, mood: Mood = LIVE) -> None:
    """Play conversations until cancelled, or so many of them: a few at once to begin with, then as they come."""
    begun = 0
    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:
        while calls is None or begun < calls:
            wait = rng.random() * _FIRST_SECONDS / FIRST_CALLS if begun < FIRST_CALLS else _until_next(rng)
            await line.sleep(wait)
            begun += 1
            if len(running) < MOST_AT_ONCE:
                task = group.create_task(play_one(conversation(rng, mood), line))
                running.add(task)
                task.add_done_callback(running.discard)


def _until_next(rng: Random) -> float:
    return rng.expovariate(CALLS_A_MINUTE / 60)


async def play_one(talk: Conversation, line: Line) -> None:
    """Play one conversation to its end."""
    last_ms = 0
    for at_ms, body in talk.pushes:
        await line.sleep((at_ms - last_ms) / 1000)
        last_ms = at_ms
        await deliver(body, line)


async def deliver(body: bytes, line: Line) -> None:
    """Post a push until the service has taken it, refuses it, or stays away for minutes."""
    for attempt in range(_MOST_TRIES):
        status = await line.post(body)
        if status == HTTPStatus.OK:
            return
        if status is not None and status != HTTPStatus.SERVICE_UNAVAILABLE:
            log.warning("push_refused", status=status)
            return
        await line.sleep(min(0.25 * 2**attempt, _LONGEST_PAUSE_SECONDS))
    log.warning("push_given_up", tries=_MOST_TRIES)


@asynccontextmanager
async def line_to(address: str) -> AsyncIterator[Line]:
    """Give the way to the service at an address such as `http://127.0.0.1:8080`."""
    limits = httpx2.Limits(max_connections=8, max_keepalive_connections=8)
    async with httpx2.AsyncClient(limits=limits, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:

        async def post(body: bytes) -> int | None:
            try:
                answer = await client.post(f"{address}/in/sipgate", content=body, headers=_FORM)
            except httpx2.TransportError:
                return None
            return answer.status_code

        yield Line(post=post, sleep=asyncio.sleep)


async def ready(address: str, sleep: Sleep) -> None:
    """Return once the service at an address says that it is ready."""
    async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
        while True:
            try:
                answer = await client.get(f"{address}/readyz")
            except httpx2.TransportError:
                pass
            else:
                if answer.status_code == HTTPStatus.OK:
                    return
            await sleep(0.1)
