"""What the words of a queue's log mean, and where each keeps its figures.

Asterisk 1.0 to 22 write the same words with more and more parameters, so a figure that a line does not have is `None`,
never an error. Places are those of the newest form; older forms end earlier.
"""

from dataclasses import dataclass

from calltally.model.events import QueueEvent
from calltally.model.quick import quick
from calltally.model.words import EndedBy, VisitOutcome

ENTER = "ENTERQUEUE"
CONNECT = "CONNECT"
RING_NO_ANSWER = "RINGNOANSWER"
EXIT_EMPTY = "EXITEMPTY"
LEAVE_EMPTY = "LEAVEEMPTY"
EXIT_WITH_KEY = "EXITWITHKEY"
ATTENDED_TRANSFER = "ATTENDEDTRANSFER"

ENDS_OF_TALK = {
    "COMPLETEAGENT": EndedBy.AGENT,
    "COMPLETECALLER": EndedBy.CALLER,
    "TRANSFER": EndedBy.BLIND_TRANSFER,
    "BLINDTRANSFER": EndedBy.BLIND_TRANSFER,
    ATTENDED_TRANSFER: EndedBy.ATTENDED_TRANSFER,
}
"""Lines that end a visit which a member had answered."""

ENDS_OF_WAIT = {
    "ABANDON": VisitOutcome.ABANDONED,
    "EXITWITHTIMEOUT": VisitOutcome.TIMEOUT,
    EXIT_WITH_KEY: VisitOutcome.EXIT_WITH_KEY,
    EXIT_EMPTY: VisitOutcome.LEAVEEMPTY,
    LEAVE_EMPTY: VisitOutcome.LEAVEEMPTY,
    "WITHDRAW": VisitOutcome.WITHDRAWN,
}
"""Lines that end a visit which nobody had answered."""

REFUSALS = {
    "FULL": VisitOutcome.FULL,
    "CLOSED": VisitOutcome.CLOSED,
    "JOINEMPTY": VisitOutcome.JOINEMPTY,
    "DIVERT_CA_RATIO": VisitOutcome.DIVERT_CA_RATIO,
    "DIVERT_HOLDTIME": VisitOutcome.DIVERT_WAITTIME,
}
"""Lines that are a whole visit: the caller was not let in."""

OUTCOMES = {**dict.fromkeys(ENDS_OF_TALK, VisitOutcome.ANSWERED), **ENDS_OF_WAIT, **REFUSALS}
"""What becomes of a visit by the word that ended it."""

LONGEST_SECONDS = 366 * 86_400
"""A longer wait or talk comes from a clock that was set while the call ran; it is no measurement."""

LARGEST_POSITION_DIGITS = 5
_MOST_DIGITS = len(str(LONGEST_SECONDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an end says: milliseconds and positions, `None` where it says nothing."""

    wait_ms: int | None = None
    talk_ms: int | None = None
    entered_position: int | None = None
    left_position: int | None = None


NO_FIGURES = Figures()
_figures = quick(Figures)

_PLACES: dict[str, tuple[int | None, int | None, int | None, int | None]] = {
    # word             wait  talk  entered at  left at
    "COMPLETEAGENT": (0, 1, 2, None),
    "COMPLETECALLER": (0, 1, 2, None),
    "TRANSFER": (2, 3, 4, None),
    "BLINDTRANSFER": (2, 3, 4, None),
    ATTENDED_TRANSFER: (2, 3, 4, None),
    "ABANDON": (2, None, 1, 0),
    "EXITWITHTIMEOUT": (2, None, 1, 0),
    EXIT_WITH_KEY: (3, None, 2, 1),
    EXIT_EMPTY: (2, None, 1, 0),
    "WITHDRAW": (2, None, 1, 0),
}


def figures_of(end: QueueEvent) -> Figures:
    """Return what the end of a visit says about its length and the caller's place in the queue."""
    places = _PLACES.get(end.name)
    if places is None:
        return NO_FIGURES
    data = end.data
    if end.name == ATTENDED_TRANSFER and data[:1] == ("LINK",):
        # Two channels instead of one id; in a database the last two values stand in one column.
        data = tuple("|".join(data).split("|"))[1:]
    wait, talk, entered, left = places
    return _figures(
        wait_ms=duration_ms(data, wait),
        talk_ms=duration_ms(data, talk),
        entered_position=position(data, entered),
        left_position=position(data, left),
    )


def connect_wait_ms(connect: QueueEvent) -> int | None:
    """Return how long the caller had waited when a member was connected."""
    return duration_ms(connect.data, 0)


def connect_ring_ms(connect: QueueEvent) -> int | None:
    """Return how long the member rang who was connected."""
    return duration_ms(connect.data, 2)


def entry_parts(entry: QueueEvent) -> tuple[str, int | None]:
    """Return the caller's number as logged and the position on entry.

    A URL given to the queue is the first parameter and may hold bars, which shift the others: the position is then the
    last parameter that can be one (a caller's name may follow it), and the number stands before it.
    """
    data = entry.data
    place = 2
    if data and data[0] and len(data) > place + 1:
        place = next((at for at in range(len(data) - 1, 1, -1) if position(data, at) is not None), place)
    number = data[place - 1] if len(data) >= place else ""
    return number, position(data, place)


def key_of(end: QueueEvent) -> str | None:
    """Return the key with which the caller left the queue; `None` for any other end."""
    return end.data[0] or None if end.name == EXIT_WITH_KEY and end.data else None


def duration_ms(data: tuple[str, ...], place: int | None) -> int | None:
    """Return a parameter in whole seconds as milliseconds; `None` if there is none, or none that can be true."""
    if place is None or place >= len(data):
        return None
    text = data[place]
    if not (text.isdigit() and text.isascii()) or len(text) > _MOST_DIGITS:
        return None
    seconds = int(text)
    return seconds * 1000 if seconds <= LONGEST_SECONDS else None


def seconds_between_ms(entry: QueueEvent, end: QueueEvent) -> int | None:
    """Return the time from an entry to an end without a figure of its own, to the nearest second as Wazo counts it."""
    wait_ms = (end.at_ms - entry.at_ms + 500) // 1000 * 1000
    return wait_ms if 0 <= wait_ms <= LONGEST_SECONDS * 1000 else None


def position(data: tuple[str, ...], place: int | None) -> int | None:
    """Return a parameter as a place in the queue, counted from 1; `None` if it is none."""
    if place is None or place >= len(data):
        return None
    text = data[place]
    if not (text.isdigit() and text.isascii()) or text[0] == "0" or len(text) > LARGEST_POSITION_DIGITS:
        return None
    return int(text)
