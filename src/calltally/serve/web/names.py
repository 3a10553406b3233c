"""Who is who on a page: names of own numbers, users and groups, for numbers and ids as records hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calltally.engine.memberships import Memberships
from calltally.model.records import Call, Leg, Records
from calltally.model.words import Direction
from calltally.render.numbers import phone
from calltally.render.words import Words
from calltally.serve.site import Site

VOICEMAIL_USER = "voicemail"
"""What sipgate calls the user of a leg that leads to a mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The other side of a call: its number as it is shown, a name if one is known, or that it was withheld."""

    number: str
    name: str = ""
    withheld: bool = False

    def text(self, words: Words) -> str:
        """Return what to call this party in a sentence."""
        if self.withheld:
            return words.t("site.value.withheld")
        return self.name or self.number or words.t("site.value.unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of this moment; `users` by their full id."""

    numbers: Mapping[str, str]
    users: Mapping[str, str]
    memberships: Memberships

    def party(self, call: Call | Leg) -> Party:
        """Return the other party: the caller, or for what goes out the one who is called."""
        if call.direction is Direction.INBOUND:
            number, withheld = call.caller, call.caller_withheld
        else:
            number, withheld = call.callee, False
        return Party(number=phone(number) if number else "", name=self.numbers.get(number or "", ""), withheld=withheld)

    def group(self, own_numbers: Sequence[str]) -> str:
        """Return the name of the group of a call, empty if it is in none."""
        key = self.memberships.group_of(own_numbers)
        return self.memberships.groups.get(key, key) if key else ""

    def entry(self, own_numbers: Sequence[str]) -> str | None:
        """Return the number by which a call came in or went out: the first that the phone system calls its own.

        Before it may stand a number of others that was diverted to the site. If none is known, it is the first of all.
        """
        return next((number for number in own_numbers if number in self.numbers), next(iter(own_numbers), None))

    def own(self, number: str | None) -> str:
        """Return an own number as it is shown, with its name if it has one; empty without a number."""
        if not number:
            return ""
        name = self.numbers.get(number)
        return f"{name}, {phone(number)}" if name else phone(number)

    def place(self, call: Call) -> str:
        """Return where a call arrived: its queue, else its group, else the own number; `-` if none is known."""
        number = self.entry(call.own_numbers)
        return (
            call.queue or self.group(call.own_numbers) or self.numbers.get(number or "", "") or self.own(number) or "-"
        )

    def beside(self, call: Call, who: str) -> str:
        """Return where a call arrived, for a line that also says who had it: nobody's name stands there twice."""
        place, number = self.place(call), self.entry(call.own_numbers)
        return phone(number) if number and place == who else place

    def agent(self, call: Call) -> str:
        """Return who has or had the call on our side, empty if nobody is known."""
        return call.agent_name or self.member(call.agent)

    def member(self, agent: str | None) -> str:
        """Return the name of a member of a queue, as its log writes it if nobody named it; empty without one."""
        return self.users.get(agent, agent) if agent else ""

    def user(self, leg: Leg, user_id: str) -> str:
        """Return the name of a user of a leg."""
        names = leg.metadata.get("user_names")
        place = leg.users.index(user_id) if user_id in leg.users else -1
        if isinstance(names, Sequence) and not isinstance(names, str) and 0 <= place < len(names) and names[place]:
            return str(names[place])
        return self.users.get(user_id, user_id)

    def ringing(self, leg: Leg) -> tuple[str, ...]:
        """Return the names of those at whose phones a leg rings or rang."""
        if leg.users:
            return tuple(dict.fromkeys(self.user(leg, user_id) for user_id in leg.users))
        names = leg.metadata.get("user_names")
        listed = names if isinstance(names, Sequence) and not isinstance(names, str) else ()
        return tuple(dict.fromkeys(str(name) for name in listed if name and name != VOICEMAIL_USER))


def names_of(site: Site) -> Names:
    """Return the names of this moment, from the directory and the teams."""
    directory = site.store.directory()
    agents = {agent.number: agent.name for agent in site.settings.agents if agent.name}
    return Names(
        numbers=directory.numbers,
        users={
            **agents,
            **{f"Agent/{number}": name for number, name in agents.items()},
            **{user.user_id: user.name for user in directory.users},
        },
        memberships=site.questions.memberships(),
    )


def phones(records: Records) -> int:
    """Return at how many phones an open call rings, at least one if it rings at all."""
    ringing = [leg for leg in records.legs if leg.ended_at_ms is None and leg.network_answered_at_ms is None]
    return sum(max(len(leg.users), 1) for leg in ringing if leg.direction is Direction.INBOUND)
