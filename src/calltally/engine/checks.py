"""What `calltally check` looks at outside the settings: each check says what is wrong in a sentence, or nothing."""

import os
import shutil
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calltally.store.store import Store

_EARLIEST_YEAR = 2025
_LEAST_FREE_BYTES = 500 * 1024 * 1024
_FUTURE_US = 60 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one thing.

    Attributes:
        subject: what was looked at.
        problem: what is wrong and what to do, as sentences; `None` if all is well.
        detail: what was found where all is well.
    """

    subject: str
    problem: str | None = None
    detail: str = ""


def folder_finding(folder: Path) -> Finding:
    """Return whether the data folder can be written and has room."""
    subject = f"data folder {folder}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = folder / f".calltally-check-{os.getpid()}"
        trial.write_bytes(b"x")
        trial.unlink()
    except OSError as refused:
        sentence = (
            f"It cannot be written ({refused.strerror}). Give the user of the service the right, or choose another."
        )
        return Finding(subject=subject, problem=sentence)
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        return Finding(subject=subject, problem=f"Only {free // 1024**2} MiB are free. Make room, or choose another.")
    return Finding(subject=subject, detail=f"writable, {free // 1024**3} GiB free")


def port_finding(host: str, port: int, *, is_served: bool) -> Finding:
    """Return whether the service can listen; `is_served` says that it does already."""
    subject = f"address {host}:{port}"
    if is_served:
        return Finding(subject=subject, detail="a calltally answers here")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except (OSError, UnicodeError) as refused:
        sentence = f"It cannot be used ({refused}). Stop the program that uses it, or set another server.listen."
        return Finding(subject=subject, problem=sentence)
    return Finding(subject=subject, detail="free")


def clock_finding(now_us: int, newest_us: int | None) -> Finding:
    """Return whether the clock can be right; nothing in the journal can be newer than now."""
    now = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    if now.year < _EARLIEST_YEAR:
        return Finding(subject="clock", problem=f"It says {now:%Y-%m-%d}. Set it, best by a time service.")
    if newest_us is not None and newest_us > now_us + _FUTURE_US:
        newest = datetime.fromtimestamp(newest_us // 1_000_000, UTC)
        sentence = f"It says {now:%Y-%m-%d %H:%M:%S} UTC, but the newest message is of {newest:%Y-%m-%d %H:%M:%S} UTC."
        return Finding(subject="clock", problem=sentence)
    return Finding(subject="clock", detail=f"{now:%Y-%m-%d %H:%M:%S} UTC")


def newest_message_us(store: Store) -> int | None:
    """Return when the newest message was received, `None` before the first."""
    return max((heard.last_received_at_us for heard in store.health() if heard.last_received_at_us), default=None)


def source_findings(store: Store, names: tuple[str, ...]) -> list[Finding]:
    """Return what is known of each connected source."""
    heard = {health.source: health for health in store.health()}
    findings = []
    for name in names:
        health = heard.get(name)
        if health is None or health.last_received_at_us is None:
            findings.append(Finding(subject=f"source {name}", detail="nothing heard yet"))
            continue
        last = datetime.fromtimestamp(health.last_received_at_us // 1_000_000, UTC)
        detail = f"{health.received} messages, {health.set_aside} set aside, the last at {last:%Y-%m-%d %H:%M:%S} UTC"
        findings.append(Finding(subject=f"source {name}", detail=detail))
    return findings
