"""The Calls page finds calls by number, name, outcome, team, group, queue and time, and leads to each of them."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from calltally.model.directory import Directory
from calltally.model.messages import RawMessage
from calltally.serve.web import calls as calls_page
from calltally.sources.asterisk import SOURCE as ASTERISK
from tests.serve.page_world import Pages, pages_of
from tests.serve.reading import Node
from tests.serve.told_calls import Told, us

ONE, TWO, THREE = "493023125001", "493023125002", "493023125003"
ADA, BEA = "4915112345001", "4417155512345"
CALLS = (
    Told(at="2026-11-20 09:00:00", caller=ADA, callee=ONE, rings=10, ends="talks 60"),
    Told(at="2026-11-20 09:05:00", caller=BEA, callee=TWO, rings=50, ends="gives_up"),
    Told(at="2026-11-19 10:00:00", caller="anonymous", callee=ONE, rings=30, ends="talks 90", who="Ben Bohm"),
    Told(at="2026-11-19 11:00:00", caller=ONE, callee="4989123001", rings=5, ends="talks 30", way="out"),
    Told(at="2026-11-18 10:00:00", caller=ADA, callee=THREE, rings=25, ends="mailbox 20"),
    Told(at="2026-10-30 10:00:00", caller=ADA, callee=ONE, rings=5, ends="talks 20"),
)
GROUPS = (("g1", "Sales EMEA", (ONE,)),)
TEAMS = {'Team "A"': (TWO, THREE)}
A, B, C, D, E = "09:00:00", "09:05:00", "10:00:00", "11:00:00", "10:00:00"
QUEUE_LOG = [
    b"1795158000|1795158000.1|support|NONE|ENTERQUEUE||+4915112345001|1",
    b"1795158012|1795158000.1|support|Agent/1005|CONNECT|12|1795158000.2|3",
    b"1795158072|1795158000.1|support|Agent/1005|COMPLETECALLER|12|60|1",
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("calls") / "data"
    with pages_of(folder, CALLS, groups=GROUPS, teams=TEAMS) as opened:
        yield opened


def main(pages: Pages, address: str, language: str = "en") -> Node:
    """Return what a page is about."""
    return pages.get(address, language=language).one("main")


def rows(pages: Pages, query: str) -> list[list[str]]:
    """Return the rows of calls, without the rows of days."""
    return [row for row in main(pages, f"/calls?{query}").rows() if len(row) > 1]


FOUND = [
    # query                           starts of the calls, newest first
    ("", [B, A, D, C, E]),
    ("span=today", [B, A]),
    ("span=30d", [B, A, D, C, E, "10:00:00"]),
    ("since=2026-11-19&until=2026-11-20", [D, C]),
    ("q=%2B49+151+1234", [A, E]),
    ("q=0151/12345001", [A, E]),
    ("q=2345", [B, A, E]),
    ("q=ben", [C]),
    ("q=withheld", [C]),
    ("withheld=yes", [C]),
    ("q=nobody", []),
    ("number=%2B4989123001", [D]),
    ("direction=outbound", [D]),
    ("outcome=abandoned", [B]),
    ("outcome=unanswered", [B, E]),
    ("outcome=voicemail", [E]),
    ("group=g1", [A, D, C]),
    ("group=Other", [B, E]),
    ("team=Team+%22A%22", [B, E]),
    ("team=Other&direction=inbound", [A, C]),
    ("source=asterisk", []),
    ("order=oldest", [E, C, D, A, B]),
]


@pytest.mark.parametrize(("query", "starts"), FOUND)
def test_a_question_finds_exactly_its_calls(pages: Pages, query: str, starts: list[str]) -> None:
    assert [row[0] for row in rows(pages, query)] == starts


def test_a_row_says_who_where_how_long_and_how(pages: Pages) -> None:
    found = rows(pages, "")
    assert found[1] == [
        *(A, "incoming incoming", "+49 1511 2345001", "Sales EMEA", "Anna Arndt", "0:10", "1:00", "answered", "1")
    ]
    assert found[3][2] == "number withheld"
    assert found[4][-3:] == ["-", "voicemail", "2"]


def test_days_part_the_list_in_the_order_of_time_and_only_there(pages: Pages) -> None:
    days = [row[0] for row in main(pages, "/calls").rows() if len(row) == 1]
    assert days == ["Friday 20 November", "Thursday 19 November", "Wednesday 18 November"]
    longest = main(pages, "/calls?order=longest_talk").rows()
    assert [row[0] for row in longest][:2] == ["Thu 19 Nov 10:00", "Fri 20 Nov 09:00"]


def test_the_longest_wait_comes_first_and_its_head_says_so(pages: Pages) -> None:
    page = main(pages, "/calls?order=longest_wait")
    assert [row[5] for row in page.rows()][:2] == ["0:50", "0:30"]
    assert [head.text() for head in page.every("th") if head.attributes.get("aria-sort")] == ["Wait \u25bc"]


COUNTS = [("", "5 calls"), ("span=30d", "6 calls"), ("q=nobody", "No calls"), ("outcome=abandoned", "1 call")]


@pytest.mark.parametrize(("query", "said"), COUNTS)
def test_the_number_of_matches_is_said(pages: Pages, query: str, said: str) -> None:
    assert main(pages, f"/calls?{query}").one("h2", id="count").text() == said


def test_a_list_goes_on_from_page_to_page_without_losing_or_doubling_a_call(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_page, "PAGE_SIZE", 2)
    monkeypatch.setattr(calls_page, "MOST_COUNTED", 2)
    seen: list[str] = []
    assert main(pages, "/calls").one("h2", id="count").text() == "5 calls"
    assert main(pages, "/calls?q=49").one("h2", id="count").text() == "More than 2 calls"
    address = "/calls"
    while address:
        page = main(pages, address)
        seen += [row[0] for row in page.rows() if len(row) > 1]
        further = page.every("a", rel="next")
        address = further[0].attributes["href"] if further else ""
    assert seen == [B, A, D, C, E]


def test_an_empty_list_shows_ways_out(pages: Pages) -> None:
    page = main(pages, "/calls?q=nobody")
    ways = page.one("p", class_="ways").every("a")
    assert [way.attributes["href"] for way in ways] == ["/calls?span=30d&q=nobody", "/calls"]


def test_a_filter_without_a_word_in_the_sentence_can_be_taken_away(pages: Pages) -> None:
    page = main(pages, "/calls?number=%2B4989123001&withheld=no")
    chips = page.one("p", class_="chips").every("a")
    assert chips[0].text().startswith("only with +49 89 123001")
    assert chips[0].attributes["href"] == "/calls?withheld=no"


def test_the_file_holds_every_match_with_the_columns_of_all_exports(pages: Pages) -> None:
    answer = pages.answer("/calls.csv?outcome=unanswered")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    found = list(csv.DictReader(StringIO(answer.text)))
    assert [(row["caller"], row["outcome"], row["teams"]) for row in found] == [
        ("+" + BEA, "abandoned", 'Team "A"'),
        ("+" + ADA, "voicemail", 'Team "A"'),
    ]


def test_queues_can_be_chosen_where_calls_were_in_some(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", CALLS) as pages:
        assert "queue" not in {each.attributes.get("name") for each in main(pages, "/calls").every("input")}
        assert ASTERISK.log_messages is not None
        pages.hear(list(ASTERISK.log_messages(QUEUE_LOG)))
        page = main(pages, "/calls?queue=support")
        assert [row[3:8] for row in page.rows() if len(row) > 1] == [
            ["support", "Agent/1005", "0:12", "1:00", "answered"]
        ]
        assert "queue" in {each.attributes.get("name") for each in page.every("input")}


def test_nobody_s_name_stands_twice_in_a_row(tmp_path: Path) -> None:
    call = Told(at="2026-11-20 09:00:00", caller=ADA, callee=TWO, ends="talks 60")
    with pages_of(tmp_path / "data", [call]) as pages:
        with pages.site.store.write() as transaction:
            transaction.save_directory(Directory(numbers={f"+{TWO}": "Anna Arndt"}))
        assert rows(pages, "")[0][3:5] == ["+49 30 23125002", "Anna Arndt"]


def test_who_had_an_answered_call_is_somebody(tmp_path: Path) -> None:
    call = Told(at="2026-11-20 09:00:00", caller=ADA, callee=TWO, ends="talks 60", who="")
    with pages_of(tmp_path / "data", [call]) as pages:
        assert rows(pages, "")[0][4] == "unknown"


def test_a_call_that_runs_says_so(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        pages.call(Told(at="2026-11-20 13:59:00", caller=ADA, callee=ONE, rings=8, ends="talks 600"))
        assert rows(pages, "")[0][-4:] == ["0:08", "running", "connected", "1"]
        assert rows(pages, "outcome=in_progress") == []
        pages.call(Told(at="2026-11-20 13:59:30", caller=BEA, callee=ONE, ends="stays"))
        assert rows(pages, "outcome=in_progress")[0][-3:] == ["-", "ringing", "1"]


def test_the_page_speaks_german(pages: Pages) -> None:
    page = main(pages, "/calls", "de")
    assert page.one("h2", id="count").text() == "5 Anrufe"
    assert "der letzten 7 Tage" in page.one("form", class_="ask").text()
    assert page.rows()[0] == ["Freitag, 20. November"]


REFUSED = [
    ("after=nonsense", 400),
    ("after=bm9uc2Vuc2U", 400),
    ("order=random", 400),
    ("outcome=great", 400),
    ("span=century", 400),
    ("since=2026-11-20&until=2026-11-19", 422),
    ("group=nobody", 422),
    ("q=" + "x" * 300, 400),
    ("q=%00", 400),
]


@pytest.mark.parametrize(("query", "status"), REFUSED)
@pytest.mark.parametrize("address", ["/calls", "/calls.csv"])
def test_nonsense_is_refused_in_words(pages: Pages, address: str, query: str, status: int) -> None:
    assert pages.answer(f"{address}?{query}").status_code == status


@pytest.mark.parametrize("search", ["%25", "_", "'", '"', "<script>", "\\", "; drop table calls"])
def test_signs_that_mean_something_elsewhere_are_only_looked_for(pages: Pages, search: str) -> None:
    answer = pages.client.get("/calls", params={"q": search})
    assert answer.status_code == 200
    assert "<script>" not in answer.text.replace("<script type", "")


def test_a_message_from_today_is_in_the_list_at_once(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        body = b"event=newCall&direction=in&from=4915112345001&to=493023125001&callId=N1"
        pages.hear([RawMessage(source="sipgate", received_at_us=us("2026-11-20 13:59:59"), headers={}, body=body)])
        assert len(rows(pages, "span=today")) == 1
