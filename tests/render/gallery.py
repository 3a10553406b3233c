"""Parts and states on a few pages with invented data, to be looked at: `python -m tests.render.gallery FOLDER`."""

import shutil
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import jinja2
from markupsafe import Markup

from calltally.render import charts, numbers, times
from calltally.render.charts import Status, Style
from calltally.render.numbers import Unit
from calltally.render.words import Language, Words
from tests.render import samples
from tests.render.samples import NOW_MS, ZONE

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "src" / "calltally" / "serve" / "web"
PAGES = ("live", "statistics", "calls", "call", "states", "start")
TARGET_MS = 20_000

WAITING = (
    (112_000, "Bergmann Sanitärtechnik", "+491715550142", "Technik"),
    (64_000, "", "", "Technik"),
    (31_000, "", "+43155507781", "Bestellung"),
    (24_000, "Freiwillige Feuerwehr Hamburg-Altengamme", "+494055503310", "Technik"),
    (8_000, "", "+493055500119", "Reklamation und Rückgabe"),
)
ACTIVE = (
    (2185, "inbound", "+498955506120", "Technik", "Jana Petersen"),
    (1482, "outbound", "+49221555091", "Rechnungen und Mahnwesen", "Oluwaseun Adébáyò-Lindqvist"),
    (734, "inbound", "Stadtwerke Bad Oldesloe", "Technik", "Mehmet Kowalczyk"),
    (408, "internal", "Empfang", "-", "Lars Wöhrmann"),
    (16, "inbound", "+49911555073", "Bestellung", ""),
)
CALLS = (
    (104, "inbound", "+493055508842", "Bestellung", "Piet Janssen", 9, None, "connected"),
    (532, "inbound", "Freiwillige Feuerwehr Hamburg-Altengamme", "Technik", "-", 67, None, "abandoned"),
    (620, "outbound", "Autohaus Feddersen", "Vertrieb", "Tomasz Kowalczyk", 14, 168, "answered"),
    (749, "inbound", "", "Bestellung", "Katharina von der Heydt", 22, 570, "answered"),
    (1266, "inbound", "+41445550812", "Rechnungen und Mahnwesen", "-", 24, 41, "voicemail"),
    (1637, "internal", "Empfang", "-", "Lars Wöhrmann", 5, 52, "answered"),
    (2011, "inbound", "+498955506120", "Technik", "-", None, None, "unknown"),
    (71_000, "inbound", "Hausverwaltung Petersen & Söhne GbR", "Technik", "Jana Petersen", 131, 4265, "answered"),
)
LONGEST = (
    (708, "+491715550142", False),
    (572, "", True),
    (544, "Hausverwaltung Petersen & Söhne GbR", True),
    (361, "+494055503310", False),
    (20, "+43155507781", True),
)
LOOKS = {
    "connected": ("i-ok", "ok"),
    "abandoned": ("i-miss", "o-missed"),
    "answered": ("i-ok", "o-answered"),
    "voicemail": ("i-box", "o-voicemail"),
    "unknown": ("i-off", "o-unknown"),
}


@cache
def environment() -> jinja2.Environment:
    """Return the templates of the pages and of this gallery."""
    loader = jinja2.FileSystemLoader([HERE, WEB / "templates"])
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def frame(page: str, words: Words, live_address: str = "") -> dict[str, object]:
    """Return what the layout needs, and the parts of this gallery."""
    return {
        "words": words,
        "page": page,
        "title": page,
        "site_name": "Nordlicht Kundendienst",
        "zone_name": "Europe/Berlin",
        "clock_text": times.clock(NOW_MS, ZONE),
        "now_ms": NOW_MS,
        "asset": "/static/{}".format if live_address else str,
        "version": "0.1.0",
        "other_language": "?lang=de",
        "live_address": live_address,
        "silence_ms": 0,
        "sign_out": "",
        "g": {part.__name__: partial(part, words) for part in PARTS},
    }


def page(name: str, language: Language) -> str:
    """Return one page of the gallery as HTML."""
    words = Words(language)
    return environment().get_template("gallery.html").render(**frame(name, words), name=name)


def rate(words: Words, numerator: int, denominator: int) -> numbers.Shown:
    return numbers.rate(numerator, denominator, words)


def count(words: Words, value: int) -> numbers.Shown:
    return numbers.shown(value, Unit.COUNT, words.language)


def time(words: Words, value_ms: int | None) -> numbers.Shown:
    return numbers.shown(value_ms, Unit.DURATION, words.language)


def compare(words: Words, value: float, before: float, unit: str) -> numbers.Difference:
    against = times.last_weekday(NOW_MS, ZONE, words)
    return numbers.difference(value, before, unit=Unit(unit), against=against, words=words)


def line(words: Words, high: float, value: float | None, band: tuple[float, float], status: str = "off") -> Markup:
    return charts.range_line(
        charts.Range(
            low=0,
            high=high,
            value=value,
            band=band,
            last=sum(band) / 2,
            target=None if status == "off" else band[1],
            status=Status(status),
            summary=words.t("compare.change.usual_range", low=str(band[0]), high=str(band[1])),
        )
    )


def waiting(words: Words) -> Iterator[dict[str, object]]:
    scale = charts.wait_scale_ms(WAITING[0][0])
    for waited, name, number, queue in WAITING:
        status = charts.wait_status(waited, TARGET_MS)
        yield {
            "key": f"w{waited}",
            "since_ms": NOW_MS - waited,
            "text": numbers.elapsed(waited),
            "name": name,
            "number": numbers.phone(number) if number else "",
            "queue": queue,
            "line": charts.wait_line(waited, scale_ms=scale, target_ms=TARGET_MS),
            "css": {Status.WARN: "late", Status.BAD: "long"}.get(status, ""),
            "word": charts.status_sign(status, words.t(f"status.word.{'ok' if status == 'off' else status}")),
        }


