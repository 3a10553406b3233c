"""One call on a time axis: a lane for each leg, arrows where one leg causes the next, a diamond for each message."""

from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from calltally.render.escape import markup, text
from calltally.render.numbers import duration
from calltally.render.time_labels import width_px
from calltally.render.words import Words

_STEPS_MS = tuple(
    seconds * 1000 for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
)
_MOST_TICKS = 8
_LANE_PX = 52
_MESSAGES_PX = 36
_BAR_TOP_PX = 14
_BAR_PX = 20
_INSIDE_SHARE = 14.0
"""Percent of the width from which on a bar holds its own words; shorter ones have them behind."""

_NARROWEST_PX = 310
"""How wide a lane is on a phone."""


class Phase(StrEnum):
    """What happens during a part of a lane."""

    WAIT = "wait"
    RING = "ring"
    TALK = "talk"
    UNANSWERED = "none"
    MAILBOX = "box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a lane; `fades` when its end is not known."""

    phase: Phase
    since_ms: int
    until_ms: int
    text: str = ""
    fades: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A leg; `caused_at_ms` draws an arrow from the lane above."""

    name: str
    detail: str
    parts: tuple[Part, ...]
    caused_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMark:
    """A message on the axis; the chosen one draws a line through all lanes."""

    at_ms: int
    label: str
    href: str | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A whole call; `start_text` is its local time, `summary` tells it in one sentence."""

    since_ms: int
    until_ms: int
    start_text: str
    summary: str
    lanes: tuple[Lane, ...]
    messages: tuple[MessageMark, ...] = ()


def call_lanes(timeline: Timeline, words: Words) -> Markup:
    """Return the lanes of a call with their time axis on top and its messages below."""
    chosen = next((message.at_ms for message in timeline.messages if message.chosen), None)
    ticks = _ticks(timeline)
    grid = "".join(
        f'<line class="gl" x1="{place:.2f}%" x2="{place:.2f}%" y1="0" y2="100%"/>' for place, _ in ticks
    ) + _chosen_line(timeline, chosen)
    rows = "".join(_lane(timeline, lane, grid) for lane in timeline.lanes)
    below = _messages(timeline, grid, words) if timeline.messages else ""
    return markup(
        f'<div class="legs" role="group" aria-label="{text(timeline.summary)}"><div class="tl"></div>'
        f'<div class="tick"><svg aria-hidden="true" height="26">{_tick_labels(timeline, ticks)}</svg></div>'
        f"{rows}{below}</div>"
    )


def _place(timeline: Timeline, instant_ms: int) -> float:
    width = max(timeline.until_ms - timeline.since_ms, 1)
    return min(max((instant_ms - timeline.since_ms) / width, 0.0), 1.0) * 100


