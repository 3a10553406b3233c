"""The filter of every page: the words to choose from in its sentence, and what is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from calltally.engine.memberships import Memberships
from calltally.engine.usual import days_touched, earlier_span
from calltally.model.buckets import Unit, day_start_ms, local_date
from calltally.model.directory import OTHER
from calltally.model.instants import Span
from calltally.model.words import Direction
from calltally.render import times
from calltally.render.words import Words
from calltally.serve.site import Site
from calltally.serve.web.asking import DAYS, DEFAULT_PERIOD, OUTCOMES, Asked, Period, Range
from calltally.store.asked import Dimension

Option: TypeAlias = tuple[str, str]
"""A value of the address and the word for it."""

_PERIOD_WORDS = {
    Period.TODAY: "today",
    Period.YESTERDAY: "yesterday",
    Period.DAYS_7: "days_7",
    Period.DAYS_30: "days_30",
    Period.DAYS_90: "days_90",
    Period.DAYS_365: "days_365",
}
_UNITS = (Unit.MINUTE, Unit.QUARTER, Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """A word of the sentence of which one is chosen; `usual` is what the address leaves out.

    `reading` says by value what stands on the page while the answer is not there yet.
    """

    name: str
    label: str
    options: Sequence[Option]
    chosen: str
    usual: str = ""
    reading: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """A word of the sentence behind which several can be chosen.

    `word` says which are, `word_in` says it after "in".
    """

    name: str
    label: str
    word: str
    word_in: str
    options: Sequence[Option]
    chosen: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterForm:
    """Everything that the filter of a page needs.

    Attributes:
        one, several: the words of the sentence by slot.
        hidden: what the address holds beside them, so that a changed word leaves it alone.
        earlier, later: addresses of the same question about the span before and after; the second may be empty.
    """

    action: str
    one: Mapping[str, One]
    several: Mapping[str, Several]
    hidden: Sequence[Option]
    earlier: str
    later: str


def filter_form(site: Site, asked: Asked, words: Words) -> FilterForm:
    """Return the filter of a page as its address asks; choices that are gone stay to be taken back."""
    members = site.questions.memberships()
    own = {"teams", "groups", "sources"}
    return FilterForm(
        action=asked.path,
        one={
            "span": _span(asked, site.zone, words),
            "unit": _unit(asked, words),
            "direction": _direction(asked, words),
            "outcome": _outcome(asked, words),
            "compare": _compare(asked, site.zone, words),
        },
        several={kind: _several(kind, asked, _options(kind, site, members, words), words) for kind in sorted(own)},
        hidden=_hidden(asked),
        earlier=_moved(asked, site.zone, site.now_ms(), -1),
        later=_moved(asked, site.zone, site.now_ms(), 1),
    )


def chosen_words(form: FilterForm) -> str:
    """Return what of teams, groups, sources and directions is chosen, empty where all count."""
    several = [form.several[kind] for kind in ("teams", "groups", "sources")]
    words = [each.word for each in several if each.chosen]
    direction = form.one["direction"]
    return ", ".join([*words, *(word for value, word in direction.options if value and value == direction.chosen)])


def _span(asked: Asked, zone: ZoneInfo, words: Words) -> One:
    options = [(period.value, words.t(f"filter.span.{word}")) for period, word in _PERIOD_WORDS.items()]
    chosen = ""
    if isinstance(asked.period, Range):
        chosen = f"{asked.period.since}/{asked.period.until}"
        options.append((chosen, span_words(asked.span, zone, words)))
    else:
        chosen = asked.period.value
    return One(
        name="span",
        label=words.t("filter.label.span"),
        options=options,
        chosen=chosen,
        usual=DEFAULT_PERIOD.value,
        reading={period.value: words.t("state.loading.days", count=days) for period, days in DAYS.items()},
    )


def span_words(span: Span, zone: ZoneInfo, words: Words) -> str:
    """Return a range of the reader's own as it stands in the sentence."""
    whole = all(times.local(each, zone).time().isoformat() == "00:00:00" for each in (span.since_ms, span.until_ms))
    since, until = (
        (_day(span.since_ms, zone, words), _day(span.until_ms - 1, zone, words))
        if whole
        else (_moment(span.since_ms, zone, words), _moment(span.until_ms, zone, words))
    )
    return (
        words.t("filter.span.day", day=since)
        if since == until
        else words.t("filter.span.range", since=since, until=until)
    )


def _day(instant_ms: int, zone: ZoneInfo, words: Words) -> str:
    return f"{times.day_month(instant_ms, zone, words.language)} {times.local(instant_ms, zone).year}"


