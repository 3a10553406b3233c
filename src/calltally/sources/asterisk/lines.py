"""Turns the lines of a queue_log into messages, so that each line is the same message whenever it is read.

A line has no identity of its own but its second and its place among the lines of that second in its file. Both together
are its time of receipt: the second, and one microsecond for every earlier line of the same second. The order of the
file is thereby kept, and the same file gives the same messages again, also if it has grown since.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from calltally.model.messages import RawMessage, received

LONGEST_LINE = 16_384
"""Bytes of a line; Asterisk itself writes a few hundred at most."""

REMEMBERED_SECONDS = 100_000
"""Seconds whose number of lines is kept, for a clock that was set back; it bounds the memory for any size of file."""

_LATEST_SECOND = 253_402_300_799  # the end of the year 9999
_MOST_DIGITS = 12
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def second_of(line: bytes) -> int | None:
    """Return the second since 1970 with which a line begins; `None` if it begins with none."""
    return second_in(line.partition(b"|")[0])


def second_in(field: bytes | str) -> int | None:
    """Return the second since 1970 that the first field of a line is; `None` if it is none."""
    if not (field.isdigit() and field.isascii()) or len(field) > _MOST_DIGITS:
        return None
    second = int(field)
    return second if second <= _LATEST_SECOND else None


def raw_messages(
    lines: Iterable[bytes], *, source: str = "asterisk", undated: Callable[[], None] = lambda: None
) -> Iterator[RawMessage]:
    """Yield one message per line, in the order of the file; blank lines give none.

    A line that begins with no time takes the second of the line before it; it is set aside when it is parsed. One that
    stands before the first second of its file has no time at all, so it gives no message.

    Args:
        lines: the lines of one file from its beginning, with or without their ends.
        source: the name under which the messages are kept.
        undated: told of each line that has no time.
    """
    counts: dict[int, int] = {}
    second: int | None = None
    for line in lines:
        body = line.rstrip(b"\r\n")
        if not body or body.isspace():
            continue
        told = second_of(body)
        if told is not None:
            second = told
        if second is None:
            undated()
            continue
        ordinal = counts.get(second, 0)
        counts[second] = ordinal + 1
        if len(counts) > REMEMBERED_SECONDS:
            del counts[next(iter(counts))]
        yield received(source=source, received_at_us=second * 1_000_000 + ordinal, headers=_NO_HEADERS, body=body)
