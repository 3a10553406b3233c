"""What `calltally check` looks at outside the settings: each check says what is wrong in a sentence, or nothing."""

import os
import shutil
import socket
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from calltally.engine.refusals import refusals
from calltally.engine.unfinished import rebuild_advice
from calltally.store.store import Store

_EARLIEST_YEAR = 2025
_LEAST_FREE_BYTES = 500 * 1024 * 1024
_FUTURE_US = 60 * 1_000_000
_NEWEST_SET_ASIDE = 1_000
_NOT_UNDERSTOOD = "Those set aside could not be understood; the Settings page shows them with the reasons."
UNSIGNED = "The signatures of pushes are not checked, so others can send made-up calls."
_GIVE_RIGHT = "Give the user of the service the right, or choose another."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one thing.

    Attributes:
        subject: what was looked at.
        problem: what is wrong and what to do, as sentences; `None` if the service can start.
        warning: what should be changed although the service can start; `None` if all is well.
        detail: what was found where all is well.
    """

    subject: str
    problem: str | None = None
    warning: str | None = None
    detail: str = ""


def file_finding(file: Path, *, holds_secret: bool, notices: Sequence[str]) -> Finding:
    """Return whether the settings file is there, and whether others may read the secrets in it."""
    subject = f"settings {file}"
    if not file.exists():
        return Finding(subject=subject, detail=" ".join(["there is no such file, so the defaults are used.", *notices]))
    warning = others_may_read(file) if holds_secret else None
    return Finding(subject=subject, warning=warning, detail=" ".join(notices) or "all keys can be used")


def others_may_read(file: Path) -> str | None:
    """Return what to do about a file of secrets that every user of this machine may read; `None` if nobody may."""
    try:
        is_open = file.stat().st_mode & stat.S_IROTH
    except OSError:
        return None
    return (
        f"It holds secrets, and every user of this machine may read it. Run: chmod o-r {quote(str(file))}"
        if (is_open)
        else None
    )


def folder_finding(folder: Path) -> Finding:
    """Return whether the data folder can be written and has room; nothing is made."""
    subject = f"data folder {folder}"
    if not folder.exists():
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            return Finding(subject=subject, detail="not there yet; the service makes it when it starts")
        sentence = f"It is not there, and cannot be made in {above}. {_GIVE_RIGHT}"
        return Finding(subject=subject, problem=sentence)
    try:
        trial = folder / f".calltally-check-{os.getpid()}"
        trial.write_bytes(b"x")
        trial.unlink()
    except OSError as refused:
        return Finding(subject=subject, problem=f"It cannot be written ({refused.strerror}). {_GIVE_RIGHT}")
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        return Finding(subject=subject, problem=f"Only {free // 1024**2} MiB are free. Make room, or choose another.")
    return Finding(subject=subject, detail=f"writable, {free // 1024**3} GiB free")


def new_database_finding(file: Path | None, data: Path) -> Finding:
    """Return what the service will do about a database that is not there yet.

    Args:
        file: where it is to be; `None` for one on a server, which is there, but empty.
        data: the data folder, which the service makes; other folders it does not.
    """
    subject = "database"
    if file is not None:
        folder, data = file.parent, data.resolve()
        if not folder.is_dir() and folder not in {data, *data.parents}:
            return Finding(
                subject=subject,
                problem=f"{file} is not there, nor is its folder, which the service does not make. Make the folder, or"
                " write another path into database.url.",
            )
        above = next(each for each in (folder, *folder.parents) if each.exists())
        if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
            sentence = f"{file} is not there, and cannot be made in {above}. {_GIVE_RIGHT}"
            return Finding(subject=subject, problem=sentence)
    return Finding(subject=subject, detail="none yet; the service makes it when it starts")


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


def rebuild_findings(store: Store, command: str) -> list[Finding]:
    """Return what to do about figures that were to be made again and are not whole yet; nothing where they are."""
    advice = rebuild_advice(store, command)
    return [] if advice is None else [Finding(subject="database", warning=advice)]


def newest_message_us(store: Store) -> int | None:
    """Return when the newest message was received, `None` before the first."""
    return max((heard.last_received_at_us for heard in store.health() if heard.last_received_at_us), default=None)


def source_findings(store: Store, sources: Mapping[str, bool]) -> list[Finding]:
    """Return what is known of each connected source, and what to do about it.

    Args:
        store: what was heard of them.
        sources: by name, whether messages are taken in without a look at their signatures.
    """
    heard = {health.source: health for health in store.health()}
    in_doubt = {entry.message.source for entry in store.set_aside(_NEWEST_SET_ASIDE)}
    findings = []
    for name, is_unsigned in sources.items():
        subject = f"source {name}"
        if is_unsigned:
            findings.append(Finding(subject=subject, warning=f"{UNSIGNED} {unsigned_advice(name)}"))
        refused = refusals(store, name)
        health = heard.get(name)
        if refused is not None and refused.at_us > ((health.last_received_at_us or 0) if health else 0):
            at = datetime.fromtimestamp(refused.at_us // 1_000_000, UTC)
            sentence = f"The newest push was refused, at {at:%Y-%m-%d %H:%M:%S} UTC: {refused.reason}"
            findings.append(Finding(subject=subject, warning=sentence))
        if health is None or health.last_received_at_us is None:
            findings.append(Finding(subject=subject, detail="nothing taken in yet"))
            continue
        last = datetime.fromtimestamp(health.last_received_at_us // 1_000_000, UTC)
        detail = f"{health.received} messages, {health.set_aside} set aside, the last at {last:%Y-%m-%d %H:%M:%S} UTC"
        warning = f"{detail}. {_NOT_UNDERSTOOD}" if name in in_doubt else None
        findings.append(Finding(subject=subject, detail=detail, warning=warning))
    return findings


def unsigned_advice(name: str) -> str:
    """Return what to do about a source whose messages are taken in without a look at their signatures."""
    return f"Remove check_signature = false from [sources.{name}], unless all of this is a trial."
