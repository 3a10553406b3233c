"""Made-up conversations as the pushes of sipgate: every way in which one can go, each with what it must add up to.

The sequences are those that sipgate documents or its users have seen: one leg for a group call, whose answer names who
took it; a new leg for each forwarding, transfer and mailbox, with the first leg in `origCallId`; two legs for a call
between colleagues. Here and there a hangup gets lost or a push comes twice, as they do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from calltally.demo.forms import LegWords
from calltally.demo.mood import Case, Mood
from calltally.demo.scene import Scene
from calltally.model.words import Direction, Outcome

_DOUBLED_SHARE = 0.002
_HANDOVER_MS = (60, 180)
_TO_MAILBOX_MS = (15_000, 25_000)
_GREETING_MS = (220, 420)
_MESSAGE_MS = (3_000, 55_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One made-up conversation.

    Attributes:
        pushes: each as milliseconds from the start and the body, in the order of sending.
        direction, outcome, talk_ms: what it must add up to; `talk_ms` is `None` where the end got lost.
        lost_leg: the leg whose hangup was not sent.
    """

    case: Case
    pushes: tuple[tuple[int, bytes], ...]
    direction: Direction
    outcome: Outcome
    talk_ms: int | None
    lost_leg: str | None = None

    @property
    def length_ms(self) -> int:
        """From the first push to the last."""
        return self.pushes[-1][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """How a scene went; `last_leg` is set where the last push is a hangup that may get lost, and names its leg."""

    pushes: list[tuple[int, bytes]]
    direction: Direction = Direction.INBOUND
    outcome: Outcome = Outcome.ANSWERED
    talk_ms: int = 0
    last_leg: LegWords | None = None


def conversation(rng: Random, mood: Mood) -> Conversation:
    """Return a conversation that goes as such conversations go in this mood."""
    return conversation_of(mood.case(rng), rng, mood)


def conversation_of(case: Case, rng: Random, mood: Mood) -> Conversation:
    """Return a conversation that goes a certain way."""
    course = _COURSES[case](Scene(rng=rng, mood=mood, flow=f"{rng.getrandbits(64):016x}"))
    pushes = course.pushes
    talk_ms: int | None = course.talk_ms
    lost_leg = None
    if course.last_leg is not None and rng.random() < mood.lost_share:
        pushes = pushes[:-1]
        lost_leg = course.last_leg.leg_id
        talk_ms = None if course.outcome is Outcome.ANSWERED else 0
    elif rng.random() < _DOUBLED_SHARE:
        at_ms, body = pushes[int(len(pushes) * rng.random())]
        pushes = sorted([*pushes, (at_ms + 150 + int(700 * rng.random()), body)], key=_time_of)
    return Conversation(
        case=case,
        pushes=tuple(pushes),
        direction=course.direction,
        outcome=course.outcome,
        talk_ms=talk_ms,
        lost_leg=lost_leg,
    )


def _time_of(push: tuple[int, bytes]) -> int:
    return push[0]


def _answered(scene: Scene) -> _Course:
    leg, people = scene.incoming()
    person = scene.someone(people)
    answer, talk = scene.ring_ms(), scene.talk_ms()
    pushes = [
        (0, leg.started(people)),
        (answer, leg.answered(person)),
        (answer + talk, leg.ended("normalClearing", person)),
    ]
    return _Course(pushes=pushes, talk_ms=talk, last_leg=leg)


def _picked_up(scene: Scene) -> _Course:
    """A colleague takes the call with a pick-up code, so that the answer names nobody."""
    leg, people = scene.incoming()
    answer, talk = scene.ring_ms(), scene.talk_ms()
    pushes = [
        (0, leg.started(people)),
        (answer, leg.answered()),
        (answer + talk, leg.ended("normalClearing")),
    ]
    return _Course(pushes=pushes, talk_ms=talk)


def _unanswered(cause: str, outcome: Outcome) -> Callable[[Scene], _Course]:
    def course(scene: Scene) -> _Course:
        leg, people = scene.incoming()
        wait = scene.patience_ms() if outcome is Outcome.ABANDONED else scene.between_ms(300, 6_000)
        return _Course(pushes=[(0, leg.started(people)), (wait, leg.ended(cause))], outcome=outcome)

    return course


def _forwarded(scene: Scene) -> _Course:
    first, people = scene.incoming()
    person = scene.someone_else(people[0])
    second = scene.next_leg(first, person.direct)
    moved = scene.ring_ms()
    ringing = moved + scene.between_ms(*_HANDOVER_MS)
    answer = ringing + scene.ring_ms()
    talk = scene.talk_ms()
    pushes = [
        (0, first.started(people)),
        (moved, first.ended("forwarded")),
        (ringing, second.started((person,))),
        (answer, second.answered(person)),
        (answer + talk, second.ended("normalClearing", person)),
    ]
    return _Course(pushes=pushes, talk_ms=talk)


def _forwarded_in_vain(scene: Scene) -> _Course:
    first, people = scene.incoming()
    person = scene.someone_else(people[0])
    second = scene.next_leg(first, person.direct)
    moved = scene.ring_ms()
    ringing = moved + scene.between_ms(*_HANDOVER_MS)
    pushes = [
        (0, first.started(people)),
        (moved, first.ended("forwarded")),
        (ringing, second.started((person,))),
        (ringing + scene.patience_ms(), second.ended("cancel")),
    ]
    return _Course(pushes=pushes, outcome=Outcome.ABANDONED)


def _transferred(scene: Scene) -> _Course:
    first, people = scene.incoming()
    person = scene.someone(people)
    other = scene.someone_else(person)
    second = scene.next_leg(first, other.direct)
    answer = scene.ring_ms()
    asked = answer + max(scene.talk_ms() // 3, 2_000)
    taken = asked + scene.ring_ms()
    handed = taken + scene.between_ms(*_HANDOVER_MS)
    end = handed + scene.talk_ms()
    pushes = [
        (0, first.started(people)),
        (answer, first.answered(person)),
        (asked, second.started((other,))),
        (taken, second.answered(other)),
        (handed, first.ended("normalClearing", person)),
        (end, second.ended("normalClearing", other)),
    ]
    return _Course(pushes=pushes, talk_ms=end - answer)


def _transfer_not_taken(scene: Scene) -> _Course:
    first, people = scene.incoming()
    person = scene.someone(people)
    other = scene.someone_else(person)
    second = scene.next_leg(first, other.direct)
    answer = scene.ring_ms()
    asked = answer + max(scene.talk_ms() // 3, 2_000)
    end = asked + scene.patience_ms()
    last = end + scene.between_ms(*_HANDOVER_MS)
    pushes = [
        (0, first.started(people)),
        (answer, first.answered(person)),
        (asked, second.started((other,))),
        (end, first.ended("normalClearing", person)),
        (last, second.ended("cancel")),
    ]
    return _Course(pushes=pushes, talk_ms=last - answer)


def _mailbox_after_ringing(scene: Scene) -> _Course:
    first, people = scene.incoming()
    mailbox = scene.next_leg(first, first.callee)
    moved = scene.between_ms(*_TO_MAILBOX_MS)
    reached = moved + scene.between_ms(*_HANDOVER_MS)
    answer = reached + scene.between_ms(*_GREETING_MS)
    pushes = [
        (0, first.started(people)),
        (moved, first.ended("forwarded")),
        (reached, mailbox.reached_mailbox()),
        (answer, mailbox.answered()),
        (answer + scene.between_ms(*_MESSAGE_MS), mailbox.ended("normalClearing")),
    ]
    return _Course(pushes=pushes, outcome=Outcome.VOICEMAIL, last_leg=mailbox)


def _mailbox_at_once(scene: Scene) -> _Course:
    mailbox, _ = scene.incoming()
    answer = scene.between_ms(*_GREETING_MS)
    pushes = [
        (0, mailbox.reached_mailbox()),
        (answer, mailbox.answered()),
        (answer + scene.between_ms(*_MESSAGE_MS), mailbox.ended("normalClearing")),
    ]
    return _Course(pushes=pushes, outcome=Outcome.VOICEMAIL, last_leg=mailbox)


def _called_out(scene: Scene) -> _Course:
    leg, person = scene.outgoing()
    answer, talk = scene.ring_ms(), scene.talk_ms()
    pushes = [
        (0, leg.started((person,))),
        (answer, leg.answered()),
        (answer + talk, leg.ended("normalClearing")),
    ]
    return _Course(pushes=pushes, direction=Direction.OUTBOUND, talk_ms=talk, last_leg=leg)


def _called_out_unanswered(cause: str, outcome: Outcome) -> Callable[[Scene], _Course]:
    def course(scene: Scene) -> _Course:
        leg, person = scene.outgoing()
        wait = scene.patience_ms() if cause == "cancel" else scene.between_ms(400, 5_000)
        pushes = [(0, leg.started((person,))), (wait, leg.ended(cause))]
        return _Course(pushes=pushes, direction=Direction.OUTBOUND, outcome=outcome)

    return course


def _internal(scene: Scene) -> _Course:
    person = scene.someone()
    other = scene.someone_else(person)
    calling = scene.first_leg("out", person.direct, other.direct)
    called = scene.next_leg(calling, other.direct, diverted=False)
    ringing = scene.between_ms(20, 90)
    answer = ringing + scene.ring_ms()
    told = answer + scene.between_ms(10, 60)
    end = told + scene.talk_ms()
    last = end + scene.between_ms(5, 60)
    pushes = [
        (0, calling.started((person,))),
        (ringing, called.started((other,))),
        (answer, called.answered(other)),
        (told, calling.answered()),
        (end, called.ended("normalClearing", other)),
        (last, calling.ended("normalClearing")),
    ]
    return _Course(pushes=pushes, direction=Direction.INTERNAL, talk_ms=last - answer)


def _internal_in_vain(scene: Scene) -> _Course:
    person = scene.someone()
    other = scene.someone_else(person)
    calling = scene.first_leg("out", person.direct, other.direct)
    called = scene.next_leg(calling, other.direct, diverted=False)
    ringing = scene.between_ms(20, 90)
    end = ringing + scene.patience_ms()
    pushes = [
        (0, calling.started((person,))),
        (ringing, called.started((other,))),
        (end, calling.ended("cancel")),
        (end + scene.between_ms(5, 60), called.ended("cancel")),
    ]
    return _Course(pushes=pushes, direction=Direction.INTERNAL, outcome=Outcome.ABANDONED)


_COURSES: Mapping[Case, Callable[[Scene], _Course]] = {
    Case.ANSWERED: _answered,
    Case.GAVE_UP: _unanswered("cancel", Outcome.ABANDONED),
    Case.DECLINED: _unanswered("noAnswer", Outcome.NO_ANSWER),
    Case.BUSY: _unanswered("busy", Outcome.BUSY),
    Case.UNREACHABLE: _unanswered("congestion", Outcome.FAILED),
    Case.PICKED_UP: _picked_up,
    Case.FORWARDED: _forwarded,
    Case.FORWARDED_IN_VAIN: _forwarded_in_vain,
    Case.TRANSFERRED: _transferred,
    Case.TRANSFER_NOT_TAKEN: _transfer_not_taken,
    Case.MAILBOX_AFTER_RINGING: _mailbox_after_ringing,
    Case.MAILBOX_AT_ONCE: _mailbox_at_once,
    Case.CALLED_OUT: _called_out,
    Case.CALLED_OUT_IN_VAIN: _called_out_unanswered("cancel", Outcome.ABANDONED),
    Case.CALLED_OUT_BUSY: _called_out_unanswered("busy", Outcome.BUSY),
    Case.CALLED_OUT_WRONG: _called_out_unanswered("notFound", Outcome.FAILED),
    Case.INTERNAL: _internal,
    Case.INTERNAL_IN_VAIN: _internal_in_vain,
}
