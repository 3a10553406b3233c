"""What the log may say."""

import subprocess
import sys

PROGRAM = """
import structlog
from calltally.engine.log import log_to_stderr
log_to_stderr()
def fail(body):
    raise ZeroDivisionError
try:
    fail("from=4915112345678")
except ZeroDivisionError:
    structlog.get_logger().exception("message_not_handled", source="sipgate")
"""


def test_a_traceback_in_the_log_shows_no_values() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert "ZeroDivisionError" in done.stderr
    assert "message_not_handled" in done.stderr
    assert "source=sipgate" in done.stderr
    assert "15112345678" not in done.stderr.replace('fail("from=4915112345678")', "")
    assert done.stdout == ""
