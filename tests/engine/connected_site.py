"""A calltally that is connected to the stand-in of sipgate, without the loops around it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx2

from calltally.engine.ingest import Ingest
from calltally.engine.mending import open_legs_of
from calltally.engine.sync import Keeper, keep_directory, keep_troubles
from calltally.inlets.rest_poll import Basic, RestClient, http_client
from calltally.model.directory import Directory
from calltally.model.instants import Gap
from calltally.model.records import Leg
from calltally.sources.sipgate import SOURCE
from calltally.sources.sipgate.settings import settings_from
from calltally.sources.source import RawMessage
from calltally.store.store import Store
from tests.stubs.sipgate_api import TOKEN, TOKEN_ID, Account

SECOND = 1_000_000
MINUTE = 60 * SECOND
START = 1_795_181_529 * SECOND
SUPPORT = "492115550200"


@dataclass(slots=True)
class Site:
    """A calltally which is connected to the stand-in, without the loops around it."""

    store: Store
    ingest: Ingest
    account: Account
    address: str
    clock: list[int]
    is_asking: bool = True
    settled: int = 0

    def push(self, event: str, leg: str, **fields: str) -> None:
        """Push an event now."""
        body = {"event": event, "callId": leg, "direction": "in", "from": "491715550111", "to": SUPPORT} | fields
        message = RawMessage(source="sipgate", received_at_us=self.clock[0], headers={}, body=urlencode(body).encode())
        self.ingest.apply([message])

    def answered(self, leg: str) -> None:
        """Push a call that rings 5 seconds and is answered."""
        self.push("newCall", leg)
        self.clock[0] += 5 * SECOND
        self.push("answer", leg, user="Eva Engel", userId="w4", fullUserId="1234567w4")

    def past(self, leg: str, *, began: int, seconds: float, status: str = "PICKUP") -> None:
        """Put an entry into the history."""
        created = datetime.fromtimestamp((START + began * SECOND) // SECOND, UTC)
        self.account.history.append(
            {
                "id": f"h-{leg}",
                "callId": leg,
                "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
                "duration": seconds,
                "direction": "INCOMING",
                "status": status,
                "source": "+491715550111",
                "sourceAlias": "Ms Private",
                "target": f"+{SUPPORT}",
                "type": "CALL",
            }
        )

    def leg(self, leg_id: str) -> Leg:
        """Return a leg as it is stored."""
        found = self.store.call(leg_id)
        assert found is not None
        return next(leg for leg in found[1].legs if leg.leg_id == leg_id)

    def journal(self) -> list[str]:
        """Return the kinds of the messages in the journal."""
        entries = self.store.journal(since_us=None, until_us=None, source=None)
        return sorted(entry.message.kind for entry in entries)

    def asked(self, path: str) -> int:
        """Return how often a question was asked."""
        return self.account.counted()["GET", path]

    def restart(self) -> None:
        """Be down for a minute."""
        since_ms = self.clock[0] // 1000
        self.clock[0] += MINUTE
        with self.store.write() as transaction:
            transaction.add_gap(Gap(source=None, since_ms=since_ms, until_ms=self.clock[0] // 1000, reason="down"))
        self.ingest.refold(list(self.store.open_flows()))

    def turns(self, *, minutes: float, every: int = 60) -> Keeper:
        """Let the time pass, with a turn every so many seconds; return the keeper as it is then."""

        async def work(keeper: Keeper) -> None:
            until = self.clock[0] + int(minutes * MINUTE)
            while self.clock[0] <= until:
                await keeper.turn()
                self.clock[0] += every * SECOND

        return self.with_keeper(work)

    def with_keeper(self, work: Callable[[Keeper], Awaitable[None]]) -> Keeper:
        """Do something with a new keeper."""

        async def run() -> Keeper:
            async with http_client() as http:
                keeper = self._keeper(http)
                await work(keeper)
                return keeper

        return asyncio.run(run())

    def _keeper(self, http: httpx2.AsyncClient) -> Keeper:
        async def submit(messages: Sequence[RawMessage]) -> None:
            self.ingest.apply(messages)

        async def keep(directory: Directory) -> None:
            keep_directory(self.store, "sipgate", directory)

        async def tell(problems: tuple[str, ...]) -> None:
            keep_troubles(self.store, "sipgate", problems)

        async def pause(_seconds: float) -> None:
            return

        async def settle() -> None:
            self.settled += 1

        sync = SOURCE.sync and SOURCE.sync(
            settings_from({"token_id": TOKEN_ID, "token": TOKEN, "api_url": self.address})
        )
        assert sync is not None
        return Keeper(
            source=SOURCE,
            sync=sync,
            fetch=RestClient(remote=sync.remote, let_in=Basic(TOKEN_ID, TOKEN), http=http, pause=pause),
            store=self.store,
            submit=submit,
            keep_directory=keep,
            open_legs=lambda: open_legs_of(self.store.open_flows().values(), "sipgate"),
            clock_us=lambda: self.clock[0],
            may_ask=lambda: self.is_asking,
            settle=settle,
            tell=tell,
        )
