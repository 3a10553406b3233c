"""A rebuild that has not ended, be it under way or interrupted: until when figures lack calls, and what to do."""

from typing import Final

from calltally.model.instants import Gap, Span
from calltally.store.asked import REBUILD_BEFORE, REBUILD_BEGAN
from calltally.store.store import Store

REBUILDING: Final = "a rebuild has not ended"
"""The reason of a gap in which calls are not made again yet from their messages, or are counted as they were before."""
_PREFIX: Final = "store.rebuild_"
FOREVER_MS: Final = 2**62


def unfinished_before_ms(store: Store) -> int | None:
    """Return before which instant calls may be missing because a rebuild has not ended; `None` if none is unfinished.

    What began later is made as it comes, beside the rebuild.
    """
    values = store.values(_PREFIX)
    if REBUILD_BEGAN not in values:
        return None
    before = values.get(REBUILD_BEFORE)
    return FOREVER_MS if before is None else int(before)


def rebuild_gap(before_ms: int | None, span: Span) -> list[Gap]:
    """Return the part of a range that is before an instant, which `unfinished_before_ms` told, as a gap."""
    if before_ms is None or before_ms <= span.since_ms:
        return []
    until_ms = min(before_ms, span.until_ms)
    return [Gap(source=None, since_ms=span.since_ms, until_ms=until_ms, reason=REBUILDING)]


def rebuild_advice(store: Store, command: str) -> str | None:
    """Return what to do about figures that were to be made again and are not whole yet; `None` where they are."""
    if store.value(REBUILD_BEGAN) is None:
        return None
    return (
        f"Calls and figures are not whole: `{command} rebuild` has not ended yet, and nothing old is deleted until it"
        " has. If it no longer runs, run it again; no message is lost."
    )
