"""One browser and one demo for all tests of this folder; each test visits in contexts of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from calltally.demo.company import settings_file
from tests.browser.demo_site import fill_demo
from tests.browser.visits import Visits
from tests.chromium import launched
from tests.running import Service, running_service


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Give the browser."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service with some weeks of calls; a test that opens calls in it ends them."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    fill_demo(folder)
    with running_service(folder, settings_file()) as service:
        yield service


@pytest.fixture(scope="package")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service that has never heard anything."""
    with running_service(tmp_path_factory.mktemp("empty") / "data") as service:
        yield service


@pytest.fixture
def visits(chromium: Browser, demo: Service) -> Iterator[Visits]:
    """Give visits to the demo; at the end nothing may have gone wrong on any page."""
    visits = Visits(browser=chromium, service=demo)
    yield visits
    visits.end()
