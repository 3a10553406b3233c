"""What calltally hears of each source: rate, delay, and what went wrong."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from calltally.engine.ingest import Applied
from calltally.store.asked import SourceHealth

RATE_WINDOW_S = 60
PUSH_DELAYS = 512
LIVE_US = 60_000_000
"""A message older than this when it is stored was imported; its delay says nothing about the line."""


@dataclass(slots=True)
class Hearing:
    """The running figures of one source since the start, on top of the stored ones."""

    received: int = 0
    set_aside: int = 0
    refused: int = 0
    last_received_at_us: int | None = None
    last_problem: str | None = None
    last_problem_at_us: int | None = None
    last_refusal: str | None = None
    last_refused_at_us: int | None = None
    per_second: deque[tuple[int, int]] = field(default_factory=deque)
    delays_us: deque[int] = field(default_factory=lambda: deque(maxlen=PUSH_DELAYS))

    def per_minute(self, now_us: int) -> int:
        """Return the messages of the last minute."""
        oldest = now_us // 1_000_000 - RATE_WINDOW_S
        while self.per_second and self.per_second[0][0] <= oldest:
            self.per_second.popleft()
        return sum(count for _, count in self.per_second)

    def count(self, now_us: int, messages: int) -> None:
        """Count messages for the rate."""
        second = now_us // 1_000_000
        if self.per_second and self.per_second[-1][0] == second:
            self.per_second[-1] = (second, self.per_second[-1][1] + messages)
        else:
            self.per_second.append((second, messages))
            # Here, too, because a service at which nobody looks would gather one of these every second for ever.
            self.per_minute(now_us)

    def take(self, received_us: Sequence[int], stored_at_us: int) -> None:
        """Count messages that were received at these instants, and stored together."""
        self.received += len(received_us)
        newest_us = max(received_us)
        known_us = self.last_received_at_us
        self.last_received_at_us = newest_us if known_us is None else max(known_us, newest_us)
        self.count(stored_at_us, len(received_us))
        delays_us = [stored_at_us - each_us for each_us in received_us]
        self.delays_us.extend([delay_us for delay_us in delays_us if 0 <= delay_us < LIVE_US])

    def delay_ms(self) -> float | None:
        """Return the middle delay from receipt to durable of the newest messages, in milliseconds."""
        if not self.delays_us:
            return None
        delays = sorted(self.delays_us)
        return delays[len(delays) // 2] / 1000


class Health:
    """Keeps the figures of every source; used on the event loop only."""

    def __init__(self, stored: Iterable[SourceHealth]) -> None:
        """Begin where the store's totals stand."""
        self.sources: dict[str, Hearing] = {}
        self.catch_up(stored, now_us=None)

    def catch_up(self, stored: Iterable[SourceHealth], *, now_us: int | None) -> int | None:
        """Take the store's totals, which count what other processes took in, too.

        What they heard within the last minute before `now_us` counts for the rate. Return the newest receipt of that
        which was not known yet.
        """
        newest_us: int | None = None
        for row in stored:
            hearing = self.of(row.source)
            last_us, known_us = row.last_received_at_us, hearing.last_received_at_us
            if now_us is not None and last_us is not None and last_us > max(known_us or 0, now_us - LIVE_US):
                hearing.count(now_us, row.received - hearing.received)
                newest_us = last_us if newest_us is None else max(newest_us, last_us)
            hearing.received = row.received
            hearing.set_aside = row.set_aside
            hearing.last_received_at_us = row.last_received_at_us
            hearing.last_problem = row.last_problem
            hearing.last_problem_at_us = row.last_problem_at_us
        return newest_us

    def of(self, source: str) -> Hearing:
        """Return the figures of one source."""
        hearing = self.sources.get(source)
        if hearing is None:
            hearing = self.sources[source] = Hearing()
        return hearing

    def heard(self, applied: Applied) -> None:
        """Count a stored batch."""
        messages = applied.messages
        for source in {message.source for message in messages}:
            received_us = [message.received_at_us for message in messages if message.source == source]
            self.of(source).take(received_us, applied.stored_at_us)
        for message, problem in applied.problems:
            hearing = self.of(message.source)
            hearing.set_aside += 1
            hearing.last_problem = problem
            hearing.last_problem_at_us = applied.stored_at_us

    def refused(self, source: str, reason: str, now_us: int) -> None:
        """Count a delivery that was turned away."""
        hearing = self.of(source)
        hearing.refused += 1
        hearing.last_refusal = reason
        hearing.last_refused_at_us = now_us
