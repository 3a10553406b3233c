"""What an administrator is told of an address that cannot be used, and of rights that a role lacks."""

import psycopg
import pymysql
import pytest
from sqlalchemy import make_url

from calltally.store import mariadb_errors, postgresql_errors
from calltally.store.mariadb_address import address_from
from calltally.store.open import kept_zone, open_store
from calltally.store.store import StoreError

UNREADABLE = (
    "postgresql://calltally:geheim@127.0.0.1:geheim/calltally",
    "postgresql://calltally:vor@geheim/hinter@127.0.0.1:5432/calltally",
    "mysql://calltally:vor@geheim:3306/x@127.0.0.1/calltally?ssl_ca=/ca.pem",
    "sqlite//:geheim://x",
)
POSTGRESQL = postgresql_errors.Address(server="db:5432", user="reader", database="calls")
DENIED = (
    ("permission denied to create role", "make roles; name one who may by --database-url"),
    ("permission denied for table calls", "the role that owns calltally's tables"),
    ("must be owner of table calls", "the role that owns calltally's tables"),
    ("permission denied for schema public", 'GRANT ALL ON SCHEMA public TO "reader"'),
)


@pytest.mark.parametrize("url", UNREADABLE)
def test_an_address_that_cannot_be_read_is_explained_without_repeating_it(url: str) -> None:
    for look in (kept_zone, lambda url: open_store(url, zone="UTC")):
        with pytest.raises(StoreError, match="%40") as refused:
            look(url)
        assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(("said", "advice"), DENIED)
def test_postgresql_names_the_role_or_the_right_that_is_missing(said: str, advice: str) -> None:
    assert advice in str(postgresql_errors.sentence(psycopg.errors.InsufficientPrivilege(said), POSTGRESQL))


def test_mariadb_says_who_may_make_roles() -> None:
    error = pymysql.OperationalError(1227, "Access denied; you need (at least one of) the CREATE USER privilege(s)")
    address = address_from(make_url("mysql://reader:geheim@db/calls"))
    assert "make roles; name one who may by --database-url" in str(mariadb_errors.sentence(error, address))