def wait_head(words: Words) -> Markup:
    target = words.t("live.waiting.target", time=numbers.duration(TARGET_MS))
    scale = charts.wait_scale_ms(WAITING[0][0])
    return charts.wait_line_head(
        scale_ms=scale, target_ms=TARGET_MS, target_text=target, scale_text=numbers.duration(scale)
    )


def active(words: Words) -> Iterator[tuple[str, str, str, str, str, int, str]]:
    ringing = words.t("live.active.ringing_at", count=2)
    for seconds, direction, party, queue, who in ACTIVE:
        since = NOW_MS - seconds * 1000
        start, running = times.clock(since, ZONE), numbers.elapsed(seconds * 1000)
        yield start, direction, numbers.phone(party), queue, who or ringing, since, running


def today(words: Words) -> Markup:
    chart = samples.today(words)
    caption = charts.Caption(title=chart.title, subtitle=words.t("live.day.sub"), calls="?")
    return charts.chart_figure(chart, charts.columns(chart), caption, as_columns=True)


def volume(words: Words, days: int, style: str, scale: int = 420) -> Markup:
    chart = samples.volume(words, days, style, scale=scale)
    part = "incoming" if style == "answered" else "outgoing"
    sub = words.t(f"statistics.{part}.sub", per=words.t("filter.per.day"))
    caption = charts.Caption(title=chart.title, subtitle=sub, why="?why=calls", calls="/calls")
    return charts.chart_figure(chart, charts.columns(chart), caption, as_columns=True)


def waits(words: Words) -> Markup:
    chart = samples.waits(words, 30)
    sub = words.t("statistics.wait.sub", per=words.t("filter.per.day"))
    caption = charts.Caption(title=chart.title, subtitle=sub, why="?why=asa", calls="/calls")
    return charts.chart_figure(chart, charts.lines(chart), caption, as_columns=False)


def voicemail(words: Words, days: int) -> Markup:
    chart = samples.voicemail(words, days)
    sub = words.t("statistics.voicemail.sub", per=words.t("filter.per.day"))
    caption = charts.Caption(title=chart.title, subtitle=sub, why="?why=voicemail_share", calls="/calls")
    return charts.chart_figure(chart, charts.lines(chart), caption, as_columns=False)


def pie(words: Words, answered: int, missed: int, style: str) -> Markup:
    part = "pickup_in" if style == "answered" else "pickup_out"
    whole = answered + missed
    share = str(numbers.percent(answered / whole if whole else None, words.language))
    title = words.t(f"statistics.{part}.found", share=share) if whole else words.t(f"statistics.{part}.title")
    caption = charts.Caption(title=title, subtitle=words.t("site.unit.days", count=30), why="?why=answer_rate")
    body = samples.pie(words, answered, missed, style)
    return Markup("<figure>{}{}</figure>").format(charts.caption_of(caption, words), body)


def longest(words: Words) -> Iterator[tuple[int, str, Markup, str, Markup]]:
    for rank, (seconds, party, is_answered) in enumerate(LONGEST, 1):
        outcome = "answered" if is_answered else "abandoned"
        bar = charts.row_bar(seconds, highest=LONGEST[0][0], style=Style.ANSWERED if is_answered else Style.MISSED)
        yield rank, numbers.phone(party), _outcome(words, outcome), numbers.duration(seconds * 1000), bar


def _outcome(words: Words, outcome: str) -> Markup:
    name, kind = LOOKS[outcome]
    return charts.sign(name, words.t(f"call.outcome.{outcome}"), kind=kind)


def calls(words: Words) -> Iterator[dict[str, object]]:
    for ago, direction, party, queue, who, wait, talk, outcome in CALLS:
        at = NOW_MS - ago * 1000
        yield {
            "day": times.long_day(at, ZONE, words.language),
            "time": times.clock(at, ZONE),
            "direction": direction,
            "party": numbers.phone(party),
            "queue": queue,
            "who": who,
            "wait": numbers.duration(None if wait is None else wait * 1000),
            "talk": numbers.duration(None if talk is None else talk * 1000),
            "outcome": _outcome(words, outcome),
        }


def lanes(words: Words) -> str:
    return samples.lanes(words)


def caption_in(words: Words, state: str = "", word: str = "") -> Markup:
    sign = charts.status_sign(Status(state), words.t(word, time="14:03:10", count=1, whole=3)) if state else None
    sub = words.t("statistics.incoming.sub", per=words.t("filter.per.day"))
    caption = charts.Caption(title=words.t("statistics.incoming.title"), subtitle=sub, state=sign, why="?why=calls")
    return charts.caption_of(caption, words)


def message(words: Words, state: str) -> Markup:
    t = words.t
    texts = {
        "empty": (t("state.empty.days", count=7), t("state.empty.connected")),
        "failed": (
            t("state.failed.title", reason=t("state.failed.database")),
            t("state.failed.line", count=3, seconds=10),
        ),
        "loading": ("", t("state.loading.days", count=30)),
        "not_allowed": (t("state.not_allowed.title"), ""),
    }
    sentence, below = texts[state]
    return charts.message_plot(sentence, line=below, height=160)


PARTS = (
    rate,
    count,
    time,
    compare,
    line,
    waiting,
    wait_head,
    active,
    today,
    volume,
    waits,
    voicemail,
    pie,
    longest,
    calls,
    lanes,
    caption_in,
    message,
)


def write(folder: Path) -> None:
    """Write every page in both languages, with styles and scripts beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in (WEB / "static").iterdir():
        shutil.copy(file, folder / file.name)
    for language in Language:
        for name in PAGES:
            (folder / f"{name}.{language}.html").write_text(page(name, language), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
