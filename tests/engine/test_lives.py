"""When nobody listened, from the lives of all processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.lives import FORGOTTEN_MS, Life, Watched, forgettable, settled, silences, watched
from calltally.model.instants import Gap, Span

SECOND = 1_000


def lived(text: str) -> Life:
    """Return the life that `since-at` tells of, in seconds, with `.` behind one that said that it ended."""
    since, at = text.rstrip(".").split("-")
    return Life(since_ms=int(since) * SECOND, at_ms=int(at) * SECOND, is_over=text.endswith("."), reason=f"r{since}")


SILENCES = [
    # lives                          gaps
    ("", ""),
    ("10-20", ""),
    ("10-20 30-40", "20-30"),
    ("30-40 10-20", "20-30"),  # the order of the names does not matter
    ("10-20 20-40", ""),
    ("10-50 20-30 60-70", "50-60"),  # a long life covers a short one
    ("10-50 20-30", ""),
    ("10-20 30-40 50-60", "20-30 40-50"),
    ("10-20 15-25 40-50 42-43", "25-40"),  # two went together, and two came
    ("10-5 20-30", "10-20"),  # set back in the middle of a life
]


@pytest.mark.parametrize(("lives", "gaps"), SILENCES)
def test_a_time_in_which_no_process_lived_is_a_gap(lives: str, gaps: str) -> None:
    spans = [tuple(int(end) * SECOND for end in gap.split("-")) for gap in gaps.split()]
    assert silences(map(lived, lives.split())) == [
        Gap(source=None, since_ms=since, until_ms=until, reason=f"r{until // SECOND}") for since, until in spans
    ]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=8))
def test_every_second_is_lived_or_a_gap_and_never_both(told: list[tuple[int, int]]) -> None:
    lives = [Life(since_ms=since, at_ms=since + length, is_over=False, reason="") for since, length in told]
    gaps = [Span(gap.since_ms, gap.until_ms) for gap in silences(lives)]
    for moment in range(min(life.since_ms for life in lives), max(life.at_ms for life in lives)):
        is_lived = any(life.since_ms <= moment < life.at_ms for life in lives)
        assert is_lived != any(gap.since_ms <= moment < gap.until_ms for gap in gaps)


SETTLED = [
    # ours      others                    moved  waited s  gaps, None while it is open
    ("100-100", "",                       "",    0,        ""),
    ("100-100", "10-90.",                 "",    0,        "90-100"),  # it said that it ended
    ("100-100", "10-90",                  "",    0,        None),  # it may live
    ("100-110", "10-90",                  "",    10,       None),
    ("100-115", "10-90",                  "",    15,       "90-100"),  # it was killed
    ("100-105", "10-101",                 "",    5,        ""),  # it has lived
    ("100-105", "10-95",                  "0",   5,        ""),  # it lives, by a clock that is late
    ("100-105", "10-95 10-30",            "0",   5,        None),  # one lives; the other may show where it was
    ("100-115", "10-95 10-30",            "0",   15,       ""),
    ("100-115", "10-30 40-95 99-113",     "2",   15,       "30-40 95-99"),  # one came just before us
    ("100-100", "110-120",                "",    0,        ""),  # a clock that was set back
    ("100-105", "10-90. 10-80.",          "",    5,        "90-100"),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "others", "moved", "waited", "gaps"), SETTLED)
def test_a_gap_is_certain_when_nobody_can_show_any_more_that_it_lived(
    ours: str, others: str, moved: str, waited: int, gaps: str | None
) -> None:
    named = {str(place): lived(text) for place, text in enumerate(others.split())}
    watch = {
        name: Watched(at_ms=life.at_ms, since_ms=0, has_moved=name in moved.split()) for name, life in named.items()
    }
    found = settled(lived(ours), named, watch, waited_ms=waited * SECOND)
    assert (found if found is None else {(gap.since_ms // SECOND, gap.until_ms // SECOND) for gap in found}) == (
        None if gaps is None else {tuple(map(int, gap.split("-"))) for gap in gaps.split()}
    )


def test_only_a_mark_that_moves_while_it_is_watched_is_a_sign_of_life() -> None:
    first = watched({}, {"a": lived("10-90"), "b": lived("10-90")}, 5)
    then = watched(first, {"a": lived("10-90"), "b": lived("10-95"), "c": lived("96-96")}, 9)
    assert {name: (seen.since_ms, seen.has_moved) for name, seen in then.items()} == {
        "a": (5, False),
        "b": (9, True),
        "c": (9, False),
    }


FORGOTTEN = [
    # life         moved  unchanged ms       goes
    ("10-90.",     False, 0,                 True),
    ("10-90",      False, 0,                 True),  # before ours began, and silent ever since
    ("10-90",      True,  0,                 False),  # its clock is late
    ("10-105",     False, FORGOTTEN_MS - 1,  False),
    ("10-105",     False, FORGOTTEN_MS,      True),
]  # fmt: skip


@pytest.mark.parametrize(("life", "moved", "unchanged_ms", "goes"), FORGOTTEN)
def test_a_life_is_kept_as_long_as_it_may_go_on(life: str, *, moved: bool, unchanged_ms: int, goes: bool) -> None:
    watch = {"x": Watched(at_ms=0, since_ms=7, has_moved=moved)}
    assert forgettable(lived("100-200"), {"x": lived(life)}, watch, 7 + unchanged_ms) == (["x"] if goes else [])
