"""Lets a role read the reporting views of a database."""

from collections.abc import Callable

from calltally.store.open import administering
from calltally.store.reports.readers import NO_ROLES, grant_reader
from calltally.store.store import StoreError


def require_roles(url: str) -> None:
    """Refuse a database that no role can be made in, before anybody is asked for a password.

    Raises:
        StoreError: it is one of SQLite.
    """
    if url.startswith("sqlite:"):
        raise StoreError(NO_ROLES)


def grant(url: str, *, name: str, password: str, tell: Callable[[str], None]) -> None:
    """Make the role, or give it its password and rights again.

    Args:
        url: the database, signed in as one who may make roles.
        name: of the role.
        password: of the role.
        tell: hears each statement.

    Raises:
        StoreError: the database did not do it.
    """
    with administering(url) as connection:
        grant_reader(connection, name=name, password=password, tell=tell)
