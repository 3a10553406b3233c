"""What calltally asks of sipgate while it runs: the directory, the running legs, and the history that mends legs."""

from collections.abc import Iterable

import msgspec

from calltally.model.directory import Directory, Group, User
from calltally.model.messages import KIND_HEADER
from calltally.sources.sipgate import rest
from calltally.sources.sipgate.settings import SipgateSettings
from calltally.sources.source import Grant, Imported, NotGrantedError, RawMessage, Remote, Steps, Sync

NAME = "sipgate"
SCOPES = (rest.NUMBERS, rest.GROUPS, rest.USERS, rest.HISTORY, rest.RUNNING)
KEPT = (
    "callId",
    "callStatus",
    "created",
    "direction",
    "duration",
    "lastModified",
    "recordings",
    "source",
    "status",
    "target",
    "type",
)
"""The fields of a history entry that go into the journal: what settles a leg, and nothing else about the people."""


def sync_from(settings: object) -> Sync | None:
    """Return what can be asked with these settings; `None` without any credentials."""
    if not isinstance(settings, SipgateSettings):
        raise TypeError("these are not the settings of sipgate")
    remote = _remote(settings)
    if remote is None:
        return None
    return Sync(
        remote=remote,
        directory=directory,
        running=rest.running_calls,
        seen=seen,
        gone=gone,
        history=history,
    )


def directory() -> Steps[Imported]:
    """Ask for groups, users and numbers: four short conversations for the whole site, whatever the number of calls."""
    missing: list[str] = []
    numbers = yield from rest.numbers()
    names = {number.endpoint_id: number.endpoint_alias or "" for number in numbers if number.endpoint_id}
    try:
        groups = yield from rest.groups()
        names |= {group.id: group.alias or group.id for group in groups}
    except NotGrantedError as problem:
        missing.append(str(problem))
    try:
        account = yield from rest.account()
        people = yield from rest.users()
        users = tuple(_user(account.master_sip_id, user) for user in people)
    except NotGrantedError as problem:
        missing.append(str(problem))
        users = ()
    found = Directory(
        groups=tuple(sorted(_groups(names, numbers), key=lambda group: group.group_id)),
        users=tuple(sorted(users, key=lambda user: user.user_id)),
        numbers={number.number: number.endpoint_alias or number.localized or "" for number in numbers},
    )
    return Imported(directory=found, missing=tuple(missing))


def _groups(names: dict[str, str], numbers: Iterable[rest.Number]) -> Iterable[Group]:
    """Yield the groups, known by the letter of their extension; each with the numbers that lead to it."""
    of_group: dict[str, list[str]] = {}
    for number in numbers:
        if number.endpoint_id:
            of_group.setdefault(number.endpoint_id, []).append(number.number)
    for group_id, name in names.items():
        if group_id.startswith("g"):
            yield Group(
                source=NAME,
                group_id=group_id,
                name=name or group_id,
                numbers=tuple(sorted(of_group.get(group_id, ()))),
            )


def _user(account: str, user: rest.User) -> User:
    name = " ".join(part for part in (user.firstname, user.lastname) if part)
    return User(source=NAME, user_id=f"{account}{user.id}", name=name or user.email or user.id)


def seen(leg_id: str, at_us: int) -> RawMessage:
    """Return the message for the journal that a leg was in the list of running calls."""
    return _running_message(leg_id, at_us, running=True)


def gone(leg_id: str, at_us: int) -> RawMessage:
    """Return the message for the journal that a leg was not in the list of running calls."""
    return _running_message(leg_id, at_us, running=False)


def _running_message(leg_id: str, at_us: int, *, running: bool) -> RawMessage:
    body = msgspec.json.encode({"callId": leg_id, "running": running})
    return RawMessage(source=NAME, received_at_us=at_us, headers={KIND_HEADER: "running"}, body=body)


def history(since_ms: int, until_ms: int, now_us: int) -> Steps[list[RawMessage]]:
    """Ask for the calls which began in this time; return one message per entry that names its leg, oldest first."""
    entries = yield from rest.history(since_ms, until_ms)
    bodies: dict[bytes, None] = {}
    for entry in reversed(entries):
        if isinstance(entry.get("callId"), str):
            fields = {name: entry[name] for name in KEPT if entry.get(name) is not None}
            bodies[msgspec.json.encode(fields)] = None
    return [
        RawMessage(source=NAME, received_at_us=now_us, headers={KIND_HEADER: "history"}, body=body) for body in bodies
    ]


def _remote(settings: SipgateSettings) -> Remote | None:
    if settings.token_id and settings.token:
        return Remote(base_url=settings.api_url, user=settings.token_id, password=settings.token)
    if settings.client_id and settings.client_secret:
        return Remote(base_url=settings.api_url, grant=_grant(settings))
    return None


def _grant(settings: SipgateSettings) -> Grant:
    address = f"{settings.login_url}/auth/realms/{settings.realm}/protocol/openid-connect"
    return Grant(
        authorize_url=f"{address}/auth",
        token_url=f"{address}/token",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        scopes=SCOPES,
    )
