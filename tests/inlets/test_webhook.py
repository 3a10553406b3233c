"""The inlet of pushes on its own: slow and broken senders, repeated headers, peers behind proxies."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest
from starlette.types import Message

from calltally.engine.health import Health
from calltally.engine.peers import Network
from calltally.engine.writer import BusyError, Durable
from calltally.inlets.webhook import LARGEST_BODY, WebhookInlet
from calltally.sources.source import BadMessageError, Delivery, NotAllowedError, RawMessage, Reply, Webhook
from calltally.store.store import StoreError

NOW_US = 1_795_000_000_000_000
OK_BODY = b"<taken/>"
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True)
class Sender:
    """One request to the inlet, below any HTTP; `more` are further parts of the body, and `None` is going away."""

    parts: Sequence[bytes | None] = (b"body",)
    headers: Headers = ()
    path: str = "/in/exchange"
    method: str = "POST"
    peer: tuple[str, int] | None = ("192.0.2.7", 5060)
    answered: list[Message] = field(default_factory=list)
    asked: int = 0

    async def receive(self) -> Message:
        """Return the next part of the body; nothing comes after the last one that promised more."""
        self.asked += 1
        if self.asked > len(self.parts):
            await asyncio.Event().wait()
        part = self.parts[self.asked - 1]
        if part is None:
            return {"type": "http.disconnect"}
        promises = self.asked < len(self.parts) or part.endswith(b"...")
        return {"type": "http.request", "body": part, "more_body": promises}

    async def send(self, message: Message) -> None:
        """Keep what is answered."""
        self.answered.append(message)

    @property
    def status(self) -> int | None:
        """The status that was answered, `None` for no answer."""
        return int(self.answered[0]["status"]) if self.answered else None

    @property
    def told(self) -> dict[str, str]:
        """The headers that were answered."""
        return {name.decode(): value.decode() for name, value in self.answered[0]["headers"]}


@dataclass(slots=True)
class Exchange:
    """The inlet with one made-up phone system behind it."""

    refusal: Exception | None = None
    failure: BusyError | StoreError | None = None
    kept_headers: tuple[str, ...] = ()
    trusted: tuple[Network, ...] = ()
    deliveries: list[Delivery] = field(default_factory=list)
    messages: list[RawMessage] = field(default_factory=list)
    health: Health = field(default_factory=lambda: Health(()))

    def _admit(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if self.refusal is not None:
            raise self.refusal

    def _take(self, message: RawMessage, durable: Durable) -> None:
        if isinstance(self.failure, BusyError):
            raise self.failure
        if self.failure is None:
            self.messages.append(message)
        asyncio.get_running_loop().call_soon(durable, self.failure)

    def take(self, sender: Sender) -> Sender:
        """Give a request to the inlet, and return it with its answer."""
        reply = Reply(content_type="application/xml", body=OK_BODY)
        webhook = Webhook(kept_headers=self.kept_headers, read_headers=("x-read",), admit=self._admit, reply=reply)
        inlet = WebhookInlet(
            webhooks={"exchange": webhook},
            take=self._take,
            health=self.health,
            clock_us=lambda: NOW_US,
            trusted=self.trusted,
        )
        client = sender.peer
        scope = {
            "type": "http",
            "method": sender.method,
            "path": sender.path,
            "headers": list(sender.headers),
            "client": client,
        }
        asyncio.run(inlet(scope, sender.receive, sender.send))
        return sender

    @property
    def refused(self) -> int:
        """How many requests were turned away and counted."""
        return sum(hearing.refused for hearing in self.health.sources.values())


def test_a_push_becomes_a_message_and_is_answered_with_the_sources_reply() -> None:
    exchange = Exchange()
    sender = exchange.take(Sender([b"event=", b"new", b"Call"]))
    (message,) = exchange.messages
    assert (message.source, message.received_at_us, message.body) == ("exchange", NOW_US, b"event=newCall")
    assert sender.status == 200
    assert sender.told == {"content-type": "application/xml", "content-length": str(len(OK_BODY))}
    assert sender.answered[1:] == [{"type": "http.response.body", "body": OK_BODY}]


@pytest.mark.parametrize("parts", [[None], [b"event=...", None]])
def test_a_sender_who_goes_away_gets_no_answer_and_leaves_nothing(parts: list[bytes | None]) -> None:
    exchange = Exchange()
    sender = exchange.take(Sender(parts))
    assert (sender.status, exchange.messages, exchange.refused) == (None, [], 0)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([b"x" * LARGEST_BODY], 200),
        ([b"x" * (LARGEST_BODY + 1)], 413),
        ([b"x" * (LARGEST_BODY - 1), b"y"], 200),
        ([b"x" * LARGEST_BODY, b"y"], 413),
        ([b"x" * LARGEST_BODY, b"", b""], 200),
    ],
)
def test_a_body_is_taken_up_to_one_mebibyte(parts: list[bytes], status: int) -> None:
    exchange = Exchange()
    sender = exchange.take(Sender(parts))
    assert sender.status == status
    assert len(exchange.messages) == (status == 200)
    assert exchange.refused == (status == 413)


def test_too_large_a_body_is_not_read_to_its_end() -> None:
    sender = Exchange().take(Sender([b"x" * LARGEST_BODY] * 5))
    assert (sender.status, sender.asked, sender.told["connection"]) == (413, 2, "close")


REFUSALS = [
    # path, method, status
    ("/in/", "POST", 404),
    ("/in/other", "POST", 404),
    ("/in/exchange2", "POST", 404),
    ("/in/Exchange", "POST", 404),
    ("/in/exchange", "GET", 405),
    ("/in/exchange", "DELETE", 405),
]


@pytest.mark.parametrize(("path", "method", "status"), REFUSALS)
def test_what_is_no_push_is_refused_before_its_body_is_read(path: str, method: str, status: int) -> None:
    exchange = Exchange()
    sender = exchange.take(Sender(path=path, method=method))
    assert (sender.status, sender.asked, exchange.messages) == (status, 0, [])
    if status == 405:
        assert sender.told["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "secret"),
    [("/in/exchange", ""), ("/in/exchange/", ""), ("/in/exchange/s3", "s3"), ("/in/exchange/a/b", "a/b")],
)
def test_what_follows_the_name_is_the_secret(path: str, secret: str) -> None:
    exchange = Exchange()
    exchange.take(Sender(path=path))
    assert [delivery.secret for delivery in exchange.deliveries] == [secret]


@pytest.mark.parametrize(
    ("refusal", "status"), [(NotAllowedError("not from them"), 401), (BadMessageError("no form"), 400)]
)
def test_what_the_source_does_not_admit_is_counted_and_not_kept(refusal: Exception, status: int) -> None:
    exchange = Exchange(refusal=refusal)
    sender = exchange.take(Sender())
    assert (sender.status, exchange.messages, exchange.refused) == (status, [], 1)
    assert sender.answered[1]["body"] == str(refusal).encode()
    assert exchange.health.of("exchange").last_refusal == str(refusal)


@pytest.mark.parametrize("failure", [BusyError(), StoreError("the disk is full")])
def test_what_cannot_be_stored_is_not_acknowledged(failure: BusyError | StoreError) -> None:
    exchange = Exchange(failure=failure)
    sender = exchange.take(Sender())
    assert sender.status == 503
    assert int(sender.told["retry-after"]) > 0
    assert exchange.refused == 0


def test_a_header_that_comes_twice_is_both_in_their_order() -> None:
    exchange = Exchange(kept_headers=("x-kept", "x-absent"))
    headers = [(b"x-kept", b"one"), (b"x-other", b"no"), (b"x-kept", b"two"), (b"x-kept", b"\xe9"), (b"x-read", b"1")]
    exchange.take(Sender(headers=[*headers, (b"x-read", b"2")]))
    assert [delivery.headers["x-read"] for delivery in exchange.deliveries] == ["1, 2"]
    assert [dict(message.headers) for message in exchange.messages] == [{"x-kept": "one, two, \xe9"}]


PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PEERS = [
    # connection        X-Forwarded-For                          peer
    ("192.0.2.7", (), "192.0.2.7"),
    ("192.0.2.7", ("198.51.100.1",), "192.0.2.7"),  # a stranger may say what he likes
    ("10.0.0.1", (), "10.0.0.1"),
    ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
    ("10.0.0.1", ("203.0.113.9, 198.51.100.1",), "198.51.100.1"),  # the left one is the stranger's word
    ("10.0.0.1", ("198.51.100.1, 10.0.0.2",), "198.51.100.1"),
    ("10.0.0.1", ("203.0.113.9", "198.51.100.1"), "198.51.100.1"),  # the header twice
    ("fd00::1", ("2001:db8::5",), "2001:db8::5"),
    ("10.0.0.1", (" , ,",), "10.0.0.1"),
    ("10.0.0.1", ("unknown",), "unknown"),
    (None, ("198.51.100.1",), ""),
]


@pytest.mark.parametrize(("connection", "forwarded", "peer"), PEERS)
def test_the_peer_is_the_last_hop_that_is_no_proxy_of_ours(
    connection: str | None, forwarded: tuple[str, ...], peer: str
) -> None:
    exchange = Exchange(trusted=PROXIES)
    headers = [(b"x-forwarded-for", hops.encode()) for hops in forwarded]
    exchange.take(Sender(headers=headers, peer=(connection, 1) if connection else None))
    assert [delivery.peer for delivery in exchange.deliveries] == [peer]


def test_a_fault_of_ours_is_not_told_as_one_of_the_sender() -> None:
    exchange = Exchange(refusal=ZeroDivisionError())
    sender = exchange.take(Sender())
    assert (sender.status, exchange.messages, exchange.refused) == (503, [], 0)
    assert int(sender.told["retry-after"]) > 0
