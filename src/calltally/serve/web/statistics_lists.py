"""The top lists of the Statistics page: who waited longest, the longest calls, who calls most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from calltally.engine.questions import CallOrder
from calltally.model.records import Call
from calltally.model.words import Direction, Outcome
from calltally.render import charts, numbers, times
from calltally.render.charts import Style
from calltally.serve.web.statistics_answers import TOP
from calltally.serve.web.statistics_charts import Drawing

_SIGNS: Final = {
    Outcome.ANSWERED: ("i-ok", "o-answered"),
    Outcome.VOICEMAIL: ("i-box", "o-voicemail"),
    Outcome.IN_PROGRESS: ("i-off", "o-unknown"),
    Outcome.UNKNOWN: ("i-off", "o-unknown"),
}
_MISSED: Final = ("i-miss", "o-missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a list: its bar is the rule under it; `title` is the whole of a text that may be cut."""

    rank: int
    href: str
    text: str
    is_faint: bool
    title: str
    middle: str | Markup
    value: str
    bar: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class TopList:
    """A list as its template shows it; `links` are addresses and words in its head."""

    panel: str
    title: str
    subtitle: str
    heads: tuple[str, str, str]
    lines: tuple[Line, ...]
    links: tuple[tuple[str, str], ...]


def longest_waits(draw: Drawing) -> TopList:
    """Return the longest waits of incoming calls, answered or not."""
    calls = draw.statistics.longest_waits()
    highest = max((call.wait_ms or 0 for call in calls), default=0)
    lines = tuple(
        _line(
            draw,
            call,
            rank=rank,
            middle=_outcome(draw, call),
            duration_ms=call.wait_ms or 0,
            bar=charts.row_bar(call.wait_ms, highest=highest, style=_bar_style(call)),
        )
        for rank, call in enumerate(calls, 1)
    )
    every = draw.calls(directions=(Direction.INBOUND,), order=CallOrder.LONGEST_WAIT)
    return _list(draw, "longest_waits", ("caller", "end", "wait"), lines, every)


def longest_calls(draw: Drawing) -> TopList:
    """Return the longest talks of every direction."""
    calls = draw.statistics.longest_calls()
    highest = max((call.talk_ms or 0 for call in calls), default=0)
    lines = tuple(
        _line(
            draw,
            call,
            rank=rank,
            middle=draw.statistics.names.agent(call) or draw.t("site.value.unknown"),
            duration_ms=call.talk_ms or 0,
            bar=charts.row_bar(call.talk_ms, highest=highest, style=Style.OUTGOING),
        )
        for rank, call in enumerate(calls, 1)
    )
    every = draw.calls(order=CallOrder.LONGEST_TALK)
    return _list(draw, "longest_calls", ("other_party", "with", "talk"), lines, every)


def callers(draw: Drawing) -> TopList:
    """Return the numbers that called most, and how many calls had none."""
    statistics = draw.statistics
    found = statistics.callers()
    inbound = statistics.count("inbound_calls")
    highest = max((caller.calls for caller in found), default=0)
    lines = tuple(
        Line(
            rank=rank,
            href=draw.calls(directions=(Direction.INBOUND,), numbers=(caller.number,)),
            text=name or numbers.phone(caller.number),
            is_faint=False,
            title=numbers.phone(caller.number),
            middle=str(numbers.percent(caller.calls / inbound if inbound else None, draw.words.language)),
            value=draw.count(caller.calls),
            bar=charts.row_bar(caller.calls, highest=highest, style=Style.ANSWERED),
        )
        for rank, caller in enumerate(found, 1)
        for name in (statistics.names.numbers.get(caller.number, ""),)
    )
    withheld = statistics.count("withheld_calls")
    subtitle = draw.t("statistics.callers.sub", count=len(found)) if found else ""
    every = draw.calls(directions=(Direction.INBOUND,), withheld=True)
    links = ((every, draw.t("statistics.callers.withheld", count=withheld)),) if withheld else ()
    heads = (
        draw.t("statistics.callers.number"),
        draw.t("statistics.table.share"),
        draw.t("statistics.callers.calls"),
    )
    title = draw.t("statistics.callers.title")
    return TopList(panel="callers", title=title, subtitle=subtitle, heads=heads, lines=lines, links=links)


LISTS: Final[Mapping[str, Callable[[Drawing], TopList]]] = {
    "longest_waits": longest_waits,
    "longest_calls": longest_calls,
    "callers": callers,
}


def _list(draw: Drawing, panel: str, heads: tuple[str, str, str], lines: tuple[Line, ...], every: str) -> TopList:
    first, middle, last = (draw.t(f"statistics.{panel}.{head}") for head in heads)
    is_cut = len(lines) == TOP
    return TopList(
        panel=panel,
        title=draw.t(f"statistics.{panel}.title"),
        subtitle=draw.t(f"statistics.{panel}.sub", count=len(lines)) if lines else "",
        heads=(first, middle, last),
        lines=lines,
        links=((every, draw.t("statistics.table.more")),) if is_cut else (),
    )


def _line(draw: Drawing, call: Call, *, rank: int, middle: str | Markup, duration_ms: int, bar: Markup) -> Line:
    party = draw.statistics.names.party(call)
    zone = draw.statistics.site.zone
    day = times.short_day(call.started_at_ms, zone, draw.words.language)
    when = f"{day}, {times.clock_minutes(call.started_at_ms, zone)}"
    text = party.text(draw.words)
    number = party.number if party.number != text else ""
    return Line(
        rank=rank,
        href=f"/calls/{quote(call.call_id, safe='')}",
        text=text,
        is_faint=party.withheld or not (party.name or party.number),
        title=", ".join(part for part in (text, number, when) if part),
        middle=middle,
        value=numbers.duration(duration_ms),
        bar=bar,
    )


def _outcome(draw: Drawing, call: Call) -> Markup:
    name, kind = _SIGNS.get(call.outcome, _MISSED)
    return charts.sign(name, draw.t(f"call.outcome.{call.outcome}"), kind=kind)


def _bar_style(call: Call) -> Style:
    match call.outcome:
        case Outcome.ANSWERED:
            return Style.ANSWERED
        case Outcome.VOICEMAIL:
            return Style.VOICEMAIL
        case _:
            return Style.MISSED
