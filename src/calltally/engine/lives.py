"""When somebody listened: every process notes that it lives, and a time through which none lived is a gap.

A life is one stretch in which one process listened without a break: it begins with a start, or when an outage is over,
and lasts until it was noted last. Which lives there were is all that counts; how many processes lived them does not.

Marks are instants of the clock of whoever lives. Whether somebody lives still is told by its mark moving while another
process watches it, so that a clock that is late makes nobody dead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from calltally.model.instants import Gap

PATIENCE_MS = 15_000
"""How long a process has to show that it lives: three marks."""

FORGOTTEN_MS = 60_000
"""A life whose mark stands unchanged for so long is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One stretch in which one process listened.

    Attributes:
        at_ms: when it was noted last.
        is_over: whether nothing will be noted any more; without it the process may have been killed, or live.
        reason: why nobody listened just before, if so it was: the words of a gap.
    """

    since_ms: int
    at_ms: int
    is_over: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a process has seen of another's life.

    Attributes:
        at_ms: its mark.
        since_ms: since when the mark stands unchanged, on a clock of the watching process.
        has_moved: whether the mark has moved since the watching process was born.
    """

    at_ms: int
    since_ms: int
    has_moved: bool


Watch = Mapping[str, Watched]


def watched(before: Watch, others: Mapping[str, Life], now_ms: int) -> dict[str, Watched]:
    """Return what is seen of the lives of others after one more look; a process looks first when it is born."""
    return {name: _seen(before.get(name), life, now_ms) for name, life in others.items()}


def _seen(known: Watched | None, life: Life, now_ms: int) -> Watched:
    if known is None:
        return Watched(at_ms=life.at_ms, since_ms=now_ms, has_moved=False)
    if known.at_ms == life.at_ms:
        return known
    return Watched(at_ms=life.at_ms, since_ms=now_ms, has_moved=True)


def settled(mine: Life, others: Mapping[str, Life], watch: Watch, *, waited_ms: int) -> list[Gap] | None:
    """Return the times up to a life of ours in which nobody listened; `None` while another may show that it did.

    Args:
        mine: our life.
        others: those of all others.
        watch: what was seen of them since ours began.
        waited_ms: how long ago that was.
    """
    known = [_as_seen(mine, life, watch[name]) for name, life in others.items()]
    if waited_ms < PATIENCE_MS and not all(life.is_over or life.at_ms >= mine.since_ms for life in known):
        return None
    return [gap for gap in silences([mine, *known]) if gap.until_ms <= mine.since_ms]


def silences(lives: Iterable[Life]) -> list[Gap]:
    """Return the times between lives in which nobody listened, oldest first."""
    found: list[Gap] = []
    reached: int | None = None
    for life in sorted(lives, key=lambda life: life.since_ms):
        if reached is not None and reached < life.since_ms:
            found.append(Gap(source=None, since_ms=reached, until_ms=life.since_ms, reason=life.reason))
        reached = max(life.since_ms, life.at_ms, life.since_ms if reached is None else reached)
    return found


def forgettable(mine: Life, others: Mapping[str, Life], watch: Watch, now_ms: int) -> list[str]:
    """Return the lives that tell nothing any more, once ours is settled: it goes on from where they ended."""
    return [
        name
        for name, life in others.items()
        if life.is_over
        or _as_seen(mine, life, watch[name]).at_ms < mine.since_ms
        or now_ms - watch[name].since_ms >= FORGOTTEN_MS
    ]


def _as_seen(mine: Life, life: Life, seen: Watched) -> Life:
    """Return a life that showed itself after ours had begun as one that lasted until then, whatever its clock says."""
    return replace(life, at_ms=max(life.at_ms, mine.since_ms)) if seen.has_moved else life
