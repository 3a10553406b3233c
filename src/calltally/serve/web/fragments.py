"""Parts of a live page, each rendered once for all who look at the same thing, and kept for a moment."""

import gzip
from asyncio import Lock
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

MOST_KEPT: Final = 256
CALM_VIEWERS: Final = 50
"""With more viewers than this each asks less often, so that all together ask about as often."""

_PACE_MS: Final = 250
_SMALLEST_PACKED: Final = 700


@dataclass(frozen=True, slots=True)
class Fragment:
    """A rendered part, as it is sent."""

    plain: bytes
    packed: bytes
    tag: str


@dataclass(slots=True)
class _Place:
    """Where one part is kept; `lock` lets one viewer render while the others wait for it."""

    lock: Lock = field(default_factory=Lock)
    moment: Hashable = None
    fragment: Fragment | None = None


class Fragments:
    """The parts of the moment, used on the event loop; the longest unused ones go first."""

    def __init__(self) -> None:
        """Begin empty."""
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()

    async def get(self, key: Hashable, moment: Hashable, render: Callable[[], str]) -> Fragment:
        """Return a part, rendered in another thread unless it was rendered for this moment already.

        Args:
            key: which part, for whom: its name, the language, the filter.
            moment: what the part was rendered of; another one means that it is old.
            render: makes it.
        """
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = _Place()
        self._places.move_to_end(key)
        while len(self._places) > MOST_KEPT:
            self._places.popitem(last=False)
        async with place.lock:
            if place.fragment is None or place.moment != moment:
                place.fragment = await run_in_threadpool(_fragment, render)
                place.moment = moment
            return place.fragment


def _fragment(render: Callable[[], str]) -> Fragment:
    plain = render().encode()
    packed = gzip.compress(plain, 4, mtime=0) if len(plain) >= _SMALLEST_PACKED else b""
    return Fragment(plain, packed, f'"{blake2b(plain, digest_size=9).hexdigest()}"')


def fragment_response(request: Request, fragment: Fragment, viewers: int) -> Response:
    """Return the answer for one viewer: nothing new, packed, or plain; `x-pace-ms` says how often to ask at most."""
    headers = {
        "cache-control": "private, no-cache",
        "vary": "accept-encoding, accept-language, cookie",
        "etag": fragment.tag,
        "x-pace-ms": str(max(_PACE_MS, _PACE_MS * viewers // CALM_VIEWERS)),
    }
    if request.headers.get("if-none-match") == fragment.tag:
        return Response(status_code=304, headers=headers)
    if fragment.packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(fragment.packed, headers=headers, media_type="text/html")
    return Response(fragment.plain, headers=headers, media_type="text/html")
