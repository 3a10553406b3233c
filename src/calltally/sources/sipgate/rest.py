"""What can be asked of sipgate's REST interface, and how its answers read; nothing here sends anything.

Every function is a conversation (`Steps`): it yields requests and is sent the answers. Paths, fields, scopes and limits
are those of sipgate's REST interface, version 2.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import quote

import msgspec

from calltally.model.words import LONGEST_NAME
from calltally.sources.source import NotGrantedError, RemoteError, Request, Response, Steps

PAGE = 500
"""Entries asked for at once where a list comes in pages; `/history` allows 1000 and gives 10 if nothing is said."""
HISTORY_PAGE = 1000
MOST_PAGES = 200
"""Where a list ends at the latest, so that an interface which repeats itself cannot hold us for ever."""

NUMBERS = "numbers:read"
GROUPS = "groups:read"
USERS = "users:read"
HISTORY = "history:read"
RUNNING = "rtcm:read"
WEBHOOKS_READ = "settings:sipgateio:read"
WEBHOOKS_WRITE = "settings:sipgateio:write"
CLIENTS_READ = "authorization:oauth2:clients:read"
CLIENTS_WRITE = "authorization:oauth2:clients:write"

T = TypeVar("T")
Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
"""What groups, users and numbers are known by."""


class Number(msgspec.Struct, frozen=True, rename="camel"):
    """A number of the account; `endpoint_id` says where it leads, `g0` for a group."""

    number: Name
    endpoint_id: Name | None = None
    endpoint_alias: str | None = None
    localized: str | None = None


class Group(msgspec.Struct, frozen=True):
    """A group of the account."""

    id: Name
    alias: str | None = None


class User(msgspec.Struct, frozen=True):
    """A user of the account; `id` is `w0`."""

    id: Name
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None


class Account(msgspec.Struct, frozen=True, rename="camel"):
    """Whose credentials these are; `master_sip_id` is the account's number, `1234567`."""

    master_sip_id: str
    sub: str = ""
    domain: str | None = None


class Client(msgspec.Struct, frozen=True, rename="camel"):
    """An OAuth2 client of the account; the secret comes with the single client only."""

    client_id: str
    name: str = ""
    redirect_uris: tuple[str, ...] = ()
    client_secret: str | None = None


class _Items(msgspec.Struct, frozen=True):
    items: tuple[msgspec.Raw, ...]


class _History(msgspec.Struct, frozen=True, rename="camel"):
    items: tuple[dict[str, object], ...]
    total_count: int | None = None


class _Running(msgspec.Struct, frozen=True, rename="camel"):
    call_id: str


class _RunningList(msgspec.Struct, frozen=True):
    data: tuple[_Running, ...]


def account() -> Steps[Account]:
    """Ask whose credentials these are."""
    return _decoded((yield from _asked(Request(method="GET", path="/authorization/userinfo"))), Account)


def numbers() -> Steps[list[Number]]:
    """Ask for all numbers of the account, page by page."""
    return (yield from _all_pages("/numbers", NUMBERS, Number))


def groups() -> Steps[list[Group]]:
    """Ask for all groups of the account."""
    return (yield from _list("/groups", GROUPS, Group))


def users() -> Steps[list[User]]:
    """Ask for all users of the account."""
    return (yield from _list("/users", USERS, User))


def running_calls() -> Steps[frozenset[str]]:
    """Ask for the ids of all legs that run now."""
    answer = yield from _asked(Request(method="GET", path="/calls", permission=RUNNING))
    return frozenset(leg.call_id for leg in _decoded(answer, _RunningList).data)


def history(since_ms: int, until_ms: int) -> Steps[list[Mapping[str, object]]]:
    """Ask for the entries of all calls which began in `[since_ms, until_ms)`, newest first, page by page."""
    entries: list[Mapping[str, object]] = []
    for _ in range(MOST_PAGES):
        answer = yield from _asked(_history_page(since_ms, until_ms, offset=len(entries)))
        page = _decoded(answer, _History)
        entries.extend(page.items)
        everything = page.total_count is not None and len(entries) >= page.total_count
        if not page.items or everything or (page.total_count is None and len(page.items) < HISTORY_PAGE):
            break
    return entries


def _history_page(since_ms: int, until_ms: int, *, offset: int) -> Request:
    query = (
        ("types", "CALL"),
        ("from", _instant(since_ms)),
        ("to", _instant(until_ms)),
        ("offset", str(offset)),
        ("limit", str(HISTORY_PAGE)),
    )
    return Request(method="GET", path="/history", query=query, permission=HISTORY)


def webhooks() -> Steps[dict[str, object]]:
    """Ask for the addresses that pushes go to, with every other field of these settings."""
    return _decoded((yield from _asked(_webhooks_read())), dict[str, object])