def _ticks(timeline: Timeline) -> list[tuple[float, int]]:
    width = max(timeline.until_ms - timeline.since_ms, 1)
    step = next((step for step in _STEPS_MS if width / step < _MOST_TICKS), -(-width // _MOST_TICKS))
    return [(offset / width * 100, offset) for offset in range(0, width + 1, step)]


def _tick_labels(timeline: Timeline, ticks: list[tuple[float, int]]) -> str:
    labels: list[str] = []
    for order, (place, offset) in enumerate(ticks):
        words = timeline.start_text if order == 0 else f"+{duration(offset)}"
        anchor = "start" if order == 0 else "end" if place > 97 else "middle"  # noqa: PLR2004  no room to the right of it
        minor = ' class="sp"' if order % 2 else ""
        labels.append(f'<text x="{place:.2f}%" y="16" text-anchor="{anchor}"{minor}>{text(words)}</text>')
    return "".join(labels)


def _chosen_line(timeline: Timeline, chosen_at_ms: int | None) -> str:
    if chosen_at_ms is None:
        return ""
    x = f"{_place(timeline, chosen_at_ms):.2f}%"
    return f'<line class="pick" x1="{x}" x2="{x}" y1="0" y2="100%"/>'


def _lane(timeline: Timeline, lane: Lane, grid: str) -> str:
    parts = "".join(_part(timeline, part) for part in lane.parts)
    arrow = _arrow(timeline, lane.caused_at_ms)
    return (
        f'<div class="lab"><b>{text(lane.name)}</b><span class="quiet">{text(lane.detail)}</span></div>'
        f'<div class="lane"><svg aria-hidden="true" height="{_LANE_PX}">{grid}{parts}{arrow}</svg></div>'
    )


def _part(timeline: Timeline, part: Part) -> str:
    left = _place(timeline, part.since_ms)
    width = max(_place(timeline, part.until_ms) - left, 0.25)
    bar = (
        f'<rect class="p-{part.phase}{" fades" if part.fades else ""}" x="{left:.2f}%" y="{_BAR_TOP_PX}" '
        f'width="{width:.2f}%" height="{_BAR_PX}" rx="1"/>'
    )
    edge = ""
    if part.fades:
        x = f"{left + width:.2f}%"
        edge = f'<line class="open-end" x1="{x}" x2="{x}" y1="{_BAR_TOP_PX}" y2="{_BAR_TOP_PX + _BAR_PX}"/>'
    return bar + edge + _part_words(part, left, width)


def _part_words(part: Part, left: float, width: float) -> str:
    if not part.text:
        return ""
    if width >= _INSIDE_SHARE:
        is_strong = part.phase in {Phase.TALK, Phase.MAILBOX}
        if left / 100 * _NARROWEST_PX + width_px(part.text, bold=is_strong) + 6 > _NARROWEST_PX:
            # On a phone the words would run out of the page: they end where their bar does.
            kind = "in halo" if is_strong else "halo"
            return (
                f'<svg x="{left + width:.2f}%" y="{_BAR_TOP_PX}"><text class="{kind}" x="-6" y="14" text-anchor="end">'
                f"{text(part.text)}</text></svg>"
            )
        kind = ' class="in"' if is_strong else ' class="halo"'
        return f'<svg x="{left:.2f}%" y="{_BAR_TOP_PX}"><text{kind} x="6" y="14">{text(part.text)}</text></svg>'
    behind = left + width
    if behind < 70:  # noqa: PLR2004  from there on the words stand before the bar
        return (
            f'<svg x="{behind:.2f}%" y="{_BAR_TOP_PX}"><text class="halo" x="6" y="14">{text(part.text)}</text></svg>'
        )
    return (
        f'<svg x="{left:.2f}%" y="{_BAR_TOP_PX}"><text class="halo" x="-6" y="14" text-anchor="end">'
        f"{text(part.text)}</text></svg>"
    )


def _arrow(timeline: Timeline, caused_at_ms: int | None) -> str:
    if caused_at_ms is None:
        return ""
    return (
        f'<svg x="{_place(timeline, caused_at_ms):.2f}%"><line class="drop" x1="0" x2="0" y1="-18" y2="13"/>'
        '<path class="drophead" d="M-3.5 7h7L0 14z"/></svg>'
    )


def _messages(timeline: Timeline, grid: str, words: Words) -> str:
    marks = "".join(_mark(timeline, message) for message in timeline.messages)
    title = text(words.t("call.legs.messages"))
    return (
        f'<div class="lab tall"><b>{title}</b></div><div class="lane tall">'
        f'<svg aria-hidden="true" height="{_MESSAGES_PX}">{grid}{marks}</svg></div>'
    )


def _mark(timeline: Timeline, message: MessageMark) -> str:
    kind = "msg sel" if message.chosen else "msg"
    diamond = f'<path class="{kind}" d="M-5 18 0 10 5 18 0 26z"/>'
    if message.href:
        diamond = f'<a href="{text(message.href)}" tabindex="-1"><title>{text(message.label)}</title>{diamond}</a>'
    return f'<svg x="{_place(timeline, message.at_ms):.2f}%">{diamond}</svg>'
