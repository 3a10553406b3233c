"""Starts a small demo, looks at its pages with the system's Chromium, and writes docs/images/*.png."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

from tests.programs import PROGRAMS, ROOT

IMAGES = ROOT / "docs" / "images"
HISTORY = ("--days", "60", "--calls", "30000", "--seed", "11")
LIVE_SECONDS = 45
"""How long made-up traffic runs before the first picture: until then the first callers have waited, talked and gone."""

LARGEST_BYTES = 350_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture: an address below that of the demo, and how it is looked at.

    Attributes:
        path: `{call}` stands for the id of a call that is worth looking at.
        ready: what is on the page once it is drawn.
    """

    name: str
    path: str
    ready: str = "main h1"
    width: int = 1280
    height: int = 860
    scale: float = 1
    dark: bool = False


LIVE = "#pulse.ok"
PICTURES = (
    Picture(name="live-light", path="/", ready=LIVE),
    Picture(name="live-dark", path="/", ready=LIVE, dark=True),
    Picture(name="live-phone", path="/", ready=LIVE, width=390, height=844, scale=1.5),
    Picture(name="statistics-light", path="/statistics?span=30d", height=1180),
    Picture(name="calls-light", path="/calls"),
    Picture(name="call-light", path="/calls/{call}", height=980),
)


@contextmanager
def demo() -> Iterator[str]:
    """Give the address of a demo whose history is complete and in which calls come in."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "calltally", "demo", "--data", folder, "--listen", "127.0.0.1:0", *HISTORY]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                yield _address_when_loaded(process)
            finally:
                process.terminate()


def _address_when_loaded(process: "subprocess.Popen[str]") -> str:
    address = ""
    for line in process.stdout or ():
        print(line, end="")
        if "calltally demo: " in line:
            address = line.split("calltally demo: ")[1].strip().rstrip("/")
        if line.startswith("history 100 %"):
            sleep(LIVE_SECONDS)
            return address
    raise SystemExit("the demo ended before its history was loaded")


def telling_call(address: str) -> str:
    """Return the id of the newest call that is over and took most legs, such as one that was transferred."""
    question = "/api/v1/calls?since=-7d&until=-1h&source=sipgate&direction=inbound&outcome=answered&limit=500"
    with urlopen(address + question, timeout=30) as answer:  # noqa: S310  an address of ours
        calls = json.load(answer)["calls"]
    best: str = max(calls, key=lambda call: len(call["leg_ids"]))["call_id"]
    return best


def take(browser: Browser, picture: Picture, address: str, call: str) -> Path:
    """Write one picture and return its file."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=picture.scale,
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    page = context.new_page()
    answer = page.goto(address + picture.path.format(call=call), wait_until="load")
    if answer is None or not answer.ok:
        raise SystemExit(f"{picture.name}: {picture.path} answered {answer.status if answer else 'nothing'}")
    page.locator(picture.ready).first.wait_for()
    page.evaluate("document.fonts.ready")
    file = IMAGES / f"{picture.name}.png"
    page.screenshot(path=file, animations="disabled")
    context.close()
    return file


def main(names: list[str]) -> int:
    """Take the named pictures, else all; return 1 if one is too large for the repository."""
    chosen = [picture for picture in PICTURES if not names or picture.name in names]
    chromium = PROGRAMS["chromium"]
    executable = chromium.find()
    if executable is None:
        print(f"Chromium is not on this machine. To get it:  {chromium.command}")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    too_large = 0
    with demo() as address, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=executable, args=FLAGS)
        call = telling_call(address)
        for picture in chosen:
            size = take(browser, picture, address, call).stat().st_size
            too_large += size > LARGEST_BYTES
            print(f"{picture.name}: {size // 1000} kB{', TOO LARGE' if size > LARGEST_BYTES else ''}")
        browser.close()
    return int(too_large > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
