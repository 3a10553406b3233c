"""Pushes for load: whole calls of three pushes, in the order in which a busy site would send them."""

import random
from collections.abc import Iterator
from hashlib import sha256

NUMBERS = 20
USERS = 30


def conversation(number: int, seed: int) -> list[bytes]:
    """Return the bodies of one answered call."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311  not for secrets
    call_id = sha256(f"{seed}/{number}".encode()).hexdigest()
    flow = call_id[:16]
    caller = f"4917139{chance.randrange(20000, 29999)}"
    callee = f"4930231250{chance.randrange(NUMBERS):02d}"
    user = chance.randrange(USERS)
    ids = f"callId={call_id}&origCallId={call_id}&from={caller}&to={callee}&direction=in&xcid={flow}"
    return [
        f"event=newCall&user%5B%5D=User+{user}&userId%5B%5D=w{user}&fullUserId%5B%5D=1234567w{user}&{ids}".encode(),
        f"event=answer&user=User+{user}&userId=w{user}&fullUserId=1234567w{user}&answeringNumber={callee}&{ids}".encode(),
        f"event=hangup&cause=normalClearing&answeringNumber={callee}&{ids}".encode(),
    ]


def interleaved(calls: int, open_at_once: int, seed: int) -> Iterator[bytes]:
    """Yield all pushes of many calls, with about this many calls open at any time."""
    waiting: list[list[bytes]] = []
    chance = random.Random(seed)  # noqa: S311  not for secrets
    started = 0
    while started < calls or waiting:
        if started < calls and (len(waiting) < open_at_once):
            waiting.append(conversation(started, seed)[::-1])
            started += 1
        index = chance.randrange(len(waiting))
        yield waiting[index].pop()
        if not waiting[index]:
            waiting[index] = waiting[-1]
            waiting.pop()


def request(body: bytes) -> bytes:
    """Return the bytes of one HTTP request as sipgate sends it."""
    return (
        b"POST /in/sipgate HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: sipgate.io\r\n"
        b"Accept: application/xml, text/plain, text/html\r\nAccept-Charset: utf-8\r\n"
        b"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )
