"""Counts over time as overlapping columns: answered wide and pale with a strong top, unanswered narrow in front."""

from markupsafe import Markup

from calltally.render.chart import WIDE, Chart, Series, Style
from calltally.render.plot import WIDTH, EndName, framed
from calltally.render.scale import ABOVE, Scale, scale_of

_WIDE_SHARE = 0.84
_NARROW_SHARE = 0.32
_DENSE = 100
"""From so many buckets on columns touch each other and their tops are one line: gaps would only flicker."""
_TO_COME_PX = 26
"""How high the hatch stands over a column that is still growing."""
_FIRST_NAME_PX = 44
_NAME_STEP_PX = 24


def columns(chart: Chart) -> Markup:
    """Return the plot of overlapping columns; a usual course is a dotted step line behind them."""
    scale = scale_of(chart)
    buckets = max(len(chart.axis.labels), 1)
    share = _WIDE_SHARE if buckets < _DENSE else 1.0
    wide = [series for series in chart.series if series.style in WIDE]
    narrow = [series for series in chart.series if series.style not in WIDE | {Style.USUAL}]
    usual = [series for series in chart.series if series.style is Style.USUAL]
    shapes = [
        *(_bars(series, scale, buckets, share) for series in wide),
        *((_steps if share == 1 else _tops)(series, scale, buckets) for series in wide),
        *(_to_come(series, scale, buckets) for series in wide[:1] if chart.axis.open_last),
        *(_bars(series, scale, buckets, _NARROW_SHARE) for series in narrow),
        *(_steps(series, scale, buckets) for series in usual),
    ]
    return framed(chart, scale, shapes="".join(shapes), names=_names([*usual, *wide, *narrow]))


def _bars(series: Series, scale: Scale, buckets: int, share: float) -> str:
    step = WIDTH / buckets
    width = step * share
    left = (step - width) / 2
    base = scale.base
    shape = f"h{width:.1f}V{base}h-{width:.1f}z"
    path = "".join(
        [
            f"M{index * step + left:.1f} {y:.1f}{shape}"
            for index, y in enumerate(scale.ys(series.drawn()))
            if y is not None and y < base
        ]
    )
    return f'<path class="f-{series.style}" d="{path}"/>' if path else ""


def _tops(series: Series, scale: Scale, buckets: int) -> str:
    step = WIDTH / buckets
    width = step * _WIDE_SHARE
    left = (step - width) / 2
    path = "".join(
        [
            f"M{index * step + left:.1f} {y:.1f}h{width:.1f}"
            for index, y in enumerate(scale.ys(series.drawn()))
            if y is not None and y < scale.base
        ]
    )
    return f'<path class="ln s-{series.style}" d="{path}"/>' if path else ""


def _to_come(series: Series, scale: Scale, buckets: int) -> str:
    step = WIDTH / buckets
    width = step * _WIDE_SHARE
    values = series.drawn()
    value = (values[buckets - 1] if len(values) >= buckets else None) or 0.0
    bottom = scale.y(value)
    top = max(bottom - _TO_COME_PX, ABOVE - 6.0)
    x = (buckets - 1) * step + (step - width) / 2
    return (
        f'<rect class="to-come" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(bottom - top, 0):.1f}" '
        'fill="url(#hatch)"/>'
    )


def _steps(series: Series, scale: Scale, buckets: int) -> str:
    step = WIDTH / buckets
    path: list[str] = []
    in_line = False
    for index, y in enumerate(scale.ys(series.drawn())):
        if y is None:
            in_line = False
            continue
        path.append(f"{'L' if in_line else 'M'}{index * step:.1f} {y:.1f}H{(index + 1) * step:.1f}")
        in_line = True
    dense = " dense" if buckets >= _DENSE else ""
    return f'<path class="ln s-{series.style}{dense}" d="{"".join(path)}"/>' if path else ""


def _names(series: list[Series]) -> list[EndName]:
    return [
        EndName(
            y=_FIRST_NAME_PX + order * _NAME_STEP_PX,
            text=each.name,
            style=each.style,
            as_column=each.style is not Style.USUAL,
        )
        for order, each in enumerate(series)
    ]
