"""Drawings: reviewed snapshots, and well-formed whatever the values."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from calltally.render import charts, numbers
from calltally.render.charts import Status, Style
from calltally.render.numbers import FEW_CALLS, Unit
from calltally.render.words import Language, Words
from tests.render import samples

SNAPSHOTS = Path(__file__).parent / "snapshots"
EN, DE = Words(Language.EN), Words(Language.DE)


def figure(chart: charts.Chart, *, as_columns: bool) -> Markup:
    plot = charts.columns(chart) if as_columns else charts.lines(chart)
    caption = charts.Caption(title=chart.title, subtitle="sub", why="?why=a&b", calls="/calls")
    return charts.chart_figure(chart, plot, caption, as_columns=as_columns)


PICTURES: dict[str, Callable[[], str]] = {
    "columns-30-days": lambda: figure(samples.volume(EN, 30, "answered"), as_columns=True),
    "columns-outgoing-de": lambda: figure(samples.volume(DE, 14, "outgoing"), as_columns=True),
    "columns-today": lambda: charts.columns(samples.today(DE)),
    "columns-year": lambda: charts.columns(samples.volume(EN, 365, "answered")),
    "lines-waits": lambda: figure(samples.waits(EN, 30), as_columns=False),
    "lines-voicemail-de": lambda: charts.lines(samples.voicemail(DE, 90)),
    "pie": lambda: samples.pie(EN, 9918, 1042, "answered"),
    "pie-open": lambda: samples.pie(DE, 670, 310, "answered", still=15),
    "pie-empty": lambda: samples.pie(DE, 0, 0, "outgoing"),
    "lanes": lambda: samples.lanes(EN),
    "message": lambda: charts.message_plot("No calls in these 7 days", line="The source was connected all the time"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_as_reviewed(name: str) -> None:
    """Delete a snapshot to have it written again; look at it (tests/render/gallery.py) before committing."""
    made = PICTURES[name]().replace("><", ">\n<") + "\n"
    file = SNAPSHOTS / f"{name}.svg"
    if not file.exists():
        file.write_text(made, encoding="utf-8")
        pytest.fail(f"{file.name} was missing and is written: look at it, then run again")
    assert made == file.read_text(encoding="utf-8")


def well_formed(made: str) -> ET.Element:
    assert "style=" not in made
    assert "<script" not in made
    assert not re.search(r"\bon[a-z]+=", made)
    return ET.fromstring(f"<r>{made}</r>")  # noqa: S314  our own output


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_keeps_the_strict_content_policy(name: str) -> None:
    well_formed(PICTURES[name]())


def chart_of(series: tuple[charts.Series, ...], buckets: int, unit: Unit = Unit.COUNT) -> charts.Chart:
    axis = charts.Axis(labels=tuple(str(bucket) for bucket in range(buckets)))
    return charts.Chart(title="t", summary="s", unit=unit, series=series, axis=axis, words=EN)


def one(values: tuple[float | None, ...], style: Style = Style.ANSWERED) -> charts.Chart:
    return chart_of((charts.Series(name="n", style=style, values=values),), len(values))


def paths(made: Markup, css: str) -> list[str]:
    return [path.get("d", "") for path in well_formed(made).iter("path") if path.get("class") == css]


def test_a_mean_without_a_value_is_a_gap_and_a_lone_value_is_a_dot() -> None:
    made = charts.lines(one((1.0, 2.0, None, 3.0, None, 1.0, 1.0)))
    (line,) = paths(made, "ln s-answered")
    assert line.count("M") == 2
    (dot,) = paths(made, "lone s-answered")
    assert dot.count("M") == 1


def test_a_day_without_calls_draws_no_column() -> None:
    made = charts.columns(one((5.0, 0.0, None, 3.0)))
    assert paths(made, "f-answered")[0].count("M") == 2


def test_an_empty_chart_says_so() -> None:
    usual = charts.Series(name="usual", style=Style.USUAL, values=(3.0, 4.0))
    assert chart_of((usual,), 2).is_empty
    assert one((0.0, None)).is_empty
    assert not one((0.0, 1.0)).is_empty


@pytest.mark.parametrize("unit", Unit)
def test_an_absurd_value_stays_at_the_top(unit: Unit) -> None:
    chart = chart_of((charts.Series(name="n", style=Style.ANSWERED, values=(1.7e308, 5.0)),), 2, unit)
    assert "M250.0 18.0" in charts.lines(chart)


SCALES = [
    # highest, unit, gridlines
    (0, Unit.COUNT, ["1", "2", "3"]),
    (7, Unit.COUNT, ["2", "4", "6"]),
    (610, Unit.COUNT, ["200", "400", "600"]),
    (17_000, Unit.COUNT, ["5,000", "10,000", "15,000"]),
    (3_400_000, Unit.COUNT, ["1\u00a0M", "2\u00a0M", "3\u00a0M"]),
    (0.068, Unit.SHARE, ["2", "4", "6"]),
    (1.0, Unit.SHARE, ["50", "100"]),
    (0.0, Unit.SHARE, ["0.1", "0.2", "0.3"]),
    (95_000, Unit.DURATION, ["0:30", "1:00", "1:30"]),
    (380_000, Unit.DURATION, ["2:00", "4:00", "6:00"]),
    (7_300_000, Unit.DURATION, ["30:00", "1:00:00", "1:30:00", "2:00:00"][1::2]),
    (0, Unit.DURATION, ["0:01", "0:02", "0:03"]),
]


@pytest.mark.parametrize(("highest", "unit", "labels"), SCALES)
def test_the_value_axis_has_at_most_three_round_lines(highest: float, unit: Unit, labels: list[str]) -> None:
    chart = chart_of((charts.Series(name="n", style=Style.ANSWERED, values=(highest,)),), 1, unit)
    root = well_formed(charts.lines(chart))
    assert [text.text for text in root.iter("text") if text.get("class") == "y"] == labels


def test_the_reading_of_each_bucket_stands_in_the_table() -> None:
    root = well_formed(figure(samples.waits(EN, 30), as_columns=False))
    rows = root.findall(".//tbody/tr")
    assert len(rows) == 30
    assert [head.text for head in root.findall(".//thead//th")][1:] == ["mean", "9 of 10 within"]
    assert [cell.text for cell in rows[-1]][1:] == ["0:18", "0:37"]
    assert rows[-1].get("data-since") == "2026-11-19T23:00:00.000Z"
    assert len((rows[-1].get("data-y") or "").split()) == 2
    silent = next(row for row in rows if row[1].text == "-")
    assert silent.get("data-y") == ""


WAITS = [
    # waited s, target s, status
    (20, 20, Status.OFF),
    (21, 20, Status.WARN),
    (60, 20, Status.WARN),
    (61, 20, Status.BAD),
    (900, None, Status.OFF),
]


@pytest.mark.parametrize(("waited", "target", "status"), WAITS)
def test_a_wait_is_judged_by_its_queues_target(waited: int, target: int | None, status: Status) -> None:
    assert charts.wait_status(waited * 1000, None if target is None else target * 1000) is status


@pytest.mark.parametrize(("longest", "scale"), [(0, 60), (60, 60), (61, 120), (112, 120), (301, 600), (90_000, 90_000)])
def test_all_waits_share_one_round_scale(longest: int, scale: int) -> None:
    assert charts.wait_scale_ms(longest * 1000) == scale * 1000


VALUES = st.lists(st.none() | st.floats(), max_size=40).map(tuple)
SERIES = st.lists(
    st.builds(charts.Series, name=st.text(), style=st.sampled_from(Style), values=VALUES), max_size=5
).map(tuple)
PLACES = st.floats(-10, 60)
AXES = st.builds(
    charts.Axis,
    labels=st.lists(st.text(), max_size=40).map(tuple),
    ticks=st.lists(st.builds(charts.Tick, place=st.integers(0, 40), text=st.text()), max_size=9).map(tuple),
    gaps=st.lists(st.builds(charts.Gap, since=PLACES, until=PLACES, text=st.text()), max_size=3).map(tuple),
    now=st.none() | PLACES,
    open_last=st.booleans(),
    centred=st.booleans(),
)
CHARTS = st.builds(
    charts.Chart,
    title=st.text(),
    summary=st.text(),
    unit=st.sampled_from(Unit),
    series=SERIES,
    axis=AXES,
    words=st.sampled_from([EN, DE]),
    target=st.none() | st.builds(charts.Target, value=st.floats(0, 1e9), text=st.text()),
)


@given(CHARTS, st.booleans())
def test_any_values_make_a_well_formed_figure(chart: charts.Chart, as_columns: bool) -> None:  # noqa: FBT001  drawn
    made = figure(chart, as_columns=as_columns)
    well_formed(made)
    assert "nan" not in re.sub(r'>[^<]*<|"[^"]*"', "", made)


PIE_STYLES = (Style.ANSWERED, Style.MISSED, Style.OPEN)


def pie(counts: Sequence[int], name: str = "n", href: str = "/calls") -> ET.Element:
    slices = [
        charts.Slice(name=name, count=count, style=style, href=href)
        for count, style in zip(counts, PIE_STYLES, strict=False)
    ]
    return well_formed(charts.pie(*slices, words=DE))


@given(st.lists(st.integers(), min_size=1, max_size=3), st.text(), st.text())
def test_any_counts_make_a_pie(counts: list[int], name: str, href: str) -> None:
    pie(counts, name, href)


def shares(made: ET.Element) -> list[float]:
    texts = [each.text or "" for each in made.iter("dd") if each.text and "%" in each.text]
    return [float(each.removesuffix("%").strip().replace(",", ".")) for each in texts]


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=3).filter(lambda counts: sum(counts) >= FEW_CALLS))
def test_the_shares_of_a_pie_add_up_and_the_first_is_exact(counts: list[int]) -> None:
    found = shares(pie(counts))
    assert round(sum(found), 1) == 100
    assert str(numbers.percent(counts[0] / sum(counts), Language.DE)).startswith(f"{found[0]:.1f}".replace(".", ","))
    assert all(abs(share - 100 * count / sum(counts)) < 0.2 for share, count in zip(found, counts, strict=True))


FEW = [
    # counts        what stands beside the slices
    ([3, 1], ["3 von 4", "1 von 4"]),
    ([0, 1], ["0 von 1", "1 von 1"]),
    ([12, 6, 1], ["12 von 19", "6 von 19", "1 von 19"]),
    ([13, 7], ["65,0 %", "35,0 %"]),
    ([0, 0], ["-", "-"]),
]


@pytest.mark.parametrize(("counts", "beside"), FEW)
def test_beside_a_pie_of_few_calls_stand_counts_and_no_percentages(counts: list[int], beside: list[str]) -> None:
    texts = [each.text or "" for each in pie(counts).iter("dd")]
    assert [text.replace("\u00a0", " ") for text in texts if text] == beside


def test_a_slice_is_as_large_as_its_share() -> None:
    paths_of = [(each.get("class"), each.get("d")) for each in pie([50, 25, 25]).iter("path")]
    assert paths_of == [
        ("sl-answered", "M50 50L50.00 3.00A47 47 0 0 1 50.00 97.00z"),
        ("sl-missed", "M50 50L50.00 97.00A47 47 0 0 1 3.00 50.00z"),
        ("sl-open", "M50 50L3.00 50.00A47 47 0 0 1 50.00 3.00z"),
    ]


ANY = st.none() | st.floats()


@given(st.floats(), st.floats(), ANY, st.none() | st.tuples(st.floats(), st.floats()), ANY, st.text())
def test_any_range_makes_a_line(
    low: float, high: float, value: float | None, band: tuple[float, float] | None, last: float | None, summary: str
) -> None:
    line = charts.Range(low=low, high=high, value=value, band=band, last=last, target=last, summary=summary)
    assert "nan" not in charts.range_line(line).replace(str(Markup.escape(summary)), "")
    well_formed(charts.range_line(line))


@given(st.floats(), st.floats(), st.integers(), st.integers(), st.text(), st.text())
def test_any_row_makes_its_small_lines(
    value: float, highest: float, waited: int, scale: int, name: str, word: str
) -> None:
    well_formed(charts.row_bar(value, highest=highest, style=Style.MISSED))
    well_formed(charts.wait_line(waited, scale_ms=scale, target_ms=scale))
    well_formed(charts.wait_line_head(scale_ms=scale, target_ms=waited, target_text=word, scale_text=name))
    well_formed(charts.sign(name, word, kind=name))


INSTANTS = st.integers(0, 4_000_000_000_000)
LANES = st.builds(
    charts.Lane,
    name=st.text(),
    detail=st.text(),
    parts=st.lists(
        st.builds(
            charts.Part,
            phase=st.sampled_from(charts.Phase),
            since_ms=INSTANTS,
            until_ms=INSTANTS,
            text=st.text(),
            fades=st.booleans(),
        ),
        max_size=4,
    ).map(tuple),
    caused_at_ms=st.none() | INSTANTS,
)
MARKS = st.builds(charts.MessageMark, at_ms=INSTANTS, label=st.text(), href=st.none() | st.text(), chosen=st.booleans())


@given(
    st.builds(
        charts.Timeline,
        since_ms=INSTANTS,
        until_ms=INSTANTS,
        start_text=st.text(),
        summary=st.text(),
        lanes=st.lists(LANES, max_size=4).map(tuple),
        messages=st.lists(MARKS, max_size=5).map(tuple),
    )
)
def test_any_call_makes_lanes(timeline: charts.Timeline) -> None:
    made = charts.call_lanes(timeline, EN)
    well_formed(made)
    assert made.count("<text") < 60
