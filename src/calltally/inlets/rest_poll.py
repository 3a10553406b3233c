"""Asks a phone system's own interface over HTTP: lets itself in, and tries again where that can help."""

import asyncio
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import httpx2

from calltally.sources.source import Remote, RemoteError, Request, Response

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
_PASSING = frozenset({429, 500, 502, 503, 504})
"""Answers that may be better a moment later."""
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
"""What may be sent again although the first may have arrived."""

Pause = Callable[[float], Awaitable[None]]


class LetIn(Protocol):
    """How requests are let in."""

    async def authorization(self) -> str:
        """Return the authorization header for a request."""
        ...

    async def after_refusal(self, refused: str) -> str:
        """Return the header to try instead of one that was refused; the same one if there is no other."""
        ...


class Basic:
    """User and password with every request."""

    def __init__(self, user: str, password: str) -> None:
        """Take user and password."""
        self._header = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"

    async def authorization(self) -> str:
        """Return the header."""
        return self._header

    async def after_refusal(self, refused: str) -> str:
        """Return what was refused, for there is nothing else."""
        return refused


def http_client() -> httpx2.AsyncClient:
    """Return a client with the patience that suits interfaces of phone systems; close it in the end."""
    return httpx2.AsyncClient(timeout=httpx2.Timeout(20.0, connect=10.0), headers={"user-agent": "calltally"})


class RestClient:
    """Sends requests to one phone system; call it with a request."""

    def __init__(
        self, *, remote: Remote, let_in: LetIn, http: httpx2.AsyncClient, pause: Pause = asyncio.sleep
    ) -> None:
        """Take where to ask, how to be let in, the HTTP client, and how to wait between two attempts."""
        self._base_url = remote.base_url.rstrip("/")
        self._let_in = let_in
        self._http = http
        self._pause = pause

    async def __call__(self, request: Request) -> Response:
        """Return the answer to a request, whatever its status.

        Raises:
            RemoteError: there is no answer, or nobody has signed in.
        """
        authorization = await self._let_in.authorization()
        answer = await self._patiently(request, authorization)
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            other = await self._let_in.after_refusal(authorization)
            if other != authorization:
                answer = await self._patiently(request, other)
        return Response(status=answer.status_code, body=answer.content)

    async def _patiently(self, request: Request, authorization: str) -> httpx2.Response:
        """Send a request, again after a pause if the trouble may pass."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._send(request, authorization)
            except httpx2.TransportError as problem:
                repeatable = request.method in _REPEATABLE or isinstance(problem, httpx2.ConnectError)
                if attempt == ATTEMPTS or not repeatable:
                    raise self._unreachable(type(problem).__name__) from problem
                await self._pause(_pause_seconds(attempt, None))
                continue
            if answer.status_code not in _PASSING or attempt == ATTEMPTS:
                return answer
            if request.method not in _REPEATABLE and answer.status_code != httpx2.codes.TOO_MANY_REQUESTS:
                return answer
            await self._pause(_pause_seconds(attempt, answer.headers.get("retry-after")))
        raise self._unreachable("no attempt was made")

    async def _send(self, request: Request, authorization: str) -> httpx2.Response:
        headers = {"authorization": authorization, "accept": "application/json"}
        if request.body is not None:
            headers["content-type"] = "application/json"
        try:
            return await self._http.request(
                request.method,
                self._base_url + request.path,
                params=list(request.query) or None,
                content=request.body,
                headers=headers,
            )
        except httpx2.InvalidURL as problem:
            raise RemoteError(f"{self._base_url!r} is no address; check `api_url` in the settings") from problem

    def _unreachable(self, why: str) -> RemoteError:
        return RemoteError(f"{self._base_url} cannot be reached ({why}); check the address and the way to the internet")


@asynccontextmanager
async def connected(remote: Remote) -> AsyncIterator[RestClient]:
    """Connect with user and password, for a short conversation of its own."""
    async with http_client() as http:
        yield RestClient(remote=remote, let_in=Basic(remote.user, remote.password), http=http)


def _pause_seconds(attempt: int, retry_after: str | None) -> float:
    """Return how long to wait: what was asked for, else twice as long after each attempt, a little scattered."""
    if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after), LONGEST_PAUSE_SECONDS)
    scatter = random.uniform(0.8, 1.2)  # noqa: S311  not a secret: it keeps clients from coming back together
    return min(FIRST_PAUSE_SECONDS * float(1 << (attempt - 1)) * scatter, LONGEST_PAUSE_SECONDS)
