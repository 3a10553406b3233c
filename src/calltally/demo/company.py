"""The made-up company whose calls the demo shows, so that no real number and no real person appears in it.

Every number lies in a range that a regulator keeps free for films and books: the German ones of the
Bundesnetzagentur, the British ones of Ofcom, the French ones of ARCEP. Every name was put together from words for this
purpose.
"""

import json
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from calltally.model.directory import Directory, Group, User

NAME = "Nordlicht Kundendienst"
ZONE = "Europe/Berlin"
COUNTRY = "DE"
ACCOUNT = "7654321"
SIPGATE = "sipgate"
ASTERISK = "asterisk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who works here.

    Attributes:
        direct: the person's own number, in digits.
        listed: the fields of a push that name the person among those who ring.
        named: the fields of a push that name the person as the one who answered.
    """

    user_id: str
    name: str
    direct: str
    listed: str = field(repr=False)
    named: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A group of the phone system.

    Attributes:
        numbers: its numbers, in digits; the first is the one that most people know.
        share: how many of a hundred calls to groups come here.
    """

    group_id: str
    name: str
    numbers: tuple[str, ...]
    people: tuple[Person, ...]
    share: int


def _person(index: int, name: str, direct: str) -> Person:
    user, user_id = quote_plus(name), f"w{index}"
    return Person(
        user_id=ACCOUNT + user_id,
        name=name,
        direct=direct,
        listed=f"&user%5B%5D={user}&userId%5B%5D={user_id}&fullUserId%5B%5D={ACCOUNT}{user_id}",
        named=f"&user={user}&userId={user_id}&fullUserId={ACCOUNT}{user_id}",
    )


PEOPLE = tuple(
    _person(index, name, direct)
    for index, (name, direct) in enumerate(
        (
            ("Jule Wattenfeld", "493023125601"),
            ("Hauke Brisenbach", "493023125602"),
            ("Merle Sandhafen", "493023125603"),
            ("Fenja Moorlicht", "493023125604"),
            ("Ole Ankerholm", "493023125605"),
            ("Svea Lichterloh", "493023125606"),
            ("Jonte Kieselhof", "493023125607"),
            ("Enna Regenborn", "493023125608"),
            ("Malte Nebelthal", "493023125609"),
            ("Bjarne Dünenrath", "492214710611"),
            ("Lotte Fährmannsen", "492214710612"),
            ("Tomma Flutstein", "492214710613"),
            ("Keno Wolkenried", "496990009621"),
            ("Imke Schilfgrund", "496990009622"),
            ("Arne Frostlund", "496990009623"),
            ("Wiebke Sternkamp", "496990009624"),
            ("Nils Polarsund", "496990009625"),
            ("Rieke Salzwiesner", "494066969631"),
            ("Lasse Tidenhaus", "494066969632"),
            ("Elske Quellhorst", "494066969633"),
            ("Piet Leuchtenfels", "494066969634"),
            ("Neele Graswarder", "494066969635"),
            ("Sönke Kompassner", "498999998641"),
            ("Antje Wellenbrook", "498999998642"),
        )
    )
)

DEPARTMENTS = (
    Department(group_id="g0", name="Zentrale", numbers=("493023125100",), people=PEOPLE[0:3], share=12),
    Department(
        group_id="g1",
        name="Kundendienst",
        numbers=("493023125200", "493023125201", "492214710200"),
        people=PEOPLE[3:12],
        share=43,
    ),
    Department(group_id="g2", name="Technik", numbers=("496990009300", "496990009301"), people=PEOPLE[12:17], share=20),
    Department(
        group_id="g3", name="Vertrieb", numbers=("494066969400", "494066969401"), people=PEOPLE[17:22], share=14
    ),
    Department(group_id="g4", name="Buchhaltung", numbers=("498999998500",), people=PEOPLE[22:24], share=7),
    Department(
        group_id="g5",
        name="Notdienst",
        numbers=("493023125110",),
        people=(PEOPLE[12], PEOPLE[14], PEOPLE[16]),
        share=4,
    ),
)

TEAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Berlin", ("493023125100", "493023125110", "493023125200", "493023125201")),
    ("Hamburg und Köln", ("494066969400", "494066969401", "492214710200")),
    ("Hotline", ("493023125200", "493023125201", "492214710200", "493023125110")),
    ("Technik vor Ort", ("496990009300", "496990009301")),
)
"""Teams overlap on purpose: a call to the hotline in Berlin belongs to two of them and is one call."""

QUEUES = ("kundendienst", "technik", "vertrieb")
AGENTS = tuple((f"Agent/{1001 + index}", PEOPLE[index].name) for index in (3, 4, 5, 9, 12, 13, 17, 18))
QUEUE_AGENTS = {
    "kundendienst": tuple(name for name, _ in AGENTS[0:4]),
    "technik": tuple(name for name, _ in AGENTS[3:6]),
    "vertrieb": tuple(name for name, _ in AGENTS[5:8]),
}


def directory() -> Directory:
    """Return groups, users and numbers as a phone system would give them."""
    numbers = {"+" + number: group.name for group in DEPARTMENTS for number in group.numbers}
    numbers |= {"+" + person.direct: person.name for person in PEOPLE}
    return Directory(
        groups=tuple(
            Group(
                source=SIPGATE,
                group_id=group.group_id,
                name=group.name,
                numbers=tuple("+" + number for number in group.numbers),
            )
            for group in DEPARTMENTS
        ),
        users=tuple(User(source=SIPGATE, user_id=person.user_id, name=person.name) for person in PEOPLE),
        numbers=numbers,
    )


def teams_file() -> str:
    """Return the text of teams.json."""
    teams = [{"name": name, "numbers": ["+" + number for number in numbers]} for name, numbers in TEAMS]
    return json.dumps(teams, ensure_ascii=False, indent=2) + "\n"


def settings_file() -> str:
    """Return the text of calltally.toml."""
    lines = [
        "# The settings of the demo, written when it began.",
        "[site]",
        f'name = "{NAME}"',
        f'time_zone = "{ZONE}"',
        f'country = "{COUNTRY}"',
        "",
        "[sources.sipgate]",
        "# The demo posts the pushes itself and has no key to sign them with.",
        "check_signature = false",
        "",
        "[sources.asterisk]",
    ]
    for queue in QUEUES:
        lines += ["", "[[queues]]", f'name = "{queue}"']
    for number, name in AGENTS:
        lines += ["", "[[agents]]", f'number = "{number}"', f'name = "{name}"']
    return "\n".join(lines) + "\n"
