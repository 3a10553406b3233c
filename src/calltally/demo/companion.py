"""The process beside the demo's service: it loads the history and plays the live traffic.

It ends when the service's process does: that one holds the other end of its standard input, and writes nothing into it.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import structlog

from calltally.app import clock_us, open_parts
from calltally.demo.chance import chance
from calltally.demo.folder import DemoError, plan_in, settings_of
from calltally.demo.history import Plan
from calltally.demo.loading import load_history, save_names
from calltally.demo.simulator import line_to, play, ready
from calltally.demo.telling import told_to
from calltally.settings import Address, Settings
from calltally.store.store import StoreError

log = structlog.get_logger(__name__)

_LEAST_PAUSE_SECONDS = 0.02
_SHARE_FOR_OTHERS = 0.25
_TRY_AGAIN_SECONDS = 2.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  an address to call, not one to serve at


def accompany(folder: Path, listen: str, *, live: bool) -> int:
    """Load the history of a prepared folder and play live traffic until the process of the service ends.

    Raises:
        DemoError: the folder is none of a demo.
        SettingsError: its settings cannot be used.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service; its end is told by the pipe
    plan = plan_in(folder)
    if plan is None:
        raise DemoError(f"{folder} is no folder of a demo")
    asyncio.run(_accompany(plan, settings_of(folder, listen, os.environ), live=live))
    return 0


async def _accompany(plan: Plan, settings: Settings, *, live: bool) -> None:
    loop = asyncio.get_running_loop()
    stop, over = threading.Event(), asyncio.Event()

    def end() -> None:
        stop.set()
        over.set()

    loop.add_signal_handler(signal.SIGTERM, end)
    threading.Thread(target=_await_end_of_input, args=(lambda: loop.call_soon_threadsafe(end),), daemon=True).start()
    ending = asyncio.create_task(over.wait())
    working = asyncio.ensure_future(_work(plan, settings, stop, live=live))
    try:
        await asyncio.wait({ending, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
    finally:
        stop.set()
        ending.cancel()
        working.cancel()


async def _work(plan: Plan, settings: Settings, stop: threading.Event, *, live: bool) -> None:
    address = address_of(settings.server.listen)
    await ready(address, asyncio.sleep)
    loading = asyncio.to_thread(_load, plan, settings, stop)
    if not live:
        await loading
        return
    async with line_to(address) as line:
        await asyncio.gather(loading, play(line, chance(plan.seed, "live", clock_us())))


def _load(plan: Plan, settings: Settings, stop: threading.Event) -> None:
    """Load the history, again and again until it is complete or there is no more time."""
    parts = open_parts(settings)
    ingest = parts.ingest()
    pause = pausing(stop, monotonic)
    try:
        with told_to(sys.stderr) as tell:
            while not stop.is_set():
                try:
                    save_names(parts.store)
                    load_history(plan, store=parts.store, ingest=ingest, tell=tell, pause=pause)
                except StoreError as problem:
                    log.warning("history_postponed", reason=str(problem))
                    stop.wait(_TRY_AGAIN_SECONDS)
                else:
                    return
    finally:
        parts.store.close()


def pausing(stop: threading.Event, clock: Callable[[], float]) -> Callable[[], bool]:
    """Return what leaves the database to others for a share of the time, and says whether to stop."""
    began = clock()

    def pause() -> bool:
        nonlocal began
        worked = clock() - began
        stops = stop.wait(max(_LEAST_PAUSE_SECONDS, worked * _SHARE_FOR_OTHERS))
        began = clock()
        return stops

    return pause


def address_of(listen: Address) -> str:
    """Return the address under which this machine reaches a service that listens there."""
    return f"http://{Address(_EVERYWHERE.get(listen.host, listen.host), listen.port)}"


def _await_end_of_input(tell: Callable[[], object]) -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock a thread must not hold when Python ends
        pass
    tell()
