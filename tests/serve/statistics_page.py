"""The Statistics page of a site with the calls of a table, taken apart."""

from pathlib import Path

from tests.serve.reading import Node, read
from tests.serve.service_world import Running, with_service
from tests.serve.told_calls import Told

ONE, TWO = "493023125001", "493023125002"
ADA, BEA = "4915112345001", "4915112345002"
CALLS = (
    Told(at="2026-11-02 08:10:00", caller=ADA, callee=ONE, rings=10, ends="talks 120"),
    Told(at="2026-11-02 08:20:00", caller=ADA, callee=ONE, rings=30, ends="talks 60"),
    Told(at="2026-11-02 09:05:00", caller=BEA, callee=TWO, rings=50, ends="gives_up"),
    Told(at="2026-11-02 10:00:00", caller="anonymous", callee=ONE, rings=25, ends="mailbox 30"),
    Told(at="2026-11-02 11:00:00", caller=BEA, callee=ONE, rings=20, ends="talks 300", who="Ben Bohm"),
    Told(at="2026-11-02 12:00:00", caller=ONE, callee="4989123001", rings=5, ends="talks 240", way="out"),
    Told(at="2026-11-02 12:30:00", caller=ONE, callee="4989123002", rings=15, ends="gives_up", way="out"),
    Told(at="2026-11-03 09:00:00", caller=ADA, callee=TWO, rings=70, ends="gives_up"),
)
TWO_DAYS = "since=2026-11-02&until=2026-11-04&unit=day"


def ask(folder: Path, *addresses: str, **headers: str) -> list[Node]:
    """Return pages or parts of the service on a folder."""

    async def scenario(service: Running) -> list[Node]:
        answers = [await service.http.get(address, headers=headers) for address in addresses]
        assert [answer.status_code for answer in answers] == [200] * len(answers)
        return [read(answer.text) for answer in answers]

    return with_service(folder, scenario)


def figure(page: Node, name: str) -> Node:
    """Return a key figure by its name."""
    return next(each for each in page.every(class_="fig") if each.one("h2").text().startswith(name))


def panel(page: Node, name: str) -> Node:
    """Return a panel by its name."""
    return page.one("div", id=name)
