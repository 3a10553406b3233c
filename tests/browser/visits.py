"""A reader's visits to a service: one context for each page, watched for faults, and what can be asked of a page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, expect

from tests.chromium import PATIENCE_MS
from tests.running import Service

WIDE: Final = 1280
PHONE: Final = 360
WALL: Final = 3840
_HEIGHTS: Final = {WIDE: 900, PHONE: 760, 1920: 1080, WALL: 2160}
_LOCALES: Final = {"en": "en-GB", "de": "de-DE"}
_SERVER_ERROR: Final = 500

Prepare = Callable[[Page], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a reader looks at pages."""

    width: int = WIDE
    dark: bool = False
    language: str = "en"
    scripts: bool = True
    forced: bool = False


USUAL: Final = Look()


@dataclass(slots=True, kw_only=True)
class Visits:
    """Opens pages, each in a context of its own, and keeps what went wrong in them.

    Attributes:
        service: whose pages are opened unless another is named.
        forgiven: parts of console messages that the test brings about on purpose.
    """

    browser: Browser
    service: Service
    faults: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self, path: str, look: Look = USUAL, *, service: Service | None = None, prepare: Prepare | None = None
    ) -> Page:
        """Open a page; `prepare` is called before it loads."""
        service = service or self.service
        context = self.browser.new_context(
            base_url=service.url,
            viewport={"width": look.width, "height": _HEIGHTS[look.width]},
            color_scheme="dark" if look.dark else "light",
            locale=_LOCALES[look.language],
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            forced_colors="active" if look.forced else "none",
            java_script_enabled=look.scripts,
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        self._watch(page, service.url)
        if prepare is not None:
            prepare(page)
        page.goto(path, wait_until="load")
        return page

    def live(self, path: str = "/", *, service: Service | None = None, prepare: Prepare | None = None) -> Page:
        """Open a page and wait until its stream has spoken."""
        page = self.open(path, service=service, prepare=prepare)
        expect(page.locator("#pulse")).to_contain_text("live", timeout=PATIENCE_MS)
        return page

    def end(self) -> None:
        """Close every page; nothing may have gone wrong in any of them."""
        for context in self.contexts:
            context.close()
        assert not self.faults, self.faults

    def _watch(self, page: Page, own: str) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", lambda message: self._hear(message))  # noqa: PLW0108  Playwright marks the method's owner
        page.on("request", lambda request: self._note_stranger(request, own))
        page.on("response", lambda response: self._note_failure(response))  # noqa: PLW0108  the same

    def _hear(self, message: ConsoleMessage) -> None:
        is_fault = message.type == "error" or "Content Security Policy" in message.text
        if is_fault and not any(part in message.text for part in self.forgiven):
            self.faults.append(f"console: {message.text}")

    def _note_stranger(self, request: Request, own: str) -> None:
        if not request.url.startswith((f"{own}/", "data:")):
            self.faults.append(f"a request to another host: {request.url}")

    def _note_failure(self, response: Response) -> None:
        if response.status >= _SERVER_ERROR:
            self.faults.append(f"{response.status} of {response.url}")


_AXE_RUN: Final = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, nodes }) => `${id} (${impact}): ` + nodes.map(({ html }) => html.slice(0, 160)).join(" ... "));
}"""

_TOO_WIDE: Final = """() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const beyond = (element) => element.getBoundingClientRect().right > clientWidth + 1;
  const wide = [...document.body.querySelectorAll("*")].filter(beyond).slice(0, 8);
  return [`${scrollWidth} of ${clientWidth}`, ...wide.map((element) => element.outerHTML.slice(0, 120))];
}"""


def bring_axe(page: Page) -> None:
    """Put axe into a loaded page, beside the page's own scripts and not by a tag, which its policy forbids."""
    page.evaluate(AXE_SCRIPT)


def violations(page: Page) -> list[str]:
    """Return what axe, brought before, finds serious or critical in the page as it is shown now."""
    found: list[str] = page.evaluate(_AXE_RUN)
    return found


def too_wide(page: Page) -> list[str]:
    """Return what makes the document scroll sideways; empty if it does not."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found
