"""Why a number is what it is: its formula with the values of the page, what counts, and how complete that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from calltally.engine.answers import PRUNED, Value
from calltally.engine.heard import NOT_YET, is_unheard
from calltally.engine.questions import CallOrder
from calltally.engine.unfinished import REBUILDING
from calltally.metrics.catalog import BY_NAME
from calltally.metrics.formula import Gauge, Maximum, Percentile, Ratio, Seconds, Sum
from calltally.metrics.metric import Metric
from calltally.metrics.phrase import Leaf, phrase
from calltally.model.instants import SECOND_MS, Gap, Span
from calltally.model.words import Direction, Outcome
from calltally.render import charts, numbers, times
from calltally.render.numbers import Shown, Unit
from calltally.render.words import Words
from calltally.serve.web.asking import UNANSWERED

_UNITS: Final = {"count": Unit.COUNT, "ratio": Unit.SHARE, "seconds": Unit.DURATION}
_MOST_GAPS: Final = 4
_PERMILLE: Final = 1000

_IN: Final[Mapping[str, object]] = {"directions": (Direction.INBOUND,)}
_OUT: Final[Mapping[str, object]] = {"directions": (Direction.OUTBOUND,)}
_ANSWERED: Final[Mapping[str, object]] = {"outcomes": (Outcome.ANSWERED.value,)}
_MISSED: Final[Mapping[str, object]] = {"outcomes": (UNANSWERED,)}
_MAILBOX: Final[Mapping[str, object]] = {"outcomes": (Outcome.VOICEMAIL.value,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The calls behind a metric, as changes of a question to the Calls page.

    Attributes:
        counted: the calls that are counted, those of the numerator of a ratio.
        missing: the calls that are missing in a ratio.
        left_out: metrics whose calls are not in it, by the slot of the sentence that says so.
        count_of: the metric that says how many calls are counted, where the value itself does not.
    """

    counted: Mapping[str, object]
    missing: Mapping[str, object] | None = None
    left_out: tuple[str, ...] = ()
    count_of: str | None = None


