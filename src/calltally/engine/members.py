"""Gives agents of a queue's log one name, whether the log names them or the interface that their id is part of.

This is done while a message is parsed, so that all lines of a call speak of the same agent; `calltally rebuild` does it
anew for ids that the settings learned later.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from calltally.model.events import Event, QueueEvent
from calltally.model.messages import RawMessage
from calltally.sources.source import Members

Parse = Callable[[RawMessage], Sequence[Event]]


class Agent(Protocol):
    """What the settings say of an agent."""

    @property
    def number(self) -> str:
        """The number or member name."""
        ...

    @property
    def id(self) -> int | None:
        """The id, where it has one."""
        ...


def naming_agents(parse: Parse, members: Members | None, agents: Iterable[Agent]) -> Parse:
    """Return a parser that names agents by the settings; the parser itself where there is nothing to name."""
    if members is None:
        return parse
    names: dict[int, str] = {}
    for agent in agents:
        if agent.id is not None:
            names.setdefault(agent.id, members.name_of(agent.number))
    if not names:
        return parse
    id_of = members.agent_id_of
    return lambda message: [_named(event, id_of, names) for event in parse(message)]


def _named(event: Event, id_of: Callable[[str], int | None], names: Mapping[int, str]) -> Event:
    if not isinstance(event, QueueEvent) or event.agent is None:
        return event
    agent_id = id_of(event.agent)
    name = names.get(agent_id) if agent_id is not None else None
    return event if name is None else replace(event, agent=name)
