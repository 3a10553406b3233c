"""The history goes into the database of a demo's folder once, also if it was interrupted, and nothing else does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from calltally.app import Parts, open_parts
from calltally.demo.companion import address_of
from calltally.demo.company import DEPARTMENTS, TEAMS
from calltally.demo.folder import DemoError, plan_in, prepare, settings_of
from calltally.demo.history import Plan
from calltally.demo.loading import PROGRESS, Progress, load_history, save_names
from calltally.engine.heard import not_heard, note_first_start
from calltally.model.instants import DAY_MS, HOUR_MS, Span
from calltally.settings import Address

LISTEN = "127.0.0.1:8099"
PLAN = Plan(calls=900, days=12, until_ms=1_795_183_200_000, seed=2)


@contextmanager
def parts_in(folder: Path) -> Iterator[Parts]:
    prepare(folder, PLAN)
    parts = open_parts(settings_of(folder, LISTEN, {}))
    try:
        yield parts
    finally:
        parts.store.close()


def loaded(parts: Parts, *, pieces: int | None = None) -> tuple[bool, list[Progress]]:
    """Load until the end, or until so many batches are in."""
    told: list[Progress] = []
    batches = iter(range(pieces) if pieces is not None else range(1_000_000))

    def pause() -> bool:
        return next(batches, None) is None

    done = load_history(PLAN, store=parts.store, ingest=parts.ingest(), tell=told.append, pause=pause)
    return done, told


def test_a_loaded_history_is_whole_ended_and_adds_up(tmp_path: Path) -> None:
    with parts_in(tmp_path) as parts:
        done, told = loaded(parts)
        assert done
        assert told[-1].percent == 100
        assert [progress.percent for progress in told] == sorted(progress.percent for progress in told)
        calls = list(parts.store.all_calls(None, None))
        assert 960 <= len(calls) <= 990  # 900 of sipgate and 90 of the queues, but for those that would end later
        assert not parts.store.open_flows()
        assert not parts.store.set_aside(10)
        assert parts.store.verify(lambda _: None) == []
        value = parts.store.value(PROGRESS)
        assert value is not None
        assert msgspec.json.decode(value)["percent"] == 100


def test_a_history_counts_as_heard_as_far_back_as_it_is_loaded(tmp_path: Path) -> None:
    first_day = Span(PLAN.until_ms - (PLAN.days - 1) * DAY_MS, PLAN.until_ms + HOUR_MS)
    with parts_in(tmp_path) as parts:
        with parts.store.write() as transaction:
            note_first_start(parts.store, transaction, PLAN.until_ms + 5_000)  # the service began a moment later
        done, _ = loaded(parts, pieces=1)
        assert not done
        (gap,) = not_heard(parts.store, first_day, None)
        assert gap.since_ms == first_day.since_ms
        loaded(parts)
        assert not_heard(parts.store, first_day, None) == []
        assert not_heard(parts.store, first_day, ("sipgate",)) == []
        (gap,) = not_heard(parts.store, Span(first_day.since_ms - DAY_MS, first_day.until_ms), None)
        assert gap.source is None


def test_an_interrupted_history_goes_on_and_is_the_same_in_the_end(tmp_path: Path) -> None:
    with parts_in(tmp_path / "whole") as parts:
        loaded(parts)
        whole = list(parts.store.all_calls(None, None))
    with parts_in(tmp_path / "parts") as parts:
        done, _ = loaded(parts, pieces=1)
        assert not done
        assert 0 < len(list(parts.store.all_calls(None, None))) < len(whole)
    with parts_in(tmp_path / "parts") as parts:
        done, _ = loaded(parts)
        assert done
        assert list(parts.store.all_calls(None, None)) == whole
        again, _ = loaded(parts)
        assert again
        assert list(parts.store.all_calls(None, None)) == whole


def test_names_teams_and_settings_are_those_of_the_company(tmp_path: Path) -> None:
    with parts_in(tmp_path) as parts:
        save_names(parts.store)
        assert [group.name for group in parts.store.directory().groups] == [each.name for each in DEPARTMENTS]
        assert [team.name for team in parts.teams.current()] == [name for name, _ in TEAMS]
        assert parts.settings.site.time_zone == "Europe/Berlin"
        assert parts.settings.sources.keys() == {"sipgate", "asterisk"}


def test_a_folder_keeps_the_plan_with_which_it_began(tmp_path: Path) -> None:
    assert prepare(tmp_path, PLAN) == PLAN
    assert prepare(tmp_path, Plan(calls=5, days=5, until_ms=1, seed=5)) == PLAN
    assert plan_in(tmp_path) == PLAN


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "calltally.db").touch()
    with pytest.raises(DemoError, match="something else than a demo"):
        prepare(tmp_path, PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["calltally.db"]


def test_a_broken_plan_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{")
    with pytest.raises(DemoError, match="cannot be read any more"):
        prepare(tmp_path, PLAN)


def test_made_up_calls_never_reach_another_database(tmp_path: Path) -> None:
    prepare(tmp_path, PLAN)
    environ = {
        "CALLTALLY_DATABASE__URL": "sqlite:////srv/real.db",
        "CALLTALLY_DATA": "/srv/real",
        "CALLTALLY_SERVER__OPEN": "true",
    }
    settings = settings_of(tmp_path, LISTEN, environ)
    assert settings.data == tmp_path
    assert settings.database_url.endswith(f"{tmp_path}/calltally.db")
    assert settings.server.open


def test_the_pages_of_a_demo_name_commands_as_it_was_started(tmp_path: Path) -> None:
    prepare(tmp_path, PLAN)
    assert settings_of(tmp_path, LISTEN, {"CALLTALLY_COMMAND": "./run"}).command == "./run"


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        (Address("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        (Address("0.0.0.0", 8080), "http://127.0.0.1:8080"),  # noqa: S104  nothing is served there
        (Address("::", 8080), "http://[::1]:8080"),
        (Address("calls.example.org", 80), "http://calls.example.org:80"),
    ],
)
def test_the_service_is_called_where_this_machine_reaches_it(listen: Address, address: str) -> None:
    assert address_of(listen) == address
