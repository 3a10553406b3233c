"""The bodies of sipgate's pushes, written as sipgate writes them: urlencoded, digits without plus, brackets encoded."""

from collections.abc import Sequence
from dataclasses import dataclass

from calltally.demo.company import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class LegWords:
    """What every push of one leg says.

    Attributes:
        leg_id, origin, flow: `callId`, `origCallId` and `xcid`.
        way: `in` or `out`.
        caller, callee: digits, or `anonymous`.
        diversion: the number that was dialled before the call came here; empty if it was this one.
    """

    leg_id: str
    origin: str
    flow: str
    way: str
    caller: str
    callee: str
    diversion: str = ""

    def started(self, people: Sequence[Person]) -> bytes:
        """Return the newCall: who calls, or whose phones ring."""
        return self._body("newCall", "".join(person.listed for person in people))

    def reached_mailbox(self) -> bytes:
        """Return the newCall of a leg that leads to the mailbox."""
        return self._body("newCall", "&user%5B%5D=voicemail")

    def answered(self, person: Person | None = None) -> bytes:
        """Return the answer; of an incoming leg it names who took it, unless nobody can say."""
        return self._body("answer", "" if person is None else f"{person.named}&answeringNumber={person.direct}")

    def ended(self, cause: str, person: Person | None = None) -> bytes:
        """Return the hangup."""
        who = "" if person is None else f"&answeringNumber={person.direct}"
        return self._body("hangup", f"&cause={cause}{who}")

    def _body(self, event: str, rest: str) -> bytes:
        diversion = f"&diversion={self.diversion}" if self.diversion else ""
        return (
            f"event={event}&direction={self.way}&from={self.caller}&to={self.callee}"
            f"&callId={self.leg_id}&origCallId={self.origin}{rest}&xcid={self.flow}{diversion}"
        ).encode("ascii")
