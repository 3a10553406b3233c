"""What a made-up conversation is drawn from: who takes part, how long things take, and the ids of its legs."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random

from calltally.demo.callers import caller, customer
from calltally.demo.company import DEPARTMENTS, PEOPLE, Person
from calltally.demo.forms import LegWords
from calltally.demo.mood import Mood
from calltally.model.instants import HOUR_MS

_DIRECT_SHARE = 0.2
_OWN_NUMBER_SHARE = 0.5
_SHARES = tuple(accumulate(department.share for department in DEPARTMENTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One conversation in the making."""

    rng: Random
    mood: Mood
    flow: str

    def leg_id(self) -> str:
        """Return a new id as sipgate made them: 18 or 19 digits."""
        return str(10**17 + self.rng.getrandbits(62))

    def someone(self, people: tuple[Person, ...] = PEOPLE) -> Person:
        """Return one of these people."""
        return people[int(len(people) * self.rng.random())]

    def someone_else(self, person: Person) -> Person:
        """Return anybody but this one."""
        place = PEOPLE.index(person) + 1 + int((len(PEOPLE) - 1) * self.rng.random())
        return PEOPLE[place % len(PEOPLE)]

    def ring_ms(self) -> int:
        """Return how long it rings until somebody takes the call."""
        return self.mood.ring.drawn(self.rng)

    def patience_ms(self) -> int:
        """Return how long somebody waits before giving up."""
        return self.mood.patience.drawn(self.rng)

    def talk_ms(self) -> int:
        """Return how long two people talk."""
        if self.rng.random() < self.mood.long_share:
            return self.between_ms(HOUR_MS, 3 * HOUR_MS)
        return self.mood.talk.drawn(self.rng)

    def between_ms(self, least: int, most: int) -> int:
        """Return a length between two bounds."""
        return least + int((most - least) * self.rng.random())

    def incoming(self) -> tuple[LegWords, tuple[Person, ...]]:
        """Return the first leg of a call from outside, to a group or to one person, and whose phones ring."""
        if self.rng.random() < _DIRECT_SHARE:
            person = self.someone()
            return self.first_leg("in", caller(self.rng), person.direct), (person,)
        department = self.rng.choices(DEPARTMENTS, cum_weights=_SHARES)[0]
        number = department.numbers[int(len(department.numbers) * self.rng.random() ** 2)]
        return self.first_leg("in", caller(self.rng), number), department.people

    def outgoing(self) -> tuple[LegWords, Person]:
        """Return the first leg of a call to somebody outside, and who calls, under the own or a group's number."""
        person = self.someone()
        shown = person.direct
        if self.rng.random() > _OWN_NUMBER_SHARE:
            shown = next(group.numbers[0] for group in reversed(DEPARTMENTS) if person in group.people)
        return self.first_leg("out", shown, customer(self.rng)), person

    def first_leg(self, way: str, calling: str, called: str) -> LegWords:
        """Return a leg which begins a conversation."""
        leg_id = self.leg_id()
        return LegWords(leg_id=leg_id, origin=leg_id, flow=self.flow, way=way, caller=calling, callee=called)

    def next_leg(self, first: LegWords, called: str, *, diverted: bool = True) -> LegWords:
        """Return an incoming leg which goes on with a conversation."""
        return LegWords(
            leg_id=self.leg_id(),
            origin=first.leg_id,
            flow=self.flow,
            way="in",
            caller=first.caller,
            callee=called,
            diversion=first.callee if diverted else "",
        )
