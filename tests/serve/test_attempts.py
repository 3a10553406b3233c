"""Whoever guesses passwords waits longer and longer, and no number of guessers makes the memory grow."""

import pytest

from calltally.serve.attempts import FREE_FAILURES, Attempts

SECOND = 1000
MINUTE = 60 * SECOND


def failing(attempts: Attempts, peer: str, times: int, at_ms: int = 0) -> None:
    for _ in range(times):
        attempts.failed(peer, at_ms)


@pytest.mark.parametrize(
    ("failures", "wait_seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (9, 480), (10, 900), (29, 900)]
)
def test_each_failure_beyond_the_fifth_doubles_the_wait(failures: int, wait_seconds: int) -> None:
    attempts = Attempts()
    failing(attempts, "192.0.2.1", failures)
    assert attempts.wait_ms("192.0.2.1", 0) == wait_seconds * SECOND
    assert attempts.wait_ms("192.0.2.1", wait_seconds * SECOND) == 0
    assert attempts.wait_ms("192.0.2.2", 0) == 0


def test_the_right_password_makes_earlier_failures_forgotten() -> None:
    attempts = Attempts()
    failing(attempts, "192.0.2.1", FREE_FAILURES)
    attempts.succeeded("192.0.2.1")
    assert attempts.wait_ms("192.0.2.1", 0) == 0


def test_half_an_hour_without_a_failure_makes_earlier_ones_forgotten() -> None:
    attempts = Attempts()
    failing(attempts, "192.0.2.1", FREE_FAILURES + 5)
    failing(attempts, "192.0.2.1", 1, at_ms=31 * MINUTE)
    assert attempts.wait_ms("192.0.2.1", 31 * MINUTE) == 0


def test_a_whole_ipv6_network_counts_as_one_peer() -> None:
    attempts = Attempts()
    for host in range(FREE_FAILURES):
        attempts.failed(f"2001:db8:1:2::{host:x}", 0)
    assert attempts.wait_ms("2001:db8:1:2:ffff::1", 0) > 0
    assert attempts.wait_ms("2001:db8:1:3::1", 0) == 0


def test_a_crowd_of_guessers_slows_down_all_but_who_was_right_before() -> None:
    attempts = Attempts()
    attempts.succeeded("198.51.100.1")
    for host in range(30):
        attempts.failed(f"192.0.2.{host}", 0)
    assert attempts.wait_ms("203.0.113.9", 0) == 2 * SECOND
    assert attempts.wait_ms("203.0.113.9", 2 * SECOND) == 0
    assert attempts.wait_ms("198.51.100.1", 0) == 0
    assert attempts.wait_ms("203.0.113.9", 6 * MINUTE) == 0


def test_any_number_of_peers_is_remembered_in_bounded_memory() -> None:
    attempts = Attempts()
    for number in range(10_000):
        attempts.failed(f"10.0.{number // 256}.{number % 256}", number)
        attempts.succeeded(f"10.1.{number // 256}.{number % 256}")
    assert len(attempts._failures) <= 2_000  # noqa: SLF001  the bound is the point
    assert len(attempts._welcome) <= 2_000  # noqa: SLF001  the same
