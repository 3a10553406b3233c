"""Groups and teams are found by whole numbers, and `Other` is exactly the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.engine.memberships import UnknownChoiceError, index_of, memberships_of
from calltally.model.directory import OTHER, Group, Team

SALES, SERVICE, EMPTY = "+4930111", "+4930222", "+4930333"
GROUPS = (
    Group(source="sipgate", group_id="g0", name="Sales", numbers=(SALES, "+4930112")),
    Group(source="sipgate", group_id="g1", name="Service", numbers=(SERVICE, "+4930112")),
)
TEAMS = (
    Team(name="North", numbers=frozenset({SALES, SERVICE})),
    Team(name="South", numbers=frozenset({SERVICE, "+4930444"})),
)
NOW = memberships_of(GROUPS, TEAMS)


@pytest.mark.parametrize(
    ("numbers", "group", "teams"),
    [
        ((), None, ()),
        ((SALES,), "g0", ("North",)),
        ((SERVICE, SALES), "g1", ("North", "South")),  # the first number says the group
        ((EMPTY, SALES), "g0", ("North",)),
        (("+4930112",), "g0", ()),  # in two groups: the first has it
        (("+493011",), None, ()),  # a part of a number is no number
        (("+49301110",), None, ()),
        (("+4930444",), None, ("South",)),
    ],
)
def test_numbers_belong(numbers: tuple[str, ...], group: str | None, teams: tuple[str, ...]) -> None:
    assert (NOW.group_of(numbers), NOW.teams_of(numbers)) == (group, teams)


def test_the_same_id_in_two_phone_systems_is_two_groups() -> None:
    other = Group(source="asterisk", group_id="g0", name="Desk", numbers=(EMPTY,))
    both = memberships_of((*GROUPS, other), ())
    assert dict(both.groups) == {"sipgate:g0": "Sales", "g1": "Service", "asterisk:g0": "Desk"}
    assert both.group_of((EMPTY,)) == "asterisk:g0"


@pytest.mark.parametrize(("asked", "key"), [("g0", "g0"), ("Sales", "g0"), ("Service", "g1"), ("Other", "Other")])
def test_groups_are_asked_for_by_id_or_exact_name(asked: str, key: str) -> None:
    assert NOW.group_key(asked) == key


@pytest.mark.parametrize("asked", ["", "sales", "Sale", "g", "%"])
def test_nothing_else_is_a_group_or_a_team(asked: str) -> None:
    with pytest.raises(UnknownChoiceError, match="There is no group"):
        NOW.group_key(asked)
    with pytest.raises(UnknownChoiceError, match="There is no team"):
        NOW.team_name(asked)


def test_a_name_of_two_groups_is_not_enough() -> None:
    twice = memberships_of((*GROUPS, Group(source="sipgate", group_id="g2", name="Sales", numbers=())), ())
    with pytest.raises(UnknownChoiceError, match="There are 2 groups 'Sales'"):
        twice.group_key("Sales")


LINES = st.dictionaries(
    st.integers(1, 99), st.lists(st.sampled_from([SALES, SERVICE, EMPTY, "+4930112", "+4930444"]), unique=True)
)


@given(LINES)
def test_other_is_exactly_the_rest(lines: dict[int, list[str]]) -> None:
    index = index_of(lines, NOW)
    groups = {name: set(index.chosen([name], None) or ()) for name in ("g0", "g1", OTHER)}
    teams = {name: set(index.chosen(None, [name]) or ()) for name in ("North", "South", OTHER)}
    assert groups[OTHER] == set(lines) - groups["g0"] - groups["g1"]
    assert teams[OTHER] == set(lines) - teams["North"] - teams["South"]
    assert not groups["g0"] & groups["g1"]


@given(LINES)
def test_group_and_team_must_both_hold(lines: dict[int, list[str]]) -> None:
    index = index_of(lines, NOW)
    assert index.chosen(None, None) is None
    assert index.chosen([], None) == ()
    both = set(index.chosen(["g0"], ["North"]) or ())
    assert both == set(index.chosen(["Sales"], None) or ()) & set(index.chosen(None, ["North"]) or ())
