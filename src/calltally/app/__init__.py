"""Puts the parts together; the only room that knows which store and which sources exist.

What this room offers is loaded when it is asked for: a service opens its door first, a command needs the parts alone.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from calltally.app.starting import ending_at_once, listening, sole_service
from calltally.settings import Settings, require_guard

if TYPE_CHECKING:
    from calltally.app.parts import (
        Parts,
        clock_us,
        connected,
        database_file,
        database_warnings,
        existing_parts,
        has_database,
        known_sources,
        open_parts,
        steady_ms,
        trouble_with,
    )

__all__ = [
    "Parts",
    "clock_us",
    "connected",
    "database_file",
    "database_warnings",
    "existing_parts",
    "has_database",
    "known_sources",
    "open_parts",
    "serve",
    "steady_ms",
    "trouble_with",
]


def __getattr__(name: str) -> object:
    """Return what `app.parts` offers under this name."""
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module("calltally.app.parts"), name)


def serve(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Run the service until it is told to end; `ready` hears the address once pushes are taken.

    The door is open before the rest is loaded, so that a push which comes meanwhile waits and is not refused.

    Raises:
        SettingsError: the address is reachable by others and nothing guards it.
        StartError: another service holds data or database, or the address is taken; nothing was written.
        StoreError: the database cannot be opened.
    """
    require_guard(settings.server)
    with ending_at_once(), sole_service(settings.data), listening(settings.server.listen) as door:
        _load_log()
        from calltally.app.running import serve_at  # noqa: PLC0415  see the module's docstring

        serve_at(door, settings, ready)


def _load_log() -> None:
    """Load what writes the log, but not rich, which it would load for tracebacks that we write ourselves.

    `None` among the loaded modules is Python's own way to say that one is not there.
    """
    if "rich" not in sys.modules and "structlog" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # as the language reference has it
        import_module("structlog")
        del sys.modules["rich"]
