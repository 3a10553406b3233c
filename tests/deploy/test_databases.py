"""The databases as the containers make them: each role may do what it must, and no more."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg
import psycopg.errors
import pymysql
import pytest

from calltally.store.open import open_store
from calltally.store.store import Store, StoreError
from tests.deploy import compose
from tests.programs import ROOT, path_of
from tests.running import environment
from tests.servers import PASSWORD as ADMIN_PASSWORD
from tests.servers import USER as ADMIN
from tests.servers import Server

SCRIPT: Final = ROOT / "deploy" / "postgresql" / "create-database.sh"
ODD: Final = 'it\'s \\ a "password" of $5 :and; more'
"""With what a shell, psql and SQL would each stumble over."""


def _keep_a_value(store: Store) -> bytes | None:
    with store.write() as transaction:
        transaction.set_value("deploy.tried", b"kept")
    return store.value("deploy.tried")


@pytest.fixture
def writer(postgresql_server: Server, tmp_path: Path) -> str:
    """Run the script as the container does, for another role than the one that owns this server; return its address."""
    script = tmp_path / SCRIPT.name
    text = SCRIPT.read_text(encoding="utf-8").replace("ROLE calltally", "ROLE writer")
    script.write_text(text.replace("DATABASE calltally OWNER calltally", "DATABASE written OWNER writer"))
    programs = Path(path_of("postgresql")).parent
    at = {"PGHOST": "127.0.0.1", "PGPORT": str(postgresql_server.port), "PGPASSWORD": ADMIN_PASSWORD}
    told = {"POSTGRES_USER": ADMIN, "CALLTALLY_DATABASE_PASSWORD": ODD, "PATH": f"{programs}:{os.environ['PATH']}"}
    postgresql_server.ask("DROP DATABASE IF EXISTS written")
    postgresql_server.ask("DROP ROLE IF EXISTS writer")
    done = subprocess.run(["/bin/sh", script], env={**at, **told}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return postgresql_server.url("written", user="writer", password=ODD)


@pytest.mark.needs("postgresql")
def test_the_role_of_postgresql_makes_its_tables_and_writes(writer: str) -> None:
    with closing(open_store(writer, zone="Europe/Berlin")) as store:
        assert _keep_a_value(store) == b"kept"


@pytest.mark.needs("postgresql")
def test_the_role_of_postgresql_is_no_administrator(postgresql_server: Server, writer: str) -> None:
    assert urlsplit(writer).username == "writer"
    asked = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = 'writer'"
    assert postgresql_server.ask(asked) == [(False, False, False, False)]


@pytest.mark.needs("mariadb")
def test_the_user_that_the_image_of_mariadb_makes_may_do_enough(mariadb_server: Server) -> None:
    """The image grants its user everything on its database, and nothing else."""
    named = compose.services()["mariadb"]["environment"]
    assert (named["MARIADB_DATABASE"], named["MARIADB_USER"]) == ("calltally", "calltally")
    database = mariadb_server.fresh_database().rpartition("/")[2]
    mariadb_server.ask("CREATE OR REPLACE USER writer@'%' IDENTIFIED BY 'simple'")
    mariadb_server.ask(f"GRANT ALL ON {database}.* TO writer@'%'")
    with closing(open_store(mariadb_server.url(database, user="writer", password="simple"), zone="UTC")) as store:
        assert _keep_a_value(store) == b"kept"


@pytest.mark.needs("mariadb")
def test_another_database_of_the_server_stays_closed(mariadb_server: Server) -> None:
    mine, other = (mariadb_server.fresh_database().rpartition("/")[2] for _ in range(2))
    mariadb_server.ask("CREATE OR REPLACE USER writer@'%' IDENTIFIED BY 'simple'")
    mariadb_server.ask(f"GRANT ALL ON {mine}.* TO writer@'%'")
    with pytest.raises(StoreError):
        open_store(mariadb_server.url(other, user="writer", password="simple"), zone="UTC")


def _granted(service: str, url: str, tmp_path: Path) -> str:
    """Run the container `reader` as compose does, but with this administrator's address; return what it says."""
    told = compose.services()[service]
    data = tmp_path / "data"  # the container may not write there
    environ = {**environment(), **told["environment"], "CALLTALLY_DATABASE__URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "calltally", *told["command"]],
        env={**environ, "CALLTALLY_DATA": str(data), "CALLTALLY_READER_PASSWORD": ODD},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not data.exists()
    return done.stdout + done.stderr


READ: Final = "SELECT COUNT(*) FROM report_calls"
TABLE: Final = "SELECT COUNT(*) FROM calls"


@pytest.mark.needs("postgresql")
def test_the_reader_of_postgresql_sees_views_and_nothing_else(
    postgresql_server: Server, writer: str, tmp_path: Path
) -> None:
    open_store(writer, zone="Europe/Berlin").close()
    for _ in ("the first start", "every other start"):
        assert ODD not in _granted("reader", postgresql_server.url("written"), tmp_path)
    with psycopg.connect(postgresql_server.url("written", user="grafana", password=ODD), autocommit=True) as connection:
        assert connection.execute(READ).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(TABLE)


@pytest.mark.needs("mariadb")
def test_the_reader_of_mariadb_sees_views_and_nothing_else(mariadb_server: Server, tmp_path: Path) -> None:
    url = mariadb_server.fresh_database()
    open_store(url, zone="Europe/Berlin").close()
    for _ in ("the first start", "every other start"):
        assert ODD not in _granted("reader-mariadb", url, tmp_path)
    connection = pymysql.connect(
        host="127.0.0.1", port=mariadb_server.port, user="grafana", password=ODD, database=url.rpartition("/")[2]
    )
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(READ)
        assert cursor.fetchone() == (0,)
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute(TABLE)
