"""What `server.Server` asks of a kind of database server: how to connect, how to begin, and what its errors mean."""

from contextlib import AbstractContextManager
from enum import StrEnum
from threading import Event
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import Engine as SqlEngine

from calltally.store.frozen import Connected
from calltally.store.rows import Row
from calltally.store.statements import Cursor, Dialect

READ_SECONDS: Final = 120
"""How long one question may take."""
STILL_SECONDS: Final = 120
"""How long a write transaction may stand still, for instance because its process was stopped, before it is undone."""
WELCOME_SECONDS: Final = 3
"""How long a server that is there may take to welcome a connection, while another waits for an answer."""


class Use(StrEnum):
    """What a connection is for."""

    WRITING = "writing"
    READING = "reading"
    """Questions of pages and programs, of which none may take longer than `READ_SECONDS`."""
    STUDYING = "studying"
    """Questions that read whole tables, and take as long as they take."""
    WATCHING = "watching"
    """Whether another process has written."""
    MIGRATING = "migrating"


class Link(Protocol):
    """A connection of a driver."""

    def close(self) -> None:
        """End it."""
        ...


AnyLink = TypeVar("AnyLink", bound=Link)


class Driver(Protocol[AnyLink]):
    """One database on a server of one kind, as its driver talks to it."""

    @property
    def name(self) -> str:
        """How the kind of server is called in texts."""
        ...

    @property
    def scheme(self) -> str:
        """How SQLAlchemy calls server and driver."""
        ...

    @property
    def server(self) -> str:
        """Where the server is, as it may be shown."""
        ...

    @property
    def dialect(self) -> Dialect:
        """What prints statements for the driver."""
        ...

    @property
    def errors(self) -> type[Exception]:
        """What all errors of the driver are."""
        ...

    @property
    def snapshot(self) -> str:
        """The statement that begins to read one committed state."""
        ...

    @property
    def now_ms(self) -> str:
        """The server's time in SQL, which is the same for every process."""
        ...

    @property
    def look_seconds(self) -> float:
        """How often is looked whether another process has written."""
        ...

    def connect(self) -> AnyLink:
        """Return a connection to which the server has said who it is."""
        ...

    def set_up(self, link: AnyLink, use: Use) -> None:
        """Make a connection depend on no setting of the server."""
        ...

    def plug(self, link: AnyLink) -> Connected:
        """Return what holds the socket of a connection, as long as it lives."""
        ...

    def adapt(self, engine: SqlEngine) -> None:
        """Change how questions are put, where SQLAlchemy does not know what this server needs."""
        ...

    def is_welcoming(self) -> bool:
        """Return whether the server answers a new connection, be it by refusing it."""
        ...

    def examine(self, connection: Connection) -> None:
        """Look whether this is a server that we can use, and learn its limits.

        Raises:
            StoreError: it is none.
        """
        ...

    def begin(self, link: AnyLink) -> tuple[Cursor, int]:
        """Begin a transaction: wait for every other writer, and return the number of this commit.

        Raises:
            StoreError: the connection must not be written to.
        """
        ...

    def make_ready(self, cursor: Cursor) -> None:
        """Make, in a transaction, what has to be there before anything is written, once for all transactions."""
        ...

    def commit(self, link: AnyLink, cursor: Cursor, last: list[str], *, writer: int) -> None:
        """Run the last statements of a transaction, make it all durable, and tell everybody where that can be told."""
        ...

    def roll_back(self, link: AnyLink) -> None:
        """Undo a transaction."""
        ...

    def prepare(self, cursor: Cursor, now_ms: int) -> None:
        """Make ready for what will be written in the weeks after an instant."""
        ...

    @property
    def has_months(self) -> bool:
        """Whether there is anything to prepare."""
        ...

    def migrating(self, connection: Connection) -> AbstractContextManager[None]:
        """Let one process at a time make or change tables."""
        ...

    def alone(self, link: AnyLink) -> bool:
        """Return whether no other connection makes all records again; then this one does, as long as it lives."""
        ...

    def rows(self, link: AnyLink, question: str) -> list[Row]:
        """Return what a connection that is in no transaction answers to a question."""
        ...

    def listen(self, link: AnyLink, seconds: float, *, writer: int, closed: Event) -> None:
        """Wait until another process may have written, the time is over, or nobody wants to know any more."""
        ...

    def is_gone(self, error: Exception) -> bool:
        """Return whether an error of the driver means that the connection is of no use any more."""
        ...

    def sentence(self, error: BaseException | None) -> str | None:
        """Return what an administrator can do about an error; `None` if it is our own mistake."""
        ...
