"""The pick-up ratio as two slices with their shares and counts beside them."""

from dataclasses import dataclass
from math import cos, pi, sin

from markupsafe import Markup

from calltally.render.chart import Style
from calltally.render.escape import markup, text
from calltally.render.numbers import percent
from calltally.render.words import Words, grouped

_CENTRE = 50.0
_RADIUS = 47.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of a pie: its name, its count and the address of its calls."""

    name: str
    count: int
    style: Style
    href: str | None = None


def pie(answered: Slice, missed: Slice, *, words: Words) -> Markup:
    """Return the pie, starting at 12 o'clock, and beside it sign, share and count of each slice."""
    counts = (max(answered.count, 0), max(missed.count, 0))
    whole = sum(counts)
    share = counts[0] / whole if whole else 0.0
    label = text(", ".join(f"{part.name} {grouped(part.count, words.language)}" for part in (answered, missed)))
    drawing = _empty() if not whole else _slices(share, answered.style, missed.style)
    facts = _fact(answered, whole, "i-ok", words) + _fact(missed, whole, "i-miss", words)
    svg = f'<svg viewBox="0 0 100 100" role="img" aria-label="{label}">{drawing}</svg>'
    return markup(f'<div class="pie">{svg}<dl>{facts}</dl></div>')


def _empty() -> str:
    return f'<circle class="sl-none" cx="{_CENTRE:g}" cy="{_CENTRE:g}" r="{_RADIUS:g}"/>'


def _slices(share: float, answered: Style, missed: Style) -> str:
    whole = '<circle class="sl-{}" cx="50" cy="50" r="47"/>'
    if share >= 1:
        return whole.format(answered)
    if share <= 0:
        return whole.format(missed)
    angle = 2 * pi * share
    x, y = _CENTRE + _RADIUS * sin(angle), _CENTRE - _RADIUS * cos(angle)
    top = f"{_CENTRE:g} {_CENTRE - _RADIUS:g}"
    large, small = (1, 0) if share > 1 / 2 else (0, 1)
    arc = f"A{_RADIUS:g} {_RADIUS:g} 0"
    return (
        f'<path class="sl-{answered}" d="M50 50L{top}{arc} {large} 1 {x:.2f} {y:.2f}z"/>'
        f'<path class="sl-{missed}" d="M50 50L{x:.2f} {y:.2f}{arc} {small} 1 {top}z"/>'
    )


def _fact(part: Slice, whole: int, sign: str, words: Words) -> str:
    share = percent(part.count / whole, words.language) if whole else percent(None, words.language)
    calls = text(words.t("site.unit.calls", count=part.count))
    linked = f'<a href="{text(part.href)}">{calls}</a>' if part.href else calls
    return (
        f'<div><dt><span class="st o-{part.style}"><svg aria-hidden="true"><use href="#{sign}"/></svg>{text(part.name)}'
        f'</span></dt><dd class="big">{text(str(share))}</dd><dd>{linked}</dd></div>'
    )
