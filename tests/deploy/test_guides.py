"""What the guides tell people to type into a database is right for the tables and views that are there."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from calltally.store.open import open_store
from calltally.store.reports.views import VIEWS
from tests.programs import ROOT
from tests.servers import Server

CITUS: Final = (ROOT / "docs" / "beyond-one-machine.md").read_text(encoding="utf-8")
TOOLS: Final = (ROOT / "docs" / "bring-your-own-tools.md").read_text(encoding="utf-8")
DISTRIBUTED: Final = dict(re.findall(r"create_distributed_table\('(\w+)', '(\w+)'", CITUS))
TOGETHER: Final = dict(re.findall(r"create_distributed_table\('(\w+)', '\w+', colocate_with => '(\w+)'", CITUS))
COPIED: Final = set(re.findall(r"create_reference_table\('(\w+)'", CITUS))
COORDINATOR: Final = {"counters", "changes", "stored_values", "alembic_version"}
SQL: Final = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLES: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""
_KEYS: Final = """
SELECT i.indexrelid::regclass::text, ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = i.indexrelid)
FROM pg_index i WHERE i.indisunique AND i.indrelid = '{table}'::regclass
"""
_KIND: Final = """
SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = '{column}'
"""


@pytest.fixture(scope="module")
def database(postgresql_server: Server) -> Iterator[str]:
    """Give the name of a database with calltally's tables."""
    url = postgresql_server.fresh_database()
    with closing(open_store(url, zone="Europe/Berlin")):
        yield url.rpartition("/")[2]


@pytest.mark.needs("postgresql")
def test_every_table_is_distributed_copied_or_kept_by_the_coordinator(postgresql_server: Server, database: str) -> None:
    there = {str(name) for (name,) in postgresql_server.ask(_TABLES, database)}
    assert there == DISTRIBUTED.keys() | COPIED | COORDINATOR
    assert not DISTRIBUTED.keys() & COPIED


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(("table", "column"), DISTRIBUTED.items())
def test_every_key_contains_the_distribution_column(
    postgresql_server: Server, database: str, table: str, column: str
) -> None:
    keys = postgresql_server.ask(_KEYS.format(table=table), database)
    assert keys
    for name, columns in keys:
        assert column in str(columns), name


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(("table", "other"), [pair for pair in TOGETHER.items() if pair[1] != "none"])
def test_what_lies_together_is_distributed_by_columns_of_one_kind(
    postgresql_server: Server, database: str, table: str, other: str
) -> None:
    kinds = {
        str(postgresql_server.ask(_KIND.format(table=name, column=DISTRIBUTED[name]), database))
        for name in (table, other)
    }
    assert len(kinds) == 1


def test_the_table_of_the_guide_names_every_table_once() -> None:
    rows = re.findall(r"^\| (`.*?) \|", CITUS.partition("## What is distributed")[2], re.MULTILINE)
    named = re.findall(r"`([\w*]+)`", " ".join(rows))
    written = {name for name in DISTRIBUTED.keys() | COPIED | COORDINATOR if not name.startswith("directory_")}
    assert sorted(named) == sorted(written | {"directory_*"})


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
        pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
    ],
)
def test_every_example_runs_on_the_views(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(f"{kind}_server")
    url = server.fresh_database()
    with closing(open_store(url, zone="Europe/Berlin")):
        examples = SQL.findall(TOOLS)
        assert len(examples) == 3
        for example in examples:
            assert server.ask(example, url.rpartition("/")[2]) == []


def test_every_view_that_the_guide_names_exists() -> None:
    named = set(re.findall(r"`(report_\w+)`", TOOLS))
    assert named
    assert named <= {view.name for view in VIEWS}
