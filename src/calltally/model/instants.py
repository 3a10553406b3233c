"""Instants and ranges: integer milliseconds since 1970 UTC inside, RFC 3339 at the edges."""

from dataclasses import dataclass
from datetime import UTC, datetime

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
QUARTER_MS = 15 * MINUTE_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of time, `[since_ms, until_ms)`."""

    since_ms: int
    until_ms: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing can lie in the range."""
        return self.until_ms <= self.since_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which a source could not be heard; `source` is `None` when calltally itself was down."""

    source: str | None
    since_ms: int
    until_ms: int
    reason: str


def rfc3339_ms(instant_ms: int) -> str:
    """Return an instant as RFC 3339 UTC with milliseconds, `2026-11-20T13:07:32.114Z`."""
    seconds, rest = divmod(instant_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def rfc3339_us(instant_us: int) -> str:
    """Return an instant as RFC 3339 UTC with microseconds."""
    seconds, rest = divmod(instant_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"


def instant_us(text: str) -> int:
    """Return the microseconds since 1970 of an RFC 3339 instant.

    Raises:
        ValueError: the text is no instant, or says no offset from UTC.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"the time {text!r} says no offset from UTC; expected something like 2026-11-20T13:07:32.114Z"
        raise ValueError(message)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
