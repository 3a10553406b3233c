"""Made-up calls through the queues of an Asterisk server, as the lines of its queue_log.

The forms are those of Asterisk 22 with the lines that Wazo's dialplan adds for callers who were not let in.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from calltally.demo.callers import WITHHELD, caller
from calltally.demo.company import AGENTS, QUEUE_AGENTS, QUEUES
from calltally.demo.mood import Mood
from calltally.model.words import VisitOutcome

_QUEUE_SHARES = (55.0, 85.0, 100.0)  # cumulated, in the order of QUEUES
_WORKING = {
    VisitOutcome.ANSWERED: 79.0,
    VisitOutcome.ABANDONED: 12.0,
    VisitOutcome.TIMEOUT: 4.5,
    VisitOutcome.EXIT_WITH_KEY: 1.5,
    VisitOutcome.LEAVEEMPTY: 0.6,
    VisitOutcome.WITHDRAWN: 0.4,
    VisitOutcome.FULL: 0.9,
    VisitOutcome.JOINEMPTY: 0.6,
    VisitOutcome.DIVERT_CA_RATIO: 0.3,
    VisitOutcome.DIVERT_WAITTIME: 0.2,
}
_BAD_DAY = _WORKING | {VisitOutcome.ANSWERED: 58.0, VisitOutcome.ABANDONED: 31.0, VisitOutcome.FULL: 6.0}
_REFUSALS = {
    VisitOutcome.FULL: "FULL",
    VisitOutcome.CLOSED: "CLOSED",
    VisitOutcome.JOINEMPTY: "JOINEMPTY",
    VisitOutcome.DIVERT_CA_RATIO: "DIVERT_CA_RATIO",
    VisitOutcome.DIVERT_WAITTIME: "DIVERT_HOLDTIME",
}
_TIMEOUT_SECONDS = 180
_RING_SECONDS = 6
_RING_NO_ANSWER_SHARE = 0.16
_OVERFLOW_SHARE = 0.6
_ENDS = ("COMPLETECALLER", "COMPLETEAGENT", "BLINDTRANSFER", "ATTENDEDTRANSFER")
_END_SHARES = (52.0, 91.0, 95.5, 100.0)

Line = tuple[int, str]
"""The second of a line, and the whole line."""


@dataclass(slots=True, kw_only=True)
class _Log:
    """The lines of one call while they are being written."""

    rng: Random
    mood: Mood
    call_ref: str
    second: int
    number: str
    lines: list[Line] = field(default_factory=list)
    outcomes: list[VisitOutcome] = field(default_factory=list)

    def write(self, queue: str, agent: str, event: str, *data: object) -> None:
        """Write a line at the present second."""
        parameters = "|".join(map(str, data))
        self.lines.append((self.second, f"{self.second}|{self.call_ref}|{queue}|{agent}|{event}|{parameters}"))

    def position(self) -> int:
        """Return a place at the end of the queue; most often there is nobody else."""
        return min(1 + int(self.rng.expovariate(0.9)), 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCall:
    """One made-up call: its lines, in order, and how each of its visits goes."""

    lines: tuple[Line, ...]
    outcomes: tuple[VisitOutcome, ...]


def queue_call(rng: Random, mood: Mood, *, start_second: int, serial: int, is_open: bool, is_bad: bool) -> QueueCall:
    """Return a call which begins at a second; `serial` tells it from others of that second."""
    calling = caller(rng)
    log = _Log(
        rng=rng,
        mood=mood,
        call_ref=f"{start_second}.{serial}",
        second=start_second,
        number="" if calling == WITHHELD else "+" + calling,
    )
    queue = rng.choices(QUEUES, cum_weights=_QUEUE_SHARES)[0]
    if not is_open:
        _refused(log, queue, VisitOutcome.CLOSED)
    else:
        weights = _BAD_DAY if is_bad else _WORKING
        _visit(log, queue, rng.choices(list(weights), list(weights.values()))[0])
    return QueueCall(lines=tuple(log.lines), outcomes=tuple(log.outcomes))


def agent_lines(rng: Random, *, opens_second: int, closes_second: int) -> Iterator[Line]:
    """Yield the lines of a working day about its agents: they log in, have lunch, and log off."""
    for place, (agent, _) in enumerate(AGENTS):
        extension = f"{101 + place}@default"
        arrives = opens_second - 60 * rng.randrange(1, 20)
        leaves = closes_second + 60 * rng.randrange(1, 15)
        lunch = (arrives + leaves) // 2 + 60 * rng.randrange(-70, 30)
        back = lunch + 60 * rng.randrange(25, 50)
        queues = [queue for queue in QUEUES if agent in QUEUE_AGENTS[queue]]
        yield _of_agent(arrives, agent, f"AGENTCALLBACKLOGIN|{extension}")
        for second, word in ((lunch, "PAUSE"), (back, "UNPAUSE")):
            yield _of_agent(second, agent, f"{word}ALL|Mittag")
            yield from ((second, f"{second}|NONE|{queue}|{agent}|{word}|Mittag") for queue in queues)
        yield _of_agent(leaves, agent, f"AGENTCALLBACKLOGOFF|{extension}|{leaves - arrives}|CommandLogoff")


def _of_agent(second: int, agent: str, rest: str) -> Line:
    return second, f"{second}|NONE|NONE|{agent}|{rest}"


def _visit(log: _Log, queue: str, outcome: VisitOutcome) -> None:
    if outcome in _REFUSALS:
        _refused(log, queue, outcome)
        return
    entered, position = log.second, log.position()
    log.write(queue, "NONE", "ENTERQUEUE", "", log.number, position)
    log.outcomes.append(outcome)
    _STAYS[outcome](log, queue, entered, position)


def _refused(log: _Log, queue: str, outcome: VisitOutcome) -> None:
    log.write(queue, "NONE", _REFUSALS[outcome])
    log.outcomes.append(outcome)


def _answered(log: _Log, queue: str, entered: int, position: int) -> None:
    rng = log.rng
    agents = QUEUE_AGENTS[queue]
    first = int(len(agents) * rng.random())
    while rng.random() < _RING_NO_ANSWER_SHARE:
        log.second += _RING_SECONDS
        log.write(queue, agents[first % len(agents)], "RINGNOANSWER", _RING_SECONDS * 1000)
        first += 1
    agent = agents[first % len(agents)]
    rang = rng.randrange(1, _RING_SECONDS)
    log.second += max(rang, log.mood.ring.drawn(rng) // 1000)
    wait = log.second - entered
    log.write(queue, agent, "CONNECT", wait, f"{log.second - rang}.{rng.randrange(10_000, 99_999)}", rang)
    talk = max(log.mood.talk.drawn(rng) // 1000, 1)
    log.second += talk
    event = rng.choices(_ENDS, cum_weights=_END_SHARES)[0]
    data: tuple[object, ...] = (wait, talk, position)
    if event == "BLINDTRANSFER":
        data = (rng.randrange(600, 650), "default", *data)
    elif event == "ATTENDEDTRANSFER":
        data = ("BRIDGE", f"{rng.getrandbits(128):032x}", *data)
    log.write(queue, agent, event, *data)


def _abandoned(log: _Log, queue: str, entered: int, position: int) -> None:
    log.second += max(log.mood.patience.drawn(log.rng) // 1000, 1)
    log.write(queue, "NONE", "ABANDON", _moved_up(log, position), position, log.second - entered)


def _timed_out(log: _Log, queue: str, entered: int, position: int) -> None:
    log.second += _TIMEOUT_SECONDS
    log.write(queue, "NONE", "EXITWITHTIMEOUT", _moved_up(log, position), position, log.second - entered)
    if log.rng.random() < _OVERFLOW_SHARE:
        others = [other for other in QUEUES if other != queue]
        to = others[int(len(others) * log.rng.random())]
        _visit(log, to, VisitOutcome.ANSWERED if log.rng.random() < _OVERFLOW_SHARE else VisitOutcome.ABANDONED)


def _left_by_key(log: _Log, queue: str, entered: int, position: int) -> None:
    log.second += log.rng.randrange(8, 90)
    key = log.rng.randrange(1, 4)
    log.write(queue, "NONE", "EXITWITHKEY", key, _moved_up(log, position), position, log.second - entered)


def _left_empty(log: _Log, queue: str, entered: int, position: int) -> None:
    log.second += log.rng.randrange(5, 120)
    log.write(queue, "NONE", "EXITEMPTY", _moved_up(log, position), position, log.second - entered)
    log.write(queue, "NONE", "LEAVEEMPTY")


def _withdrawn(log: _Log, queue: str, entered: int, position: int) -> None:
    log.second += log.rng.randrange(20, 200)
    log.write(queue, "NONE", "WITHDRAW", _moved_up(log, position), position, log.second - entered, "callback")


def _moved_up(log: _Log, position: int) -> int:
    """Return a place at which somebody may be who entered at another."""
    return 1 + int(position * log.rng.random())


_STAYS: Mapping[VisitOutcome, Callable[[_Log, str, int, int], None]] = {
    VisitOutcome.ANSWERED: _answered,
    VisitOutcome.ABANDONED: _abandoned,
    VisitOutcome.TIMEOUT: _timed_out,
    VisitOutcome.EXIT_WITH_KEY: _left_by_key,
    VisitOutcome.LEAVEEMPTY: _left_empty,
    VisitOutcome.WITHDRAWN: _withdrawn,
}
