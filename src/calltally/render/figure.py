"""The figure around a plot: caption, tools, reading, and the same values as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from calltally.render.chart import Chart, Style
from calltally.render.escape import markup, text
from calltally.render.lines import points
from calltally.render.numbers import NONE, written
from calltally.render.plot import sample
from calltally.render.scale import scale_of
from calltally.render.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What stands over a plot.

    Attributes:
        title: what is found, or the panel's name.
        subtitle: what is shown, with unit and grain.
        why: address of the explanation.
        calls: address of the calls behind it.
        state: a sign with its word instead of the subtitle, when something is wrong.
    """

    title: str
    subtitle: str = ""
    why: str | None = None
    calls: str | None = None
    state: Markup | None = None


def chart_figure(chart: Chart, plot: Markup, caption: Caption, *, as_columns: bool) -> Markup:
    """Return a whole figure; the script reads values and zoom borders from its table."""
    names = _names(chart, as_columns=as_columns)
    return markup(
        f"<figure>{caption_of(caption, chart.words, names)}<ct-chart>{plot}"
        f'<output class="read">{text(chart.summary)}</output>{_table(chart, as_columns=as_columns)}</ct-chart></figure>'
    )


def caption_of(caption: Caption, words: Words, names: str = "") -> Markup:
    """Return the caption of any figure; the links name the figure for those who only hear them."""
    title = text(caption.title)
    links = "".join(
        f'<a href="{text(href)}" aria-label="{word}: {title}">{word}</a>'
        for href, word in (
            (caption.why, text(words.t("site.tool.why"))),
            (caption.calls, text(words.t("site.tool.calls"))),
        )
        if href
    )
    end = f'<span class="end">{links}</span>' if links else ""
    below = str(caption.state) if caption.state is not None else text(caption.subtitle)
    return markup(f'<figcaption><h2>{title}</h2><span class="sub">{below}{names}</span>{end}</figcaption>')


def _names(chart: Chart, *, as_columns: bool) -> str:
    named = "".join(
        f"<span>{sample(each.style, as_column=as_columns and each.style is not Style.USUAL)}{text(each.name)}</span>"
        for each in chart.series
    )
    return f'<span class="names" aria-hidden="true">{named}</span>'


def _table(chart: Chart, *, as_columns: bool) -> str:
    rows = _rows(chart, as_columns=as_columns)
    summary = text(chart.words.t("site.tool.table", count=len(rows)))
    head = "".join(f'<th class="num" scope="col">{text(series.name)}</th>' for series in chart.series)
    time = text(chart.words.t("site.value.time"))
    end = f' data-end="{text(chart.axis.edges[-1])}"' if chart.axis.edges else ""
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{text(chart.title)}">'
    return (
        f"<details><summary>{summary}</summary>{region}"
        f'<table{end}><thead><tr><th scope="col">{time}</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        "</div></details>"
    )


def _rows(chart: Chart, *, as_columns: bool) -> list[str]:
    language = chart.words.language
    columns = [written(series.values, chart.unit, language) for series in chart.series]
    heights = [] if as_columns else [points(series, scale_of(chart)) for series in chart.series]
    edges = chart.axis.edges
    rows: list[str] = []
    for index, label in enumerate(chart.axis.labels):
        cells = [column[index] if index < len(column) else NONE for column in columns]
        since = f' data-since="{text(edges[index])}"' if edges else ""
        dots = f' data-y="{_dots(heights, index)}"' if heights else ""
        row = '</td><td class="num">'.join(cells)
        rows.append(f'<tr{since}{dots}><th scope="row">{text(label)}</th><td class="num">{row}</td></tr>')
    return rows


def _dots(heights: Sequence[Sequence[float | None]], index: int) -> str:
    found = (column[index] for column in heights if index < len(column))
    return " ".join(f"{height:.1f}" for height in found if height is not None)
