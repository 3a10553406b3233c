"""What programs are told who ask whether the service lives, and whether it is ready."""

from http import HTTPStatus
from typing import Final

from calltally.engine.writer import Writer

HEALTHZ: Final = "/healthz"
READYZ: Final = "/readyz"


def health() -> tuple[int, str]:
    """Return that the process lives: status and text."""
    return HTTPStatus.OK, "alive"


def readiness(writer: Writer) -> tuple[int, str]:
    """Return whether messages are stored and questions answered, if only in a moment: status and text."""
    reason = writer.degraded
    if reason is None:
        return HTTPStatus.OK, "ready"
    return HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {reason}"
