"""What the log may say."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

BEGIN = """
import logging
import structlog
from calltally.engine.log import log_to_stderr
log_to_stderr()
log = structlog.get_logger()
body = "from=" + "49151" + "12345678"
"""

AN_ERROR = """
def fail(body):
    raise ZeroDivisionError
try:
    fail(body)
except ZeroDivisionError:
    log.exception("message_not_handled", source="sipgate")
"""

A_KEY = """
try:
    {}[body]
except KeyError:
    log.exception("message_not_handled", source="sipgate")
"""

A_STATEMENT = """
from sqlalchemy import create_engine, text
try:
    create_engine("sqlite://").connect().execute(text("SELECT * FROM nowhere WHERE caller = :caller"), {"caller": body})
except Exception as error:
    try:
        raise RuntimeError("a question failed") from error
    except RuntimeError:
        log.exception("message_not_handled", source="sipgate")
"""

IN_A_GROUP = """
try:
    raise ExceptionGroup("several", [ValueError("a row" + chr(10) + "Failing row contains " + body)])
except ExceptionGroup:
    log.exception("message_not_handled", source="sipgate")
"""

OF_A_LIBRARY = """
try:
    raise ValueError("refused" + chr(10) + body)
except ValueError:
    logging.getLogger("library").error("message_not_handled source=sipgate", exc_info=True)
"""


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        (AN_ERROR, ["ZeroDivisionError"]),
        (A_KEY, ["KeyError: 'from=...'"]),
        (
            A_STATEMENT,
            ["sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table", "RuntimeError: a question"],
        ),
        (IN_A_GROUP, ["ValueError: a row", "ExceptionGroup: several (1 sub-exception)"]),
        (OF_A_LIBRARY, ["ValueError: refused"]),
    ],
)
def test_the_log_says_what_failed_and_where_but_nothing_of_people(program: str, kinds: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, text=True, check=True)
    assert "message_not_handled" in done.stderr
    assert "source=sipgate" in done.stderr
    places = [done.stderr.find(kind) for kind in kinds]
    assert -1 not in places, done.stderr
    assert places == sorted(places)
    assert 'File "<string>", line' in done.stderr
    assert "12345678" not in done.stderr
    assert done.stdout == ""


GOES_ON = """
for word in ("debug", "info", "warning", "error", "critical"):
    getattr(log, word)("store_failed", reason=word)
try:
    raise ValueError
except ValueError:
    log.exception("message_not_handled")
    logging.getLogger("library").error("message_not_handled", exc_info=True)
print("went on")
"""


def _full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def _pipe_without_reader() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("opened", [_full_disk, _pipe_without_reader])
def test_a_log_that_cannot_be_written_stops_no_work(opened: Callable[[], int]) -> None:
    errors = opened()
    try:
        done = subprocess.run(
            [sys.executable, "-c", BEGIN + GOES_ON], stdout=subprocess.PIPE, stderr=errors, text=True, check=False
        )
    finally:
        os.close(errors)
    assert done.stdout == "went on\n"
