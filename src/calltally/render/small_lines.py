"""The small drawings inside rows and figures: range lines, wait lines, and the bars under the rows of top lists."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from markupsafe import Markup

from calltally.render.chart import Style
from calltally.render.escape import NOTHING, markup, text

_MINUTE_MS = 60_000
_SCALES_MS = tuple(minutes * _MINUTE_MS for minutes in (1, 2, 5, 10, 15, 20, 30, 60, 120, 240, 480, 1440))
_FAR = 3
"""So many times the target is "far over target"."""


class Status(StrEnum):
    """How a value stands; each has a colour, a sign and a word."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a key figure stands on; all values in the unit of the figure.

    Attributes:
        low: left end, fixed per metric and never fitted to today.
        high: right end.
        value: the dot of now; `None` draws none.
        band: the usual range, if enough history is known.
        last: last time's tick.
        target: the target's wedge.
        status: colour of the dot; `OFF` and `OK` are ink.
        summary: what the drawing says, in words.
    """

    low: float
    high: float
    value: float | None
    summary: str
    band: tuple[float, float] | None = None
    last: float | None = None
    target: float | None = None
    status: Status = Status.OFF


def range_line(line: Range) -> Markup:
    """Return the range line of a key figure."""
    parts = [
        f'<svg class="range" role="img" aria-label="{text(line.summary)}">',
        '<rect class="axis" x="0" y="6.5" width="100%" height="1"/>',
    ]
    if line.band is not None:
        left, right = _place(line.band[0], line), _place(line.band[1], line)
        parts.append(f'<rect class="band" x="{left:.1f}%" y="3" width="{max(right - left, 0.5):.1f}%" height="8"/>')
    if line.last is not None:
        parts.append(f'<rect class="last" x="{_place(line.last, line):.1f}%" y="3" width="1.5" height="8"/>')
    if line.target is not None:
        parts.append(f'<svg x="{_place(line.target, line):.1f}%"><path class="goal" d="M-4 -1h8L0 4z"/></svg>')
    if line.value is not None and isfinite(line.value):
        status = f" {line.status}" if line.status in {Status.WARN, Status.BAD} else ""
        parts.append(f'<circle class="dot-now{status}" cx="{_place(line.value, line):.1f}%" cy="7" r="5"/>')
    parts.append("</svg>")
    return markup("".join(parts))


def _place(value: float, line: Range) -> float:
    width = line.high - line.low
    if width <= 0 or not isfinite(width) or not isfinite(value):
        return 0.0
    return min(max((value - line.low) / width, 0.0), 1.0) * 100


def wait_status(waited_ms: int, target_ms: int | None) -> Status:
    """Return how a wait stands against its target: over it, or far over it from three times on."""
    if not target_ms or waited_ms <= target_ms:
        return Status.OFF
    return Status.BAD if waited_ms > _FAR * target_ms else Status.WARN


def wait_scale_ms(longest_ms: int) -> int:
    """Return the shared end of all wait lines: the longest wait rounded up to 1, 2, 5, 10 ... minutes."""
    return next((scale for scale in _SCALES_MS if longest_ms <= scale), max(longest_ms, 1))


def wait_line(waited_ms: int, *, scale_ms: int, target_ms: int | None) -> Markup:
    """Return the line of a waiting caller; a tick marks the queue's own target."""
    run = min(max(waited_ms, 0) / max(scale_ms, 1), 1.0) * 100
    goal = ""
    if target_ms is not None:
        place = min(max(target_ms / max(scale_ms, 1), 0.0), 1.0) * 100
        goal = f'<rect class="goal" x="{place:.2f}%" y="1" width="1.5" height="12"/>'
    return markup(
        '<svg class="line" aria-hidden="true"><rect class="base" x="0" y="6.5" width="100%" height="1"/>'
        f'<rect class="run" x="0" y="5" width="{run:.1f}%" height="4"/>{goal}</svg>'
    )


def wait_line_head(*, scale_ms: int, target_ms: int | None, target_text: str, scale_text: str) -> Markup:
    """Return the labels over the wait lines: the target and the end of the scale."""
    goal = ""
    if target_ms is not None:
        place = min(max(target_ms / max(scale_ms, 1), 0.0), 1.0) * 100
        anchor = "start" if place < 25 else "end" if place > 60 else "middle"  # noqa: PLR2004  room for the words
        x = 0.0 if anchor == "start" else place
        goal = f'<text x="{x:.2f}%" y="11" text-anchor="{anchor}">{text(target_text)}</text>'
    end = f'<text x="100%" y="11" text-anchor="end">{text(scale_text)}</text>'
    return markup(f'<svg class="line" aria-hidden="true">{goal}{end}</svg>')


def row_bar(value: float | None, *, highest: float, style: Style) -> Markup:
    """Return the bar that is the rule under a row of a top list."""
    if value is None or not isfinite(value) or not isfinite(highest) or highest <= 0:
        return NOTHING
    width = min(max(value / highest, 0.0), 1.0) * 100
    return markup(
        f'<svg class="bar" aria-hidden="true"><rect class="b-{style}" height="3" width="{width:.1f}%"/></svg>'
    )


def status_sign(status: Status, word: str) -> Markup:
    """Return a status as sign and word; the colour only repeats them."""
    return sign(f"i-{status}", word, kind=status.value)


def sign(name: str, word: str, *, kind: str = "") -> Markup:
    """Return any sign of the page's sprite with its word; `kind` is the class that colours it."""
    return markup(
        f'<span class="st {text(kind)}"><svg aria-hidden="true"><use href="#{text(name)}"/></svg>'
        f"<span>{text(word)}</span></span>"
    )
