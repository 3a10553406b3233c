"""Legs and queue visits of a call as tables: the same as its lanes, in words and figures."""

from dataclasses import dataclass

from markupsafe import Markup

from calltally.model.records import Leg, QueueVisit
from calltally.render.numbers import NONE, duration
from calltally.render.times import clock, clock_ms
from calltally.serve.web.live_rows import Moment
from calltally.serve.web.outcomes import cause_text, leg_outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    """One leg in the table that says the same as the lanes."""

    number: int
    who: str
    start: str
    answer: str
    end: str
    ring: str
    talk: str
    outcome: Markup
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """One stay in a queue."""

    queue: str
    agent: str
    entered: str
    wait: str
    talk: str
    outcome: str
    rings: str
    ended_by: str


def leg_row(leg: Leg, number: int, moment: Moment) -> LegRow:
    """Return one leg in finished words."""
    names, zone = moment.names, moment.zone
    ringing = ", ".join(names.ringing(leg))
    who = names.user(leg, leg.agent) if leg.agent else ringing or names.own(leg.answering_number or leg.callee)
    picked_ms = leg.answered_at_ms if leg.answered_at_ms is not None else leg.network_answered_at_ms
    return LegRow(
        number=number,
        who=who or NONE,
        start=clock_ms(leg.started_at_ms, zone),
        answer=NONE if picked_ms is None else clock_ms(picked_ms, zone),
        end=NONE if leg.ended_at_ms is None else clock_ms(leg.ended_at_ms, zone),
        ring=duration(leg.ring_ms),
        talk=duration(leg.talk_ms) if leg.talk_ms else NONE,
        outcome=leg_outcome(leg, moment.words),
        cause=cause_text(leg, moment.words) or NONE,
    )


def visit_row(visit: QueueVisit, moment: Moment) -> VisitRow:
    """Return one stay in finished words."""
    words = moment.words
    return VisitRow(
        queue=visit.queue,
        agent=moment.names.member(visit.agent) or NONE,
        entered=clock(visit.entered_at_ms, moment.zone),
        wait=duration(visit.wait_ms),
        talk=duration(visit.talk_ms) if visit.talk_ms else NONE,
        outcome=words.t(f"call.visit.{visit.outcome}"),
        rings=str(visit.no_answer_rings),
        ended_by=words.t(f"call.ended.{visit.ended_by}") if visit.ended_by else NONE,
    )
