"""The frame around columns and lines: value labels, gridlines, time labels, gaps, and the names at the right end.

Text never stretches: the drawing is as wide as its place, labels stand at percentages; only the shapes lie in an inner
drawing that stretches, with strokes that do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from calltally.render.chart import WIDE, Axis, Chart, Series, Style
from calltally.render.escape import markup, text
from calltally.render.scale import ABOVE, Scale
from calltally.render.time_labels import NARROWEST_PX, time_labels, width_px

WIDTH = 1000
"""Units of the inner drawing from left to right."""

_CHARACTER_PX = 8.6
"""Of the widest face seen, in its bold."""
_LEAST_LABEL_PX = 34
_NAME_LEFT_PX = 20
_LEAST_NAMES_PX = 64
_NAME_GAP_PX = 17
_GAP_PX = 8
"""Between values, drawing and names (charts.css)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndName:
    """A name at the right end of a plot, at the height of what it names."""

    y: float
    text: str
    style: Style | None
    as_column: bool = False


def framed(chart: Chart, scale: Scale, *, shapes: str, names: Sequence[EndName]) -> Markup:
    """Return the whole plot: labels left, drawing, names right."""
    beside_px = _values_px(scale) + (_names_px(names) + _GAP_PX if names else 0) + _GAP_PX
    area = _area(chart, scale, shapes, beside_px)
    return markup(f'<div class="plot">{_value_labels(scale)}{area}{_end_names(names, scale)}</div>')


def _area(chart: Chart, scale: Scale, shapes: str, beside_px: int) -> str:
    buckets = max(len(chart.axis.labels), 1)
    label = text(f"{chart.title}. {chart.summary}")
    box = f'viewBox="0 0 {WIDTH} {scale.height}" preserveAspectRatio="none"'
    parts = [
        f'<svg class="area" height="{scale.height}" role="img" aria-label="{label}">',
        *_gridlines(scale),
        f'<svg class="shapes" width="100%" height="{scale.height}" {box}>{shapes}</svg>',
        *_target_line(chart, scale),
        *_gaps(chart.axis, scale, buckets),
        f'<line class="zero-line" x1="0" x2="100%" y1="{scale.base}" y2="{scale.base}"/>',
        *_now_line(chart, scale, buckets),
        *time_labels(chart.axis, buckets, scale.height - 4, chart.words, beside_px=beside_px),
        f'<rect class="chosen" y="{ABOVE}" height="{scale.base - ABOVE}" visibility="hidden"/>',
        f'<line class="cross" y1="{ABOVE - 4}" y2="{scale.base}" visibility="hidden"/>',
        "</svg>",
    ]
    return "".join(parts)


def _values_px(scale: Scale) -> int:
    longest = max((len(name) for _, name in scale.lines), default=0)
    return max(_LEAST_LABEL_PX, round(longest * _CHARACTER_PX) + 4)


def _value_labels(scale: Scale) -> str:
    width = _values_px(scale)
    labels = "".join(
        f'<text class="y" x="{width}" y="{scale.y(value) + 4:.1f}" text-anchor="end">{text(name)}</text>'
        for value, name in scale.lines
    )
    return f'<svg class="ys" width="{width}" height="{scale.height}" aria-hidden="true">{labels}</svg>'


def _gridlines(scale: Scale) -> list[str]:
    return [
        f'<line class="gl" x1="0" x2="100%" y1="{scale.y(value):.1f}" y2="{scale.y(value):.1f}"/>'
        for value, _ in scale.lines
    ]


def _target_line(chart: Chart, scale: Scale) -> list[str]:
    if chart.target is None:
        return []
    y = f"{scale.y(chart.target.value):.1f}"
    return [f'<line class="goal-line" x1="0" x2="100%" y1="{y}" y2="{y}"/>']


