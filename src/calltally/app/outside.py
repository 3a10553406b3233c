"""What looks at the running service from outside, or is asked by it: pages, API, and the phone systems' own interfaces.

Loaded beside the running service, because it takes as long to load as all that takes messages in.
"""

import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx2
from starlette.types import ASGIApp

from calltally.app.parts import Parts, clock_us
from calltally.app.working import Inside, performing
from calltally.engine.credentials import Sessions, Tokens
from calltally.engine.duties import Duties
from calltally.engine.mending import open_legs_of
from calltally.engine.sync import Keeper, keep_directory, keep_troubles, syncing
from calltally.engine.values import StoredValues
from calltally.engine.writer import Writer
from calltally.inlets.connecting import Connection, connect
from calltally.inlets.rest_poll import http_client
from calltally.inlets.vault import Vault
from calltally.model.directory import Directory
from calltally.serve.service import Doors, service
from calltally.serve.sipgate_auth import SignInPages
from calltally.serve.site import Site
from calltally.sources.source import Sync


@asynccontextmanager
async def outside(inside: Inside) -> AsyncIterator[ASGIApp]:
    """Ask the phone systems that can be asked, and give the application that answers everything but pushes."""
    parts, writer = inside.parts, inside.writer
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(http_client())
        connections = _connections(parts, writer, http, inside.duties.presence.instance)
        for name, connection in connections.items():
            await stack.enter_async_context(syncing(_keeper(parts, inside.duties, name, connection)))
        yield service(_site(inside), _doors(parts, writer), _sign_in_pages(parts, connections))


def _site(inside: Inside) -> Site:
    parts = inside.parts
    return Site(
        settings=parts.settings,
        zone=parts.zone,
        store=parts.store,
        questions=parts.questions,
        board=inside.duties.board,
        writer=inside.writer,
        teams=parts.teams,
        sources=parts.sources,
        observed=inside.observed,
        clock_us=clock_us,
    )


def _syncs(parts: Parts) -> dict[str, Sync]:
    """Return what can be asked of each phone system that the settings say how to reach."""
    found: dict[str, Sync] = {}
    for name, chosen in parts.settings.sources.items():
        source = parts.sources.get(name)
        sync = source.sync(chosen) if source is not None and source.sync is not None else None
        if sync is not None:
            found[name] = sync
    return found


def _connections(parts: Parts, writer: Writer, http: httpx2.AsyncClient, me: str) -> dict[str, tuple[Sync, Connection]]:
    vault = Vault(values=StoredValues(parts.store), folder=parts.settings.data)
    return {
        name: (
            sync,
            connect(
                sync.remote,
                name=name,
                public_url=parts.settings.public_url,
                vault=vault,
                http=http,
                clock_us=clock_us,
                perform=performing(writer),
                me=me,
            ),
        )
        for name, sync in _syncs(parts).items()
    }


def _keeper(parts: Parts, duties: Duties, name: str, connection: tuple[Sync, Connection]) -> Keeper:
    """Return what keeps directory and open calls of one phone system up to date."""
    sync, connected = connection
    writer, board = duties.writer, duties.board

    async def keep(directory: Directory) -> None:
        await writer.run(lambda _ingest: keep_directory(parts.store, name, directory))

    async def settle() -> None:
        if connected.sign_in is not None:
            await connected.sign_in.settle()

    return Keeper(
        source=parts.sources[name],
        sync=sync,
        fetch=connected.fetch,
        store=parts.store,
        submit=writer.accept_all,
        keep_directory=keep,
        open_legs=lambda: open_legs_of(board.open.values(), name),
        clock_us=clock_us,
        may_ask=duties.presence.holds_lease,
        settle=settle,
        tell=lambda problems: writer.run(lambda _ingest: keep_troubles(parts.store, name, problems)),
    )


def _sign_in_pages(parts: Parts, connections: Mapping[str, tuple[Sync, Connection]]) -> SignInPages:
    """Return the pages of the sign-in, for the phone system that wants one."""
    name = next((name for name, (_, connected) in connections.items() if connected.sign_in), "sipgate")
    return SignInPages(
        sign_in=connections[name][1].sign_in if name in connections else None,
        title=parts.sources[name].title,
        source=name,
        site_name=parts.settings.site.name,
        language=parts.settings.site.language,
        now_ms=lambda: clock_us() // 1000,
    )


def _doors(parts: Parts, writer: Writer) -> Doors:
    """Return who may come in."""
    new_secret = partial(secrets.token_urlsafe, 32)
    password = parts.settings.server.password
    return Doors(
        tokens=Tokens(parts.store, new_secret),
        sessions=Sessions(parts.store, new_secret, password) if password else None,
        perform=performing(writer),
        machine=socket.gethostname().partition(".")[0],
    )
