"""Reads files of a queue's log and takes their lines in, batch by batch, so that a year of history can be loaded.

Each batch is durable before the next is read. Lines that the journal holds already change nothing, so an import that
was interrupted is simply run again.
"""

import gc
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, cast

from calltally.engine.ingest import Applied
from calltally.model.messages import RawMessage
from calltally.sources.source import LogMessages

STANDARD_INPUT = "-"
BATCH_LINES = 5_000

LONGEST_READ = 1 << 16
"""Bytes of a line that are looked at; what follows up to the end of such a line is no log and is left out."""

_RARE_COLLECTIONS = (2_000_000, 50, 1_000)
"""Thresholds of the garbage collector while lines stream through: they make no cycles, and the flows in memory are
fewer objects than this, so it looks for none (134,600 lines: 8.7 CPU seconds with Python's own thresholds, 5.3 so)."""

UNDATED = "no line before it tells a time, so it has none and is not kept"
"""Why a line before the first second of its file is set aside; it is counted again whenever the file is read."""

_GZIP = b"\x1f\x8b"


class UnreadableFileError(Exception):
    """A file could not be read (any further); the text is a sentence for an administrator. Earlier batches are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What became of the lines so far: `read` is the sum of the other three.

    Attributes:
        understood: lines that are new in the journal, and were understood.
        set_aside: new lines that could not be used, by reason; they are kept, unless they have no time.
        already_known: lines that the journal held already.
        useless: files that hold lines, of which none was understood or known already.
    """

    read: int = 0
    understood: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    already_known: int = 0
    useless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is. `bytes_total` is `None` if the size of an input is not known."""

    counts: ImportCounts
    bytes_read: int
    bytes_total: int | None


def import_queue_log(
    paths: Sequence[str],
    *,
    messages_in: LogMessages,
    apply: Callable[[Sequence[RawMessage]], Applied],
    progress: Callable[[Progress], None],
    standard_input: BinaryIO | None = None,
) -> ImportCounts:
    """Take the lines of files in, one file after the other, and return what became of them.

    Args:
        paths: files, plain or compressed by gzip; `-` is standard input.
        messages_in: makes messages of the lines of one file (`Source.log_messages`).
        apply: takes those of a batch in that are new (`Ingest.apply_new`).
        progress: told after each batch; whoever interrupts the import knows the counts from it.
        standard_input: what `-` means.

    Raises:
        UnreadableFileError: a file is missing, which is found before the first is read, or is damaged in the middle,
            which is found when the lines before the damage are in.
        StoreError: the last batch was not kept.
    """
    sizes = [_size_of(path) for path in paths]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    counts = ImportCounts()
    finished = 0
    with _collecting_rarely():
        for path, size in zip(paths, sizes, strict=True):
            before = counts
            with _opened(path, standard_input) as raw:
                damage: list[UnreadableFileError] = []
                for read in _batches(messages_in, _until_damage(path, raw, damage)):
                    counts = _added(counts, read, apply(read.messages))
                    done = finished + raw.tell() if size is not None else finished
                    progress(Progress(counts=counts, bytes_read=done, bytes_total=total))
            if damage:
                raise damage[0]
            finished += size or 0
            counts = _judged(path, before, counts)
    return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Messages of some lines, and how many lines between them have no time."""

    messages: Sequence[RawMessage]
    undated: int


def _batches(messages_in: LogMessages, lines: Iterator[bytes]) -> Iterator[_Batch]:
    undated: list[None] = []
    messages = messages_in(lines, undated=lambda: undated.append(None))
    while (batch := list(islice(messages, BATCH_LINES))) or undated:
        yield _Batch(messages=batch, undated=len(undated))
        undated.clear()


def _judged(path: str, before: ImportCounts, after: ImportCounts) -> ImportCounts:
    """Return the counts after a file; it was useless if all its lines were set aside, and there were some."""
    read = after.read - before.read
    is_useless = read > 0 and read == after.set_aside.total() - before.set_aside.total()
    return replace(after, useless=(*after.useless, path)) if is_useless else after


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream, none of them longer than `LONGEST_READ`."""
    for line in iter(partial(stream.readline, LONGEST_READ), b""):
        yield line
        if len(line) == LONGEST_READ and not line.endswith(b"\n"):
            for rest in iter(partial(stream.readline, LONGEST_READ), b""):
                if rest.endswith(b"\n"):
                    break


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.set_threshold(*_RARE_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _until_damage(path: str, raw: io.BufferedReader, damage: list[UnreadableFileError]) -> Iterator[bytes]:
    """Yield the lines of a file; where it cannot be read further they end, and `damage` says why."""
    try:
        with _readable(path):
            yield from lines_of(_plain(raw))
    except UnreadableFileError as error:
        damage.append(error)


def _added(counts: ImportCounts, read: _Batch, applied: Applied) -> ImportCounts:
    new = len(read.messages) - applied.already_known
    reasons = Counter(reason for _, reason in applied.problems)
    return replace(
        counts,
        read=counts.read + len(read.messages) + read.undated,
        understood=counts.understood + new - len(applied.problems),
        set_aside=counts.set_aside + reasons + Counter({UNDATED: read.undated}),
        already_known=counts.already_known + applied.already_known,
    )


def _size_of(path: str) -> int | None:
    """Return the size of a file, `None` for one that has none; it is opened to see that it can be read."""
    if path == STANDARD_INPUT:
        return None
    with _readable(path):
        status = Path(path).stat()
        if not S_ISREG(status.st_mode) and not Path(path).is_dir():
            return None  # a pipe can be opened once only
        with Path(path).open("rb"):
            return status.st_size


@contextmanager
def _opened(path: str, standard_input: BinaryIO | None) -> Iterator[io.BufferedReader]:
    if path != STANDARD_INPUT:
        with ExitStack() as stack:
            with _readable(path):
                stream = stack.enter_context(Path(path).open("rb"))
            yield stream
        return
    if standard_input is None:
        raise UnreadableFileError("There is no standard input to read a queue_log from.")
    # A reader of our own over somebody else's stream must not close it.
    reader: io.BufferedReader = io.BufferedReader(cast("io.RawIOBase", standard_input))
    try:
        yield reader
    finally:
        reader.detach()


def _plain(raw: io.BufferedReader) -> BinaryIO:
    """Return the stream without its compression; it is known by its first bytes, not by a name."""
    if not raw.peek(len(_GZIP)).startswith(_GZIP):
        return raw
    return io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=raw)))


@contextmanager
def _readable(path: str) -> Iterator[None]:
    """Say in one sentence what is wrong with a file."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFileError(
            f"{path} is a damaged or unfinished gzip file; the lines before the damage are in."
        ) from error
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror or error}.") from error
