"""Each line is the same message whenever its file is read, and the order of the file is kept."""

from itertools import repeat

from hypothesis import given
from hypothesis import strategies as st

from calltally.sources.asterisk.lines import raw_messages, second_of


def _places(text: bytes) -> list[tuple[int, int, bytes]]:
    return [
        (*divmod(message.received_at_us, 1_000_000), message.body)
        for message in raw_messages(text.splitlines(keepends=True))
    ]


def test_lines_of_one_second_get_rising_microseconds() -> None:
    assert _places(b"7|a\n7|b\n8|c\n8|d\n") == [(7, 0, b"7|a"), (7, 1, b"7|b"), (8, 0, b"8|c"), (8, 1, b"8|d")]


def test_identical_lines_of_one_second_are_different_messages() -> None:
    assert len({message.identity for message in raw_messages([b"7|a\n", b"7|a\n"])}) == 2


def test_a_clock_that_was_set_back_goes_on_counting_in_its_second() -> None:
    assert _places(b"7|a\n8|b\n7|c\n8|d\n") == [(7, 0, b"7|a"), (8, 0, b"8|b"), (7, 1, b"7|c"), (8, 1, b"8|d")]


def test_blank_lines_and_line_ends_are_no_part_of_a_message() -> None:
    assert _places(b"7|a\r\n\r\n  \n\n7|b") == [(7, 0, b"7|a"), (7, 1, b"7|b")]


def test_a_line_without_a_time_has_its_place_after_the_line_before_it() -> None:
    assert _places(b"7|a\nnonsense\n7|b\n") == [(7, 0, b"7|a"), (7, 1, b"nonsense"), (7, 2, b"7|b")]


def test_a_line_before_the_first_second_has_no_time_and_is_told_instead() -> None:
    undated: list[None] = []
    lines = [b"he end of a cut line|\n", b"\n", b"-3|x\n", b"7|a\n", b"nonsense\n"]
    messages = raw_messages(lines, undated=lambda: undated.append(None))
    assert [message.received_at_us for message in messages] == [7_000_000, 7_000_001]
    assert len(undated) == 2


def test_a_time_is_whole_seconds_up_to_the_year_9999() -> None:
    assert second_of(b"1795175079|NONE|NONE|NONE|QUEUESTART|") == 1_795_175_079
    for line in (b"", b"|", b"-1|a", b"1.5|a", b" 7|a", b"253402300800|a", b"9" * 5000, "٣|a".encode()):
        assert second_of(line) is None, line


def test_messages_are_made_while_lines_arrive() -> None:
    assert next(raw_messages(repeat(b"7|a\n"))).body == b"7|a"


@given(st.lists(st.binary(max_size=30)))
def test_any_lines_give_messages_that_the_same_lines_give_again(lines: list[bytes]) -> None:
    once = [message.identity for message in raw_messages(lines)]
    assert once == [message.identity for message in raw_messages(lines)]
    assert len(set(once)) == len(once)
