"""What `calltally check` tries, in the order in which it tells."""

import asyncio
import socket
from collections.abc import Iterator
from time import monotonic

from calltally.app import Parts, clock_us, trouble_with
from calltally.cli.opening import opened
from calltally.engine.checks import (
    Finding,
    clock_finding,
    folder_finding,
    newest_message_us,
    port_finding,
    source_findings,
)
from calltally.engine.teams import FILE_NAME, NamedNumbers, Teams
from calltally.settings import Settings, SettingsError, as_started, require_guard
from calltally.store.store import StoreError

_ANSWER_SECONDS = 2.0


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is found about each thing that the service needs."""
    yield Finding(subject=f"settings {settings.file}", detail=" ".join(settings.notices) or "all keys can be used")
    yield _guard(settings)
    yield folder_finding(settings.data)
    newest_us: int | None = None
    try:
        with opened(settings) as parts:
            newest_us = newest_message_us(parts.store)
            yield Finding(subject="database", detail="can be opened and has the form of this version")
            yield from source_findings(parts.store, tuple(settings.sources))
            yield from _ways_in(parts)
    except StoreError as refused:
        yield Finding(subject="database", problem=str(refused))
    if not settings.sources:
        yield Finding(
            subject="sources", detail=f"none is set up yet; `{settings.command} sipgate setup` connects sipgate"
        )
    yield _teams(settings)
    listen = settings.server.listen
    yield port_finding(listen.host, listen.port, is_served=_is_served(listen.host, listen.port))
    yield clock_finding(clock_us(), newest_us)


def _guard(settings: Settings) -> Finding:
    try:
        require_guard(settings.server)
    except SettingsError as refused:
        return Finding(subject="access", problem=as_started(str(refused), settings.command))
    if settings.server.password:
        return Finding(subject="access", detail="by password and tokens")
    return Finding(subject="access", detail="open to everyone" if settings.server.open else "this machine only")


def _ways_in(parts: Parts) -> Iterator[Finding]:
    """Yield whether each phone system that can be asked lets us in."""
    for name, chosen in parts.settings.sources.items():
        source = parts.sources.get(name)
        if source is None or source.sync is None:
            continue
        sync = source.sync(chosen)
        if sync is None:
            detail = "no token and no sign-in is set, so names stay unknown, and calls whose end was lost stay open"
            yield Finding(subject=f"interface of {name}", detail=detail)
        else:
            problem = asyncio.run(trouble_with(parts, name, sync))
            yield Finding(subject=f"interface of {name}", problem=problem, detail="lets calltally in")


def _teams(settings: Settings) -> Finding:
    fixed = [NamedNumbers(name=team.name, numbers=team.numbers) for team in settings.teams]
    file = settings.data / FILE_NAME
    teams = Teams(file=file, fixed=fixed, country=settings.site.country, clock_seconds=monotonic)
    return Finding(subject="teams", problem=" ".join(teams.problems()) or None, detail=f"{len(teams.current())} in use")


def _is_served(host: str, port: int) -> bool:
    """Return whether a calltally listens at an address already."""
    try:
        with socket.create_connection((host, port), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except (OSError, UnicodeError):
        return False
