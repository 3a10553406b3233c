"""Which messages belong together: the flows that ingest works on, kept in memory while they are busy."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from calltally.model.events import Event
from calltally.model.messages import RawMessage
from calltally.model.records import NOTHING, Records

Identity = tuple[int, str, int]

KEPT_FLOWS = 10_000
"""How many flows stay in memory after their last message.

Older ones are read from the store when something comes late.
"""

LONGEST_FLOW = 2_000
"""Messages of one flow beyond this number are set aside: no conversation has so many, but a broken sender may."""


@dataclass(slots=True)
class Flow:
    """All that is known about one flow.

    Attributes:
        known: the events of each message, by the message's identity; a repeated message finds itself here.
        records: what the flow added up to when it was stored last.
        sealed: retention took some of its messages, so that its records can no longer change.
    """

    flow_id: int
    known: dict[Identity, tuple[Event, ...]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    records: Records = NOTHING
    sealed: bool = False

    def events(self) -> Iterator[Event]:
        """Yield all known events, each once."""
        for events in self.known.values():
            yield from events


class Flows:
    """The flows in memory, found by their tokens; the longest unused go first."""

    def __init__(self, limit: int = KEPT_FLOWS) -> None:
        """Start without any."""
        self._limit = limit
        self._by_token: dict[str, Flow] = {}
        self._by_id: OrderedDict[int, Flow] = OrderedDict()

    def find(self, token: str) -> Flow | None:
        """Return the flow of a token if it is in memory."""
        return self._by_token.get(token)

    def missing(self, token_lists: Iterable[Sequence[str]]) -> set[str]:
        """Return the tokens of which no flow is in memory."""
        return set(chain.from_iterable(token_lists)).difference(self._by_token)

    def among(self, tokens: Iterable[str]) -> list[Flow]:
        """Return the flows of these tokens that are in memory, each once."""
        found: list[Flow] = []
        for token in tokens:
            flow = self._by_token.get(token)
            if flow is not None and (not found or all(flow is not other for other in found)):
                found.append(flow)
        return found

    def by_id(self, flow_id: int) -> Flow:
        """Return a flow that is in memory."""
        return self._by_id[flow_id]

    def add(self, flow: Flow) -> None:
        """Keep a flow, or make it the newest."""
        self._by_id[flow.flow_id] = flow
        self._by_id.move_to_end(flow.flow_id)
        for token in flow.tokens:
            self._by_token[token] = flow

    def touch(self, flow: Flow) -> None:
        """Make a flow the newest, whose tokens are known."""
        self._by_id[flow.flow_id] = flow
        self._by_id.move_to_end(flow.flow_id)

    def name(self, flow: Flow, tokens: Iterable[str]) -> Sequence[str]:
        """Give a flow more tokens; return those that were new to it."""
        if flow.tokens.issuperset(tokens):
            return ()
        new = [token for token in tokens if token not in flow.tokens]
        for token in new:
            flow.tokens.add(token)
            self._by_token[token] = flow
        return new

    def remove(self, flow: Flow) -> None:
        """Forget a flow."""
        self._by_id.pop(flow.flow_id, None)
        for token in flow.tokens:
            if self._by_token.get(token) is flow:
                del self._by_token[token]

    def forget(self, flow_id: int) -> None:
        """Forget the flow of an id, if it is in memory."""
        flow = self._by_id.get(flow_id)
        if flow is not None:
            self.remove(flow)

    def trim(self) -> None:
        """Forget the longest unused flows beyond the limit."""
        while len(self._by_id) > self._limit:
            _, flow = self._by_id.popitem(last=False)
            for token in flow.tokens:
                if self._by_token.get(token) is flow:
                    del self._by_token[token]

    def clear(self) -> None:
        """Forget everything."""
        self._by_token.clear()
        self._by_id.clear()


def tokens_of(message: RawMessage, events: Sequence[Event]) -> list[str]:
    """Return the tokens, with the source in front, that join a message's events to a flow."""
    prefix = message.source + "|"
    if len(events) == 1:
        links = events[0].links
        if len(links) == 1:
            return [prefix + links[0]]
    tokens: list[str] = []
    for event in events:
        for link in event.links:
            token = prefix + link
            if token not in tokens:
                tokens.append(token)
    return tokens
