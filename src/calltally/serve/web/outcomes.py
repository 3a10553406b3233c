"""How a call went, as sign and word: three ways for one meaning, the colour only repeats it."""

from typing import Final

from markupsafe import Markup

from calltally.model.records import Call, Leg
from calltally.model.words import AnsweredBy, Outcome
from calltally.render.charts import sign
from calltally.render.numbers import duration
from calltally.render.words import Words

_SIGNS: Final = {
    Outcome.ANSWERED: ("i-ok", "o-answered"),
    Outcome.VOICEMAIL: ("i-box", "o-voicemail"),
    Outcome.FORWARDED: ("i-fwd", ""),
    Outcome.UNKNOWN: ("i-off", "off"),
    Outcome.IN_PROGRESS: ("i-off", "off"),
}
_MISSED: Final = ("i-miss", "o-missed")


def outcome_sign(words: Words, outcome: Outcome, word: str = "") -> Markup:
    """Return an outcome with its usual word, or with another."""
    name, kind = _SIGNS.get(outcome, _MISSED)
    return sign(name, word or words.t(f"call.outcome.{outcome}"), kind=kind)


def call_outcome(call: Call, words: Words, *, in_full: bool = False) -> Markup:
    """Return the outcome of a call; one that goes on says what it is at.

    Args:
        call: the call.
        words: the reader's language.
        in_full: say by whom it was answered, and after what time the caller gave up.
    """
    if call.is_open and call.crashed:
        return sign("i-warn", words.t("live.active.lost"), kind="warn")
    if call.is_open and call.outcome is Outcome.ANSWERED:
        return sign("i-ok", words.t("call.outcome.connected"), kind="ok")
    return outcome_sign(words, call.outcome, _word(call, words, in_full=in_full))


def _word(call: Call, words: Words, *, in_full: bool) -> str:
    """Return a fuller word than the outcome's own, empty if there is none."""
    match call.outcome, call.answered_by:
        case Outcome.IN_PROGRESS, _:
            return words.t("call.outcome.ringing")
        case Outcome.ANSWERED, AnsweredBy.SOFTWARE:
            return words.t("call.outcome.answered_software")
        case Outcome.ANSWERED, AnsweredBy.PERSON if in_full:
            return words.t("call.outcome.answered_person")
        case Outcome.ABANDONED, _ if in_full and call.wait_ms is not None:
            return words.t("call.outcome.abandoned_after", time=duration(call.wait_ms))
        case _:
            return ""


def leg_outcome(leg: Leg, words: Words) -> Markup:
    """Return the outcome of one leg."""
    return outcome_sign(words, leg.outcome)


def cause_text(leg: Leg, words: Words) -> str:
    """Return why a leg ended: our word, and what was pushed where that says more."""
    if leg.hangup_cause is None:
        return words.t("call.cause.none") if leg.ended_at_ms is not None else ""
    raw = leg.hangup_cause_raw or ""
    return (
        words.t("call.cause.other", raw=raw)
        if leg.hangup_cause == "other"
        else words.t(f"call.cause.{leg.hangup_cause}")
    )
