"""Who runs the schedules: one process, and soon another one if that is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.lease import TAKEN_OVER_MS, TRUSTED_MS, Claim, Sight, beaten, holds


def claim(text: str) -> Claim | None:
    """Return the claim of `holder beat`, `None` for nothing."""
    holder, _, beat = text.partition(" ")
    return Claim(holder=holder, beat=int(beat)) if text else None


LOOKS = [
    # stored   known before      looks at ms              then stored  mine
    ("",       None,             0,                       "me 1",      True),  # nobody holds it
    ("me 4",   None,             0,                       "me 5",      True),
    ("you 4",  None,             10**9,                   "you 4",     False),  # whoever has just come waits
    ("you 5",  ("you 4", 0),     TAKEN_OVER_MS,           "you 5",     False),  # it has shown itself
    ("you 4",  ("you 4", 0),     TAKEN_OVER_MS - 1,       "you 4",     False),
    ("you 4",  ("you 4", 0),     TAKEN_OVER_MS,           "me 5",      True),  # it was killed
    ("she 1",  ("you 4", 0),     TAKEN_OVER_MS,           "she 1",     False),  # another was faster
    ("you 9",  ("me 8", 0),      TAKEN_OVER_MS,           "you 9",     False),  # ours was taken while we slept
    ("",       ("you 4", 0),     1,                       "me 1",      True),  # it ended well
]  # fmt: skip


@pytest.mark.parametrize(("stored", "known", "now_ms", "then", "is_mine"), LOOKS)
def test_the_lease_is_taken_when_nobody_holds_it_or_its_holder_has_long_been_still(
    stored: str, known: tuple[str, int] | None, now_ms: int, then: str, *, is_mine: bool
) -> None:
    before = None if known is None else Sight(claim=claim(known[0]), since_ms=known[1])
    after = beaten(before, claim(stored), me="me", now_ms=now_ms)
    assert after.claim == claim(then)
    assert holds(after, me="me", now_ms=now_ms) == is_mine


def test_a_holder_that_could_not_beat_stops_before_another_may_take_over() -> None:
    taken = beaten(None, None, me="me", now_ms=0)
    assert holds(taken, me="me", now_ms=TRUSTED_MS - 1)
    assert not holds(taken, me="me", now_ms=TRUSTED_MS)
    assert TRUSTED_MS < TAKEN_OVER_MS
    assert not holds(None, me="me", now_ms=0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20_000)), max_size=60), st.dictionaries(
    st.sampled_from("abc"), st.integers(-(10**9), 10**9)
))  # fmt: skip
def test_no_two_processes_ever_hold_it_at_once(beats: list[tuple[str, int]], clocks: dict[str, int]) -> None:
    """Each beats when it likes, by a clock of its own; what is written down is changed by one at a time."""
    stored: Claim | None = None
    sights: dict[str, Sight] = {}
    now_ms = 0
    for name, pause_ms in beats:
        now_ms += pause_ms
        own_ms = now_ms + clocks.get(name, 0)
        sights[name] = beaten(sights.get(name), stored, me=name, now_ms=own_ms)
        stored = sights[name].claim
        holders = [each for each, seen in sights.items() if holds(seen, me=each, now_ms=now_ms + clocks.get(each, 0))]
        assert len(holders) <= 1
