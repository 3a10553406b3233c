"""Who runs the schedules, when several processes work with one database: one of them, as long as it shows itself.

The lease is a small value in the store that its holder changes with every beat. Whoever sees it unchanged for longer
than `TAKEN_OVER_MS` on a clock of its own takes it over; no two machines' clocks are ever compared. A holder that could
not beat for `TRUSTED_MS`, which is shorter, no longer believes that it holds the lease.
"""

from dataclasses import dataclass

TAKEN_OVER_MS = 15_000
TRUSTED_MS = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is written down: who holds the lease, and how often it has shown itself."""

    holder: str
    beat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one process knows of the lease.

    Attributes:
        claim: what was written down when it looked last, or what it wrote itself.
        since_ms: since when that stands unchanged, as far as it saw; on a clock of its own that never goes back.
    """

    claim: Claim | None
    since_ms: int


def beaten(sight: Sight | None, stored: Claim | None, *, me: str, now_ms: int) -> Sight:
    """Return what a process knows after a look at the lease; what it is to write down if that has changed to its own.

    Args:
        sight: what it knew before, `None` at its first look.
        stored: what is written down now; `None` if nobody holds the lease.
        me: the name of this process.
        now_ms: its own clock.
    """
    if stored is None:
        return Sight(claim=Claim(holder=me, beat=1), since_ms=now_ms)
    if stored.holder != me:
        if sight is None or sight.claim != stored:
            return Sight(claim=stored, since_ms=now_ms)
        if now_ms - sight.since_ms < TAKEN_OVER_MS:
            return sight
    return Sight(claim=Claim(holder=me, beat=stored.beat + 1), since_ms=now_ms)


def holds(sight: Sight | None, *, me: str, now_ms: int) -> bool:
    """Return whether a process may run the schedules now."""
    if sight is None or sight.claim is None or sight.claim.holder != me:
        return False
    return now_ms - sight.since_ms < TRUSTED_MS
