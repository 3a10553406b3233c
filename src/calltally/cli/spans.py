"""The options `--since` and `--until`."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from calltally.model.asked_times import instant_asked
from calltally.model.instants import Span

_TIMES = "2026-11-20T13:07:32Z, a date or time of the site's zone, or -7d."
Since = Annotated[str | None, typer.Option(metavar="TIME", help=f"From this time on: {_TIMES}")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help=f"Before this time: {_TIMES}")]

_ALWAYS_MS = 2**62


def span_asked(since: str | None, until: str | None, zone: ZoneInfo) -> Span | None:
    """Return the span asked for, open where an end is not said; `None` if neither is.

    Raises:
        typer.BadParameter: one of them is no time, or the second is not after the first.
    """
    if since is None and until is None:
        return None
    from calltally.app import clock_us  # noqa: PLC0415  loads the database

    now_ms = clock_us() // 1000
    try:
        since_ms = -_ALWAYS_MS if since is None else instant_asked(since, zone=zone, now_ms=now_ms)
        until_ms = _ALWAYS_MS if until is None else instant_asked(until, zone=zone, now_ms=now_ms)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    if until_ms <= since_ms:
        raise typer.BadParameter("--until must be after --since")
    return Span(since_ms, until_ms)


def span_us(since: str | None, until: str | None, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """Return the span asked for in microseconds, `None` where an end is not said."""
    span = span_asked(since, until, zone)
    if span is None:
        return None, None
    return None if since is None else span.since_ms * 1000, None if until is None else span.until_ms * 1000
