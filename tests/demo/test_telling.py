"""What a person reads while the history is loaded, and what others get of the database meanwhile."""

import threading
from datetime import date
from io import StringIO

from calltally.demo.companion import pausing
from calltally.demo.loading import Progress
from calltally.demo.telling import told_to


def test_where_there_is_no_terminal_a_plain_line_comes_now_and_then() -> None:
    stream = StringIO()
    with told_to(stream) as tell:
        for percent in range(101):
            tell(Progress(percent=percent, calls=percent * 2_200, back_to=date(2026, 11, 20)))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 21
    assert lines[0] == "history 0 %, 0 calls, back to 2026-11-20"
    assert lines[-1] == "history 100 %, 220,000 calls, back to 2026-11-20"


def test_the_end_is_told_once() -> None:
    stream = StringIO()
    with told_to(stream) as tell:
        for percent in (98, 100, 100):
            tell(Progress(percent=percent, calls=0, back_to=None))
    assert stream.getvalue() == "history 98 %\nhistory 100 %\n"


def test_others_get_the_database_for_a_share_of_the_time_and_an_end_is_heard_at_once() -> None:
    class Stop(threading.Event):
        waited: float = 0.0

        def wait(self, timeout: float | None = None) -> bool:
            """Note for how long; nobody needs to wait in a test."""
            self.waited = timeout or 0.0
            return self.is_set()

    times = iter([0.0, 2.0, 2.0, 2.01, 2.01])
    stop = Stop()
    pause = pausing(stop, lambda: next(times))
    assert not pause()
    assert stop.waited == 0.5
    stop.set()
    assert pause()
    assert stop.waited == 0.02
