"""Means, shares and percentiles over time as lines: a gap where there is no value, a dot where a value stands alone."""

from collections.abc import Iterable

from markupsafe import Markup

from calltally.render.chart import Chart, Series
from calltally.render.plot import WIDTH, EndName, framed, last_value
from calltally.render.scale import Scale, scale_of


def lines(chart: Chart) -> Markup:
    """Return the plot of lines, each named at its right end."""
    scale = scale_of(chart)
    buckets = max(len(chart.axis.labels), 1)
    shapes = "".join(_line(series, scale, buckets) for series in chart.series)
    return framed(chart, scale, shapes=shapes, names=list(_names(chart, scale)))


def points(series: Series, scale: Scale) -> tuple[float | None, ...]:
    """Return the height of each value, for the dots of the reading."""
    return tuple(scale.ys(series.drawn()))


def _line(series: Series, scale: Scale, buckets: int) -> str:
    step = WIDTH / buckets
    half = step / 2
    path: list[str] = []
    lone: list[str] = []
    run: list[str] = []
    for index, y in enumerate((*scale.ys(series.drawn()), None)):
        if y is not None:
            run.append(f"{index * step + half:.1f} {y:.1f}")
        elif run:
            if len(run) == 1:
                lone.append(f"M{run[0]}h.01")
            else:
                path.append("M" + "L".join(run))
            run = []
    drawn = f'<path class="ln s-{series.style}" d="{"".join(path)}"/>' if path else ""
    dots = f'<path class="lone s-{series.style}" d="{"".join(lone)}"/>' if lone else ""
    return drawn + dots


def _names(chart: Chart, scale: Scale) -> Iterable[EndName]:
    for series in chart.series:
        value = last_value(series)
        yield EndName(y=scale.base - 8 if value is None else scale.y(value), text=series.name, style=series.style)
    if chart.target is not None:
        yield EndName(y=scale.y(chart.target.value), text=chart.target.text, style=None)
