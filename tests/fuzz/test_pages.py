"""Any address of a page or a part of one: the page, or a sentence, never a failure."""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from calltally.app import clock_us, open_parts
from calltally.engine.health import Health
from calltally.engine.live import Board
from calltally.engine.observed import Observed
from calltally.engine.writer import Writer
from calltally.serve.site import Site
from calltally.serve.web.routes import page_routes
from calltally.settings import load
from tests.fuzz.plain_http import ask, request
from tests.running import SETTINGS, Service

# These are no part of `page_routes`, or may not be there yet.
OTHERS = (
    "/",
    "/statistics",
    "/calls",
    "/calls/{id}",
    "/settings",
    "/login",
    "/auth",
    "/auth-code",
    "/lang",
    "/healthz",
)
PARAMETERS = [
    "span",
    "since",
    "until",
    "unit",
    "group",
    "team",
    "queue",
    "source",
    "direction",
    "outcome",
    "number",
    "q",
    "withheld",
    "order",
    "after",
    "compare",
    "why",
    "lang",
    "every",
    "by",
    "tz",
    "limit",
    "cursor",
    "metrics",
    "text",
    "to",
    "next",
    "code",
    "state",
    "error",
    "calls",
    "page",
    "part",
    "metric",
]
TIMES = ["today", "7d", "365d", "-7d", "now", "2026-03-29", "2026-10-25T02:30", "0001-01-01", "9999-12-31T23:59:59Z"]
WORDS = [
    "",
    "1",
    "-1",
    "in",
    "inbound",
    "answered",
    "unanswered",
    "Other",
    "Support",
    "sipgate",
    "hour",
    "minute",
    "yes",
]
METRICS = ["answer_rate", "calls", "asa", "waiting_now", "longest_wait", "nonsense"]
texts = st.one_of(
    st.sampled_from([*TIMES, *WORDS, *METRICS, "de", "xA", "longest_wait", "//example.org", "\\evil", "%", "0" * 300]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
pairs = st.lists(st.tuples(st.one_of(st.sampled_from(PARAMETERS), texts), texts), max_size=6)
queries = st.one_of(
    pairs.map(lambda given: urlencode(given).encode()),
    st.binary(max_size=30).map(lambda raw: bytes(byte for byte in raw if 0x20 < byte < 0x7F and byte != 0x23)),
)
wishes = st.lists(
    st.sampled_from(
        [
            (b"Accept-Language", b"de"),
            (b"Accept-Language", b"*;q=x,,\xff"),
            (b"Cookie", b"calltally_language=xx; calltally_session=%00"),
            (b"Cookie", b"=;=;\xff"),
            (b"If-None-Match", b"*"),
            (b"Accept-Encoding", b"gzip"),
            (b"Range", b"bytes=9-1"),
            (b"Accept", b"application/json"),
        ]
    ),
    max_size=3,
)


@contextmanager
def _site(folder: Path) -> Iterator[Site]:
    """Give a site that nobody serves, to ask it for its routes."""
    (folder / "calltally.toml").write_text(SETTINGS, encoding="utf-8")
    parts = open_parts(load(data=folder, environ={}))
    yield Site(
        settings=parts.settings,
        zone=parts.zone,
        store=parts.store,
        questions=parts.questions,
        board=Board(clock_us=clock_us, health=Health(()), open_flows={}),
        writer=Writer(parts.ingest()),
        teams=parts.teams,
        sources=parts.sources,
        clock_us=clock_us,
        observed=Observed(clock_us=clock_us),
    )
    parts.store.close()


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the path of every page and part, with the names of its parameters in braces."""
    with _site(tmp_path_factory.mktemp("asked")) as site:
        found = {route.path for route in page_routes(site) if isinstance(route, Route)}
    assert {"/", "/parts/live/{name}"} <= found
    return sorted(found | set(OTHERS))


def _get(service: Service, path: str, query: bytes = b"", wished: list[tuple[bytes, bytes]] | None = None) -> int:
    answered = ask(service, request(path.encode() + (b"?" + query if query else b""), headers=wished or ()))
    assert answered is not None
    assert answered.status < 500, answered.body.decode()
    return answered.status


@settings(max_examples=250, derandomize=True)
@given(data=st.data())
def test_any_address_has_a_page_or_a_sentence(service: Service, paths: list[str], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths))
    named = st.one_of(st.sampled_from(["figures", "calls", "day", "sources", "first", "xA", "A", "B", "Z"]), texts)
    path = re.sub(r"{\w+(:\w+)?}", lambda _: quote(data.draw(named), safe="/"), path)
    _get(service, path, data.draw(queries), data.draw(wishes))


ABSURD = [
    b"since=1970-01-01&until=2199-12-31&unit=minute",
    b"since=1970-01-01&until=2199-12-31&unit=hour&compare=previous",
    b"since=1970-01-01&until=2199-12-31",
    b"since=2026-10-25T02:30&until=2026-10-25T02:31",
    b"since=now&until=now",
    b"span=365d&unit=minute",
    b"&".join([b"team=Support"] * 300),
    b"team=Support&team=Other&group=Other&direction=inbound&direction=outbound&outcome=unanswered&withheld=yes",
    b"number=" + b"9" * 5_000,
    b"q=%25%5F%27%22%3B--&order=longest_wait",
    b"after=AAAA&order=oldest",
    b"q=%F0%9F%93%9E&lang=de&why=answer_rate",
    b"%00=%00&=&&&==;",
]


@pytest.mark.parametrize("query", ABSURD, ids=range(len(ABSURD)))
def test_absurd_questions_have_answers_on_every_page(service: Service, paths: list[str], query: bytes) -> None:
    for path in paths:
        _get(service, re.sub(r"{[^}]*}", "figures" if "live" in path else "A", path), query)


@settings(max_examples=60, derandomize=True)
@given(path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30), raw=st.binary(max_size=20))
def test_any_path_is_a_page_or_not_found(service: Service, path: str, raw: bytes) -> None:
    _get(service, "/" + quote(path, safe="/"))
    _get(service, "/" + quote(raw, safe="/"))


def test_every_link_of_every_page_leads_somewhere(service: Service) -> None:
    seen: set[str] = set()
    waiting = deque(["/", "/?lang=de", "/calls/xA"])
    while waiting:
        address = waiting.popleft()
        if address in seen or len(seen) > 60:
            continue
        seen.add(address)
        answered = ask(service, request(quote(address, safe="/?&=:%;,+-_.~").encode()))
        assert answered is not None
        assert answered.status < 500, (address, answered.body.decode())
        if answered.headers.get("content-type", "").startswith("text/html"):
            found = re.findall(r'(?:href|src|action|data-[\w-]+)="(/[^"#]*)', answered.body.decode())
            waiting += [unescape(link) for link in found if not link.startswith(("//", "/api/v1/live"))]
    assert "/" in seen
    assert len(seen) > 10
