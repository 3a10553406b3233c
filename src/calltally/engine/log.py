"""How the log is written: lines on standard error, and tracebacks without what may be about people.

A traceback with the values of variables would carry numbers, names and bodies into the log, and so would the whole text
of an error: databases repeat in it the rows and parameters of a statement, in further lines. Of each error the log has
its kind, where it was raised, and the first line of its text with long numbers masked.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Final, TextIO, TypeAlias

import structlog

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_LONGEST_TEXT: Final = 300
_MOST_ERRORS: Final = 10


class _Formatter(logging.Formatter):
    """Writes what libraries log."""

    def formatException(self, ei: object) -> str:  # noqa: N802  the library's name
        """Return a traceback without what may be about people."""
        error = ei[1] if isinstance(ei, tuple) else None
        return traceback_of(error) if isinstance(error, BaseException) else ""


class _Lines(structlog.PrintLogger):
    """Writes lines. One that cannot be written is lost: a full disk or a reader who has gone must stop no work."""

    def msg(self, message: str) -> None:
        """Write a line."""
        with suppress(OSError, ValueError):  # the latter if it is closed
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def log_to_stderr() -> None:
    """Set the log up for this process, unless that is done; the output of commands stays free of it."""
    if structlog.is_configured():
        return
    colours = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=_write_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(sys.stderr),
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setLevel(logging.WARNING)
    libraries.setFormatter(_Formatter("%(asctime)s [%(levelname)s] %(message)s"))
    logging.basicConfig(handlers=[libraries], level=logging.WARNING)


def traceback_of(error: BaseException) -> str:
    """Return where an error and those before it were raised, the newest last."""
    parts = [f"{''.join(traceback.format_tb(each.__traceback__))}{_named(each)}" for each in _chain(error)]
    return "\n\n".join(reversed(parts))


def _write_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    out.write("\n" + traceback_of(exc_info[1]))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what it was raised from or during, and what is in it; each once."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MOST_ERRORS:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        before = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        inside = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        waiting += [*inside, *([before] if before is not None else [])]


def _named(error: BaseException) -> str:
    first = str(error).partition("\n")[0][:_LONGEST_TEXT]
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{kind}: {_LONG_NUMBER.sub('...', first)}" if first else kind
