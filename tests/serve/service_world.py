"""The whole service in this process, asked over HTTP without a socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
from starlette.types import ASGIApp

from calltally.app import Parts, open_parts
from calltally.app.running import running
from calltally.settings import Settings, load
from tests.sipgate_forms import answer, hangup, new_call

__all__ = ["OPEN", "Running", "answer", "hangup", "new_call", "service_in", "with_service"]

T = TypeVar("T")
OPEN = """
[site]
name = "Nordlicht"
time_zone = "Europe/Berlin"
[server]
public_url = "https://calls.example.org"
[sources.sipgate]
check_signature = false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running service and a client of it."""

    parts: Parts
    app: ASGIApp
    http: httpx2.AsyncClient

    async def push(self, body: str, **headers: str) -> httpx2.Response:
        """Send a push as sipgate does."""
        sent = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8", **headers}
        return await self.http.post("/in/sipgate", content=body.encode(), headers=sent)


def _settings_in(folder: Path, text: str) -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / "calltally.toml").write_text(text)
    return load(data=folder, environ={})


@asynccontextmanager
async def service_in(folder: Path, settings: str = OPEN) -> AsyncIterator[Running]:
    """Give the service on a data folder."""
    parts = open_parts(_settings_in(folder, settings))
    try:
        async with running(parts) as served:
            app = served.app
            transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 50_000), raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
                yield Running(parts=parts, app=app, http=http)
    finally:
        parts.store.close()


def with_service(folder: Path, scenario: Callable[[Running], Awaitable[T]], settings: str = OPEN) -> T:
    """Run a scenario against the service, and return what it returns."""

    async def go() -> T:
        async with service_in(folder, settings) as service:
            return await scenario(service)

    return asyncio.run(go())
