"""Lets a source's conversation speak: hands its requests to whatever can send them, and the answers back."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from calltally.sources.source import Request, Response, Steps

T = TypeVar("T")

Fetch: TypeAlias = Callable[[Request], Awaitable[Response]]
"""Sends one request and returns the answer, whatever its status; raises RemoteError if there is none."""


async def converse(steps: Steps[T], fetch: Fetch) -> T:
    """Return what the conversation learned.

    Raises:
        RemoteError: no answer, or one that is no use.
    """
    try:
        request = next(steps)
        while True:
            request = steps.send(await fetch(request))
    except StopIteration as end:
        learned: T = end.value
        return learned
    finally:
        steps.close()
