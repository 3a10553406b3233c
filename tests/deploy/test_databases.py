"""The databases as the containers make them: the role of the service may do what it must, no more."""

import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from calltally.store.open import open_store
from calltally.store.store import Store, StoreError
from tests.deploy import compose
from tests.programs import ROOT, path_of
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
