"""The odd site on a database server, with a role that may only read its views: what Grafana would be connected to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calltally.app import Parts
from calltally.app.granting import grant
from calltally.app.moving import move_database
from tests.engine.whole_site import opened
from tests.grafana import odd_site
from tests.grafana.macros import Kind
from tests.grafana.reader import NAME, PASSWORD, Reader
from tests.servers import Server

CALLS = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A site on a server, as calltally sees it and as Grafana sees it."""

    parts: Parts
    reader: Reader


def make_site(folder: Path) -> str:
    """Fill the odd site in SQLite and return its address."""
    url = f"sqlite:///{folder / 'calls.db'}"
    odd_site.write_teams(folder)
    with opened(folder, url) as parts:
        odd_site.fill(parts, CALLS)
    return url


@contextmanager
def world(kind: Kind, site: str, folder: Path, server: Server) -> Iterator[World]:
    """Give the site on a server."""
    url = server.fresh_database()
    move_database(site, url, while_serving=False, tell=lambda _done, _total, _said: None)
    reader = Reader(kind=kind, server=server, url=url)
    grant(url, name=NAME, password=PASSWORD, tell=lambda _statement: None)
    if kind is Kind.MYSQL:
        for table in ("calls", "call_quarter", "call_day", "visits", "visit_quarter", "spread_day", "days"):
            server.ask(f"ANALYZE TABLE {table} PERSISTENT FOR ALL", reader.database)
    odd_site.write_teams(folder)
    with opened(folder, url) as parts:
        reader.open()
        try:
            yield World(parts=parts, reader=reader)
        finally:
            reader.close()
