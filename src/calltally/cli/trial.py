"""What `calltally check` tries, in the order in which it tells."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from calltally.app import Parts, clock_us, database_file, database_warnings, has_database, trouble_with
from calltally.cli.opening import existing, opened
from calltally.engine.checks import (
    Finding,
    clock_finding,
    file_finding,
    folder_finding,
    new_database_finding,
    newest_message_us,
    others_may_read,
    port_finding,
    rebuild_findings,
    source_findings,
)
from calltally.engine.sign_in import KEY_FILE
from calltally.engine.teams import FILE_NAME, NamedNumbers, Teams
from calltally.settings import Settings, SettingsError, as_started, require_guard, secret_in
from calltally.store.store import StoreError

_ANSWER_SECONDS = 2.0
_DATABASE = "can be opened and has the form of this version"


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is found about each thing that the service needs."""
    yield file_finding(settings.file, holds_secret=secret_in(settings.file), notices=settings.notices)
    yield _guard(settings)
    yield folder_finding(settings.data)
    yield from _key_file(settings.data / KEY_FILE)
    newest_us: int | None = None
    try:
        with _looked_at(settings) as (parts, is_new):
            # Who may only read sees everything and would lose every push.
            with parts.store.write():
                pass
            newest_us = newest_message_us(parts.store)
            if is_new:
                yield new_database_finding(database_file(settings), settings.data)
            else:
                yield Finding(subject="database", detail=_DATABASE)
            yield from (
                Finding(subject="database", warning=f"{warning[0].upper()}{warning[1:]}.")
                for warning in database_warnings(settings)
            )
            yield from rebuild_findings(parts.store, settings.command)
            yield from source_findings(parts.store, _sources(parts))
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


@contextmanager
def _looked_at(settings: Settings) -> Iterator[tuple[Parts, bool]]:
    """Give what is there already; where nothing is, an empty database that is thrown away, and that it is new."""
    if has_database(settings):
        with existing(settings) as parts:
            yield parts, False
        return
    with TemporaryDirectory(prefix="calltally-check-") as folder:
        elsewhere = replace(settings, data=Path(folder), database=replace(settings.database, url=None))
        with opened(elsewhere) as parts:
            yield parts, True


def _key_file(file: Path) -> Iterator[Finding]:
    """Yield whether others may read the key of the secrets in the database, if there is one."""
    warning = others_may_read(file)
    if warning is not None:
        yield Finding(subject=f"key {file}", warning=warning)


def _guard(settings: Settings) -> Finding:
    try:
        require_guard(settings.server)
    except SettingsError as refused:
        return Finding(subject="access", problem=as_started(str(refused), settings.command))
    if settings.server.password:
        return Finding(subject="access", detail="by password and tokens")
    return Finding(subject="access", detail="open to everyone" if settings.server.open else "this machine only")


def _sources(parts: Parts) -> dict[str, bool]:
    """Return of each connected source whether its messages are taken in without a look at their signatures."""
    chosen = parts.settings.sources.items()
    return {name: parts.sources[name].takes_unsigned(own) for name, own in chosen if name in parts.sources}


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
    problems = teams.problems()
    if problems:
        return Finding(subject="teams", problem=" ".join(problems))
    return Finding(subject="teams", detail=f"{len(teams.current())} in use")


def _is_served(host: str, port: int) -> bool:
    """Return whether a calltally listens at an address already."""
    try:
        with socket.create_connection((host, port), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except (OSError, UnicodeError):
        return False