def _gaps(axis: Axis, scale: Scale, buckets: int) -> list[str]:
    parts: list[str] = []
    for gap in axis.gaps:
        left, right = (min(max(place / buckets, 0.0), 1.0) for place in (gap.since, gap.until))
        parts.append(
            f'<rect class="gap" x="{left * 100:.2f}%" y="{ABOVE}" width="{max(right - left, 0.002) * 100:.2f}%" '
            f'height="{scale.base - ABOVE}" fill="url(#hatch)"/>'
        )
    if axis.gaps:
        last = axis.gaps[-1]
        place = min(max(last.since / buckets, 0.0), 1.0)
        anchor, shift = ("end", -4) if place > 1 / 2 else ("start", 0)
        parts.append(
            f'<svg x="{place * 100:.2f}%"><text class="note halo" x="{shift}" y="12" text-anchor="{anchor}">'
            f"{text(last.text)}</text></svg>"
        )
    return parts


def _now_line(chart: Chart, scale: Scale, buckets: int) -> list[str]:
    if chart.axis.now is None:
        return []
    x = f"{chart.axis.now / buckets * 100:.2f}%"
    word = chart.words.t("time.word.now")
    is_at_end = (1 - chart.axis.now / buckets) * NARROWEST_PX < width_px(word, bold=True) + 5
    anchor, shift = ("end", -5) if is_at_end else ("start", 5)
    label = f'<text class="strong halo" x="{shift}" y="{ABOVE + 2}" text-anchor="{anchor}">{text(word)}</text>'
    return [
        f'<line class="now-line" x1="{x}" x2="{x}" y1="{ABOVE - 6}" y2="{scale.base}"/>',
        f'<svg x="{x}">{label}</svg>',
    ]


def _names_px(names: Sequence[EndName]) -> int:
    longest = max(len(name.text) for name in names)
    return max(_LEAST_NAMES_PX, round(_NAME_LEFT_PX + longest * _CHARACTER_PX))


def _end_names(names: Sequence[EndName], scale: Scale) -> str:
    if not names:
        return ""
    width = _names_px(names)
    placed = zip(_apart([name.y for name in names], scale), names, strict=True)
    inside = "".join(_end_name(name, y) for y, name in placed)
    return f'<svg class="ends sp" width="{width}" height="{scale.height}" aria-hidden="true">{inside}</svg>'


def _end_name(name: EndName, y: float) -> str:
    if name.style is None:
        return f'<text class="note" x="{_NAME_LEFT_PX}" y="{y + 4:.1f}">{text(name.text)}</text>'
    sample = _sample(name.style, name.as_column, y)
    return f'{sample}<text class="t-{name.style}" x="{_NAME_LEFT_PX}" y="{y + 4:.1f}">{text(name.text)}</text>'


def _sample(style: Style, as_column: bool, y: float) -> str:  # noqa: FBT001  a shape has two looks, both named at the call
    if not as_column:
        return f'<line class="ln s-{style}" x1="0" x2="14" y1="{y:.1f}" y2="{y:.1f}"/>'
    if style in WIDE:
        return (
            f'<rect class="f-{style}" x="0" y="{y - 5:.1f}" width="14" height="10"/>'
            f'<line class="ln s-{style}" x1="0" x2="14" y1="{y - 5:.1f}" y2="{y - 5:.1f}"/>'
        )
    return f'<rect class="f-{style}" x="4" y="{y - 5:.1f}" width="6" height="10"/>'


def sample(style: Style, *, as_column: bool) -> Markup:
    """Return the small sample of a series for the line under a title, where a phone shows the names."""
    return markup(f'<svg class="sample" width="14" height="12" aria-hidden="true">{_sample(style, as_column, 6)}</svg>')


def _apart(wanted: Sequence[float], scale: Scale) -> list[float]:
    """Return heights near the wanted ones, in the same order, none closer than a line of text to the next."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [0.0] * len(wanted)
    previous = ABOVE - _NAME_GAP_PX + 0.0
    for index in order:
        placed[index] = max(wanted[index], previous + _NAME_GAP_PX)
        previous = placed[index]
    over = max(0.0, previous - (scale.base - 2))
    for index in reversed(order):
        if over <= 0:
            break
        limit = scale.base - 2 if index == order[-1] else placed[order[order.index(index) + 1]] - _NAME_GAP_PX
        placed[index] = min(placed[index], limit)
    return placed


def last_value(series: Series) -> float | None:
    """Return the last value that is one."""
    return next((value for value in reversed(series.drawn()) if value is not None), None)
