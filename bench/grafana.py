"""The Call Statistics dashboard at one million calls: every query of it over 30 days, as Grafana sends them, in sum.

The queries are expanded by the tests' own reading of Grafana's rules and sent one after the other over one connection,
by a role that may only read the views. Filters: everything; each kind of choice; units from hours to months.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from bench.million import CALLS, SETTINGS, filled
from bench.servers import Place
from calltally.app import clock_us, open_parts
from calltally.app.granting import grant
from calltally.demo.company import DEPARTMENTS, TEAMS
from calltally.model.instants import DAY_MS
from calltally.settings import load as load_settings
from tests.grafana.loading import dashboards, load
from tests.grafana.macros import Kind
from tests.grafana.reader import NAME, PASSWORD, Reader

UID = "calltally-calls"
DAYS = 30
ROUNDS = 3
KINDS = {"postgresql": Kind.POSTGRESQL, "mariadb": Kind.MYSQL}
CHOICES: Sequence[tuple[str, Mapping[str, Sequence[str]]]] = (
    ("everything, by hour", {"unit": ["1 hour"]}),
    ("everything, by day", {"unit": ["1 day"]}),
    ("everything, by 15 minutes", {"unit": ["15 minutes"]}),
    ("one team, by hour", {"unit": ["1 hour"], "team": [TEAMS[0][0]]}),
    ("two teams that overlap, by day", {"unit": ["1 day"], "team": [TEAMS[0][0], TEAMS[2][0]]}),
    ("one group, by hour", {"unit": ["1 hour"], "group": [DEPARTMENTS[1].name]}),
    ("a group and a team, by day", {"unit": ["1 day"], "group": [DEPARTMENTS[1].name], "team": [TEAMS[0][0]]}),
    ("in no team, by week", {"unit": ["1 week"], "team": ["Other"]}),
)


def _newest_ms(database: Place, data: Path) -> int:
    """Return the end of the last call's minute, up to which a dashboard would look; the teams are written down, too."""
    (data / "calltally.toml").write_text(database.settings(SETTINGS))
    parts = open_parts(load_settings(data=data, environ={}))
    with closing(parts.store) as store:
        teams = [(team.name, tuple(sorted(team.numbers))) for team in parts.teams.current()]
        if store.teams() != teams:
            with store.write() as transaction:
                transaction.save_teams(teams)
        span = store.first_and_last()
    return (span.until_ms if span else clock_us() // 1000) // 60_000 * 60_000 + 60_000


def _measure(reader: Reader, until_ms: int, chosen: Mapping[str, Sequence[str]]) -> list[tuple[float, str]]:
    """Return the seconds of every query of the dashboard, its variables included, slowest first."""
    dashboard = next(each for _, each in dashboards(reader.kind) if each["uid"] == UID)
    began = time.perf_counter()
    loaded = load(dashboard, reader, from_ms=until_ms - DAYS * DAY_MS, to_ms=until_ms, chosen=chosen)
    took = [(time.perf_counter() - began, "the choices of both filters")]
    for query in loaded.queries():
        began = time.perf_counter()
        reader.ask(query.sql)
        took.append((time.perf_counter() - began, query.target.panel))
    return sorted(took, reverse=True)


def main() -> None:
    """Print the sum over all queries for each choice, first and middle, and the slowest queries."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=tuple(KINDS), required=True)
    parser.add_argument("--data", type=Path, help="a folder to keep databases in; else everything is thrown away")
    parser.add_argument("--calls", type=int, default=CALLS)
    arguments = parser.parse_args(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        data = (arguments.data or Path(folder)).absolute()
        with filled(arguments.database, data, arguments.calls) as database:
            until_ms = _newest_ms(database, data)
            grant(database.url, name=NAME, password=PASSWORD, tell=lambda _statement: None)
            if database.server is None:
                raise RuntimeError("Grafana's own data sources are for servers")
            reader = Reader(kind=KINDS[arguments.database], server=database.server, url=database.url)
            reader.open()
            for name, chosen in CHOICES:
                rounds = [_measure(reader, until_ms, chosen) for _ in range(ROUNDS)]
                sums = [sum(seconds for seconds, _ in took) for took in rounds]
                slowest = ", ".join(f"{panel} {seconds * 1000:.0f}" for seconds, panel in rounds[-1][:4])
                print(
                    f"{name}: {len(rounds[0])} queries, first {sums[0] * 1000:.0f} ms,"
                    f" median {statistics.median(sums) * 1000:.0f} ms (slowest: {slowest})",
                    flush=True,
                )
            reader.close()
