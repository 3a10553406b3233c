"""The journal as JSON Lines: out for a backup or another machine, in again without doubling anything.

A line is `{"source": ..., "received_at": ..., "headers": {...}, "body": ...}`, with `body_base64` for a body that is no
text. What was imported has passed the checks of an inlet before, so no signature is asked for.
"""

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from calltally.engine.ingest import Applied
from calltally.engine.reasons import Reasons
from calltally.model.instants import instant_us, rfc3339_us
from calltally.model.messages import RawMessage
from calltally.model.words import LONGEST_NAME

BATCH_MESSAGES = 2_000
_BATCH_BYTES = 8 * 1024 * 1024
_LONGEST_LINE = 16 * 1024 * 1024
_FIRST_US, _LAST_US = 0, 7_258_118_400_000_000  # 1970 to 2200: outside of it calendars run out
_NAMED_LINES = 20


class BadLineError(ValueError):
    """A line that is no message; the text says what is wrong with it."""


class _Line(msgspec.Struct):
    source: str
    received_at: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: str | None = None
    body_base64: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the lines so far: `read` is the sum of the other four.

    Attributes:
        understood: new messages that were understood.
        set_aside: new messages that are kept but could not be understood, by kind of reason.
        already_known: messages that the journal held already.
        bad_lines: lines that are no messages and were left out.
        named: a sentence with its number for each of the first bad lines.
    """

    read: int = 0
    understood: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    already_known: int = 0
    bad_lines: int = 0
    named: tuple[str, ...] = ()


def line_of(message: RawMessage) -> bytes:
    """Return the journal line of a message, with its line end."""
    return msgspec.json.encode(told_of(message)) + b"\n"


def told_of(message: RawMessage) -> dict[str, object]:
    """Return a message under the names of a journal line: its `body` if that is text, else `body_base64`."""
    text = _text(message.body)
    told: dict[str, object] = {
        "source": message.source,
        "received_at": rfc3339_us(message.received_at_us),
        "headers": {name: message.headers[name] for name in sorted(message.headers)},
    }
    if text is None:
        told["body_base64"] = b64encode(message.body).decode()
    else:
        told["body"] = text
    return told


def message_of(line: bytes) -> RawMessage:
    """Return the message of a journal line.

    Raises:
        BadLineError: the line is no message.
    """
    try:
        told = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadLineError(f"no journal line: {wrong}") from None
    if not told.source.isprintable() or not 0 < len(told.source) <= LONGEST_NAME:
        raise BadLineError("no source is named")
    headers = {name.lower(): value for name, value in told.headers.items()}
    received_at_us = _received_at(told.received_at)
    return RawMessage(source=told.source, received_at_us=received_at_us, headers=headers, body=_body(told))


def import_messages(
    stream: BinaryIO,
    *,
    apply: Callable[[Sequence[RawMessage]], Applied],
    progress: Callable[[Counts, int], None],
) -> Counts:
    """Take the lines of a stream in, batch by batch, and return what became of them.

    Each batch is durable before the next is read, and a message that is there already changes nothing, so an import
    that was interrupted is simply run again.

    Args:
        stream: JSON Lines; empty lines say nothing.
        apply: takes those of a batch in that are new (`Ingest.apply_new`).
        progress: told counts and bytes read after each batch.

    Raises:
        StoreError: the last batch was not kept.
    """
    reading = _Reading()
    for batch in reading.batches(stream):
        applied = apply(batch) if batch else None
        reading.note(batch, applied)
        progress(reading.counts, reading.bytes_read)
    return reading.counts


class _Reading:
    """Where an import stands."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.bytes_read = 0
        self._reasons = Reasons()
        self._bad: list[str] = []
        self._bad_count = 0

    def batches(self, stream: BinaryIO) -> Iterator[list[RawMessage]]:
        """Yield messages in lists that fit into memory; bad lines are noted and left out."""
        batch: list[RawMessage] = []
        size = 0
        number = 0
        while line := stream.readline(_LONGEST_LINE):
            number += 1
            self.bytes_read += len(line)
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                self._skip_rest(stream)
                self._name(number, "it is longer than 16 MiB")
            elif line.strip():
                try:
                    batch.append(message_of(line))
                except BadLineError as wrong:
                    self._name(number, str(wrong))
                size += len(line)
            if len(batch) >= BATCH_MESSAGES or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        yield batch

    def note(self, batch: Sequence[RawMessage], applied: Applied | None) -> None:
        """Add what became of a batch."""
        before = self.counts
        known = applied.already_known if applied else 0
        problems = applied.problems if applied else ()
        for _, reason in problems:
            self._reasons.add(reason)
        self.counts = Counts(
            read=before.read + len(batch) + self._bad_count - before.bad_lines,
            understood=before.understood + len(batch) - known - len(problems),
            set_aside=self._reasons.told(),
            already_known=before.already_known + known,
            bad_lines=self._bad_count,
            named=tuple(self._bad),
        )

    def _name(self, number: int, reason: str) -> None:
        self._bad_count += 1
        if len(self._bad) < _NAMED_LINES:
            self._bad.append(f"line {number}: {reason}")

    def _skip_rest(self, stream: BinaryIO) -> None:
        while rest := stream.readline(_LONGEST_LINE):
            self.bytes_read += len(rest)
            if rest.endswith(b"\n"):
                return


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _received_at(text: str) -> int:
    try:
        received_at_us = instant_us(text)
    except ValueError:
        raise BadLineError(
            f"received_at is {text[:60]!r}; expected a time with its offset, such as 2026-11-20T13:07:32.114Z"
        ) from None
    if not _FIRST_US <= received_at_us <= _LAST_US:
        raise BadLineError(f"received_at is {text[:60]!r}, which is not between 1970 and 2200")
    return received_at_us


def _body(told: _Line) -> bytes:
    if (told.body is None) == (told.body_base64 is None):
        raise BadLineError("there must be one of body and body_base64")
    if told.body is not None:
        return told.body.encode()
    try:
        return b64decode(told.body_base64 or "", validate=True)
    except ValueError:
        raise BadLineError("body_base64 is no base64") from None
