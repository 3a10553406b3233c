"""What is asked of the phone system, when, and what comes of it: real store, real HTTP, a clock moved by hand."""

import asyncio
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calltally.engine.ingest import Ingest
from calltally.engine.mending import spans_around
from calltally.engine.sign_in import SignInError
from calltally.engine.sync import Keeper, keep_directory, rest, syncing, troubles_of
from calltally.model.directory import Directory, Group, User
from calltally.model.instants import Span
from calltally.model.words import End, Outcome
from calltally.sources.sipgate import SOURCE
from calltally.sources.source import OpenLeg, Request, Response
from calltally.store.open import open_store
from tests.engine.connected_site import MINUTE, SECOND, START, Site
from tests.stubs.sipgate_api import Account, running


def number(number: str, endpoint: str, alias: str) -> dict[str, object]:
    return {"id": number, "number": number, "endpointId": endpoint, "endpointAlias": alias, "type": "LANDLINE"}


@pytest.fixture
def account() -> Account:
    return Account(
        numbers=[
            number("+492115550200", "g0", "Support"),
            number("+492115550201", "g0", "Support"),
            number("+492115550300", "g1", "Sales"),
            *(number(f"+49211555010{digit}", f"p{digit}", f"Desk {digit}") for digit in range(5)),
        ],
        groups=[{"id": "g0", "alias": "Support (DE)"}, {"id": "g1", "alias": "Sales"}, {"id": "g2", "alias": None}],
        users=[
            {"id": "w4", "firstname": "Eva", "lastname": "Engel", "email": "eva@example.org"},
            {"id": "w5", "firstname": "", "lastname": None, "email": "lab@example.org"},
        ],
    )


@pytest.fixture
def site(account: Account, tmp_path: Path) -> Iterator[Site]:
    clock = [START]
    store = open_store(str(tmp_path / "calltally.db"), zone="Europe/Berlin")
    ingest = Ingest(
        store=store, parsers={"sipgate": SOURCE.parse}, zone=ZoneInfo("Europe/Berlin"), clock_us=lambda: clock[0]
    )
    with running(account) as address:
        yield Site(store, ingest, account, f"{address}/v2", clock)
    store.close()


def test_the_directory_holds_groups_users_and_numbers_of_every_page(site: Site) -> None:
    site.turns(minutes=0)
    directory = site.store.directory()
    assert sorted(directory.groups, key=lambda group: group.group_id) == [
        Group(source="sipgate", group_id="g0", name="Support (DE)", numbers=("+492115550200", "+492115550201")),
        Group(source="sipgate", group_id="g1", name="Sales", numbers=("+492115550300",)),
        Group(source="sipgate", group_id="g2", name="g2", numbers=()),
    ]
    assert set(directory.users) == {
        User(source="sipgate", user_id="1234567w4", name="Eva Engel"),
        User(source="sipgate", user_id="1234567w5", name="lab@example.org"),
    }
    assert len(directory.numbers) == 8
    assert directory.numbers["+492115550103"] == "Desk 3"


def test_d24_calls_cause_no_question_for_numbers(site: Site) -> None:
    site.turns(minutes=0)
    pages = site.asked("/numbers")
    for call in range(50):
        site.push("newCall", f"leg{call}")
        site.push("hangup", f"leg{call}", cause="cancel")
    site.turns(minutes=10)
    assert site.asked("/numbers") == 2 * pages


def test_an_own_number_that_the_directory_lacks_is_asked_for_once(site: Site) -> None:
    async def work(keeper: Keeper) -> None:
        await keeper.turn()
        before = site.asked("/groups")
        site.push("newCall", "new", to="492115550999")
        site.push("hangup", "new", to="492115550999", cause="cancel")
        for _ in range(20):
            site.clock[0] += 30 * SECOND
            await keeper.turn()
        assert site.asked("/groups") == before + 1

    site.with_keeper(work)


def test_the_directory_is_asked_for_once_an_hour(site: Site) -> None:
    site.turns(minutes=179, every=120)
    assert site.asked("/groups") == 3


def test_without_open_legs_nobody_asks_which_legs_run(site: Site) -> None:
    site.turns(minutes=5)
    assert site.asked("/calls") == 0


def test_a_leg_that_runs_is_left_alone(site: Site) -> None:
    site.answered("A1")
    site.account.running = ["A1"]
    site.turns(minutes=30)
    assert site.leg("A1").end is End.OPEN
    assert site.journal() == ["", ""]
    assert 29 <= site.asked("/calls") <= 31


