"""Made-up calls for a service elsewhere: they arrive there, and who refuses them is told of."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from calltally.demo.folder import DemoError
from calltally.demo.posting import taken
from calltally.demo.simulator import Line
from tests.running import READY_SECONDS, SETTINGS, running_service


def _answer(status: int | None) -> int | None:
    """Return what comes back for a push to a service that answers so."""

    async def posted() -> int | None:
        return await taken(_line(status), "http://service").post(b"")

    return asyncio.run(posted())


def _line(status: int | None) -> Line:
    async def post(body: bytes) -> int | None:  # noqa: ARG001  a push, whichever
        return status

    return Line(post=post, sleep=asyncio.sleep)


@pytest.mark.parametrize("status", [200, 400, 503, None])
def test_an_answer_to_a_single_push_is_passed_on(status: int | None) -> None:
    assert _answer(status) == status


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_service_that_takes_no_made_up_pushes_ends_the_demo(status: int) -> None:
    with pytest.raises(DemoError, match="check_signature = false"):
        _answer(status)


def _posting(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "calltally.demo.posting", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_calls_arrive_until_sigterm(tmp_path: Path) -> None:
    with running_service(tmp_path) as service, service.client() as client:
        posting = _posting(service.url)
        with client.stream("GET", "/api/v1/live", timeout=READY_SECONDS) as frames:
            assert any('"call_id"' in line for line in frames.iter_lines())
        posting.send_signal(signal.SIGTERM)
        _, said = posting.communicate(timeout=READY_SECONDS)
        assert said == ""
        assert posting.returncode == 0


def test_a_service_that_checks_signatures_is_told_of(tmp_path: Path) -> None:
    with running_service(tmp_path, settings=SETTINGS.replace("false", "true")) as service:
        posting = _posting(service.url)
        _, said = posting.communicate(timeout=READY_SECONDS)
    assert posting.returncode == 1
    assert "refuses made-up pushes" in said


@pytest.mark.parametrize("arguments", [(), ("calltally:8080",), ("http://a", "http://b")])
def test_a_wrong_call_says_how_it_is_right(arguments: tuple[str, ...]) -> None:
    posting = _posting(*arguments)
    _, said = posting.communicate(timeout=READY_SECONDS)
    assert posting.returncode == 2
    assert said.startswith("usage:")
