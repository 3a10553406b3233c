"""The running service: parts, writer, board and duties behind one ASGI application, served by uvicorn."""

import asyncio
import gc
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network

import httpx2
import structlog
import uvicorn
from starlette.types import ASGIApp

from calltally.app import Parts, clock_us, database_warnings, steady_ms
from calltally.app.connections import LARGEST_FRAME, GuardedHttp, GuardedSocket, close_late
from calltally.app.counting import observed_of
from calltally.engine.credentials import Sessions, Tokens
from calltally.engine.duties import Duties
from calltally.engine.health import Health
from calltally.engine.ingest import Applied
from calltally.engine.live import Board
from calltally.engine.mending import open_legs_of
from calltally.engine.observed import Observed
from calltally.engine.presence import Presence
from calltally.engine.sync import Keeper, keep_directory, keep_troubles, syncing
from calltally.engine.team_mirror import TeamMirror
from calltally.engine.values import Perform, StoredValues
from calltally.engine.writer import Writer
from calltally.inlets.connecting import Connection, connect
from calltally.inlets.rest_poll import http_client
from calltally.inlets.vault import Vault
from calltally.inlets.webhook import WebhookInlet
from calltally.model.directory import Directory
from calltally.serve.service import Doors, service
from calltally.serve.sipgate_auth import SignInPages
from calltally.serve.site import Site
from calltally.sources.source import Sync

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 8
RARE_COLLECTIONS = (400_000, 10, 20)
"""Thresholds of the cyclic garbage collector.

A batch of messages makes tens of thousands of objects that are freed by their reference counts; with the usual
threshold the collector looks at all of them many times a second, and takes a fifth of the writer's time.
"""
KEPT_ALIVE_SECONDS = 75
RESTART_SECONDS = 1.0
SHARED = ("postgresql", "mysql", "mariadb")
"""How the addresses of databases begin with which several services may work at once."""

LATE_TICKS = 10
"""uvicorn ticks ten times a second; so often late requests are looked for, in ticks."""


def run_until_told(parts: Parts, door: socket.socket, ready: Callable[[str], None] | None) -> None:
    """Serve at a listening socket until SIGTERM or Ctrl-C; what was accepted by then is stored."""
    for advice in database_warnings(parts.settings):
        log.warning("database_unsafe", advice=advice)
    gc.freeze()
    gc.set_threshold(*RARE_COLLECTIONS)
    gc.enable()
    with asyncio.Runner(loop_factory=_event_loop) as runner:
        runner.run(_serve(parts, door, ready))


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The running service as an ASGI application, and its inlet for connections that leave ASGI out."""

    app: ASGIApp
    inlet: WebhookInlet


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[Running]:
    """Give the running service; at the end everything that was accepted is stored."""
    store = parts.store
    health = Health(store.health())
    board = Board(clock_us=clock_us, health=health, open_flows={})
    observed = observed_of(parts)
    ingest = parts.ingest(_hearers(asyncio.get_running_loop(), board, observed))
    presence = _presence(parts)
    presence.begin(ingest)
    writer = Writer(ingest, observed.not_stored)
    writer.start()
    duties = Duties(
        store=store,
        writer=writer,
        board=board,
        presence=presence,
        retention=parts.retention,
        zone=parts.zone,
        clock_us=clock_us,
        longest_call_hours={
            name: source.longest_call_hours(parts.settings.sources.get(name)) for name, source in parts.sources.items()
        },
    )
    site = Site(
        settings=parts.settings,
        zone=parts.zone,
        store=store,
        questions=parts.questions,
        board=board,
        writer=writer,
        teams=parts.teams,
        sources=parts.sources,
        observed=observed,
        clock_us=clock_us,
    )
    inlet = WebhookInlet(
        webhooks=parts.webhooks(),
        take=writer.take,
        health=health,
        clock_us=clock_us,
        trusted=tuple(ip_network(network) for network in parts.settings.server.trusted_proxies),
        refused=observed.refused,
    )
    async with AsyncExitStack() as stack:
        stack.callback(_finish, presence, writer)
        http = await stack.enter_async_context(http_client())
        connections = _connections(parts, writer, http, presence.instance)
        await duties.load_board()
        mirror = TeamMirror(store, parts.teams.current, _perform(writer))
        for name, work in (("board", board.run), ("duties", duties.run), ("teams", mirror.run)):
            stack.push_async_callback(_cancel, asyncio.create_task(keep_running(name, work)))
        for name, connection in connections.items():
            await stack.enter_async_context(syncing(_keeper(parts, duties, name, connection)))
        app = service(site, inlet, _doors(parts, writer), _sign_in_pages(parts, connections))
        yield Running(app=app, inlet=inlet)


def _hearers(loop: asyncio.AbstractEventLoop, board: Board, observed: Observed) -> Callable[[Applied], None]:
    """Return what tells board and counters of a stored batch, from the writer's thread."""

    def committed(applied: Applied) -> None:
        board.committed(applied)
        if not loop.is_closed():
            loop.call_soon_threadsafe(observed.heard, applied, clock_us())

    return committed


def _perform(writer: Writer) -> Perform:
    """Return what runs a write to the store in the writer's thread."""
    return lambda job: writer.run(lambda _ingest: job())


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
                perform=_perform(writer),
                me=me,
            ),
        )
        for name, sync in _syncs(parts).items()
    }


def _presence(parts: Parts) -> Presence:
    """Return the life of this process; another service may work with the database if that is a server's."""
    return Presence(
        store=parts.store,
        instance=secrets.token_hex(8),
        is_sole=not parts.settings.database_url.startswith(SHARED),
        clock_us=clock_us,
        steady_ms=steady_ms,
    )


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


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run work that never ends; a fault of ours in it is logged loudly, and the work begun anew."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("work_failed", work=name)
        await asyncio.sleep(RESTART_SECONDS)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _finish(presence: Presence, writer: Writer) -> None:
    """Store what waits, and note until when calltally was there, unless the store is away: asking takes its time."""
    writer.stop()
    if writer.degraded is None:
        presence.end(has_failed=writer.turned_away)


def _doors(parts: Parts, writer: Writer) -> Doors:
    """Return who may come in."""
    new_secret = partial(secrets.token_urlsafe, 32)
    password = parts.settings.server.password
    return Doors(
        tokens=Tokens(parts.store, new_secret),
        sessions=Sessions(parts.store, new_secret, password) if password else None,
        perform=_perform(writer),
        machine=socket.gethostname().partition(".")[0],
    )


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415  it does not exist on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % LATE_TICKS == 0:
            close_late(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)


async def _serve(parts: Parts, door: socket.socket, ready: Callable[[str], None] | None) -> None:
    listen = parts.settings.server.listen
    async with running(parts) as running_service:
        config = uvicorn.Config(
            running_service.app,
            host=listen.host,
            port=listen.port,
            http=partial(GuardedHttp, inlet=running_service.inlet),  # type: ignore[arg-type]  # it is only called
            ws=GuardedSocket,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ws_per_message_deflate=False,
            ws_max_size=LARGEST_FRAME,
            timeout_keep_alive=KEPT_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            proxy_headers=False,
        )
        server = _Server(config, lambda: _say_ready(str(listen), ready))
        _end_by_signal(server)
        await server.serve(sockets=[door])
        log.info("service_ended")


def _say_ready(listen: str, ready: Callable[[str], None] | None) -> None:
    log.info("service_ready", listen=listen)
    if ready is not None:
        ready(f"http://{listen}/")


def _end_by_signal(server: uvicorn.Server) -> None:
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
