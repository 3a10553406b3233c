"""The pick-up ratio as slices with their shares and counts beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from markupsafe import Markup

from calltally.render.chart import Style
from calltally.render.escape import markup, text
from calltally.render.numbers import FEW_CALLS, percent, rate
from calltally.render.words import Words, grouped

_CENTRE = 50.0
_RADIUS = 47.0
_PRECISION = 1000
"""What a share is written in: tenths of a percent."""
_SIGNS = {Style.MISSED: "i-miss", Style.OPEN: "i-off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of a pie: its name, its count and the address of its calls."""

    name: str
    count: int
    style: Style
    href: str | None = None


def pie(*slices: Slice, words: Words) -> Markup:
    """Return the pie, starting at 12 o'clock, and beside it sign, share and count of each slice.

    The shares add up to 100 %; the first slice has its exact one, because the same share stands elsewhere, too. Of few
    calls the counts are shown instead, "3 of 4".
    """
    counts = [max(part.count, 0) for part in slices]
    label = text(", ".join(f"{part.name} {grouped(part.count, words.language)}" for part in slices))
    facts = "".join(_fact(part, share, words) for part, share in zip(slices, _shown(counts, words), strict=True))
    svg = f'<svg viewBox="0 0 100 100" role="img" aria-label="{label}">{_drawing(slices, counts)}</svg>'
    return markup(f'<div class="pie">{svg}<dl>{facts}</dl></div>')


def _shown(counts: Sequence[int], words: Words) -> list[str]:
    """Return what stands beside each slice."""
    whole = sum(counts)
    if 0 < whole < FEW_CALLS:
        return [str(rate(count, whole, words)) for count in counts]
    return [str(percent(share, words.language)) for share in _shares(counts)]


def _shares(counts: Sequence[int]) -> list[float | None]:
    """Return each share as it is written, to a thousandth; the largest but the first takes what rounding left."""
    whole = sum(counts)
    if not whole:
        return [None] * len(counts)
    shares: list[float | None] = [count / whole for count in counts]
    rounded = [round(float(f"{count / whole * 100:.1f}") * 10) for count in counts]
    if len(counts) > 1:
        largest = max(range(1, len(counts)), key=counts.__getitem__)
        others = sum(rounded) - rounded[largest]
        shares[1:] = [each / _PRECISION for each in rounded[1:]]
        shares[largest] = (_PRECISION - others) / _PRECISION
    return shares


def _drawing(slices: Sequence[Slice], counts: Sequence[int]) -> str:
    whole = sum(counts)
    if not whole:
        return f'<circle class="sl-none" cx="{_CENTRE:g}" cy="{_CENTRE:g}" r="{_RADIUS:g}"/>'
    drawn, before = "", 0
    for part, count in zip(slices, counts, strict=True):
        if count == whole:
            return f'<circle class="sl-{part.style}" cx="{_CENTRE:g}" cy="{_CENTRE:g}" r="{_RADIUS:g}"/>'
        if count:
            drawn += _slice(part.style, before / whole, (before + count) / whole)
        before += count
    return drawn


def _slice(style: Style, since: float, until: float) -> str:
    large = 1 if until - since > 1 / 2 else 0
    arc = f"A{_RADIUS:g} {_RADIUS:g} 0 {large} 1 {_point(until)}"
    return f'<path class="sl-{style}" d="M{_CENTRE:g} {_CENTRE:g}L{_point(since)}{arc}z"/>'


def _point(share: float) -> str:
    """Return a place on the circle, going round from the top."""
    angle = 2 * pi * share
    return f"{_CENTRE + _RADIUS * sin(angle):.2f} {_CENTRE - _RADIUS * cos(angle):.2f}"


def _fact(part: Slice, share: str, words: Words) -> str:
    """Return name, share and calls of a slice; what is still open stands in one small line."""
    calls = text(words.t("site.unit.calls", count=part.count))
    linked = f'<a href="{text(part.href)}">{calls}</a>' if part.href else calls
    sign = _SIGNS.get(part.style, "i-ok")
    row, size = ('<div class="rest">', "<dd>") if part.style is Style.OPEN else ("<div>", '<dd class="big">')
    drawn = (
        f'<span class="st o-{part.style}"><svg aria-hidden="true"><use href="#{sign}"/></svg>{text(part.name)}</span>'
    )
    return f"{row}<dt>{drawn}</dt>{size}{text(share)}</dd><dd>{linked}</dd></div>"