def test_d06_a_lost_hangup_is_settled_by_the_history_and_said_so(site: Site) -> None:
    site.answered("A1")
    site.past("A1", began=0, seconds=60)
    site.turns(minutes=4)
    leg = site.leg("A1")
    assert (leg.end, leg.ended_at_ms, leg.outcome) == (End.ESTIMATED, START // 1000 + 60_000, Outcome.ANSWERED)
    assert site.journal() == ["", "", "history"]


def test_the_journal_keeps_no_more_of_the_people_than_it_needs(site: Site) -> None:
    site.answered("A1")
    site.past("A1", began=0, seconds=60)
    site.turns(minutes=4)
    bodies = b"".join(entry.message.body for entry in site.store.journal(since_us=None, until_us=None, source=None))
    assert b"Ms Private" not in bodies


def test_a_lost_hangup_that_no_history_knows_ends_when_the_leg_was_first_missed(site: Site) -> None:
    site.answered("A1")
    site.clock[0] += 20 * SECOND
    site.turns(minutes=10)
    leg = site.leg("A1")
    assert (leg.end, leg.ended_at_ms) == (End.ESTIMATED, START // 1000 + 25_000)
    assert site.journal() == ["", "", "running"]


def test_a_hangup_that_comes_after_all_is_the_end(site: Site) -> None:
    site.answered("A1")
    site.clock[0] += 20 * SECOND
    site.turns(minutes=10)
    site.push("hangup", "A1", cause="normalClearing")
    assert site.leg("A1").end is End.KNOWN


def test_d07_a_restart_does_not_hide_a_call_that_still_runs(site: Site) -> None:
    site.answered("A1")
    site.account.running = ["A1"]
    site.restart()
    assert site.leg("A1").crashed
    site.turns(minutes=10)
    assert not site.leg("A1").crashed
    assert site.leg("A1").end is End.OPEN
    assert site.journal() == ["", "", "running"]


def test_a_call_that_ended_while_calltally_was_down_is_settled_at_once(site: Site) -> None:
    site.answered("A1")
    site.past("A1", began=0, seconds=30)
    site.restart()
    site.turns(minutes=0)
    leg = site.leg("A1")
    assert (leg.end, leg.crashed, leg.ended_at_ms) == (End.ESTIMATED, False, START // 1000 + 30_000)


def test_a_late_hangup_is_put_right_by_the_history(site: Site) -> None:
    site.answered("A1")
    site.clock[0] += 90 * SECOND
    site.push("hangup", "A1", cause="normalClearing")
    site.past("A1", began=0, seconds=30)
    site.turns(minutes=25)
    leg = site.leg("A1")
    assert (leg.end, leg.ended_at_ms) == (End.ESTIMATED, START // 1000 + 30_000)
    assert site.journal() == ["", "", "", "history"]


def test_a_call_that_was_answered_although_its_hangup_says_cancel_is_put_right(site: Site) -> None:
    site.push("newCall", "A1")
    site.clock[0] += 40 * SECOND
    site.push("hangup", "A1", cause="cancel")
    site.past("A1", began=0, seconds=30)
    site.turns(minutes=0)
    assert site.leg("A1").outcome is Outcome.ANSWERED


@pytest.mark.parametrize("seconds", [35.0, 30.0])
def test_history_that_tells_nothing_new_stays_out_of_the_journal(seconds: float, site: Site) -> None:
    site.answered("A1")
    site.clock[0] += 30 * SECOND
    site.push("hangup", "A1", cause="normalClearing")
    site.past("A1", began=0, seconds=seconds)
    site.past("of-another-service", began=0, seconds=10)
    site.turns(minutes=30)
    assert site.asked("/history") >= 3
    assert site.journal() == ["", "", ""]


def test_rebuilding_from_the_journal_gives_the_same_records(site: Site) -> None:
    site.answered("A1")
    site.past("A1", began=0, seconds=60)
    site.turns(minutes=4)
    before = list(site.store.all_legs(None, None))
    site.ingest.rebuild(lambda _count: None)
    assert list(site.store.all_legs(None, None)) == before
    assert site.store.call("A1") is not None


def test_a_missing_permission_is_named_and_holds_up_nothing_else(site: Site) -> None:
    site.account.scopes -= {"rtcm:read", "users:read"}
    site.answered("A1")
    site.past("A1", began=0, seconds=60)
    site.push("newCall", "B1")
    keeper = site.turns(minutes=30)
    assert site.leg("A1").end is End.ESTIMATED
    assert site.leg("B1").end is End.OPEN
    assert {group.name for group in site.store.directory().groups} == {"Support (DE)", "Sales", "g2"}
    assert any("lacks the scope users:read" in problem for problem in keeper.problems)
    assert any("lacks the scope rtcm:read" in problem for problem in keeper.problems)


def test_without_the_permission_for_groups_their_names_come_with_the_numbers(site: Site) -> None:
    site.account.scopes -= {"groups:read"}
    site.turns(minutes=0)
    assert {group.group_id: group.name for group in site.store.directory().groups} == {"g0": "Support", "g1": "Sales"}


def test_without_history_a_missed_leg_still_ends(site: Site) -> None:
    site.account.scopes -= {"history:read"}
    site.answered("A1")
    site.clock[0] += 20 * SECOND
    keeper = site.turns(minutes=10)
    assert site.leg("A1").end is End.ESTIMATED
    assert any("lacks the scope history:read" in problem for problem in keeper.problems)


def test_trouble_is_asked_about_ever_more_seldom_and_passes(site: Site) -> None:
    site.account.failures["/numbers"] = deque([404] * 5)
    keeper = site.turns(minutes=9, every=10)
    assert site.asked("/numbers") == 4
    assert any("does not know GET /numbers (404)" in problem for problem in keeper.problems)
    site.account.failures.clear()
    assert site.turns(minutes=0).problems == ()
    assert site.store.directory().groups


def test_what_waits_for_a_sign_in_begins_soon_after_it(site: Site) -> None:
    async def work(keeper: Keeper) -> None:
        ask = keeper.fetch

        async def nobody(_request: Request) -> Response:
            raise SignInError("nobody has signed in yet")

        keeper.fetch = nobody
        for _ in range(60):
            await keeper.turn()
            site.clock[0] += 5 * SECOND
        assert keeper.problems == ("nobody has signed in yet",)
        keeper.fetch = ask
        await keeper.turn()
        assert not keeper.problems

    site.with_keeper(work)
    assert site.store.directory().groups


def test_a_wrong_address_is_a_sentence_and_nothing_worse(site: Site) -> None:
    site.address = "http://127.0.0.1:9/v2"
    keeper = site.turns(minutes=0)
    assert keeper.problems == (
        "http://127.0.0.1:9/v2 cannot be reached (ConnectError); check the address and the way to the internet",
    )


def test_a_question_on_its_way_is_answered_before_the_service_ends(site: Site) -> None:
    async def work(keeper: Keeper) -> None:
        async with syncing(keeper):
            await asyncio.sleep(0)

    site.with_keeper(work)
    assert site.store.directory().groups


@pytest.mark.parametrize("steps", range(5))
def test_who_rests_and_is_told_to_stop_can_still_be_cancelled(steps: int) -> None:
    async def scenario() -> bool:
        stop = asyncio.Event()
        task = asyncio.create_task(rest(stop, 60))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stop.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        was_over = not task.cancel()
        await asyncio.wait({task})
        return was_over or task.cancelled()

    assert asyncio.run(scenario())


def test_what_other_sources_brought_stays_when_one_directory_is_replaced(site: Site) -> None:
    other = Group(source="wazo", group_id="1", name="Other", numbers=("+4930555",))
    keep_directory(site.store, "wazo", Directory(groups=(other,)))
    site.turns(minutes=0)
    assert other in site.store.directory().groups


@pytest.mark.parametrize(
    # legs that began after so many minutes    ranges asked for, in minutes
    ("starts", "expected"),
    [
        ((), []),
        ((0,), [(-10, 10)]),
        ((0, 15), [(-10, 25)]),
        ((15, 0, 60), [(-10, 25), (50, 70)]),
        ((0, 20), [(-10, 30)]),
        ((0, 21), [(-10, 10), (11, 31)]),
    ],
)
def test_legs_of_the_same_time_are_asked_about_together(
    starts: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    legs = [OpenLeg(leg_id=str(start), started_at_ms=start * 60_000, crashed=False) for start in starts]
    assert spans_around(legs) == [Span(since * 60_000, until * 60_000) for since, until in expected]


def test_a_process_without_the_lease_asks_nothing(site: Site) -> None:
    site.is_asking = False
    site.turns(minutes=3)
    assert site.account.counted() == {}
    site.is_asking = True
    site.turns(minutes=0)
    assert len(site.store.directory().groups) == 3


def test_a_process_without_the_lease_stores_what_it_could_not_store_before(site: Site) -> None:
    site.turns(minutes=0)
    assert site.settled == 0
    site.is_asking = False
    site.turns(minutes=0)
    assert site.settled == 1


def test_a_process_that_loses_the_lease_within_a_turn_asks_nothing_more(site: Site) -> None:
    site.push("newCall", "A")
    site.clock[0] += MINUTE

    async def lose_the_lease(_directory: Directory) -> None:
        site.is_asking = False

    async def work(keeper: Keeper) -> None:
        keeper.keep_directory = lose_the_lease
        await keeper.turn()

    site.with_keeper(work)
    assert site.asked("/groups") == 1
    assert site.asked("/calls") == 0
    site.is_asking = True
    site.turns(minutes=0)
    assert site.asked("/calls") == 1


def test_what_fails_is_kept_for_everybody_to_see_until_it_works_again(site: Site) -> None:
    site.account.failures["/numbers"] = deque([404] * 5)
    keeper = site.turns(minutes=0)
    assert troubles_of(site.store) == {"sipgate": keeper.problems}
    site.account.failures.clear()
    site.turns(minutes=0)
    assert troubles_of(site.store) == {}
