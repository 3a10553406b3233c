"""The course of one leg: when it started, was picked up and ended, and what that makes of it.

Rules (their reasons: `docs/decisions/0010-answer-without-user.md`, `0011-outcomes-of-a-leg.md`):

- A leg starts when its start was heard, or with whatever was heard of it first.
- The first answer counts, and the first end; repeats move nothing. An answer heard after the end was one at the end.
- A mailbox that picks up is not an answer; its pick-up stands in `network_answered_at_ms`.
- An answered leg stays answered whatever it ends with. Any other is called by the cause of its end.
- A leg is open until its end is heard, or the source's history or its list of running calls says that it is over, or
  nothing was heard of it for so long that it is given up.
"""

from calltally.fold.hearing import Heard
from calltally.fold.settling import ending_of, reported_answer_ms
from calltally.model.drafts import LegDraft
from calltally.model.words import AnswerSource, Direction, End, HangupCause, Outcome

_KNOWN = End.KNOWN
_OPEN = End.OPEN
_NOT_KNOWN = End.UNKNOWN
_OBSERVED = AnswerSource.OBSERVED
_INFERRED = AnswerSource.INFERRED
_SOURCE_UNKNOWN = AnswerSource.UNKNOWN
_ANSWERED = Outcome.ANSWERED
_VOICEMAIL = Outcome.VOICEMAIL
_IN_PROGRESS = Outcome.IN_PROGRESS
_UNKNOWN = Outcome.UNKNOWN
_OUTBOUND = Direction.OUTBOUND

OUTCOMES = {
    HangupCause.NORMAL: Outcome.NO_ANSWER,
    HangupCause.BUSY: Outcome.BUSY,
    HangupCause.CANCELLED: Outcome.ABANDONED,
    HangupCause.DECLINED: Outcome.NO_ANSWER,
    HangupCause.UNREACHABLE: Outcome.FAILED,
    HangupCause.NOT_FOUND: Outcome.FAILED,
    HangupCause.FORWARDED: Outcome.FORWARDED,
    HangupCause.OTHER: Outcome.UNKNOWN,
}
"""The outcome of a leg that ended without an answer."""


def set_course(leg: LegDraft, heard: Heard) -> None:
    """Set how a leg went of which something was told or settled: its times, its end and its outcome.

    Its direction is set already.
    """
    started_at_ms = _start_ms(heard)
    ended_at_ms, end = ending_of(heard, started_at_ms)
    voicemail = _is_voicemail(heard)
    answered = heard.answered
    settled = heard.settled
    picked_up_at_ms: int | None = None
    is_answered = False
    source = _OBSERVED if end is _KNOWN else _SOURCE_UNKNOWN
    if answered is not None:
        picked_up_at_ms = answered.at_ms
        if ended_at_ms is not None and ended_at_ms < picked_up_at_ms:
            picked_up_at_ms = ended_at_ms
        is_answered = not voicemail
        surely = voicemail or answered.answered_by is not None or leg.direction is _OUTBOUND
        source = _OBSERVED if surely else _INFERRED
    elif settled is not None and settled.outcome is not None:
        is_answered = settled.outcome is _ANSWERED and not voicemail
        if is_answered:
            picked_up_at_ms = reported_answer_ms(heard, started_at_ms)
        if is_answered or heard.ended is None:
            source = settled.answer_source
    leg.started_at_ms = started_at_ms
    leg.network_answered_at_ms = picked_up_at_ms
    leg.answered_at_ms = picked_up_at_ms if is_answered else None
    leg.ended_at_ms = ended_at_ms
    leg.end = end
    leg.voicemail = voicemail
    leg.outcome = _VOICEMAIL if voicemail else _ANSWERED if is_answered else _outcome(heard, end)
    leg.answer_source = source
    _set_lengths(leg)


def _set_lengths(leg: LegDraft) -> None:
    """Set how long a leg rang, to the end if nobody picked up, and how long it was talked, 0 if surely nobody did."""
    is_answered = leg.outcome is _ANSWERED
    ended_at_ms = leg.ended_at_ms
    picked_up_at_ms = leg.network_answered_at_ms
    rang_until_ms = ended_at_ms if picked_up_at_ms is None and not is_answered else picked_up_at_ms
    leg.ring_ms = None if rang_until_ms is None else rang_until_ms - leg.started_at_ms
    if is_answered:
        leg.talk_ms = None if picked_up_at_ms is None or ended_at_ms is None else ended_at_ms - picked_up_at_ms
    elif leg.end is _OPEN or (leg.end is _NOT_KNOWN and leg.outcome is _UNKNOWN):
        leg.talk_ms = None
    else:
        leg.talk_ms = 0


def _start_ms(heard: Heard) -> int:
    """Return when the first was told of the leg; the history's start if nothing was told, or if the start was lost."""
    settled = heard.settled
    reported_ms = settled.started_at_ms if settled is not None else None
    if not heard.told:
        return heard.first_ms if reported_ms is None else reported_ms
    first_ms = heard.told[0].at_ms
    if heard.started is None and reported_ms is not None:
        return min(first_ms, reported_ms)
    return first_ms


def _is_voicemail(heard: Heard) -> bool:
    """Whether the leg leads to a mailbox, as told, or by the history if no person is known to have answered."""
    if heard.started is not None:
        if heard.started.voicemail:
            return True
    elif any(event.voicemail for event in heard.told):
        return True
    settled = heard.settled
    if settled is None or settled.outcome is not _VOICEMAIL:
        return False
    return heard.answered is None or heard.answered.answered_by is None


def _outcome(heard: Heard, end: End) -> Outcome:
    """Return the outcome of a leg that nobody answered."""
    by_cause = OUTCOMES.get(heard.ended.cause, _UNKNOWN) if heard.ended is not None and heard.ended.cause else _UNKNOWN
    if by_cause is not _UNKNOWN:
        return by_cause
    if heard.settled is not None and heard.settled.outcome is not None:
        return heard.settled.outcome
    return _IN_PROGRESS if end is _OPEN else _UNKNOWN
