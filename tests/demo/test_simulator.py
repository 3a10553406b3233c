"""Live traffic: every push of a conversation is posted in its order and its time, also to a service that is busy."""

import asyncio
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest

from calltally.demo.chance import chance
from calltally.demo.mood import LIVE
from calltally.demo.pushes import conversation
from calltally.demo.simulator import Line, deliver, play, play_one


@dataclass(slots=True)
class Listener:
    """A service that answers as it is told, and a clock that jumps."""

    statuses: list[int | None] = field(default_factory=list)
    heard: list[tuple[float, bytes]] = field(default_factory=list)
    slept: float = 0.0

    async def post(self, body: bytes) -> int | None:
        """Answer the next status; a push that was taken is heard."""
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.heard.append((self.slept, body))
        await asyncio.sleep(0)
        return status

    async def sleep(self, seconds: float) -> None:
        """Let the time pass without waiting for it."""
        assert seconds >= 0
        self.slept += seconds
        await asyncio.sleep(0)

    def line(self) -> Line:
        """Return the way to this service."""
        return Line(post=self.post, sleep=self.sleep)


def test_the_pushes_of_a_conversation_are_posted_when_they_are_due() -> None:
    talk = conversation(chance(1), LIVE)
    listener = Listener()
    asyncio.run(play_one(talk, listener.line()))
    assert [body for _, body in listener.heard] == [body for _, body in talk.pushes]
    assert [round(at * 1000) for at, _ in listener.heard] == [at_ms for at_ms, _ in talk.pushes]


@pytest.mark.parametrize(
    ("statuses", "posted"),
    [
        ([200], True),
        ([503, 503, 200], True),
        ([None, 503, None, 200], True),  # not reached at all, for instance while the service restarts
        ([400], False),  # refused for good: to say it again would not help
        ([None] * 40, False),
    ],
)
def test_a_push_is_posted_until_it_is_taken_or_refused(statuses: list[int | None], *, posted: bool) -> None:
    listener = Listener(statuses=[*statuses])
    asyncio.run(deliver(b"event=hangup", listener.line()))
    assert bool(listener.heard) is posted
    assert listener.statuses == []


def test_the_wait_before_another_try_grows_but_not_for_ever() -> None:
    listener = Listener(statuses=[503] * 10)
    asyncio.run(deliver(b"event=hangup", listener.line()))
    assert 20 < listener.slept < 50


def test_so_many_conversations_are_played_to_their_end() -> None:
    listener = Listener()
    asyncio.run(play(listener.line(), chance(5), calls=40))
    bodies = [parse_qs(body.decode()) for _, body in listener.heard]
    assert len({body["xcid"][0] for body in bodies}) == 40
    started = {body["callId"][0] for body in bodies if body["event"] == ["newCall"]}
    ended = {body["callId"][0] for body in bodies if body["event"] == ["hangup"]}
    assert started == ended


def test_it_ends_at_once_when_it_is_told_to() -> None:
    async def played_for_a_moment() -> int:
        listener, enough = Listener(), asyncio.Event()

        async def post(body: bytes) -> int | None:
            if len(listener.heard) >= 30:
                enough.set()
            return await listener.post(body)

        playing = asyncio.create_task(play(Line(post=post, sleep=listener.sleep), chance(6)))
        await enough.wait()
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        return len(asyncio.all_tasks()) - 1

    assert asyncio.run(played_for_a_moment()) == 0
