"""What every request meets first: pushes go in from the first moment, everything else waits until the pages are there.

The code of pages and API takes longer to load than all that takes messages in, and the board has to be read first. Who
asks meanwhile gets his answer a moment later, but for the two questions that programs ask to know whether we live.
"""

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calltally.engine.writer import Writer
from calltally.inlets.webhook import PREFIX, Told, WebhookInlet, refusal
from calltally.serve.probes import HEALTHZ, READYZ, health, readiness

LONGEST_WAIT_SECONDS = 20.0
"""Beyond this a request that waits for the pages is told to come again, as the database does not answer."""

_NOT_YET: Final = refusal(
    503, "calltally has just started and cannot read its database yet; come again.", (b"retry-after", b"2")
)
_ENDING: Final = refusal(503, "calltally is ending; come again.", (b"retry-after", b"5"), (b"connection", b"close"))
_TRY_AGAIN_LATER: Final = 1013


class Front:
    """The whole service as one ASGI application."""

    def __init__(self, inlet: WebhookInlet, writer: Writer) -> None:
        """Take what is there from the first moment; must be called inside the event loop."""
        self._inlet = inlet
        self._writer = writer
        self._pages: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()
        self.is_ending = False
        """Whether the service ends, so that requests in work are cut off after a while."""

    @property
    def has_pages(self) -> bool:
        """Whether pages and API are there."""
        return self._pages.done()

    def let_in(self, pages: ASGIApp) -> None:
        """Let everybody in who waits for the pages, and whoever comes from now on."""
        self._pages.set_result(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one that is still in work when the service ends is told so."""
        has_begun = False

        async def noting(event: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(event)

        try:
            await self._answer(scope, receive, noting)
        except asyncio.CancelledError:
            if not self.is_ending:
                raise
            if scope["type"] == "http" and not has_begun:
                await _say(send, _ENDING)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_http = scope["type"] == "http"
        if is_http and scope["path"].startswith(PREFIX):
            await self._inlet(scope, receive, send)
            return
        if not self.has_pages:
            told = self._probed(scope) if is_http else None
            if told is None:
                told = await self._wait()
            if told is not None:
                await (_say(send, told) if is_http else send({"type": "websocket.close", "code": _TRY_AGAIN_LATER}))
                return
        await self._pages.result()(scope, receive, send)

    async def _wait(self) -> Told | None:
        """Wait for the pages; return what to say if they do not come in time."""
        await asyncio.wait([self._pages], timeout=LONGEST_WAIT_SECONDS)
        return None if self.has_pages else _NOT_YET

    def _probed(self, scope: Scope) -> Told | None:
        """Return the answer to a program that asks whether we live or are ready; `None` to any other request."""
        if scope["method"] not in {"GET", "HEAD"} or scope["path"] not in {HEALTHZ, READYZ}:
            return None
        status, text = health() if scope["path"] == HEALTHZ else readiness(self._writer)
        return refusal(status, text) if status == HTTPStatus.OK else refusal(status, text, (b"retry-after", b"2"))


async def _say(send: Send, told: Told) -> None:
    length = (b"content-length", b"%d" % len(told.body))
    await send({"type": "http.response.start", "status": told.status, "headers": [*told.headers, length]})
    await send({"type": "http.response.body", "body": told.body})
