"""Moves a database from SQLite to PostgreSQL to MariaDB and back to SQLite, and compares the exports byte by byte."""

import argparse
import sys
import tempfile
from contextlib import ExitStack, closing
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import msgspec

from bench.million import SETTINGS, build, moved
from bench.servers import Place, place
from calltally.app import open_parts
from calltally.engine.memberships import memberships_of
from calltally.engine.transfer import line_of
from calltally.render.records import call_value, leg_value, visit_value
from calltally.settings import load

CALLS = 200_000


def _exports(data: Path, database: Place) -> dict[str, str]:
    """Return the SHA-256 of every export."""
    (data / "calltally.toml").write_text(database.settings(SETTINGS))
    parts = open_parts(load(data=data, environ={}))
    encode = msgspec.json.encode
    with closing(parts.store) as store:
        belonging = memberships_of(store.directory().groups, parts.teams.current())
        exports = {
            "messages": (line_of(entry.message) for entry in store.journal(since_us=None, until_us=None, source=None)),
            "calls": (encode(call_value(call, belonging)) for call in store.all_calls(None, None)),
            "legs": (encode(leg_value(leg, belonging)) for leg in store.all_legs(None, None)),
            "visits": (encode(visit_value(visit)) for visit in store.all_visits(None, None)),
        }
        digests: dict[str, str] = {}
        for name, lines in exports.items():
            hashed = sha256()
            for line in lines:
                hashed.update(line)
            digests[name] = hashed.hexdigest()
    return digests


def main() -> None:
    """Move around once; exits 1 if any export differs from the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with a database made by `python -m bench million`")
    parser.add_argument("--calls", type=int, default=CALLS)
    arguments = parser.parse_args(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        first = (arguments.data or Path(folder) / "first").absolute()
        build(first, arguments.calls)
        places = [
            stack.enter_context(place(kind, at))
            for kind, at in (
                ("sqlite", first),
                ("postgresql", Path(folder)),
                ("mariadb", Path(folder)),
                ("sqlite", Path(folder) / "last"),
            )
        ]
        expected = _exports(first, places[0])
        is_equal = True
        for source, target in pairwise(places):
            moved(source.url, target)
            found = _exports(first, target)
            different = sorted(name for name in expected if found[name] != expected[name])
            is_equal = is_equal and not different
            print(f"  exports of {target.kind}: {'equal' if not different else 'different: ' + ', '.join(different)}")
    sys.exit(0 if is_equal else 1)