_NOT_IN: Final = ("outbound_calls", "internal_calls")
_NOT_OUT: Final = ("inbound_calls", "internal_calls")
BEHIND: Final[Mapping[str, Behind]] = {
    "calls": Behind(counted={}),
    "inbound_calls": Behind(counted=_IN, left_out=_NOT_IN),
    "outbound_calls": Behind(counted=_OUT, left_out=_NOT_OUT),
    "unanswered_inbound_calls": Behind(counted={**_IN, **_MISSED}, left_out=_NOT_IN),
    "answer_rate": Behind(counted={**_IN, **_ANSWERED}, missing={**_IN, **_MISSED}, left_out=_NOT_IN),
    "outbound_answer_rate": Behind(counted={**_OUT, **_ANSWERED}, missing={**_OUT, **_MISSED}, left_out=_NOT_OUT),
    "asa": Behind(counted={**_IN, **_ANSWERED}, left_out=("unanswered_inbound_calls", *_NOT_IN)),
    "wait_p90": Behind(counted={**_IN, **_ANSWERED}, left_out=("unanswered_inbound_calls", *_NOT_IN)),
    "average_wait": Behind(counted=_IN, left_out=_NOT_IN, count_of="inbound_calls"),
    "longest_wait": Behind(
        counted={**_IN, "order": CallOrder.LONGEST_WAIT}, left_out=_NOT_IN, count_of="inbound_calls"
    ),
    "abandoned_inbound_calls": Behind(counted={**_IN, "outcomes": (Outcome.ABANDONED.value,)}, left_out=_NOT_IN),
    "average_talk_time": Behind(counted=_ANSWERED, left_out=("open_calls",)),
    "talk_p50": Behind(counted=_ANSWERED, left_out=("open_calls",)),
    "voicemail_calls": Behind(counted={**_IN, **_MAILBOX}, left_out=_NOT_IN),
    "voicemail_share": Behind(counted={**_IN, **_MAILBOX}, left_out=_NOT_IN),
}
"""The metrics that a page can explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the template of the explanation shows; numerator and denominator are a value and its name."""

    shown: Shown
    name: str
    close: str
    numerator: tuple[str, str] | None
    denominator: tuple[str, str] | None
    before_rounding: str
    counts: Sequence[str | Markup]
    complete: Sequence[str | Markup]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How well a span was heard: the share of its time, and when not."""

    span: Span
    share: float
    gaps: Sequence[Gap]
    zone: ZoneInfo


def explanation(
    name: str,
    value: Value,
    shown: Shown,
    *,
    words: Words,
    close: str,
    counts: Sequence[str],
    complete: Sequence[Markup],
) -> Explanation:
    """Return the explanation of a metric whose value is shown on a page.

    Args:
        name: one of `BEHIND`.
        value: with the numerator and denominator that it was made of.
        shown: as the page shows it.
        words: the reader's language.
        close: the address of the page without the explanation.
        counts: what more there is to say on what counts.
        complete: what there is to say on completeness, see `complete_lines`.
    """
    metric = BY_NAME[name]
    above, below = _fraction(metric, value, words)
    lines = [words.t(f"metric.counts.{name}")]
    if metric.variant is not None:
        lines.append(f"{words.t('why.page.variant')}: {words.t(f'metric.variant.{name}')}")
    return Explanation(
        shown=shown,
        name=words.t(f"metric.title.{name}"),
        close=close,
        numerator=above,
        denominator=below,
        before_rounding=_before_rounding(metric, value, words),
        counts=(*lines, *counts),
        complete=complete,
    )


def _fraction(metric: Metric, value: Value, words: Words) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
    formula = metric.formula

    def say(leaf: Leaf) -> str:
        return leaf_words(leaf, words)

    if isinstance(formula, Ratio):
        is_time = _UNITS[metric.unit] is Unit.DURATION
        above = numbers.duration((value.numerator or 0) * SECOND_MS) if is_time else _count(value.numerator, words)
        return (
            (above, phrase(formula.numerator, say)),
            (_count(value.denominator, words), phrase(formula.denominator, say)),
        )
    if isinstance(formula, Maximum):
        return (numbers.duration(None if value.value is None else value.value * SECOND_MS), phrase(formula, say)), None
    if isinstance(formula, Percentile):
        count = numbers.NONE if value.denominator is None else _count(value.denominator, words)
        return (count, phrase(formula, say)), None
    return (_count(value.value, words), phrase(formula, say)), None


def leaf_words(leaf: Leaf, words: Words) -> str:
    """Return what a leaf of a formula is called."""
    match leaf:
        case Seconds():
            return leaf_words(leaf.sum, words)
        case Sum():
            return words.t(f"formula.{leaf.direction or 'every'}.{leaf.measure}")
        case Maximum():
            return words.t(f"formula.longest.{leaf.column}")
        case Percentile():
            share = numbers.decimal(leaf.share * 100, words.language, 0)
            return words.t(f"formula.percentile.{leaf.spread}", share=share)
        case Gauge():
            return words.t(f"metric.title.{leaf.name}_now")


def _count(value: float | None, words: Words) -> str:
    return numbers.count(None if value is None else round(value), words.language)


def _before_rounding(metric: Metric, value: Value, words: Words) -> str:
    if value.value is None or not isinstance(metric.formula, Ratio):
        return ""
    if _UNITS[metric.unit] is Unit.SHARE:
        return numbers.decimal(value.value, words.language, 4)
    return words.t("site.value.seconds", value=numbers.decimal(value.value, words.language, 2))


def counted(name: str, value: Value) -> int:
    """Return how many calls a value was made of: those of the numerator of a rate, all of those of a mean."""
    metric = BY_NAME[name]
    formula = metric.formula
    if isinstance(formula, Percentile) or (isinstance(formula, Ratio) and _UNITS[metric.unit] is Unit.DURATION):
        return round(value.denominator or 0)
    return round((value.numerator if isinstance(formula, Ratio) else value.value) or 0)


def left_out(counts: Mapping[str, int], words: Words) -> list[str]:
    """Return the sentence on the calls that are not in a number, by metric; nothing if there are none."""
    parts = [words.t(f"why.left_out.{name}", count=count) for name, count in counts.items() if count]
    return [words.t("why.page.not_in_line", list=", ".join(parts))] if parts else []


def complete_lines(heard: Heard, words: Words) -> list[Markup]:
    """Return how much of the time every source was heard, and when one was not."""
    line = Markup("{} {}")
    if heard.share >= 1:
        return [line.format(charts.sign("i-ok", words.t("why.page.full"), kind="ok"), words.t("why.page.full_line"))]
    lines = [charts.sign("i-warn", words.t("why.page.part", share=covered(heard.share, words)), kind="warn")]
    longest = sorted(heard.gaps, key=lambda gap: gap.since_ms - gap.until_ms)[:_MOST_GAPS]
    lines += [
        Markup("{}").format(_gap_words(gap, heard, words)) for gap in sorted(longest, key=lambda gap: gap.since_ms)
    ]
    more = len(heard.gaps) - len(longest)
    return [*lines, Markup("{}").format(words.t("site.value.and_more", count=more))] if more > 0 else lines


def covered(share: float, words: Words) -> str:
    """Return a share of time, rounded down: what misses a minute is not 100 %."""
    return str(numbers.percent(floor(share * _PERMILLE) / _PERMILLE, words.language))


def moment(instant_ms: int, zone: ZoneInfo, words: Words) -> str:
    """Return an instant with its day and year."""
    return f"{times.long_date(instant_ms, zone, words.language)}, {times.clock_minutes(instant_ms, zone)}"


_WORDS: Final = {PRUNED: "pruned", NOT_YET: "not_yet", REBUILDING: "rebuild"}


def _gap_words(gap: Gap, heard: Heard, words: Words) -> str:
    since, until = max(gap.since_ms, heard.span.since_ms), min(gap.until_ms, heard.span.until_ms)
    if is_unheard(gap) and gap.source is None and since == heard.span.since_ms:
        if until == heard.span.until_ms:
            return words.t("why.page.nothing")
        return words.t("why.page.begins", until=moment(until, heard.zone, words))
    day = times.day_month(since, heard.zone, words.language)
    last = times.day_month(until, heard.zone, words.language)
    end = times.clock_minutes(until, heard.zone)
    word = "missing" if gap.source else _WORDS.get(gap.reason, "down")
    return words.t(
        f"why.page.{word}",
        source=gap.source or "",
        day=day,
        since=times.clock_minutes(since, heard.zone),
        until=end if last == day else f"{last}, {end}",
    )


def open_lines(behind: tuple[str, int], missing: tuple[str, int] | None, words: Words) -> list[Markup]:
    """Return the links to the calls behind a number, and to those that are missing in it."""
    link = Markup('<a href="{}">{}</a>')
    links = [link.format(behind[0], words.t("why.page.open_numerator", count=behind[1]))] if behind[1] else []
    if missing is not None and missing[1]:
        links.append(link.format(missing[0], words.t("why.page.open_missing", count=missing[1])))
    return [Markup(", ").join(links)] if links else []
