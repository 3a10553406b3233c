"""The page scripts in a real browser: what is live, what can be read, chosen and shared."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import anyio.from_thread
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from calltally.render.words import Language, Words
from tests.chromium import launched
from tests.render import gallery

pytestmark = pytest.mark.needs("chromium")

PAGE = """{% extends "layout.html" %}{% import "macros.html" as ui with context %}
{% block ask %}{{ ui.ask("Live", words.sentence("filter.sentence.live", {
"teams": ui.choices("team", "Teams", "all teams", [("a", "A"), ("b", "B")], []),
"groups": ui.choice("group", "Groups", [("", "all groups"), ("g1", "Hotline")], request.query_params.get("group", "")),
"sources": ui.choice("source", "Sources", [("", "all sources")], ""),
"direction": ui.choice("direction", "Direction", [("", "every direction")], "")})) }}{% endblock %}
{% block content %}<p id="query">{{ request.url.query }}</p><ct-part src="/part" on="live">{{ part|safe }}</ct-part>
{{ g.waits() }}{% endblock %}"""
PART = """<ul id="rows">{% for row in rows %}<li data-key="{{ row }}"><a href="/">{{ row }}</a>
<span data-since-ms="{{ now_ms }}">0:00</span></li>{% endfor %}</ul>"""

# Notes which row stays for a moment and is marked as gone.
WATCH_LEAVING = """() => {
  window.leaving = new Promise((seen) => {
    new MutationObserver(() => {
      const row = document.querySelector("#rows li.gone");
      if (row) seen(row.querySelector("a").textContent);
    }).observe(document.querySelector("ct-part"), { subtree: true, childList: true, attributes: true });
  });
}"""


class Site:
    """A small site with the real layout, styles and scripts, whose rows and stream a test controls."""

    def __init__(self) -> None:
        self.rows = ["a", "b", "c"]
        self.is_up = True
        self.sockets: set[WebSocket] = set()
        self.address = ""
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/part", self._part),
                WebSocketRoute("/api/v1/live", self._live),
                Mount("/static", StaticFiles(directory=gallery.WEB / "static")),
            ]
        )

    def _fragment(self) -> str:
        template = gallery.environment().from_string(PART)
        return template.render(rows=self.rows, now_ms=round(datetime.now(UTC).timestamp() * 1000))

    async def _part(self, _request: Request) -> HTMLResponse:
        return HTMLResponse(self._fragment())

    async def _page(self, request: Request) -> HTMLResponse:
        template = gallery.environment().from_string(PAGE)
        page = template.render(
            **gallery.frame("live", Words(Language.EN), "/api/v1/live"),
            request=request,
            part=self._fragment(),
        )
        policy = "default-src 'self'; object-src 'none'; base-uri 'none'"
        return HTMLResponse(page, headers={"content-security-policy": policy})

    async def _live(self, socket: WebSocket) -> None:
        if not self.is_up:
            await socket.close()
            return
        await socket.accept()
        self.sockets.add(socket)
        await self._say(socket)
        try:
            await socket.receive_text()
        except WebSocketDisconnect:
            self.sockets.discard(socket)

    async def _say(self, socket: WebSocket) -> None:
        frame = {"id": "1", "as_of": datetime.now(UTC).isoformat(), "type": "delta", "delay_ms": 200}
        await socket.send_text(json.dumps(frame))

    async def tell(self) -> None:
        """Send a frame to every viewer."""
        for viewer in list(self.sockets):
            await self._say(viewer)

    async def stop(self) -> None:
        """Close the stream and refuse new ones."""
        self.is_up = False
        for viewer in list(self.sockets):
            await viewer.close()


@contextmanager
def served(site: Site) -> Iterator[anyio.from_thread.BlockingPortal]:
    """Serve a site on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(site.app, log_level="error", ws="websockets-sansio"))
    with socket.create_server(("127.0.0.1", 0)) as listening, anyio.from_thread.start_blocking_portal() as portal:
        site.address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        running = portal.start_task_soon(server.serve, [listening])
        try:
            yield portal
        finally:
            server.should_exit = True
            running.result(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def site(browser: Browser) -> Iterator[tuple[Page, Site, anyio.from_thread.BlockingPortal]]:
    site = Site()
    with served(site) as portal:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(site.address, wait_until="domcontentloaded")
        expect(page.locator("#pulse")).to_have_text("live, 0.2 s behind")
        yield page, site, portal
        context.close()
        assert faults == []


SiteFixture = tuple[Page, Site, anyio.from_thread.BlockingPortal]


def test_a_frame_brings_new_rows_and_leaves_the_others_alone(site: SiteFixture) -> None:
    page, served_site, portal = site
    page.evaluate("document.querySelector('[data-key=b]').isTheSame = true")
    page.evaluate(WATCH_LEAVING)
    served_site.rows = ["z", "b", "c"]
    portal.call(served_site.tell)
    expect(page.locator("[data-key=z]")).to_be_visible()
    assert page.evaluate("leaving") == "a"
    assert page.evaluate("document.querySelector('[data-key=b]').isTheSame")
    expect(page.locator("#rows li.gone")).to_have_count(0)
    expect(page.locator("[data-key=c] span")).not_to_have_text("0:00")


def test_rows_keep_their_places_while_the_pointer_is_on_them(site: SiteFixture) -> None:
    page, served_site, portal = site
    page.hover("[data-key=c]")
    served_site.rows = ["new", "c", "b", "a"]
    portal.call(served_site.tell)
    expect(page.locator("#rows li a")).to_have_text(["a", "b", "c", "new"])
    page.mouse.move(2, 2)
    expect(page.locator("#rows li a")).to_have_text(["new", "c", "b", "a"])


def test_a_stopped_stream_says_so_and_comes_back(site: SiteFixture) -> None:
    page, served_site, portal = site
    portal.call(served_site.stop)
    expect(page.locator("#stopped b")).to_contain_text("Live data stopped at")
    expect(page.locator("#pulse")).to_contain_text("stopped 0:")
    served_site.is_up = True
    page.click("#reconnect")
    expect(page.locator("#stopped")).to_be_hidden()


def test_a_chart_is_read_by_keys_and_a_range_changes_the_address(site: SiteFixture) -> None:
    page = site[0]
    page.locator(".area").focus()
    reading = page.locator("ct-chart output")
    summary = reading.inner_text()
    page.keyboard.press("End")
    expect(reading).to_have_text("Fri 20 Nov: mean 0:18, 9 of 10 within 0:37")
    page.keyboard.press("ArrowLeft")
    expect(reading).to_contain_text("Thu 19 Nov")
    expect(page.locator(".dot")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(reading).to_have_text(summary)
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#query")).to_have_text("since=2026-10-21T22%3A00%3A00.000Z&until=2026-10-23T22%3A00%3A00.000Z")


def test_a_range_is_chosen_by_drag(site: SiteFixture) -> None:
    page = site[0]
    box = page.locator(".area").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(page.locator("#query")).to_contain_text("until=2026-11-20T23")


def test_a_filter_changes_the_address_and_back_brings_it_back(site: SiteFixture) -> None:
    page = site[0]
    page.select_option("select[name=group]", "g1")
    expect(page.locator("#query")).to_have_text("group=g1")
    expect(page.locator("select[name=group]")).to_have_class("set")
    page.click(".many > button")
    page.check("[popover] input[value=a]")
    page.check("[popover] input[value=b]")
    page.keyboard.press("Escape")
    expect(page.locator("#query")).to_have_text("team=a&team=b&group=g1")
    page.go_back()
    page.go_back()
    expect(page.locator("#query")).to_have_text("")
    expect(page.locator("select[name=group]")).to_have_value("")


def test_single_keys_work_until_they_are_turned_off(site: SiteFixture) -> None:
    page = site[0]
    dialog = page.locator("#keys")
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.click("[data-keys]")
    page.check("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    expect(page.locator(".many > button")).to_be_focused()
