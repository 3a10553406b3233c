"""The labels under the time axis: those that fit beside each other, the fewer the narrower the drawing is.

A drawing is made once for every width, so each label is worked out for the narrowest plot in which it is shown: the
style sheet hides `roomy`, `snug`, `close` and `tight` ones, one class after the other, as figures get narrower.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from calltally.render.chart import Axis
from calltally.render.escape import text
from calltally.render.words import Words

NARROWEST_PX: Final = 240
"""No plot is narrower, on a phone or beside other columns."""

FIGURES_PX: Final = ((832, "roomy"), (672, "snug"), (584, "close"), (544, "tight"))
"""The narrowest figures, widest first, and the class of labels that are shown in no narrower one (charts.css)."""

OVER_PX: Final = 15
"""How far a label may stand over the end of the plot: nothing else is there, and a page has 16 px beside it."""

_APART_PX: Final = 8
_WIDE_PX: Final = 7.8
"""A letter or digit of the widest face seen, at 12 px."""
_SLIM_PX: Final = {**dict.fromkeys(" :.,'il", 4.2), **dict.fromkeys("frt", 5.0)}
_BOLD: Final = 1.12


@dataclass(frozen=True, slots=True)
class _Label:
    """A label at its place, 0 to 1 from the left."""

    place: float
    anchor: str
    text: str

    def ends_px(self, plot_px: float) -> tuple[float, float]:
        """Return where it begins and ends in a plot of a width."""
        width, x = width_px(self.text), self.place * plot_px
        left = {"start": x, "middle": x - width / 2, "end": x - width}[self.anchor]
        return left, left + width


def width_px(words: str, *, bold: bool = False) -> float:
    """Return how wide words are at most at 12 px."""
    width = sum(_SLIM_PX.get(letter, _WIDE_PX) for letter in words)
    return width * _BOLD if bold else width


def time_labels(axis: Axis, buckets: int, y: int, words: Words, *, beside_px: float) -> list[str]:
    """Return the labels of an axis as SVG; the word of a bucket that still runs comes last.

    Args:
        axis: what is labelled.
        buckets: how many there are.
        y: where the labels stand.
        words: the reader's language.
        beside_px: how much of a figure's width its plot does not have.
    """
    so_far = words.t("statistics.summary.so_far") if axis.open_last else ""
    right_px = width_px(so_far, bold=True) + _APART_PX - OVER_PX if so_far else -OVER_PX
    plots_px = [(max(figure_px - beside_px, NARROWEST_PX), css) for figure_px, css in FIGURES_PX]
    labels = [_label(axis, tick.place, tick.text, buckets) for tick in axis.ticks]
    parts = [
        f'<text x="{label.place * 100:.2f}%" y="{y}" text-anchor="{label.anchor}"{shown}>{text(label.text)}</text>'
        for label, css in _fitting(labels, right_px, [*plots_px, (NARROWEST_PX, "")])
        for shown in (f' class="{css}"' if css else "",)
    ]
    if so_far:
        inside = f'<text class="strong" x="{OVER_PX}" y="{y}" text-anchor="end">{text(so_far)}</text>'
        parts.append(f'<svg x="100%">{inside}</svg>')
    return parts


def _label(axis: Axis, bucket: int, words: str, buckets: int) -> _Label:
    """Return a label under the middle of its bucket or at its border; at the edges it stays near the plot."""
    border, place = bucket / buckets, (bucket + (0.5 if axis.centred else 0.0)) / buckets
    half = (width_px(words) / 2 - OVER_PX) / NARROWEST_PX
    if place < half:
        return _Label(border, "start", words)
    return _Label(min(place, 1.0), "end" if place > 1 - half else "middle", words)


def _fitting(
    labels: Sequence[_Label], right_px: float, plots_px: Sequence[tuple[float, str]]
) -> list[tuple[_Label, str]]:
    """Return the labels that are shown somewhere, with their class: the fewer the narrower the plot."""
    classes: dict[int, str] = {}
    step = 1
    for plot_px, css in plots_px:
        step = next(
            (wider for wider in range(step, len(labels) + 1, step) if _fits(labels[::wider], plot_px, right_px)),
            max(step, len(labels)),
        )
        for index in range(0, len(labels), step):
            if _is_free(labels[index], plot_px, right_px):
                classes[index] = css
    return [(labels[index], css) for index, css in sorted(classes.items())]


def _is_free(label: _Label, plot_px: float, right_px: float) -> bool:
    """Return whether a label ends before what stands at the right end."""
    return label.ends_px(plot_px)[1] <= plot_px - right_px


def _fits(labels: Sequence[_Label], plot_px: float, right_px: float) -> bool:
    shown = [label.ends_px(plot_px) for label in labels if _is_free(label, plot_px, right_px)]
    return all(right + _APART_PX <= left for (_, right), (left, _) in pairwise(shown))
