"""How the log is written: lines on standard error, and tracebacks without the values of variables.

A traceback with values would carry numbers, names and bodies into the log.
"""

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """Set the log up for this process; the output of commands stays free of it."""
    colours = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[libraries], level=logging.WARNING, format="%(asctime)s [%(levelname)s] %(message)s")
