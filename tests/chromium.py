"""The browser of the tests: Chromium as the system has it, with the flags that a container needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

from tests.programs import path_of

PATIENCE_MS: Final = 15_000
"""How long a state is awaited that comes and stays; a busy machine may take long."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Run a browser for as long as the block lasts."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path_of("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()
