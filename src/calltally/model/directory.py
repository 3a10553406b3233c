"""Who is who at the site: groups and users of the phone system, and teams of the site's own choosing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OTHER = "Other"
"""The name of "in none": calls in no group, or in no team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of the phone system; `group_id` is the source's own id (`g0`)."""

    source: str
    group_id: str
    name: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of the phone system; `user_id` is the full id (`1234567w0`)."""

    source: str
    user_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A named set of the site's own numbers."""

    name: str
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """All that is known about names and memberships at one moment."""

    groups: tuple[Group, ...] = ()
    users: tuple[User, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Own number -> its label in the phone system."""
