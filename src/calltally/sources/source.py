"""The contract that every phone system fulfils."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from calltally.model.events import Event
from calltally.model.messages import BadMessageError, NotAllowedError, RawMessage

__all__ = ["BadMessageError", "Delivery", "NotAllowedError", "RawMessage", "Reply", "Source", "Webhook"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a webhook answers once its message is durable."""

    content_type: str
    body: bytes


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
        admit: checks one delivery; made once from the source's settings, so that keys are read once.
        reply: the answer to every admitted delivery.
    """

    kept_headers: tuple[str, ...]
    admit: Admit
    reply: Reply


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
        knows_calls: the source says itself when a call ends; a call of it may be shown as active.
    """

    name: str
    title: str
    parse: Callable[[RawMessage], Sequence[Event]]
    settings: Callable[[Mapping[str, object]], object] = field(default=lambda _section: None)
    webhook: Callable[[object, str], Webhook] | None = None
    sample: str = ""
    knows_calls: bool = True
