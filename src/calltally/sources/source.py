"""The contract that every phone system fulfils."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from calltally.model.directory import Directory
from calltally.model.events import Event
from calltally.model.messages import BadMessageError, NotAllowedError, RawMessage, received
from calltally.model.quick import quick

__all__ = [
    "BadMessageError",
    "Change",
    "Delivery",
    "Grant",
    "Imported",
    "LogMessages",
    "Members",
    "NotAllowedError",
    "NotGrantedError",
    "OpenLeg",
    "Plan",
    "RawMessage",
    "Remote",
    "RemoteError",
    "Reply",
    "Request",
    "Response",
    "Setup",
    "Source",
    "Steps",
    "Sync",
    "Webhook",
    "delivery",
    "received",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook request, read to its end.

    Attributes:
        secret: the path segment behind the webhook's address, percent-decoded; empty if there is none.
        headers: names in lower case; a repeated header's values are joined with `, `.
        peer: address of the sender: the peer of the connection, or the right-most untrusted hop behind a trusted proxy.
    """

    secret: str
    headers: Mapping[str, str]
    body: bytes
    peer: str


delivery = quick(Delivery)
"""Makes a `Delivery`, quickly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a webhook answers once its message is durable."""

    content_type: str
    body: bytes


LONGEST_CALL_HOURS = 12


class Admit(Protocol):
    """The check of a delivery: returns if it is from whom it claims to be."""

    def __call__(self, delivery: Delivery) -> None:
        """Raise NotAllowedError if the delivery is refused, BadMessageError if it can be no message at all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """How a source's pushes are received.

    Attributes:
        kept_headers: names (lower case) of the headers that go into the journal.
        read_headers: names (lower case) of the headers that `admit` looks at; a delivery has no others.
        admit: checks one delivery; made once from the source's settings, so that keys are read once.
        reply: the answer to every admitted delivery.
    """

    kept_headers: tuple[str, ...]
    read_headers: tuple[str, ...]
    admit: Admit
    reply: Reply


class LogMessages(Protocol):
    """Makes messages of the lines of one file of a phone system's own log, the same ones whenever it is read."""

    def __call__(self, lines: Iterable[bytes], *, undated: Callable[[], None] = ...) -> Iterator[RawMessage]:
        """Yield a message per line; `undated` is told of each line that has no time, and so gives none."""
        ...


class RemoteError(Exception):
    """The phone system's own interface did not give what was asked; the text is a sentence for an administrator."""


class NotGrantedError(RemoteError):
    """A permission for this question is missing, or the phone system does not know it; other questions may go well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to the phone system's own interface.

    Attributes:
        path: below the base address, with its leading slash.
        query: parameters in order; a name may repeat.
        body: JSON, or `None`.
        permission: what the phone system calls the right that this takes, to be named when it is missing.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    permission: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer to a request, whatever its status."""

    status: int
    body: bytes


T = TypeVar("T")

Steps: TypeAlias = Generator[Request, Response, T]
"""A conversation without any input or output: yields requests, is sent the responses, returns what it learned.

It raises RemoteError for an answer that is no use.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An OAuth2 client of the site, for the authorisation-code flow."""

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Where the phone system's own interface is and how to be let in: by user and password, or by a grant."""

    base_url: str
    user: str = ""
    password: str = field(default="", repr=False)
    grant: Grant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLeg:
    """A leg whose end is not known yet. `crashed`: calltally was down since it was last heard of."""

    leg_id: str
    started_at_ms: int
    crashed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A directory as the phone system gave it; `missing` holds a sentence for each part that it did not give."""

    directory: Directory
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What can be asked of the phone system itself.

    Attributes:
        directory: groups, users and numbers of the site.
        running: ids of the legs that run now.
        seen, gone: the message for the journal that a leg was running at an instant (us), or no longer was.
        history: messages for the journal, one per finished leg which began in `[since_ms, until_ms)`; the last argument
            is the time of receipt (us).
    """

    remote: Remote
    directory: Callable[[], Steps[Imported]]
    running: Callable[[], Steps[frozenset[str]]]
    seen: Callable[[str, int], RawMessage]
    gone: Callable[[str, int], RawMessage]
    history: Callable[[int, int, int], Steps[list[RawMessage]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a setup will change at the phone system. `before` is empty for something new."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a setup has found and will do.

    Attributes:
        account: whose account it is, for the person to recognise.
        changes: what `carry_out` will change; empty if everything is as it should be.
        carry_out: does it, and returns the keys for the source's section of the settings.
    """

    account: str
    changes: tuple[Change, ...]
    carry_out: Callable[[], Steps[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The dialog that connects calltally to the phone system, without its questions.

    Attributes:
        remote: how to be let in with these answers; ValueError, with a sentence, for an answer that cannot be right.
        survey: looks at the account and plans; changes nothing.
    """

    remote: Callable[[Mapping[str, str]], Remote]
    survey: Callable[[Mapping[str, str]], Steps[Plan]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """How a phone system's log names the members of its queues.

    Attributes:
        agent_id_of: the id of the agent that a member's name speaks of, `None` where it speaks of none.
        name_of: the member's name of an agent, by the number in the settings.
    """

    agent_id_of: Callable[[str], int | None]
    name_of: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One phone system.

    Attributes:
        name: the section of the settings and the first part of the name in records and journal, `sipgate`.
        title: how the pages call it.
        parse: the events that one raw message tells of. Pure; raises BadMessageError and nothing else.
        settings: validates the section of the settings and returns the source's own settings object; raises
            ValueError with a sentence that names the key.
        webhook: builds the webhook from those settings and the public address of the service, or `None`.
        sample: the commented sample settings (TOML).
        longest_call_hours: after how many hours without a word an open call of it is given up, from its settings.
        log_messages: reads the phone system's own log; `None` where there is none.
        members: how its log names agents by their ids; `None` where it does not.
        sync: what can be asked of the phone system with these settings; `None` where nothing can.
        takes_unsigned: whether its messages are signed, but these settings take them in without a look at that.
        setup: the dialog that connects calltally to it, where there is one.
    """

    name: str
    title: str
    parse: Callable[[RawMessage], Sequence[Event]]
    settings: Callable[[Mapping[str, object]], object] = field(default=lambda _section: None)
    webhook: Callable[[object, str], Webhook] | None = None
    sample: str = ""
    longest_call_hours: Callable[[object], int] = field(default=lambda _settings: LONGEST_CALL_HOURS)
    log_messages: LogMessages | None = None
    members: Members | None = None
    sync: Callable[[object], Sync | None] | None = None
    takes_unsigned: Callable[[object], bool] = field(default=lambda _settings: False)
    setup: Setup | None = None
