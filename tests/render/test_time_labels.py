"""Labels under a time axis never touch each other, however narrow the drawing."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.render import charts
from calltally.render.time_labels import FIGURES_PX, NARROWEST_PX, OVER_PX, time_labels, width_px
from calltally.render.times import Grain
from calltally.render.words import Language, Words

STATIC = Path(__file__).parents[2] / "src" / "calltally" / "serve" / "web" / "static"
BERLIN = ZoneInfo("Europe/Berlin")
BESIDE_PX = 219
"""Values, names and gaps of a figure that says "nicht angenommen" beside its plot."""

WIDTHS = {"": NARROWEST_PX, **{css: figure_px - BESIDE_PX for figure_px, css in FIGURES_PX}}
"""The narrowest plots in which labels of a class are shown."""


def axis_of(first: str, count: int, step: timedelta, grain: Grain, *, language: Language, running: bool) -> charts.Axis:
    start = datetime.fromisoformat(first).replace(tzinfo=BERLIN)
    edges = [round((start + step * index).timestamp() * 1000) for index in range(count + 1)]
    now_ms = edges[-1] - 1 if running else None
    return charts.time_axis(edges[:-1], edges[-1], grain=grain, zone=BERLIN, words=Words(language), now_ms=now_ms)


def labels_of(axis: charts.Axis, language: Language = Language.EN) -> list[ET.Element]:
    made = "".join(time_labels(axis, max(len(axis.labels), 1), 196, Words(language), beside_px=BESIDE_PX))
    return list(ET.fromstring(f"<svg>{made}</svg>"))  # noqa: S314  our own output


def shown_in(labels: Sequence[ET.Element], plot_px: float) -> list[str]:
    return ["".join(each.itertext()) for each in labels if plot_px >= WIDTHS.get(each.get("class", ""), 0)]


def ends_px(label: ET.Element, plot_px: float) -> tuple[float, float]:
    if label.tag == "svg":
        return plot_px + OVER_PX - width_px(label[0].text or "", bold=True), plot_px + OVER_PX
    x = float((label.get("x") or "").removesuffix("%")) / 100 * plot_px
    width = width_px(label.text or "")
    left = {"start": x, "middle": x - width / 2, "end": x - width}[label.get("text-anchor", "")]
    return left, left + width


CASES = [
    # what         first         count step                grain       plot  labels
    ("a day", "2026-11-20", 24, timedelta(hours=1), Grain.HOUR, 240, "Fri 20,6:00,12:00,18:00"),
    ("a day", "2026-11-20", 24, timedelta(hours=1), Grain.HOUR, 330, "Fri 20,6:00,12:00,18:00"),
    ("a day", "2026-11-20", 24, timedelta(hours=1), Grain.HOUR, 700, "Fri 20,3:00,6:00,9:00,12:00,15:00,18:00,21:00"),
    ("thirty days", "2026-10-22", 30, timedelta(days=1), Grain.DAY, 240, "26 Oct,2 Nov,9 Nov,so far"),
    ("thirty days", "2026-10-22", 30, timedelta(days=1), Grain.DAY, 700, "26 Oct,2 Nov,9 Nov,16 Nov,so far"),
    ("seven days", "2026-11-14", 7, timedelta(days=1), Grain.DAY, 240, "Sat 14,Mon 16,Wed 18,so far"),
    (
        "seven days",
        "2026-11-14",
        7,
        timedelta(days=1),
        Grain.DAY,
        700,
        "Sat 14,Sun 15,Mon 16,Tue 17,Wed 18,Thu 19,so far",
    ),
    ("one day", "2026-11-20", 1, timedelta(days=1), Grain.DAY, 240, "Fri 20,so far"),
]


@pytest.mark.parametrize(("first", "count", "step", "grain", "plot_px", "labels"), [case[1:] for case in CASES])
def test_a_narrow_plot_has_fewer_labels(
    first: str, count: int, step: timedelta, grain: Grain, plot_px: int, labels: str
) -> None:
    axis = axis_of(first, count, step, grain, language=Language.EN, running=grain is Grain.DAY)
    assert ",".join(shown_in(labels_of(axis), plot_px)) == labels


SIZES = st.sampled_from(
    [
        (timedelta(minutes=1), Grain.MINUTE),
        (timedelta(minutes=15), Grain.QUARTER),
        (timedelta(hours=1), Grain.HOUR),
        (timedelta(days=1), Grain.DAY),
        (timedelta(days=7), Grain.WEEK),
        (timedelta(days=30), Grain.MONTH),
    ]
)


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(1, 400),
    SIZES,
    st.sampled_from(Language),
    st.booleans(),
    st.integers(NARROWEST_PX, 2_000),
)
def test_no_two_labels_touch_in_any_plot(
    first: date,
    count: int,
    size: tuple[timedelta, Grain],
    language: Language,
    running: bool,  # noqa: FBT001  drawn
    plot_px: int,
) -> None:
    axis = axis_of(first.isoformat(), count, *size, language=language, running=running)
    labels = labels_of(axis, language)
    shown = [each for each in labels if plot_px >= WIDTHS.get(each.get("class", ""), 0)]
    places = [ends_px(each, plot_px) for each in shown]
    assert all(right + 7 < left for (_, right), (left, _) in pairwise(places)), places
    assert all(left > -OVER_PX - 0.1 and right < plot_px + OVER_PX + 0.1 for left, right in places)
    assert shown or not axis.ticks


def test_a_label_stands_at_its_place_unless_half_of_it_had_none() -> None:
    axis = axis_of("2026-11-20T03:30", 76, timedelta(minutes=15), Grain.QUARTER, language=Language.EN, running=False)
    nine = next(each for each in labels_of(axis) if each.text == "21:00")
    assert (nine.get("text-anchor"), nine.get("x")) == ("middle", f"{70 / 76 * 100:.2f}%")


def test_each_class_is_hidden_by_the_style_sheet_where_a_figure_is_narrower() -> None:
    sheet = (STATIC / "charts.css").read_text(encoding="utf-8")
    hidden = re.findall(r"@container \(max-width: ([\d.]+)rem\) { \.area \.(\w+) ", sheet)
    assert {css: float(rem) * 16 for rem, css in hidden} == {css: figure_px for figure_px, css in FIGURES_PX}
