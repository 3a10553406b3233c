"""Puts the lines of one call in a queue's log together to stays: which entry, connection and end belong to each other.

The rules, for the lines in the order of the log:

- ENTERQUEUE begins a stay; entering the same queue again is another stay.
- CONNECT belongs to the newest stay of its queue that is neither connected nor ended.
- The end of a talk belongs to the stay of its queue that is connected to its member. That need not be the newest: after
  a blind transfer into a queue the new ENTERQUEUE may stand before the BLINDTRANSFER (Asterisk 22, measured).
- The end of a wait belongs to a stay of its queue that is not connected. Of several, to the one whose entry fits the
  wait that the end tells of.
- LEAVEEMPTY (Wazo) says again what EXITEMPTY (Asterisk) has said a moment before; either alone is an end as well.
- AGENTDUMP is no end: the caller waits on, and is offered to other members.
- A connection or an end without its entry is a stay all the same: the log may begin in the middle of a call.
- A stay without an end is over when a later line shows the call in another stay, for a call is in one queue at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calltally.fold import queue_words as words
from calltally.model.events import QUEUE_CALL_EXPIRED, QueueEvent, in_order


@dataclass(slots=True)
class Stay:
    """One stay while its lines are being put together.

    Attributes:
        end: the line that ended it; the refusal, if the caller was not let in.
        rings: how often a member rang and did not answer.
        told_twice: LEAVEEMPTY has confirmed the EXITEMPTY that ended it.
        is_over: it does not last any more, whether or not the log holds its end.
    """

    queue: str
    entry: QueueEvent | None = None
    connect: QueueEvent | None = None
    end: QueueEvent | None = None
    rings: int = 0
    told_twice: bool = False
    is_over: bool = False

    @property
    def began_ms(self) -> int | None:
        """When it began as far as its lines so far tell."""
        if self.entry is not None:
            return self.entry.at_ms
        if self.connect is not None:
            return self.connect.at_ms - (words.connect_wait_ms(self.connect) or 0)
        return None


def stays_of(events: Iterable[QueueEvent]) -> list[Stay]:
    """Return the stays of one call, in the order in which the log first shows them.

    Args:
        events: all known lines of one call, any order, repeats allowed.
    """
    stays: list[Stay] = []
    for event in distinct(events):
        if event.name == QUEUE_CALL_EXPIRED:
            for stay in stays:
                stay.is_over = True
        elif event.queue is not None:
            _take(stays, event, event.queue)
    known = [stay for stay in stays if stay.entry or stay.connect or stay.end]
    for stay in known[:-1]:
        stay.is_over = True
    return known


def distinct(events: Iterable[QueueEvent]) -> list[QueueEvent]:
    """Return the lines in the order of the log, each once.

    A log that was read while its last line was being written gives the beginning of that line; it goes once the whole
    line is known at the same place.
    """
    ordered = list({in_order(event): event for event in events}.values())
    ordered.sort(key=in_order)
    kept: list[QueueEvent] = []
    for event in ordered:
        place = len(kept)
        while place and (kept[place - 1].at_ms, kept[place - 1].sequence) == (event.at_ms, event.sequence):
            place -= 1
        beside = kept[place:]
        if any(_begins(event, other) for other in beside):
            continue
        if beside:
            kept[place:] = [other for other in beside if not _begins(other, event)]
        kept.append(event)
    return kept


def _begins(part: QueueEvent, whole: QueueEvent) -> bool:
    """Whether one line is the beginning of the other."""
    return (part.call_ref, part.queue, part.agent) == (whole.call_ref, whole.queue, whole.agent) and "|".join(
        (whole.name, *whole.data)
    ).startswith("|".join((part.name, *part.data)))


def _take(stays: list[Stay], event: QueueEvent, queue: str) -> None:
    """Take one line in."""
    name = event.name
    if name == words.ENTER:
        stays.append(Stay(queue, entry=event))
    elif name == words.CONNECT:
        _waiting_or_new(stays, queue).connect = event
    elif name == words.RING_NO_ANSWER:
        _waiting_or_new(stays, queue).rings += 1
    elif name in words.ENDS_OF_TALK:
        _end_talk(stays, event, queue)
    elif name in words.ENDS_OF_WAIT:
        _end_wait(stays, event, queue)
    elif name in words.REFUSALS:
        stays.append(Stay(queue, end=event))


def _waiting_or_new(stays: list[Stay], queue: str) -> Stay:
    """Return the newest stay of a queue in which the caller waits, or a new one whose entry the log does not hold."""
    for stay in reversed(stays):
        if stay.queue == queue and stay.end is None and stay.connect is None:
            return stay
    stays.append(Stay(queue))
    return stays[-1]


def _end_talk(stays: list[Stay], end: QueueEvent, queue: str) -> None:
    figures = words.figures_of(end)
    begun = end.at_ms - (figures.talk_ms or 0) - (figures.wait_ms or 0)
    open_stays = [stay for stay in stays if stay.queue == queue and stay.end is None]
    talking = [stay for stay in open_stays if stay.connect is not None and stay.connect.agent == end.agent]
    waiting = [stay for stay in open_stays if stay.connect is None]
    exact = figures.wait_ms is not None and figures.talk_ms is not None
    _end(stays, talking or waiting, end, begun if exact else None)


def _end_wait(stays: list[Stay], end: QueueEvent, queue: str) -> None:
    if end.name == words.LEAVE_EMPTY:
        for stay in reversed(stays):
            emptied = stay.end is not None and stay.end.name == words.EXIT_EMPTY
            if stay.queue == queue and emptied and not stay.told_twice:
                stay.told_twice = True
                return
    wait_ms = words.figures_of(end).wait_ms
    waiting = [stay for stay in stays if stay.queue == queue and stay.end is None and stay.connect is None]
    _end(stays, waiting, end, None if wait_ms is None else end.at_ms - wait_ms)


def _end(stays: list[Stay], candidates: Sequence[Stay], end: QueueEvent, begun_ms: int | None) -> None:
    """End the candidate that began nearest to an instant, the newest of equals; without any, a stay of its own."""
    if not candidates:
        stays.append(Stay(end.queue or "", end=end))
        return
    newest_first = list(reversed(candidates))
    if begun_ms is None or len(newest_first) == 1:
        newest_first[0].end = end
        return
    nearest = min(newest_first, key=lambda stay: abs((stay.began_ms or 0) - begun_ms))
    nearest.end = end
