"""The value axis: at most three gridlines at round values."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, log10

from calltally.render.chart import Chart
from calltally.render.numbers import NO_BREAK, Unit, decimal, duration
from calltally.render.words import Language, grouped

LINES = 3
_MOST = 1e15
"""No site has more of anything; what claims to be stays at the top, so that no step overflows."""
ABOVE = 18
"""Pixels over the highest value: the names of gaps stand there."""
BELOW = 20
"""Pixels under the zero line: the labels of the time axis stand there."""

_DURATION_STEPS_MS = tuple(
    seconds * 1000 for seconds in (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14400)
)
_ROUND = (1, 2, 2.5, 5, 10)
_WHOLE = 10
_THOUSAND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to pixels, top down.

    Attributes:
        top: the value at the top of the plot.
        lines: value and text of each gridline, lowest first.
        height: of the drawing in pixels, axis labels included.
    """

    top: float
    lines: tuple[tuple[float, str], ...]
    height: int

    @property
    def base(self) -> int:
        """Return the y of the zero line."""
        return self.height - BELOW

    def ys(self, values: Iterable[float | None]) -> list[float | None]:
        """Return the y of many values; `None` stays `None`."""
        base, top, room = self.base, self.top, self.base - ABOVE
        return [None if value is None else base - min(max(value / top, 0.0), 1.0) * room for value in values]

    def y(self, value: float) -> float:
        """Return the y of a value; what is beyond an end stays at it."""
        return self.base - min(max(value / self.top, 0.0), 1.0) * (self.base - ABOVE)


def scale_of(chart: Chart) -> Scale:
    """Return the scale of a chart: from 0 to its highest value or target."""
    highest = max(
        (value for series in chart.series for value in series.drawn() if value is not None),
        default=0.0,
    )
    if chart.target is not None:
        highest = max(highest, chart.target.value)
    top = min(max(highest, _least_top(chart.unit)), _MOST)
    step = _step(top, chart.unit)
    lines = tuple(
        (step * line, _label(step * line, step, chart.unit, chart.words.language)) for line in range(1, LINES + 1)
    )
    return Scale(top=top, lines=tuple(line for line in lines if line[0] <= top * 1.0001), height=chart.height)


def _least_top(unit: Unit) -> float:
    return {Unit.COUNT: 3.0, Unit.SHARE: 0.003, Unit.DURATION: 3000.0}[unit]


def _step(top: float, unit: Unit) -> float:
    """Return the smallest round distance that needs at most three lines up to the top."""
    if unit is Unit.DURATION:
        for step in _DURATION_STEPS_MS:
            if top / step < LINES + 1:
                return step
        return _round_step(top / 3_600_000) * 3_600_000
    if unit is Unit.SHARE:
        return _round_step(top * 100) / 100
    return max(1.0, _round_step(top))


def _round_step(top: float) -> float:
    magnitude = 10.0 ** floor(log10(top / LINES))
    for factor in _ROUND:
        step: float = factor * magnitude
        if top / step < LINES + 1 and (factor != _ROUND[2] or magnitude >= _WHOLE):
            return step
    return magnitude * _WHOLE


def _label(value: float, step: float, unit: Unit, language: Language) -> str:
    match unit:
        case Unit.COUNT:
            return _short_count(value, language)
        case Unit.SHARE:
            return decimal(value * 100, language, 0 if step * 100 >= 1 else 1)
        case Unit.DURATION:
            return duration(value)


def _short_count(value: float, language: Language) -> str:
    """Return a round count; from a million on in millions, so that the axis stays narrow."""
    million = _THOUSAND * _THOUSAND
    if value >= million:
        return f"{decimal(value / million, language, 0 if value % million == 0 else 1)}{NO_BREAK}M"
    return grouped(round(value), language)
