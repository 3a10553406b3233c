"""Importing files of a queue's log: every form of file, counts that add up, and nothing twice."""

import gzip
import io
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from calltally.engine.ingest import Applied
from calltally.engine.queue_log_import import (
    BATCH_LINES,
    LONGEST_READ,
    UNDATED,
    ImportCounts,
    Progress,
    UnreadableFileError,
    import_queue_log,
    lines_of,
)
from calltally.model.messages import BadMessageError, RawMessage
from calltally.sources.asterisk.lines import LONGEST_LINE, raw_messages
from calltally.sources.asterisk.parse import parse
from tests.sources.asterisk.recording import LOG, folded, rows_of, truth, visits_of

RECORDING = LOG.read_bytes()
LINES = RECORDING.count(b"\n")


@dataclass
class Journal:
    """Takes messages in as `Ingest.apply_new` does, each once, and remembers them."""

    known: dict[tuple[int, str, int], RawMessage] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    interrupt_at: int | None = None

    def apply(self, messages: Sequence[RawMessage]) -> Applied:
        """Take a batch in, unless somebody presses Ctrl-C just then."""
        if len(self.batches) == self.interrupt_at:
            raise KeyboardInterrupt
        self.batches.append(len(messages))
        new = {message.identity: message for message in messages if message.identity not in self.known}
        self.known.update(new)
        return Applied(
            messages=list(new.values()),
            stored_at_us=0,
            changes=(),
            problems=[(message, reason) for message in new.values() if (reason := _problem(message))],
            already_known=len(messages) - len(new),
        )

    def rows(self) -> list[tuple[object, ...]]:
        """Return the visits that the understood messages add up to."""
        return rows_of(visits_of(folded(message for message in self.known.values() if not _problem(message))))


def _problem(message: RawMessage) -> str | None:
    try:
        parse(message)
    except BadMessageError as problem:
        return str(problem)
    return None


def _import(
    journal: Journal, *paths: Path | str, told: Callable[[Progress], None] = lambda _: None, stdin: bytes = b""
) -> ImportCounts:
    return import_queue_log(
        [str(path) for path in paths],
        messages_in=raw_messages,
        apply=journal.apply,
        progress=told,
        standard_input=io.BytesIO(stdin),
    )


def test_the_recording_gives_its_visits_twice_in_a_row() -> None:
    journal = Journal()
    assert _import(journal, LOG) == ImportCounts(read=LINES, understood=LINES)
    assert journal.rows() == truth()
    assert _import(journal, LOG) == ImportCounts(read=LINES, already_known=LINES)
    assert journal.rows() == truth()


def test_a_file_compressed_by_gzip_is_the_same_log_whatever_its_name(tmp_path: Path) -> None:
    packed = tmp_path / "queue_log.1"
    packed.write_bytes(gzip.compress(RECORDING))
    journal = Journal()
    assert _import(journal, packed).understood == LINES
    assert _import(journal, LOG).already_known == LINES


@pytest.mark.parametrize("content", [RECORDING, gzip.compress(RECORDING)], ids=["plain", "gzip"])
def test_standard_input_is_the_same_log_and_stays_open(content: bytes) -> None:
    journal = Journal()
    stdin = io.BytesIO(content)
    counts = import_queue_log(
        ["-"], messages_in=raw_messages, apply=journal.apply, progress=lambda _: None, standard_input=stdin
    )
    assert counts.understood == LINES
    assert not stdin.closed
    assert _import(journal, LOG).already_known == LINES


def test_a_pipe_with_a_name_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(RECORDING,))
    writer.start()
    told: list[Progress] = []
    counts = _import(Journal(), pipe, told=told.append)
    writer.join()
    assert counts.understood == LINES
    assert told[-1].bytes_total is None


def test_a_log_that_has_grown_adds_its_new_lines_only(tmp_path: Path) -> None:
    growing = tmp_path / "queue_log"
    growing.write_bytes(RECORDING[:40_000])
    journal = Journal()
    early = _import(journal, growing)
    growing.write_bytes(RECORDING)
    late = _import(journal, growing)
    whole_lines = RECORDING[:40_000].count(b"\n")
    assert late.already_known == whole_lines
    assert early.read == whole_lines + 1
    assert journal.rows() == truth()


def test_an_import_that_was_interrupted_is_run_again(tmp_path: Path) -> None:
    long_log = tmp_path / "queue_log"
    lines = [b"%d|%d.1|sales|NONE|FULL|\n" % (second, second) for second in range(1_000_000, 1_012_000)]
    long_log.write_bytes(b"".join(lines))
    journal = Journal(interrupt_at=1)
    told: list[Progress] = []
    with pytest.raises(KeyboardInterrupt):
        _import(journal, long_log, told=told.append)
    assert told[-1].counts == ImportCounts(read=BATCH_LINES, understood=BATCH_LINES)
    journal.interrupt_at = None
    counts = _import(journal, long_log)
    assert counts == ImportCounts(read=12_000, understood=12_000 - BATCH_LINES, already_known=BATCH_LINES)
    assert journal.batches == [5_000, 5_000, 5_000, 2_000]
    assert len(journal.known) == 12_000


