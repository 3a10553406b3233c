"""`calltally demo`: the service over a folder of made-up calls, and a second process which fills it.

The service runs in this process as it does for everybody; nothing in it knows that it is a demo.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

from calltally.app import clock_us, serve
from calltally.demo.company import NAME
from calltally.demo.folder import DemoError, prepare, settings_of
from calltally.demo.history import Plan
from calltally.settings import Address, Settings

_END_SECONDS = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _EndedError(Exception):
    """Somebody ended the demo before there was a service to end."""


def start(*, data: Path | None, listen: str, calls: int, days: int, seed: int, live: bool) -> int:
    """Run the demo until it is told to end; return the exit status.

    Args:
        data: a folder to keep everything in and to go on with; `None` for one that is thrown away at the end.
        listen: where to serve, `127.0.0.1:8080`.
        calls: how many calls the history has, about.
        days: how far back it goes.
        seed: another one gives another history.
        live: play live traffic, too.

    Raises:
        SettingsError: the address cannot be used, or would let everybody in.
        StoreError: the database cannot be opened.
    """
    wanted = Plan(calls=calls, days=days, until_ms=clock_us() // 1000, seed=seed)
    try:
        with _ended_by_signals(), _folder(data) as folder:
            plan = prepare(folder, wanted)
            settings = _settings(folder, listen)
            _serve(folder, settings, partial(_greeting, plan, data), live=live)
    except DemoError as problem:
        sys.stderr.write(f"calltally: {problem}.\n")
        return 1
    except _EndedError:
        pass
    return 0


def _serve(folder: Path, settings: Settings, greeting: Callable[[str], str], *, live: bool) -> None:
    """Run the service, with its companion from the moment it is ready, until it is told to end."""
    companions: list[subprocess.Popen[bytes]] = []

    def ready(address: str) -> None:
        sys.stdout.write(greeting(address))
        sys.stdout.flush()
        command = [sys.executable, "-m", "calltally.demo", str(folder), str(settings.server.listen)]
        companions.append(
            subprocess.Popen(  # noqa: S603  this Python, this program, this folder
                command if live else [*command, "--no-live"], stdin=subprocess.PIPE
            )
        )

    try:
        serve(settings, ready=ready)
    finally:
        _put_off_signals()
        for companion in companions:
            _end(companion)


def _end(companion: subprocess.Popen[bytes]) -> None:
    """End the other process: its input ends, which it takes as a sign."""
    if companion.stdin is not None:
        with suppress(OSError):
            companion.stdin.close()
    try:
        companion.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        companion.kill()
        companion.wait()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a signal end the block in order, also before the service runs, which hears of signals itself."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _EndedError

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    signal.signal(signal.SIGHUP, lambda _number, _frame: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _put_off_signals() -> None:
    """Hear of no signal while things are put away."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    """Give the folder that was named, else one which is gone after the block."""
    if data is not None:
        yield data.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="calltally-demo-"))
    try:
        yield folder
    finally:
        _put_off_signals()
        shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, listen: str) -> Settings:
    """Return the settings for an address that is free; for port 0 that of any free port."""
    settings = settings_of(folder, listen, os.environ)
    wanted = settings.server.listen
    port = _free_port(wanted)
    return settings if port == wanted.port else settings_of(folder, str(Address(wanted.host, port)), os.environ)


def _free_port(wanted: Address) -> int:
    """Return the port of an address after trying it.

    Raises:
        DemoError: another program has it, or it is none of this machine.
    """
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((wanted.host, wanted.port))
            trial.listen()
        except OSError as problem:
            raise DemoError(
                f"the demo cannot be served at {wanted}: {problem.strerror};"
                f" choose another port, for example: --listen {Address(wanted.host, 8081)}"
            ) from problem
        port: int = trial.getsockname()[1]
        return port


def _greeting(plan: Plan, data: Path | None, address: str) -> str:
    where = f"Everything is kept in {data.absolute()}." if data else "Everything is thrown away at the end."
    return (
        f"\n  calltally demo: {address}\n\n"
        f"  {NAME} is made up: about {plan.all_calls:,} calls in {plan.days} days, seed {plan.seed}.\n"
        f"  {where} Ctrl-C ends it.\n\n"
    )