def set_webhooks(settings: Mapping[str, object]) -> Steps[None]:
    """Write the settings of the pushes back, whole: a field that is left out might be reset.

    Raises:
        RemoteError: among others, sipgate refused an address (400).
    """
    body = msgspec.json.encode(settings)
    request = Request(method="PUT", path="/settings/sipgateio", body=body, permission=WEBHOOKS_WRITE)
    response = yield request
    if response.status == HTTPStatus.BAD_REQUEST:
        raise RemoteError(
            f"sipgate refuses the address {settings.get('incomingUrl')!r} for its pushes (400); expected is a public"
            " address such as https://calls.example.org, with a certificate that is not self-signed"
        )
    _check(request, response)


def clients() -> Steps[list[Client]]:
    """Ask for all OAuth2 clients of the account, without their secrets."""
    return (yield from _list("/authorization/oauth2/clients", CLIENTS_READ, Client))


def client(client_id: str) -> Steps[Client]:
    """Ask for one OAuth2 client with its secret."""
    return _decoded((yield from _asked(_client_read(client_id))), Client)


def client_fields(client_id: str) -> Steps[dict[str, object]]:
    """Ask for one OAuth2 client with every field that sipgate keeps of it."""
    return _decoded((yield from _asked(_client_read(client_id))), dict[str, object])


def set_client(client_id: str, fields: Mapping[str, object]) -> Steps[None]:
    """Write an OAuth2 client back, whole."""
    body = msgspec.json.encode(fields)
    yield from _asked(Request(method="PUT", path=_client_path(client_id), body=body, permission=CLIENTS_WRITE))


def create_client(*, name: str, redirect_uri: str, site: str) -> Steps[None]:
    """Create an OAuth2 client; `site` is the public address of the service, where its terms are to be read."""
    body = msgspec.json.encode(
        {
            "name": name,
            "description": "Call statistics and a live board",
            "redirectUris": [redirect_uri],
            "webOrigins": [],
            "privacyUrl": site,
            "termsUrl": site,
        }
    )
    request = Request(method="POST", path="/authorization/oauth2/clients", body=body, permission=CLIENTS_WRITE)
    yield from _asked(request)


def _webhooks_read() -> Request:
    return Request(method="GET", path="/settings/sipgateio", permission=WEBHOOKS_READ)


def _client_path(client_id: str) -> str:
    return f"/authorization/oauth2/clients/{quote(client_id, safe='')}"


def _client_read(client_id: str) -> Request:
    return Request(method="GET", path=_client_path(client_id), permission=CLIENTS_READ)


def _asked(request: Request) -> Steps[tuple[Request, Response]]:
    """Ask, and return question and answer if the answer is good."""
    response = yield request
    _check(request, response)
    return request, response


def _list(path: str, permission: str, kind: type[T]) -> Steps[list[T]]:
    """Ask for a list that comes in one piece."""
    answer = yield from _asked(Request(method="GET", path=path, permission=permission))
    return list(_items(answer, kind))


def _all_pages(path: str, permission: str, kind: type[T]) -> Steps[list[T]]:
    """Ask for a list that comes in pages, until a page brings nothing new.

    The length of a page is not trusted, for the greatest limit is not documented.
    """
    seen: dict[T, None] = {}
    offset = 0
    for _ in range(MOST_PAGES):
        query = (("offset", str(offset)), ("limit", str(PAGE)))
        answer = yield from _asked(Request(method="GET", path=path, query=query, permission=permission))
        page = list(_items(answer, kind))
        known = len(seen)
        seen.update(dict.fromkeys(page))
        if len(seen) == known:
            break
        offset += len(page)
    return list(seen)


def _items(answer: tuple[Request, Response], kind: type[T]) -> Iterator[T]:
    for raw in _decoded(answer, _Items).items:
        yield _read(answer[0], raw, kind)


def _decoded(answer: tuple[Request, Response], kind: type[T]) -> T:
    request, response = answer
    return _read(request, response.body, kind)


def _read(request: Request, body: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise RemoteError(
            f"sipgate answered {_named(request)} with something unexpected: {problem}; check `api_url` in the settings"
        ) from problem


def _check(request: Request, response: Response) -> None:
    """Raise RemoteError with what to do unless the answer is good."""
    status = response.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    not_granted = status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    raise (NotGrantedError if not_granted else RemoteError)(_advice(request, status))


def _advice(request: Request, status: int) -> str:
    name = _named(request)
    if status == HTTPStatus.UNAUTHORIZED:
        return (
            f"sipgate does not accept the token ({name}: 401); check token id and token, or sign in again at /auth of"
            " this service"
        )
    if status == HTTPStatus.FORBIDDEN:
        missing = f"the scope {request.permission}" if request.permission else "a scope"
        return f"the token lacks {missing}, which {name} needs (403); add it to the token at sipgate, or make a new one"
    if status == HTTPStatus.NOT_FOUND:
        return f"sipgate does not know {name} (404); check `api_url` in the settings"
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"sipgate cannot answer {name} at the moment ({status}); calltally tries again by itself"
    return f"sipgate refused {name} ({status})"


def _named(request: Request) -> str:
    return f"{request.method} {request.path}"


def _instant(instant_ms: int) -> str:
    """Return an instant as `/history` takes it, to the second."""
    return f"{datetime.fromtimestamp(instant_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
