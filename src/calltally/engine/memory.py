"""What ingest remembers from one transaction to the next, and when it forgets it: the busy flows, and the gaps."""

from collections.abc import Callable, Collection, Sequence

from calltally.engine.flows import Flow, Flows, tokens_of
from calltally.model.events import Event
from calltally.model.instants import Gap, Span
from calltally.model.messages import RawMessage
from calltally.model.records import NOTHING
from calltally.store.store import Store, Transaction

FOREVER = Span(-(2**62), 2**62)

EventsOf = Callable[[RawMessage], Sequence[Event]]


class Memory:
    """The flows in memory, and how they come there from the store. Used by one thread."""

    def __init__(self, store: Store, events_of: EventsOf) -> None:
        """Take the store, and what tells the events of a message that is in its journal."""
        self._store = store
        self._events_of = events_of
        self.flows = Flows()
        self.gaps: tuple[Gap, ...] = ()

    def forget(self) -> None:
        """Forget the flows, because a transaction failed or messages were deleted."""
        self.flows.clear()

    def catch_up(self, transaction: Transaction, *, force: bool = False) -> None:
        """Forget what other processes have changed since the last transaction: some flows, or everything."""
        changed = transaction.changed_flows()
        if force or changed is None:
            self.flows.clear()
            self.gaps = tuple(self._store.gaps(FOREVER))
        else:
            for flow_id in changed:
                self.flows.forget(flow_id)

    def load_missing(self, transaction: Transaction, token_lists: Collection[list[str]]) -> list[int]:
        """Read the flows that are not in memory, and return ids for those that are new, with one question each."""
        missing = self.flows.missing(token_lists)
        if not missing:
            return []
        stored = transaction.flows_of(missing)
        if stored:
            for flow in self.load(transaction, set(stored.values())).values():
                self.flows.add(flow)
            for token, flow_id in stored.items():
                self.flows.name(self.flows.by_id(flow_id), [token])
        unknown = missing.difference(stored)
        new = sum(1 for tokens in token_lists if tokens and unknown.issuperset(tokens))
        return list(reversed(transaction.new_flow_ids(new))) if new else []

    def load(self, transaction: Transaction, flow_ids: Collection[int]) -> dict[int, Flow]:
        """Return flows as the store has them; they are not in memory yet."""
        messages = transaction.messages_of(flow_ids)
        records = transaction.records_of(flow_ids)
        counts = transaction.message_counts(flow_ids)
        flows: dict[int, Flow] = {}
        for flow_id in flow_ids:
            flow = Flow(flow_id, records=records.get(flow_id, NOTHING))
            for message in messages.get(flow_id, ()):
                events = tuple(self._events_of(message))
                flow.known[message.identity] = events
                flow.tokens.update(tokens_of(message, events))
            # A flow of which nothing is left but its tokens was counted, and then its record pruned.
            flow.sealed = counts.get(flow_id, 0) > len(flow.known) or not (flow.known or flow_id in counts)
            flows[flow_id] = flow
        return flows
