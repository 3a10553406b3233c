"""What holds for every test: Hypothesis profiles, and honest treatment of programs that are missing here."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.programs import PROGRAMS
from tests.servers import MARIADB, POSTGRESQL, Server, running_server

STRICT = os.environ.get("CALLTALLY_TEST_STRICT") == "1"
SERVERS = ("postgresql", "mariadb")
"""A test that takes the fixture `<name>_server` needs this program, without saying so."""
_MISSING = "needs {name}, which is not on this machine"

# No deadline: a busy machine is no fault of the code. Where nothing may be skipped, nothing is left to chance either.
hypothesis.settings.register_profile("here", deadline=None, print_blob=True)
hypothesis.settings.register_profile("strict", deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.load_profile("strict" if STRICT else "here")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is missing, or fail it where nothing may be skipped."""
    needed = [name for marker in item.iter_markers("needs") for name in marker.args]
    if isinstance(item, pytest.Function):
        needed += [name for name in SERVERS if f"{name}_server" in item.fixturenames]
    for name in needed:
        if PROGRAMS[name].find() is None:
            reason = _MISSING.format(name=name)
            (pytest.fail if STRICT else pytest.skip)(reason)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """Give a PostgreSQL server of our own; who stops it starts it again."""
    with running_server(POSTGRESQL) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """Give a MariaDB server of our own; who stops it starts it again."""
    with running_server(MARIADB) as server:
        yield server


def _skipped(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", ())) if reporter else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Count any skipped test as a failure where nothing may be skipped."""
    if STRICT and session.exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly what was skipped, and the one command that provides each missing program."""
    reports = _skipped(config)
    if not reports:
        return
    terminalreporter.section(f"{len(reports)} TESTS WERE SKIPPED", sep="=", red=True, bold=True)
    texts = [report.longreprtext for report in reports]
    for name, program in PROGRAMS.items():
        count = sum(_MISSING.format(name=name) in text for text in texts)
        if count:
            terminalreporter.line(f"{count} for want of {name}. To get it:  {program.command}")
