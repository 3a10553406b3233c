"""The address of a page and its question are two forms of the same thing."""

from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from calltally.engine.questions import CallOrder
from calltally.metrics.measures import UNANSWERED_OUTCOMES
from calltally.model.buckets import Unit
from calltally.model.instants import Span
from calltally.model.words import Direction, Outcome
from calltally.render.words import Language
from calltally.serve.problems import ProblemError
from calltally.serve.web.asking import OUTCOMES, Asked, Period, Range, asked_of, span_of

ZONE = ZoneInfo("Europe/Berlin")
NOW_MS = round(datetime(2026, 11, 20, 14, 7, 32, tzinfo=ZONE).timestamp() * 1000)


def asked(query: str, path: str = "/statistics") -> Asked:
    return asked_of(path, QueryParams(query), zone=ZONE, now_ms=NOW_MS)


def ms(local: str) -> int:
    return round(datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp() * 1000)


SPANS = [
    # query                                            from                  until (the 20th, 14:07:32, where it is now)
    ("", "2026-11-14", "2026-11-20 14:07:32"),
    ("span=today", "2026-11-20", "2026-11-20 14:07:32"),
    ("span=yesterday", "2026-11-19", "2026-11-20"),
    ("span=30d", "2026-10-22", "2026-11-20 14:07:32"),
    ("span=90d", "2026-08-23", "2026-11-20 14:07:32"),
    ("since=2026-11-01&until=2026-11-08", "2026-11-01", "2026-11-08"),
    ("span=2026-11-01/2026-11-08", "2026-11-01", "2026-11-08"),  # as the form sends a range
    ("since=-1h", "2026-11-20 13:07:32", "2026-11-20 14:07:32"),
    ("since=2026-11-20T13:00:00%2B01:00&until=now", "2026-11-20 13:00", "2026-11-20 14:07:32"),
    ("since=2026-10-25&until=2026-10-26", "2026-10-25", "2026-10-26"),  # a day of 25 hours
    ("since=2026-11-01&until=2026-11-08&span=today", "2026-11-20", "2026-11-20 14:07:32"),
]


@pytest.mark.parametrize(("query", "since", "until"), SPANS)
def test_a_timespan_is_what_it_says_in_the_zone_of_the_site(query: str, since: str, until: str) -> None:
    assert asked(query).span == Span(ms(since), ms(until))


ADDRESSES = [
    # query                                       the one address of this question
    ("", "/statistics"),
    ("span=7d&unit=auto&direction=&team=&compare=previous&q=&order=newest", "/statistics"),
    ("direction=inbound,outbound,internal", "/statistics"),
    ("direction=outbound&direction=inbound", "/statistics?direction=inbound&direction=outbound"),
    ("unit=1d&span=30d", "/statistics?span=30d&unit=day"),
    ("team=A%26B&team=A%26B&team=%22", "/statistics?team=A%26B&team=%22"),
    ("since=2026-11-01&until=2026-11-08&lang=de", "/statistics?since=2026-11-01&until=2026-11-08&lang=de"),
    ("since=-1h", "/statistics?since=-1h&until=now"),
    ("something=else", "/statistics"),
]


@pytest.mark.parametrize(("query", "address"), ADDRESSES)
def test_the_same_question_has_one_address(query: str, address: str) -> None:
    assert asked(query).url() == address


names = st.lists(st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text), max_size=3, unique=True)
NAMES = names.map(tuple)
TEXTS = st.text(max_size=30).filter(lambda text: "\0" not in text).map(str.strip)


def no_surrogates(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """Return any question that an address can ask."""
    period = draw(st.sampled_from([*Period, Range("2026-11-01", "2026-11-08"), Range("-3h", "now")]))
    span = (
        span_of(period, zone=ZONE, now_ms=NOW_MS)
        if isinstance(period, Period)
        else asked(f"since={period.since}&until={period.until}").span
    )
    directions = draw(st.sets(st.sampled_from(Direction), max_size=2))
    return Asked(
        path=draw(st.sampled_from(["/", "/statistics", "/calls"])),
        period=period,
        span=span,
        unit=draw(st.none() | st.sampled_from(Unit)),
        groups=draw(NAMES),
        teams=draw(NAMES),
        queues=draw(NAMES),
        sources=draw(NAMES),
        directions=tuple(each for each in Direction if each in directions),
        outcomes=tuple(draw(st.lists(st.sampled_from(OUTCOMES), max_size=3, unique=True))),
        numbers=draw(NAMES),
        search=draw(TEXTS),
        withheld=draw(st.none() | st.booleans()),
        order=draw(st.sampled_from(CallOrder)),
        after=draw(st.none() | st.text("abc123=_-", min_size=1, max_size=80)),
        compares=draw(st.booleans()),
        why=draw(st.none() | st.sampled_from(["asa", "answer_rate"])),
        language=draw(st.none() | st.sampled_from(Language)),
    )


@given(question=questions())
def test_an_address_read_again_asks_the_same(question: Asked) -> None:
    url = urlsplit(question.url())
    again = asked_of(url.path, QueryParams(url.query), zone=ZONE, now_ms=NOW_MS)
    assert again == question
    assert again.span == question.span
    assert again.url() == question.url()


@given(query=st.text(max_size=80).filter(no_surrogates))
def test_any_address_asks_something_or_is_refused_with_a_sentence(query: str) -> None:
    found: Asked | ProblemError
    try:
        found = asked(query)
    except ProblemError as problem:
        found = problem
    if isinstance(found, Asked):
        assert asked(urlsplit(found.url()).query) == found
    else:
        assert found.status in {400, 422}
        assert found.detail.endswith(".")


def test_a_change_starts_a_list_anew_and_leaves_the_rest_alone() -> None:
    question = asked("span=30d&team=A&after=abc", path="/calls")
    assert question.url() == "/calls?span=30d&team=A&after=abc"
    assert question.url(directions=(Direction.INBOUND,)) == "/calls?span=30d&team=A&direction=inbound"
    assert question.within(Span(ms("2026-11-02"), ms("2026-11-03 06:00")), ZONE).url() == (
        "/calls?since=2026-11-02&until=2026-11-03T05:00:00.000Z&team=A"
    )


def test_unanswered_stands_for_every_end_without_an_answer() -> None:
    assert asked("outcome=unanswered").selection().outcomes == UNANSWERED_OUTCOMES
    both = asked("outcome=voicemail&outcome=answered").selection().outcomes
    assert both == (Outcome.VOICEMAIL, Outcome.ANSWERED)
    assert asked("").selection().outcomes is None


def test_what_is_longer_than_a_page_ever_writes_is_refused() -> None:
    for query in ("q=" + "x" * 201, "after=" + "x" * 501, "&".join(f"team={number}" for number in range(201))):
        with pytest.raises(ProblemError):
            asked(query)


def test_a_span_that_just_began_is_not_empty() -> None:
    midnight = ms("2026-11-20")
    assert asked_of("/", QueryParams("span=today"), zone=ZONE, now_ms=midnight).span == Span(midnight, midnight + 1)
