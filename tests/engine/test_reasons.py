"""Reasons for which messages were set aside, told in few lines."""

import pytest

from calltally.engine.reasons import Reasons

CASES = [
    # reasons                                                 what is told
    ([], {}),
    (["the field event is missing"] * 2, {"the field event is missing": 2}),
    (["unknown event 'a'"] * 2, {"unknown event 'a'": 2}),
    (
        ["unknown event 'a'", "unknown event 'b'", "unknown direction 'a'"],
        {"unknown event 'a' (and others like it)": 2, "unknown direction 'a'": 1},
    ),
    (
        ['unknown event "it\'s"', "unknown event 'say \\'x\\''", "unknown event 'a'"],
        {'unknown event "it\'s" (and others like it)': 3},
    ),
    (
        ["a number is 70 characters long; expected 64 at most", "a number is 90 characters long; expected 64 at most"],
        {"a number is 70 characters long; expected 64 at most (and others like it)": 2},
    ),
]


@pytest.mark.parametrize(("reasons", "told"), CASES)
def test_reasons_of_one_kind_are_told_in_one_line(reasons: list[str], told: dict[str, int]) -> None:
    counted = Reasons()
    for reason in reasons:
        counted.add(reason)
    assert counted.told() == told
