"""The Live page: who waits, who talks, today against last week, and every part at an address of its own."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from calltally.engine.ingest import Ingest
from calltally.engine.sync import keep_troubles
from calltally.model.instants import Gap
from calltally.model.messages import RawMessage
from calltally.serve.web.live import PARTS
from calltally.sources.asterisk import SOURCE as ASTERISK
from tests.serve.page_world import Pages, pages_of
from tests.serve.reading import Node
from tests.serve.service_world import OPEN
from tests.serve.told_calls import Told, us

ONE, TWO = "493023125001", "493023125002"
ADA, BEA, CEM = "4915112345001", "4915112345002", "4915112345003"
GROUPS = (("g1", "Sales EMEA", (ONE,)),)
TODAY = (
    Told(at="2026-11-20 09:00:00", caller=ADA, callee=ONE, rings=10, ends="talks 60"),
    Told(at="2026-11-20 09:05:00", caller=BEA, callee=TWO, rings=50, ends="gives_up"),
    Told(at="2026-11-20 10:00:00", caller="anonymous", callee=ONE, rings=30, ends="talks 90"),
    Told(at="2026-11-20 11:00:00", caller=ONE, callee="4989123001", rings=5, ends="talks 30", way="out"),
)
LAST_FRIDAY = (
    Told(at="2026-11-12 08:00:00", caller=ADA, callee=ONE, rings=20, ends="talks 60"),  # so the whole Friday is known
    Told(at="2026-11-13 13:59:00", caller=ADA, callee=ONE, rings=20, ends="talks 60"),
    Told(at="2026-11-13 15:00:00", caller=ADA, callee=ONE, rings=20, ends="talks 60"),  # later than now
)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_of(tmp_path / "data", (*TODAY, *LAST_FRIDAY), groups=GROUPS) as opened:
        yield opened


def figure(page: Node, name: str) -> Node:
    return next(each for each in page.every(class_="fig") if each.one("h2").text().startswith(name))


def value(page: Node, name: str) -> str:
    return figure(page, name).one("p", class_="v").text()


def test_every_figure_leads_to_its_explanation(pages: Pages) -> None:
    addresses = [unescape(each.attributes["href"]) for each in pages.get("/").every("a", class_="why")]
    assert len(addresses) == 6
    for address, said in zip(addresses, ("0", "0", "2 of 3", "0:30", "0:50", "3"), strict=True):
        assert pages.get(address.partition("#")[0]).one(class_="because").one("h2").text().startswith(f"Why {said}?")


FIGURES = [
    # name                  what is shown
    ("Waiting now", "0"),
    ("Calls now", "0 0 incoming, 0 out"),
    ("Answer rate today", "2 of 3"),
    ("Average wait today", "0:30"),  # (10 + 50 + 30) / 3
    ("Longest wait today", "0:50"),
    ("Incoming today", "3"),
]


@pytest.mark.parametrize(("name", "shown"), FIGURES)
def test_a_figure_is_what_the_calls_of_today_add_up_to(pages: Pages, name: str, shown: str) -> None:
    assert value(pages.get("/"), name) == shown


COMPARED = [
    # name                  against the one call of last Friday before 14:00
    ("Average wait today", "\u25b2 0:10 longer than last Friday"),
    ("Longest wait today", "\u25b2 0:30 longer than last Friday"),
    ("Incoming today", "\u25b2 2 more than last Friday"),
]


@pytest.mark.parametrize(("name", "said"), COMPARED)
def test_today_is_compared_with_last_week_until_the_same_time(pages: Pages, name: str, said: str) -> None:
    assert said in figure(pages.get("/"), name).one("p", class_="cmp").text()


def test_who_waits_stands_oldest_first_with_a_step_for_each_target(pages: Pages) -> None:
    for at, caller in (("13:58:30", ADA), ("13:59:30", BEA), ("13:59:55", CEM)):
        pages.call(Told(at=f"2026-11-20 {at}", caller=caller, callee=ONE, ends="stays"))
    part = pages.get("/parts/live/calls")
    rows = [row for row in part.one("ol", class_="waits").every("li") if "data-key" in row.attributes]
    assert [row.one("span", class_="t").text() for row in rows] == ["1:30", "0:30", "0:05"]
    assert [row.attributes.get("class", "") for row in rows] == ["long", "late", ""]
    assert [row.one(class_="word").text() for row in rows] == ["far over target", "over target", "in target"]
    assert rows[0].one(class_="q").text() == "Sales EMEA"
    assert part.every("h2")[0].text() == "3 callers wait, 1 of them far too long"
    assert value(pages.get("/parts/live/figures"), "Waiting now") == "3 oldest 1:30"
    assert "2 over target" in figure(pages.get("/parts/live/figures"), "Waiting now").text()


def test_a_timer_goes_on_from_the_instant_of_the_server(pages: Pages) -> None:
    pages.call(Told(at="2026-11-20 13:59:30", caller=ADA, callee=ONE, ends="stays"))
    timers = pages.get("/parts/live/calls").one("ol").every(class_="t")
    since_ms = us("2026-11-20 13:59:30") // 1000
    assert timers[0].every("span")[0].attributes["data-since-ms"] == str(since_ms)


def test_a_call_moves_from_waiting_to_connected_to_gone(pages: Pages) -> None:
    told = Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, rings=8, ends="talks 60")
    pages.call(told)
    table = pages.get("/parts/live/calls").one("table")
    assert [row[1:] for row in table.rows()] == [
        ["incoming incoming", "+49 1511 2345001", "Sales EMEA", "Anna Arndt", "0:02"]
    ]
    assert value(pages.get("/parts/live/figures"), "Calls now") == "1 1 incoming, 0 out"
    pages.at("2026-11-20 14:05:00")
    pages.pushed -= 1
    pages.call(told)
    assert pages.get("/parts/live/calls").every("table") == []
    assert value(pages.get("/parts/live/figures"), "Incoming today") == "4"


def test_what_rings_outside_and_a_withheld_number_are_said_in_words(pages: Pages) -> None:
    pages.call(Told(at="2026-11-20 13:59:50", caller=ONE, callee="4989123001", ends="stays", way="out"))
    pages.call(Told(at="2026-11-20 13:59:50", caller="anonymous", callee=TWO, ends="stays"))
    part = pages.get("/parts/live/calls")
    assert part.one("table").rows()[0][-2] == "ringing, Anna Arndt"
    assert part.one("ol").every(class_="who")[0].text() == "number withheld"
    assert "and 1 is ringing" in figure(pages.get("/parts/live/figures"), "Calls now").text()


def test_a_group_call_says_at_how_many_phones_it_rings(pages: Pages) -> None:
    body = "event=newCall&direction=in&from=4915112345001&to=493023125001&callId=G1&origCallId=G1" + "".join(
        f"&user%5B%5D=U{number}&fullUserId%5B%5D=1w{number}" for number in range(3)
    )
    at_us = us("2026-11-20 13:59:59")
    pages.hear([RawMessage(source="sipgate", received_at_us=at_us, headers={}, body=body.encode())])
    assert pages.get("/parts/live/calls").one("ol").every(class_="q")[0].text() == "Sales EMEA 3 phones"


def test_a_call_that_calltally_lost_says_since_when(pages: Pages) -> None:
    pages.call(Told(at="2026-11-20 13:50:00", caller=ADA, callee=ONE, rings=5, ends="talks 3000"))
    down = Gap(
        source=None, since_ms=us("2026-11-20 13:52:00") // 1000, until_ms=us("2026-11-20 13:58:00") // 1000, reason="x"
    )
    with pages.store.write() as transaction:
        transaction.add_gap(down)
    pages.ingest.refold(list(pages.store.open_flows()))
    pages.site.board.send("delta")
    assert pages.get("/parts/live/calls").one("table").rows()[0][-2] == "calltally was down from 13:52"
    assert "1 of them not certain" in figure(pages.get("/parts/live/figures"), "Calls now").text()


def test_the_course_of_the_day_counts_quarter_hours(pages: Pages) -> None:
    part = pages.get("/parts/live/day")
    rows = {row[0]: row[1:] for row in part.rows()}
    assert rows["9:00"][:2] == ["2", "1"]
    assert rows["10:00"][:2] == ["1", "0"]
    assert rows["14:15"][:2] == ["-", "-"]  # it has not begun
    assert part.one("output").text() == "3 incoming calls so far, 1 unanswered"


def test_the_course_of_the_day_counts_a_call_as_soon_as_the_figures_do(pages: Pages) -> None:
    assert pages.get("/parts/live/day").one("output").text() == "3 incoming calls so far, 1 unanswered"
    pages.call(Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, ends="stays"))
    assert value(pages.get("/parts/live/figures"), "Incoming today") == "4"
    assert pages.get("/parts/live/day").one("output").text() == "4 incoming calls so far, 1 unanswered"


def test_the_usual_course_is_known_after_four_weeks(tmp_path: Path) -> None:
    weeks = [
        Told(at="2026-10-22 08:00:00", caller=ADA, callee=ONE, ends="talks 60"),
        *(
            Told(at=f"2026-{day} 09:0{number}:00", caller=ADA, callee=ONE, ends="talks 60")
            for day in ("10-23", "10-30", "11-06", "11-13")
            for number in range(2)
        ),
    ]
    with pages_of(tmp_path / "data", (*weeks, *TODAY)) as pages:
        part = pages.get("/parts/live/day")
        rows = {row[0]: row[1:] for row in part.rows()}
        assert rows["9:00"] == ["2", "1", "2"]
        assert part.one("output").text().endswith("(usual by now 2)")
        assert "usual 2 to 2" in figure(pages.get("/"), "Incoming today").text()


FILTERS = [
    # query                         waiting   incoming today
    ("", 2, "3"),
    ("group=g1", 1, "2"),
    ("group=Other", 1, "1"),
    ("direction=outbound", 0, "0"),
    ("source=asterisk", 0, "0"),
]


@pytest.mark.parametrize(("query", "waiting", "incoming"), FILTERS)
def test_a_filter_holds_for_the_board_and_for_today(pages: Pages, query: str, waiting: int, incoming: str) -> None:
    pages.clock[0] -= 1
    pages.call(Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, ends="stays"))
    pages.call(Told(at="2026-11-20 13:59:55", caller=ADA, callee=TWO, ends="stays"))
    figures = pages.get(f"/parts/live/figures?{query}")
    assert value(figures, "Waiting now").split()[0] == str(waiting)
    open_too = int(incoming) + waiting if query != "direction=outbound" else 0
    assert value(figures, "Incoming today") == str(open_too)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_part_says_the_same_as_the_page(pages: Pages, language: str) -> None:
    pages.call(Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, ends="stays"))
    page = pages.answer("/?group=g1", **{"accept-language": language}).text
    for name in PARTS:
        found = re.search(f'<ct-part id="part-{name}"[^>]* src="([^"]+)"', page)
        assert found is not None, name
        part = pages.answer(found[1].replace("&amp;", "&"), **{"accept-language": language}).text
        assert part.strip() in page, name


def test_a_part_is_rendered_once_until_something_happens(pages: Pages) -> None:
    first = pages.answer("/parts/live/calls")
    again = pages.answer("/parts/live/calls", **{"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    pages.call(Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, ends="stays"))
    after = pages.answer("/parts/live/calls", **{"if-none-match": first.headers["etag"]})
    assert after.status_code == 200
    assert "0:10" in after.text
    assert after.headers["x-pace-ms"] == "250"


def test_before_the_first_message_the_page_says_how_to_connect(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        page = pages.get("/")
        assert page.one("h1").text() == "Connect a phone system"
        assert "https://calls.example.org/in/sipgate" in [each.text() for each in page.every("code")]
        assert pages.get("/", language="de").one("h1").text() == "Telefonanlage verbinden"
        pages.call(Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, ends="stays"))
        assert value(pages.get("/parts/live/first"), "Waiting now").startswith("1")


HERE_ONLY = [
    "",
    'public_url = "http://localhost:8080"',
    'public_url = "http://127.0.0.1:8080"',
    'public_url = "http://[::1]:8080"',
]


@pytest.mark.parametrize("public_url", HERE_ONLY)
def test_no_address_of_this_machine_is_offered_to_a_phone_system(tmp_path: Path, public_url: str) -> None:
    with pages_of(tmp_path / "data", settings=f"[server]\n{public_url}\n[sources.sipgate]\n") as pages:
        page = pages.get("/")
        codes = [each.text() for each in page.every("code")]
        assert not [code for code in codes if "/in/sipgate" in code]
        assert any('public_url = "https://calls.example.org"' in code for code in codes)
        assert "Phone systems elsewhere cannot reach http://" in page.text()
        assert str(tmp_path / "data" / "calltally.toml") in page.text()
        facts = {row[0]: row[1] for row in pages.get("/settings").rows() if len(row) > 1}
        assert facts["sipgate"] == "no address for phone systems yet: set server.public_url"


def test_sources_say_when_they_were_heard_and_what_went_wrong(pages: Pages) -> None:
    assert pages.get("/parts/live/sources").rows() == [["sipgate", "11:00:35", "0", "-", "0", "silent since 11:00"]]
    at_us = us("2026-11-20 13:59:59")
    pages.hear([RawMessage(source="sipgate", received_at_us=at_us, headers={}, body=b"event=dance&callId=1")])
    part = pages.get("/parts/live/sources")
    assert part.rows() == [["sipgate", "13:59:59", "1", "1.0 s", "1", "1 set aside"]]
    assert part.one("h2").text() == "sipgate: 1 message set aside"
    pages.site.board.health.refused("sipgate", "bad signature", pages.clock[0])
    pages.site.board.send("delta")
    assert pages.get("/parts/live/sources").one("h2").text() == "sipgate: messages are being refused"


CONNECTED = f"""{OPEN}
token_id = "token-A"
token = "t"
"""


def test_what_fails_when_a_source_is_asked_is_said_in_words(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", settings=CONNECTED) as pages:
        keep_troubles(pages.store, "sipgate", ("The token may not read the history.",))
        part = pages.get("/parts/live/sources")
        assert part.one("h2").text() == "sipgate: asking it fails"
        assert [row[-1] for row in part.rows()] == ["asking it fails"]
        assert "sipgate: The token may not read the history." in part.text()
        keep_troubles(pages.store, "sipgate", ())
        pages.site.board.send("tick")
        assert "asking it fails" not in pages.get("/parts/live/sources").text()


def test_a_source_that_is_asked_no_more_has_no_old_trouble(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        keep_troubles(pages.store, "sipgate", ("The token may not read the history.",))
        assert "token" not in pages.get("/parts/live/sources").text()


def test_a_source_that_another_process_imported_is_known_too(pages: Pages) -> None:
    lines = [b"1795158000|1795158000.1|support|NONE|ENTERQUEUE||+4915112345001|1"]
    assert ASTERISK.log_messages is not None
    elsewhere = Ingest(
        store=pages.store,
        parsers={"asterisk": ASTERISK.parse},
        zone=pages.site.zone,
        clock_us=lambda: pages.clock[0],
    )
    elsewhere.apply(list(ASTERISK.log_messages(lines)))
    rows = pages.get("/parts/live/sources").rows()
    assert ["Asterisk", "08:00:00", "0", "-", "0", "imported"] in rows


def test_a_demo_says_how_far_its_history_is(pages: Pages) -> None:
    for stored, said in ((b'{"percent": 42}', True), (b'{"percent": 100}', False), (b"nonsense", False)):
        with pages.store.write() as transaction:
            transaction.set_value("demo.progress", stored)
        pages.site.board.send("tick")
        assert ("The history is being loaded: 42 %" in pages.get("/parts/live/figures").text()) is said


def test_a_database_that_takes_nothing_is_said_on_top(pages: Pages) -> None:
    pages.site.writer.degraded = "disk full"
    assert "Storing is delayed" in pages.get("/").text()


def test_the_figures_of_the_moment_explain_themselves(pages: Pages) -> None:
    part = pages.get("/parts/live/figures?why=waiting_now")
    assert part.one("section", class_="because").one("h2").text().startswith("Why 0?")


REFUSED = [
    # address                       status
    ("/parts/live/secrets", 404),
    ("/?direction=sideways", 400),
    ("/parts/live/calls?direction=sideways", 400),
    ("/?group=nobody", 422),
    ("/parts/live/figures?team=nobody", 422),
]


@pytest.mark.parametrize(("address", "status"), REFUSED)
def test_nonsense_is_refused_in_words(pages: Pages, address: str, status: int) -> None:
    assert pages.answer(address).status_code == status


def test_names_from_outside_are_escaped(pages: Pages) -> None:
    pages.call(
        Told(at="2026-11-20 13:59:50", caller=ADA, callee=ONE, rings=2, ends="talks 50", who="<script>x</script>")
    )
    text = pages.answer("/").text
    assert "<script>x" not in text
    assert "&lt;script&gt;x" in text


@pytest.mark.parametrize("address", ["/wall", "/parts/live/wall"])
def test_the_wall_shows_no_caller_and_no_colleague(pages: Pages, address: str) -> None:
    pages.call(Told(at="2026-11-20 13:58:30", caller=ADA, callee=ONE, ends="stays"))
    for second in range(10):
        pages.call(Told(at=f"2026-11-20 13:59:{second:02}", caller=BEA, callee=TWO, ends="stays"))
    text = pages.answer(address).text
    page = pages.get(address)
    assert ADA[2:] not in text.replace("\u00a0", "").replace(" ", "")
    assert "Anna" not in text
    assert "+49" not in text
    rows = page.one("ol").every("li")
    assert [row.one(class_="who").text() for row in rows[:2]] == ["Caller 1", "Caller 2"]
    assert rows[0].one(class_="q").text() == "Sales EMEA"
    assert len(rows) == 8
    assert "and 3 more" in page.text()
    assert [row[:2] for row in page.rows() if row[0] == "sipgate"] == [["sipgate", "receiving"]]
