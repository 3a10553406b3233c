"""The service on a database that does not answer some kinds of questions."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx2

from calltally.app import open_parts
from calltally.app.running import running
from calltally.engine.questions import Questions
from calltally.settings import load
from calltally.store.store import Store, StoreError

AWAY = StoreError("disk I/O error")


class _Failing:
    """A database that fails at some questions."""

    def __init__(self, store: Store, methods: tuple[str, ...], error: Exception) -> None:
        self._store = store
        self._methods = methods
        self._error = error

    def __getattr__(self, name: str) -> object:
        return self._fail if name in self._methods else getattr(self._store, name)

    def _fail(self, *_: object) -> object:
        raise self._error


def ask_failing(
    folder: Path, address: str, *methods: str, error: Exception = AWAY, language: str = "en"
) -> httpx2.Response:
    """Return the answer of a service whose database fails in some methods; what the service raises is raised."""

    async def go() -> httpx2.Response:
        parts = open_parts(load(data=folder, environ={}))
        try:
            failing: Store = _Failing(parts.store, methods, error)  # type: ignore[assignment]  # it answers for a Store
            broken = replace(parts, store=failing, questions=Questions(failing, parts.zone, parts.teams.current))
            async with running(broken) as served:
                transport = httpx2.ASGITransport(app=served.app, client=("127.0.0.1", 50_000))
                async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
                    return await http.get(address, headers={"accept-language": language})
        finally:
            parts.store.close()

    return asyncio.run(go())