def test_progress_rises_to_the_size_of_all_files(tmp_path: Path) -> None:
    copy = tmp_path / "queue_log.gz"
    copy.write_bytes(gzip.compress(RECORDING))
    told: list[Progress] = []
    _import(Journal(), LOG, copy, told=told.append)
    total = len(RECORDING) + copy.stat().st_size
    assert [(step.bytes_read, step.bytes_total) for step in told] == [(len(RECORDING), total), (total, total)]


def test_lines_that_cannot_be_used_are_counted_by_reason(tmp_path: Path) -> None:
    odd = tmp_path / "queue_log"
    odd.write_bytes(
        b"\n".join([b"1768381031|1.1|sales|NONE", b"nonsense", b"\xff\xfe", b"1768381031|1.1|sales|NONE|FULL|"])
    )
    journal = Journal()
    counts = _import(journal, odd)
    assert (counts.read, counts.understood) == (4, 1)
    assert sorted(counts.set_aside.values()) == [1, 2]
    again = _import(journal, odd)
    assert again == ImportCounts(read=4, already_known=4, set_aside=Counter())


def test_lines_before_the_first_time_are_not_dated_1970_but_set_aside(tmp_path: Path) -> None:
    cut = tmp_path / "queue_log"
    cut.write_bytes(b"es|NONE|FULL|\nnonsense\n1768381031|1.1|sales|NONE|FULL|\n")
    journal = Journal()
    assert _import(journal, cut) == ImportCounts(read=3, understood=1, set_aside=Counter({UNDATED: 2}))
    assert [message.received_at_us for message in journal.known.values()] == [1_768_381_031_000_000]
    assert _import(journal, cut) == ImportCounts(read=3, already_known=1, set_aside=Counter({UNDATED: 2}))


def test_a_file_of_which_nothing_was_understood_is_named(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_bytes(b"Dear all,\nplease find\n")
    half = tmp_path / "half"
    half.write_bytes(b"1768381031|1.1|sales|NONE\n")
    empty = tmp_path / "empty"
    empty.touch()
    journal = Journal()
    counts = _import(journal, letter, LOG, half, empty)
    assert (counts.read, counts.understood) == (LINES + 3, LINES)
    assert counts.useless == (str(letter), str(half))
    assert _import(journal, LOG, half).useless == ()


def test_a_file_without_any_line_end_is_one_line_that_is_set_aside(tmp_path: Path) -> None:
    binary = tmp_path / "queue_log"
    binary.write_bytes(b"1768381031|1.1|" + b"\x01" * (5 * LONGEST_READ) + b"\n" + b"1768381031|1.1|sales|NONE|FULL|\n")
    counts = _import(Journal(), binary)
    assert counts == ImportCounts(
        read=2, understood=1, set_aside=Counter({f"the line is longer than {LONGEST_LINE} bytes": 1})
    )


def test_no_line_is_longer_than_what_is_looked_at() -> None:
    exact = b"x" * (LONGEST_READ - 1) + b"\n"
    longer = b"y" * LONGEST_READ + b"\n"
    text = exact + longer + b"z" * (3 * LONGEST_READ)
    assert list(lines_of(io.BytesIO(text))) == [exact, b"y" * LONGEST_READ, b"z" * LONGEST_READ]


@pytest.mark.parametrize("content", [b"", b"\n\n\r\n", gzip.compress(b"")], ids=["empty", "blank", "empty gzip"])
def test_an_empty_file_is_no_error(tmp_path: Path, content: bytes) -> None:
    empty = tmp_path / "queue_log"
    empty.write_bytes(content)
    assert _import(Journal(), empty) == ImportCounts()


def test_a_file_that_is_missing_is_said_before_anything_is_read(tmp_path: Path) -> None:
    journal = Journal()
    with pytest.raises(UnreadableFileError, match=r"queue_log\.9 cannot be read: No such file or directory"):
        _import(journal, LOG, tmp_path / "queue_log.9")
    with pytest.raises(UnreadableFileError, match="cannot be read: Is a directory"):
        _import(journal, LOG, tmp_path)
    assert journal.known == {}


@pytest.mark.parametrize(
    "damaged",
    [gzip.compress(RECORDING)[:-2_000], gzip.compress(RECORDING)[:8_000] + b"\0" * 2_000],
    ids=["unfinished", "overwritten"],
)
def test_the_lines_before_a_damage_are_taken_in(tmp_path: Path, damaged: bytes) -> None:
    packed = tmp_path / "queue_log.1.gz"
    packed.write_bytes(damaged)
    journal = Journal()
    with pytest.raises(UnreadableFileError, match="damaged or unfinished gzip file"):
        _import(journal, packed)
    before = len(journal.known)
    assert before > 100
    assert _import(journal, LOG) == ImportCounts(read=LINES, understood=LINES - before, already_known=before)
    assert journal.rows() == truth()
