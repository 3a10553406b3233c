"""A site under test: a real store in a folder, the real parser of sipgate, and a clock that tests turn."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from calltally.engine.ingest import Applied, Ingest
from calltally.model.events import Event
from calltally.model.messages import RawMessage
from calltally.sources.sipgate.parse import parse
from calltally.store.open import open_store
from calltally.store.store import Store
from tests import sipgate_forms

BERLIN = ZoneInfo("Europe/Berlin")
START_US = 1_795_000_000_000_000


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    now_us: int = START_US

    def __call__(self) -> int:
        """Return the instant."""
        return self.now_us


@dataclass(slots=True)
class World:
    """One store with its ingest."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    applied: list[Applied] = field(default_factory=list)
    parse: Callable[[RawMessage], Sequence[Event]] = parse
    store: Store = field(init=False)
    ingest: Ingest = field(init=False)

    def __post_init__(self) -> None:
        """Open the store."""
        self.open()

    def open(self) -> None:
        """Open the store, as a start of the service does."""
        self.store = open_store(str(self.folder / "calls.db"), zone=BERLIN.key)
        self.ingest = self.another_ingest(self.store)

    def another_ingest(self, store: Store) -> Ingest:
        """Return an ingest of another process on the same data."""
        return Ingest(
            store=store,
            parsers={"sipgate": self._parsed},
            zone=BERLIN,
            clock_us=self.clock,
            committed=self.applied.append,
        )

    def _parsed(self, message: RawMessage) -> Sequence[Event]:
        """Parse as a test wants it at this moment."""
        return self.parse(message)

    def restart(self) -> None:
        """Close and open again."""
        self.store.close()
        self.open()

    def exported(self) -> list[bytes]:
        """Return all records, byte by byte, in the order of exports."""
        everything: Iterable[object] = (
            *self.store.all_calls(None, None),
            *self.store.all_legs(None, None),
            *self.store.all_visits(None, None),
        )
        return [msgspec.json.encode(record) for record in everything]

    def differences(self) -> Sequence[object]:
        """Return what a recount finds wrong."""
        return self.store.verify(lambda _line: None)


def push(second: float, text: str) -> RawMessage:
    """Return a push received so many seconds after the start; `text` is its form without encoding of its own."""
    return RawMessage(
        source="sipgate", received_at_us=START_US + int(second * 1_000_000), headers={}, body=text.encode()
    )


def new_call(second: float, call: str, **fields: str) -> RawMessage:
    """Return an incoming newCall; `fields` as in `sipgate_forms`."""
    return push(second, sipgate_forms.new_call(call, **fields))


def answer(second: float, call: str, **fields: str) -> RawMessage:
    """Return an answer by Anna."""
    return push(second, sipgate_forms.answer(call, **fields))


def hangup(second: float, call: str, cause: str = "normalClearing", **fields: str) -> RawMessage:
    """Return a hangup."""
    return push(second, sipgate_forms.hangup(call, cause, **fields))


STORY = (
    new_call(0, "A"),
    answer(12, "A"),
    hangup(95, "A"),
    new_call(1, "B", **{"from": "anonymous"}),
    hangup(9, "B", "cancel"),
    # a forwarded flow without xcid: origCallId alone joins it
    new_call(2, "C", xcid=""),
    hangup(22, "C", "forwarded", xcid=""),
    new_call(22.1, "D", xcid="", origCallId="C", **{"user%5B%5D": "voicemail", "fullUserId%5B%5D": ""}),
    answer(22.4, "D", xcid="", origCallId="C", user="", fullUserId=""),
    hangup(50, "D", xcid="", origCallId="C"),
    # two legs that only a late message shows to be one call
    new_call(3, "E", xcid="", origCallId=""),
    new_call(30, "F", xcid="flow", origCallId=""),
    hangup(60, "F", xcid="flow", origCallId="E"),
    hangup(61, "E", "forwarded", xcid="", origCallId=""),
    push(5, "event=ping&callId=Z"),
)
