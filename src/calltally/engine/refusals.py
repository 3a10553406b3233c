"""What was turned away of each source, written down so that `calltally check`, another process, can tell of it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from calltally.engine.health import Health
from calltally.store.store import Store

REFUSED: Final = "health.refused."
"""Under this name and that of the source the store keeps what was turned away since the service started."""


class Refused(msgspec.Struct, frozen=True):
    """How many pushes were turned away since the start of the service, and the newest of them."""

    count: int
    reason: str
    at_us: int


def refused_so_far(health: Health) -> dict[str, Refused]:
    """Return by source what was turned away since the start; on the event loop, as everything of `Health`."""
    return {
        source: Refused(hearing.refused, hearing.last_refusal or "", hearing.last_refused_at_us)
        for source, hearing in health.sources.items()
        if hearing.last_refused_at_us is not None
    }


def keep_refusals(store: Store, refused: Mapping[str, Refused]) -> None:
    """Write down what was turned away."""
    with store.write() as transaction:
        for source, told in refused.items():
            transaction.set_value(REFUSED + source, msgspec.json.encode(told))


def refusals(store: Store, source: str) -> Refused | None:
    """Return what was turned away of a source, `None` if nothing was."""
    kept = store.value(REFUSED + source)
    return msgspec.json.decode(kept, type=Refused) if kept is not None else None
