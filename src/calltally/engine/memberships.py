"""Which groups and teams a call belongs to, by the site's own numbers that took part in it.

A call belongs to the group of the first of its own numbers that is in one, and to every team that has one of them. What
is in none is `Other`. Numbers are compared whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calltally.model.directory import OTHER, Group, Team

LONGEST_SHOWN = 60
"""Characters of a name that nobody knows which are repeated in the sentence about it."""


class UnknownChoiceError(ValueError):
    """A filter names a group or team that is not there. `choice` says which of them, `group` or `team`."""

    def __init__(self, sentence: str, choice: str) -> None:
        super().__init__(sentence)
        self.choice = choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Memberships:
    """Groups and teams as they are now.

    Attributes:
        groups: name of each group by its key; the key is the phone system's own id, with the source before it where two
            phone systems use the same.
        teams: names of the teams.
        group_of_number, teams_of_number: key and names by own number.
    """

    groups: Mapping[str, str]
    teams: tuple[str, ...]
    group_of_number: Mapping[str, str]
    teams_of_number: Mapping[str, tuple[str, ...]]

    def group_of(self, own_numbers: Iterable[str]) -> str | None:
        """Return the key of the group of a call, `None` if it belongs to none."""
        known = self.group_of_number
        return next((known[number] for number in own_numbers if number in known), None)

    def teams_of(self, own_numbers: Iterable[str]) -> tuple[str, ...]:
        """Return the names of the teams of a call, in the order of the teams."""
        known = self.teams_of_number
        found = {name for number in own_numbers if number in known for name in known[number]}
        return tuple(name for name in self.teams if name in found) if found else ()

    def group_key(self, asked: str) -> str:
        """Return the key of a group asked for by key or by exact name, `Other` for itself.

        Raises:
            UnknownChoiceError: there is no such group.
        """
        if asked in self.groups or asked == OTHER:
            return asked
        named = [key for key, name in self.groups.items() if name == asked]
        if len(named) != 1:
            problem = "There is no group" if not named else f"There are {len(named)} groups"
            sentence = (
                f"{problem} {asked[:LONGEST_SHOWN]!r}; groups are asked for by id or exact name, or as {OTHER!r}."
            )
            raise UnknownChoiceError(sentence, "group")
        return named[0]

    def team_name(self, asked: str) -> str:
        """Return the name of a team asked for.

        Raises:
            UnknownChoiceError: there is no such team.
        """
        if asked in self.teams or asked == OTHER:
            return asked
        sentence = f"There is no team {asked[:LONGEST_SHOWN]!r}; teams are asked for by exact name, or as {OTHER!r}."
        raise UnknownChoiceError(sentence, "team")


def memberships_of(groups: Sequence[Group], teams: Sequence[Team]) -> Memberships:
    """Return who belongs where; of groups that share a number the first one has it."""
    ids = [group.group_id for group in groups]
    keys = [
        group.group_id if ids.count(group.group_id) == 1 else f"{group.source}:{group.group_id}" for group in groups
    ]
    group_of_number: dict[str, str] = {}
    for key, group in zip(keys, groups, strict=True):
        for number in group.numbers:
            group_of_number.setdefault(number, key)
    teams_of_number: dict[str, tuple[str, ...]] = {}
    for team in teams:
        for number in team.numbers:
            teams_of_number[number] = (*teams_of_number.get(number, ()), team.name)
    return Memberships(
        groups={key: group.name for key, group in zip(keys, groups, strict=True)},
        teams=tuple(team.name for team in teams),
        group_of_number=group_of_number,
        teams_of_number=teams_of_number,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesIndex:
    """What each set of own numbers (the store's `lines`) belongs to; `Other` where it belongs to none."""

    memberships: Memberships
    group_of: Mapping[int, str]
    teams_of: Mapping[int, tuple[str, ...]]

    def chosen(self, groups: Sequence[str] | None, teams: Sequence[str] | None) -> tuple[int, ...] | None:
        """Return the ids that are in one of the groups and one of the teams, `None` if neither is asked for.

        Raises:
            UnknownChoiceError: a group or team is not there.
        """
        if groups is None and teams is None:
            return None
        ids = set(self.group_of)
        if groups is not None:
            wanted = {self.memberships.group_key(asked) for asked in groups}
            ids = {each for each in ids if self.group_of[each] in wanted}
        if teams is not None:
            names = {self.memberships.team_name(asked) for asked in teams}
            ids = {each for each in ids if not names.isdisjoint(self.teams_of[each])}
        return tuple(sorted(ids))


def index_of(lines: Mapping[int, Sequence[str]], memberships: Memberships) -> LinesIndex:
    """Return what every set of own numbers belongs to."""
    return LinesIndex(
        memberships=memberships,
        group_of={each: memberships.group_of(numbers) or OTHER for each, numbers in lines.items()},
        teams_of={each: memberships.teams_of(numbers) or (OTHER,) for each, numbers in lines.items()},
    )
