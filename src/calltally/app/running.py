"""The running service: what takes messages in runs first, and lets the outside in as soon as that is loaded."""

import asyncio
import gc
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from ipaddress import ip_network

import structlog
import uvicorn

from calltally.app.connections import LARGEST_FRAME, GuardedHttp, close_late, guarded_socket
from calltally.app.counting import observed_of
from calltally.app.front import Front
from calltally.app.parts import Parts, clock_us, database_file, database_warnings, open_parts, steady_ms
from calltally.app.starting import sole_database
from calltally.app.working import RESTART_SECONDS, Inside, meanwhile, performing
from calltally.engine.checks import UNSIGNED, unsigned_advice
from calltally.engine.duties import Duties
from calltally.engine.health import Health
from calltally.engine.ingest import Applied
from calltally.engine.live import Board
from calltally.engine.observed import Observed
from calltally.engine.presence import Presence
from calltally.engine.team_mirror import TeamMirror
from calltally.engine.unfinished import rebuild_advice
from calltally.engine.writer import Writer
from calltally.inlets.webhook import WebhookInlet
from calltally.settings import Settings
from calltally.store.store import StoreError

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 8
RARE_COLLECTIONS = (400_000, 10, 20)
"""Thresholds of the cyclic garbage collector.

A batch of messages makes tens of thousands of objects that are freed by their reference counts; with the usual
threshold the collector looks at all of them many times a second, and takes a fifth of the writer's time.
"""
KEPT_ALIVE_SECONDS = 75
SHARED = ("postgresql", "mysql", "mariadb")
"""How the addresses of databases begin with which several services may work at once."""

LATE_TICKS = 10
"""uvicorn ticks ten times a second; so often late requests are looked for, in ticks."""


