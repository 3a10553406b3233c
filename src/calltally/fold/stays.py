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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from calltally.fold import queue_words as words
from calltally.model.events import QUEUE_CALL_EXPIRED, QueueEvent, in_order


@dataclass(slots=True)
class Stay:
    """One stay while its lines are being put together.

    Attributes:
        end: the line that ended it; the refusal, if the caller was not let in.
        figures: what the end says about its length.
        rings: how often a member rang and did not answer.
        told_twice: LEAVEEMPTY has confirmed the EXITEMPTY that ended it.
        is_over: it does not last any more, whether or not the log holds its end.
    """

    queue: str
    entry: QueueEvent | None = None
    connect: QueueEvent | None = None
    end: QueueEvent | None = None
    figures: words.Figures = words.NO_FIGURES
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
        take = _TAKES.get(event.name)
        if take is not None and event.queue is not None:
            take(stays, event, event.queue)
        elif event.name == QUEUE_CALL_EXPIRED:
            for stay in stays:
                stay.is_over = True
    known = [stay for stay in stays if stay.entry or stay.connect or stay.end]
    for stay in known[:-1]:
        stay.is_over = True
    return known


def distinct(events: Iterable[QueueEvent]) -> list[QueueEvent]:
    """Return the lines in the order of the log, each once.

    A log that was read while its last line was being written gives the beginning of that line; it goes once the whole
    line is known at the same place.
    """
    ordered = sorted(events, key=in_order)
    if _have_places_of_their_own(ordered):
        return ordered
    ordered = list({in_order(event): event for event in ordered}.values())
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


def _have_places_of_their_own(ordered: Iterable[QueueEvent]) -> bool:
    """Return whether no two lines that follow each other stand at the same place of the log, as is nearly always so."""
    at_ms = sequence = None
    for event in ordered:
        if event.sequence == sequence and event.at_ms == at_ms:
            return False
        at_ms, sequence = event.at_ms, event.sequence
    return True


def _begins(part: QueueEvent, whole: QueueEvent) -> bool:
    """Whether one line is the beginning of the other."""
    return (part.call_ref, part.queue, part.agent) == (whole.call_ref, whole.queue, whole.agent) and "|".join(
        (whole.name, *whole.data)
    ).startswith("|".join((part.name, *part.data)))


def _enter(stays: list[Stay], entry: QueueEvent, queue: str) -> None:
    stays.append(Stay(queue, entry=entry))


def _connect(stays: list[Stay], connect: QueueEvent, queue: str) -> None:
    _waiting_or_new(stays, queue).connect = connect


def _ring(stays: list[Stay], _: QueueEvent, queue: str) -> None:
    _waiting_or_new(stays, queue).rings += 1


def _refuse(stays: list[Stay], refusal: QueueEvent, queue: str) -> None:
    stays.append(Stay(queue, end=refusal))


def _waiting_or_new(stays: list[Stay], queue: str) -> Stay:
    """Return the newest stay of a queue in which the caller waits, or a new one whose entry the log does not hold."""
    for stay in reversed(stays):
        if stay.queue == queue and stay.end is None and stay.connect is None:
            return stay
    stays.append(Stay(queue))
    return stays[-1]


def _end_talk(stays: list[Stay], end: QueueEvent, queue: str) -> None:
    figures = words.figures_of(end)
    talking: list[Stay] = []
    waiting: list[Stay] = []
    for stay in stays:
        if stay.queue == queue and stay.end is None:
            if stay.connect is None:
                waiting.append(stay)
            elif stay.connect.agent == end.agent:
                talking.append(stay)
    if figures.wait_ms is None or figures.talk_ms is None:
        begun_ms = None
    else:
        begun_ms = end.at_ms - figures.talk_ms - figures.wait_ms
    _end(stays, talking or waiting, end, figures, begun_ms)


def _end_wait(stays: list[Stay], end: QueueEvent, queue: str) -> None:
    if end.name == words.LEAVE_EMPTY:
        for stay in reversed(stays):
            emptied = stay.end is not None and stay.end.name == words.EXIT_EMPTY
            if stay.queue == queue and emptied and not stay.told_twice:
                stay.told_twice = True
                return
    figures = words.figures_of(end)
    waiting = [stay for stay in stays if stay.queue == queue and stay.end is None and stay.connect is None]
    _end(stays, waiting, end, figures, None if figures.wait_ms is None else end.at_ms - figures.wait_ms)


def _end(
    stays: list[Stay], candidates: Sequence[Stay], end: QueueEvent, figures: words.Figures, begun_ms: int | None
) -> None:
    """End the candidate that began nearest to an instant, the newest of equals; without any, a stay of its own."""
    if not candidates:
        stays.append(Stay(end.queue or "", end=end, figures=figures))
        return
    ended = candidates[-1]
    if begun_ms is not None and len(candidates) > 1:
        ended = min(reversed(candidates), key=lambda stay: abs((stay.began_ms or 0) - begun_ms))
    ended.end, ended.figures = end, figures


_TAKES: Mapping[str, Callable[[list[Stay], QueueEvent, str], None]] = {
    words.ENTER: _enter,
    words.CONNECT: _connect,
    words.RING_NO_ANSWER: _ring,
    **dict.fromkeys(words.ENDS_OF_TALK, _end_talk),
    **dict.fromkeys(words.ENDS_OF_WAIT, _end_wait),
    **dict.fromkeys(words.REFUSALS, _refuse),
}
"""What each word of the log does to the stays of its call."""
