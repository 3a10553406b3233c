"""The journal as JSON Lines: what goes out comes in again as the same messages, and nonsense is named by its line."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.ingest import Applied
from calltally.engine.transfer import BadLineError, Counts, import_messages, line_of, message_of
from calltally.model.messages import RawMessage

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
MESSAGES = st.builds(
    RawMessage,
    source=st.sampled_from(["sipgate", "asterisk", "opensips:edge-2"]),
    received_at_us=st.integers(0, 7_258_118_400_000_000),
    headers=st.dictionaries(TEXT.map(str.lower).filter(lambda name: name == name.lower()), TEXT, max_size=3),
    body=st.one_of(st.binary(max_size=80), TEXT.map(str.encode)),
)


@given(MESSAGES)
def test_a_message_comes_back_from_its_line_as_it_was(message: RawMessage) -> None:
    line = line_of(message)
    assert line.count(b"\n") == 1
    assert message_of(line) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_bad_line(line: bytes) -> None:
    try:
        message_of(line)
    except BadLineError:
        return


GOOD = (
    b'{"source": "sipgate", "received_at": "2026-11-20T13:07:32.114Z", "headers": {"A": "b"}, "body": "event=newCall"}'
)


def test_a_line_is_read_with_its_time_to_the_microsecond() -> None:
    message = message_of(GOOD.replace(b".114Z", b".114250+01:00"))
    assert message.received_at_us == 1_795_176_452_114_250
    assert message.headers == {"a": "b"}
    assert message.body == b"event=newCall"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "no journal line"),
        (b"[]", "no journal line"),
        (b'{"source": "sipgate"}', "received_at"),
        (GOOD.replace(b'"sipgate"', b'""'), "no source is named"),
        (GOOD.replace(b'"sipgate"', b'"' + b"s" * 257 + b'"'), "no source is named"),
        (GOOD.replace(b"Z", b""), "expected a time with its offset"),
        (GOOD.replace(b"2026", b"2426"), "not between 1970 and 2200"),
        (GOOD.replace(b"2026-11-20T13:07:32.114Z", b"yesterday"), "'yesterday'"),
        (GOOD.replace(b'"body"', b'"text"'), "one of body and body_base64"),
        (GOOD.replace(b'"body"', b'"body_base64": "", "body"'), "one of body and body_base64"),
        (GOOD.replace(b'"body": "event=newCall"', b'"body_base64": "?"'), "no base64"),
        (GOOD.replace(b"newCall", rb"\ud800"), "no journal line"),
        (b"\xff", "no journal line"),
        (b"[" * 100_000, "no journal line"),
    ],
)
def test_what_is_no_message_is_named(line: bytes, reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        message_of(line)


def test_bad_lines_are_counted_and_named_and_all_others_are_taken_in() -> None:
    taken: list[RawMessage] = []
    told: list[tuple[Counts, int]] = []

    def apply(batch: Sequence[RawMessage]) -> Applied:
        taken.extend(batch)
        return Applied(
            messages=batch, stored_at_us=0, changes=(), problems=[(batch[0], "cannot be understood")], already_known=1
        )

    stream = b"\n".join([GOOD, b"", b"nonsense", GOOD.replace(b"32", b"33"), GOOD.replace(b"32", b"34"), b"{}"])
    counts = import_messages(io.BytesIO(stream), apply=apply, progress=lambda *so_far: told.append(so_far))
    assert len(taken) == 3
    assert (counts.read, counts.understood, counts.already_known, counts.bad_lines) == (5, 1, 1, 2)
    assert counts.set_aside == {"cannot be understood": 1}
    assert [sentence.partition(":")[0] for sentence in counts.named] == ["line 3", "line 6"]
    assert told[-1] == (counts, len(stream))


def test_an_empty_stream_is_taken_in_without_a_batch() -> None:
    def apply(_batch: Sequence[RawMessage]) -> Applied:
        raise AssertionError("there is nothing to take in")

    assert import_messages(io.BytesIO(b""), apply=apply, progress=lambda *_: None) == Counts()