def _moment(instant_ms: int, zone: ZoneInfo, words: Words) -> str:
    return f"{times.day_month(instant_ms, zone, words.language)} {times.clock_minutes(instant_ms, zone)}"


def _unit(asked: Asked, words: Words) -> One:
    fitting = words.t("filter.unit.auto_named", unit=words.t(f"filter.unit.{asked.but(unit=None).buckets()}"))
    options = [("", fitting), *((unit.value, words.t(f"filter.unit.{unit}")) for unit in _UNITS)]
    chosen = asked.unit.value if asked.unit else ""
    return One(name="unit", label=words.t("filter.label.unit"), options=options, chosen=chosen)


def _direction(asked: Asked, words: Words) -> One:
    options = [("", words.t("filter.direction.all"))]
    options += [(each.value, words.t(f"filter.direction.{each}")) for each in Direction]
    chosen = ",".join(each.value for each in asked.directions)
    if len(asked.directions) > 1:
        options.append((chosen, ", ".join(words.t(f"filter.direction.{each}") for each in asked.directions)))
    return One(name="direction", label=words.t("filter.label.direction"), options=options, chosen=chosen)


def _outcome(asked: Asked, words: Words) -> One:
    options = [("", words.t("filter.outcome.all")), *((each, words.t(f"filter.outcome.{each}")) for each in OUTCOMES)]
    chosen = asked.outcomes[0] if asked.outcomes else ""
    return One(name="outcome", label=words.t("filter.label.outcome"), options=options, chosen=chosen)


def _compare(asked: Asked, zone: ZoneInfo, words: Words) -> One:
    options = [("", against_words(asked.span, zone, words)), ("none", words.t("filter.compare.none"))]
    chosen = "" if asked.compares else "none"
    return One(name="compare", label=words.t("filter.label.compare"), options=options, chosen=chosen)


def against_words(span: Span, zone: ZoneInfo, words: Words) -> str:
    """Return what the figures of a range are compared with, as it stands after "below": "last Friday"."""
    earlier = earlier_span(span, zone)
    if earlier.is_weekday:
        return times.last_weekday(earlier.span.since_ms, zone, words)
    return words.t("compare.against.days", count=earlier.days)


def _options(kind: str, site: Site, members: Memberships, words: Words) -> list[Option]:
    match kind:
        case "teams":
            return [*((name, name) for name in members.teams), (OTHER, words.t("filter.teams.other"))]
        case "groups":
            return [*members.groups.items(), (OTHER, words.t("filter.groups.other"))]
        case _:
            return [(name, name) for name in site.store.values_of(Dimension.SOURCE)]


def _several(kind: str, asked: Asked, options: Sequence[Option], words: Words) -> Several:
    chosen = {"teams": asked.teams, "groups": asked.groups, "sources": asked.sources}[kind]
    known = dict(options)
    options = [*options, *((value, value) for value in chosen if value not in known)]
    word, word_in = words.t(f"filter.{kind}.all"), words.t(f"filter.{kind}.all_in")
    if chosen:
        first = known.get(chosen[0], chosen[0])
        more = len(chosen) - 1
        word = word_in = words.t(f"filter.{kind}.more", name=first, count=more) if more else first
    return Several(
        name=kind.removesuffix("s"),
        label=words.t(f"filter.label.{kind}"),
        word=word,
        word_in=word_in,
        options=options,
        chosen=chosen,
    )


def _hidden(asked: Asked) -> list[Option]:
    """Return the parameters that no word of any sentence stands for."""
    return [
        (name, value) for name, value in asked.parameters() if name in {"queue", "number", "withheld", "why", "lang"}
    ]


def _moved(asked: Asked, zone: ZoneInfo, now_ms: int, direction: int) -> str:
    """Return the same question about the span before (-1) or after (1); empty where that has not begun."""
    span = asked.span
    if direction > 0 and (asked.ends_now or span.until_ms >= now_ms):
        return ""
    first = local_date(span.since_ms, zone)
    if day_start_ms(first, zone) == span.since_ms:
        # Whole days stay whole, also before a day that is not over.
        days = timedelta(days=days_touched(span, zone))
        since = day_start_ms(first + days * direction, zone)
        return asked.within(Span(since, day_start_ms(first + days * (direction + 1), zone)), zone).url()
    length = (span.until_ms - span.since_ms) * direction
    return asked.within(Span(span.since_ms + length, span.until_ms + length), zone).url()