def serve_at(door: socket.socket, settings: Settings, ready: Callable[[str], None] | None) -> None:
    """Serve at a listening socket until SIGTERM or Ctrl-C; what was accepted by then is stored.

    Raises:
        StartError: another service holds the database; nothing was written.
        StoreError: the database cannot be opened.
    """
    with sole_database(database_file(settings)):
        parts = open_parts(settings)
        try:
            parts.teams.current()  # so that a file of teams that cannot be used is told of at the start
            with asyncio.Runner(loop_factory=_event_loop) as runner:
                runner.run(_serve(parts, door, ready))
        finally:
            parts.store.close()
    log.info("service_ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The running service as an ASGI application, and its inlet for connections that leave ASGI out.

    Attributes:
        opening: ends only by a fault of ours, which keeps pages and API from being there.
    """

    app: Front
    inlet: WebhookInlet
    opening: asyncio.Task[None]


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[Running]:
    """Give the running service; at the end everything that was accepted is stored."""
    health = Health(parts.store.health())
    board = Board(clock_us=clock_us, health=health, open_flows={})
    observed = observed_of(parts)
    ingest = parts.ingest(_hearers(asyncio.get_running_loop(), board, observed))
    presence = _presence(parts)
    presence.begin(ingest)
    writer = Writer(ingest, observed.not_stored)
    duties = _duties(parts, writer, board, presence)
    inlet = WebhookInlet(
        webhooks=parts.webhooks(),
        take=writer.take,
        health=health,
        clock_us=clock_us,
        trusted=tuple(ip_network(network) for network in parts.settings.server.trusted_proxies),
        refused=observed.refused,
    )
    front = Front(inlet, writer)
    inside = Inside(parts=parts, duties=duties, observed=observed)
    mirror = TeamMirror(parts.store, parts.teams.current, performing(writer))
    async with AsyncExitStack() as stack:
        writer.start()  # from here on its thread must be told to end, or the process never would
        stack.callback(_finish, presence, writer)
        for name, work in (("board", board.run), ("duties", duties.run), ("teams", mirror.run)):
            await stack.enter_async_context(meanwhile(name, work))
        opening = asyncio.create_task(_let_the_outside_in(inside, front))
        stack.push_async_callback(_cancel, opening)
        yield Running(app=front, inlet=inlet, opening=opening)


async def _let_the_outside_in(inside: Inside, front: Front) -> None:
    """Load what serves pages and API, and let it in when all is taken up; runs until it is cancelled.

    What cannot be read for want of files that may be open is tried again: many connections take theirs.
    """
    await inside.duties.has_read.wait()  # while the writer reads, pushes wait for it, and it should not have to share
    while not front.has_pages:
        try:
            await asyncio.gather(asyncio.to_thread(_load_outside), inside.duties.has_taken_up.wait())
            await _open_outside(inside, front)
        except (OSError, ImportError) as problem:
            if isinstance(problem, ModuleNotFoundError) or front.has_pages:
                raise
            log.warning("pages_postponed", reason=str(problem))
            await asyncio.sleep(RESTART_SECONDS)


async def _open_outside(inside: Inside, front: Front) -> None:
    from calltally.app.outside import outside  # noqa: PLC0415  loaded by now

    async with outside(inside) as pages:
        front.let_in(pages)
        with suppress(StoreError):  # a server that is away just now is asked at the next start
            for advice in await asyncio.to_thread(database_warnings, inside.parts.settings):
                log.warning("database_unsafe", advice=advice)
            await asyncio.to_thread(_warn_of_a_rebuild, inside.parts)
        await asyncio.Event().wait()


def _warn_of_a_rebuild(parts: Parts) -> None:
    advice = rebuild_advice(parts.store, parts.settings.command)
    if advice is not None:
        log.warning("figures_incomplete", advice=advice)


def _load_outside() -> None:
    import_module("calltally.app.outside")


def _hearers(loop: asyncio.AbstractEventLoop, board: Board, observed: Observed) -> Callable[[Applied], None]:
    """Return what tells board and counters of a stored batch, from the writer's thread."""

    def committed(applied: Applied) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(board.heard, applied)
            loop.call_soon_threadsafe(observed.heard, applied, clock_us())

    return committed


def _duties(parts: Parts, writer: Writer, board: Board, presence: Presence) -> Duties:
    return Duties(
        store=parts.store,
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


def _presence(parts: Parts) -> Presence:
    """Return the life of this process; another service may work with the database if that is a server's."""
    return Presence(
        store=parts.store,
        instance=secrets.token_hex(8),
        is_sole=not parts.settings.database_url.startswith(SHARED),
        clock_us=clock_us,
        steady_ms=steady_ms,
    )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _finish(presence: Presence, writer: Writer) -> None:
    """Store what waits, and note until when calltally was there, unless the store is away: asking takes its time."""
    writer.stop()
    if writer.degraded is None:
        presence.end(has_failed=writer.turned_away)


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415  it does not exist on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, front: Front, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._front = front
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % LATE_TICKS == 0:
            close_late(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._front.is_ending = True
        await super().shutdown(sockets)

    def end(self) -> None:
        """End in order."""
        self.should_exit = True


async def _serve(parts: Parts, door: socket.socket, ready: Callable[[str], None] | None) -> None:
    listen = parts.settings.server.listen
    async with running(parts) as served:
        config = uvicorn.Config(
            served.app,
            host=listen.host,
            port=listen.port,
            http=partial(GuardedHttp, inlet=served.inlet),  # type: ignore[arg-type]  # it is only called
            ws=guarded_socket,  # type: ignore[arg-type]  # the same
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
        server = _Server(config, served.app, lambda: _say_ready(str(listen), ready))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.end)
        served.opening.add_done_callback(lambda _opening: server.end())
        _tell_of_unsigned(parts)
        _collect_rarely()
        await server.serve(sockets=[door])
        if served.opening.done():
            served.opening.result()


def _tell_of_unsigned(parts: Parts) -> None:
    """Warn of sources whose pushes are believed unsigned, unless nobody but this machine can push at all."""
    server = parts.settings.server
    if server.listen.is_loopback and parts.settings.outside_url is None and not server.trusted_proxies:
        return
    for name, own in parts.settings.sources.items():
        if name in parts.sources and parts.sources[name].takes_unsigned(own):
            log.warning("signatures_unchecked", source=name, reason=UNSIGNED, advice=unsigned_advice(name))


def _collect_rarely() -> None:
    """Set the collector of garbage up; what is there by now stays."""
    gc.freeze()
    gc.set_threshold(*RARE_COLLECTIONS)
    gc.enable()


def _say_ready(listen: str, ready: Callable[[str], None] | None) -> None:
    log.info("service_ready", listen=listen)
    if ready is not None:
        ready(f"http://{listen}/")
