"""Above a list of calls stand the key figures of exactly these calls, each with its calls and its explanation."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from calltally.model.messages import RawMessage
from calltally.sources.asterisk import SOURCE as ASTERISK
from calltally.store.store import StoreError
from tests.serve.failing_world import ask_failing
from tests.serve.page_world import Pages, pages_of
from tests.serve.reading import Node, read
from tests.serve.test_calls_page import CALLS, GROUPS, ONE, QUEUE_LOG, TEAMS
from tests.serve.told_calls import Told, fill, us


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages_of(tmp_path_factory.mktemp("figures") / "data", CALLS, groups=GROUPS, teams=TEAMS) as opened:
        yield opened


def value(figure: Node) -> str:
    """Return a figure without what stands beside it."""
    return figure.one("p", class_="v").text().split(" incoming")[0]


FIGURES = [
    # query                     calls  answered  gave up  voicemail  mean wait  mean talk
    # (10 + 50 + 30 + 25) / 4 s of wait, (60 + 90 + 30) / 3 s of talk
    ("", ("5", "2 of 4", "1", "1", "0:29", "1:00")),
    ("span=today", ("2", "1 of 2", "1", "0", "0:30", "1:00")),
    ("span=30d", ("6", "3 of 5", "1", "1", "0:24", "0:50")),
    ("direction=outbound", ("1", "-", "0", "0", "-", "0:30")),
    ("group=g1", ("3", "2 of 2", "0", "0", "0:20", "1:00")),
    ("team=Other&direction=inbound", ("2", "2 of 2", "0", "0", "0:20", "1:15")),
    ("order=longest_wait", ("5", "2 of 4", "1", "1", "0:29", "1:00")),
    ("since=2026-10-01&until=2026-10-02", ("0", "-", "0", "0", "-", "-")),
]


@pytest.mark.parametrize(("query", "values"), FIGURES)
def test_the_figures_are_those_of_the_calls_in_the_list(pages: Pages, query: str, values: tuple[str, ...]) -> None:
    shown = pages.get(f"/calls?{query}").every(class_="fig")
    assert tuple(value(figure) for figure in shown) == values


def test_who_gave_up_called_from_outside(tmp_path: Path) -> None:
    out = Told(at="2026-11-20 10:00:00", caller=ONE, callee="4989123001", rings=9, ends="gives_up", way="out")
    with pages_of(tmp_path / "data", [*CALLS, out]) as pages:
        calls, answered, gave_up = pages.get("/calls").every(class_="fig")[:3]
        assert (value(calls), value(answered), value(gave_up)) == ("6", "2 of 4", "1")


def test_no_figure_opens_calls_of_a_direction_that_is_not_chosen(pages: Pages) -> None:
    for name, other in (("inbound", "outbound"), ("outbound", "inbound")):
        figures = pages.get(f"/calls?direction={name}").every(class_="fig")
        links = [unescape(link.attributes["href"]) for figure in figures for link in figure.every("a")]
        assert links
        assert not [link for link in links if f"direction={other}" in link]


@pytest.mark.parametrize("query", ["q=4915", "q=withheld", "number=%2B4989123001", "withheld=no", "outcome=answered"])
def test_of_calls_that_no_sums_know_there_are_no_figures(pages: Pages, query: str) -> None:
    page = pages.get(f"/calls?{query}&why=calls")
    assert page.every(class_="fig") == page.every(class_="because") == []
    assert page.one("h2", id="count").text()


def test_a_queue_is_counted_without_figures(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", CALLS) as pages:
        assert ASTERISK.log_messages is not None
        pages.hear(list(ASTERISK.log_messages(QUEUE_LOG)))
        page = pages.get("/calls?queue=support")
        assert (page.every(class_="fig"), page.one("h2", id="count").text()) == ([], "1 call")


LED_TO = [
    # figure  calls that it opens
    (0, 5),
    (1, 2),
    (2, 1),
    (3, 1),
    (4, 4),
    (5, 3),
]


@pytest.mark.parametrize(("place", "calls"), LED_TO)
def test_a_figure_opens_its_calls(pages: Pages, place: int, calls: int) -> None:
    address = pages.get("/calls").every(class_="fig")[place].one("p", class_="v").one("a").attributes["href"]
    assert len([row for row in pages.get(unescape(address)).one("main").rows() if len(row) > 1]) == calls


SAID = [
    ("calls", "5", "Open the 5"),
    ("answer_rate", "2", "open the 2 that are missing"),
    ("abandoned_inbound_calls", "1", "Open the 1"),
    ("voicemail_calls", "1", "Open the 1"),
    ("average_wait", "1:55", "Open the 4"),
    ("average_talk_time", "3:00", "Open the 3"),
]


@pytest.mark.parametrize(("metric", "above", "ways"), SAID)
def test_a_figure_says_why(pages: Pages, metric: str, above: str, ways: str) -> None:
    page = pages.get("/calls")
    address = next(
        each.attributes["href"] for each in page.every("a", class_="why") if f"why={metric}#" in each.attributes["href"]
    )
    opened = pages.get(unescape(address).partition("#")[0]).one(class_="because")
    assert opened.one(class_="sum").text().startswith(above)
    assert ways in opened.text()
    assert opened.one("h2").one("a").attributes["href"] == "/calls"


def test_an_unknown_explanation_is_none(pages: Pages) -> None:
    assert pages.get("/calls?why=the+weather").every(class_="because") == []


def test_who_waits_still_is_told_apart_from_the_mean_wait(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", CALLS) as pages:
        pages.at("2026-11-20 14:01:00")
        body = b"event=newCall&direction=in&from=4915112345001&to=493023125001&callId=N1"
        pages.hear([RawMessage(source="sipgate", received_at_us=us("2026-11-20 14:00:30"), headers={}, body=body)])
        opened = pages.get("/calls?why=average_wait").one(class_="because")
        assert "Not in it: 1 outgoing, 1 whose wait is not known yet." in opened.text()
        assert "Open the 5" in opened.text()


def test_a_list_without_its_sums_is_a_list_all_the_same(tmp_path: Path) -> None:
    folder = fill(tmp_path / "data", CALLS)
    answer = ask_failing(folder, "/calls?since=2026-11-01&until=2026-11-21", "sums", error=StoreError("busy"))
    page = read(answer.text)
    assert answer.status_code == 200
    assert page.every(class_="fig") == []
    assert page.one("h2", id="count").text() == "5 calls"
