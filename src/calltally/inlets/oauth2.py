"""Signs in by OAuth2: trades a code for tokens, keeps them encrypted, and renews them one request at a time.

A refresh token can be used once: its successor is stored before anything is done with the new access token. If it
cannot be stored at that moment it is held in memory and stored before its next use.

Of several processes on one database one renews at a time, too: before it asks, it notes so beside the tokens. The
others wait for the new tokens; if these do not come for `PATIENCE_SECONDS`, it was killed.
"""

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import httpx2
import msgspec
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request

from calltally.engine.sign_in import SignInError
from calltally.engine.values import Perform
from calltally.inlets.rest_poll import Pause
from calltally.inlets.vault import Vault, VaultError
from calltally.sources.source import Grant, RemoteError

log = structlog.get_logger(__name__)

T = TypeVar("T")

EARLY_US = 30_000_000
"""How long before its end an access token is renewed."""
SHORTEST_LIFE_SECONDS = 60
"""What is assumed of an access token that says nothing about its life."""
LONGEST_ASK_SECONDS = 45.0
PATIENCE_SECONDS = 60.0
"""How long another process may take to renew the tokens; longer than any answer is waited for."""
LOOK_SECONDS = 0.5
_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


class Tokens(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tokens of one sign-in.

    Attributes:
        client: of whose client they are, so that a new client begins afresh.
        renewing: the process that asks for their successors at the moment, if any does.
    """

    client: str
    access: str
    refresh: str
    until_us: int
    renewing: str = ""

    def __repr__(self) -> str:
        """Return no secrets."""
        return f"Tokens(until_us={self.until_us})"


class _TokenReply(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str | None = None
    expires_in: float = SHORTEST_LIFE_SECONDS


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


class OAuth2:
    """One client's sign-in at one phone system."""

    def __init__(  # noqa: PLR0913  each is named, and each is what a test replaces or a site chooses
        self,
        *,
        name: str,
        grant: Grant,
        redirect_uri: str,
        vault: Vault,
        http: httpx2.AsyncClient,
        clock_us: Callable[[], int],
        me: str,
        perform: Perform = asyncio.to_thread,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Take the name to keep tokens under, the client, where codes come back to, and what it works with.

        `me` is a name that no other process has which works with the same database.
        """
        self._name = f"sign_in/{name}"
        self._grant = grant
        self._client = hashlib.sha256(f"{grant.token_url}\n{grant.client_id}".encode()).hexdigest()[:16]
        self._redirect_uri = redirect_uri
        self._vault = vault
        self._http = http
        self._clock_us = clock_us
        self._me = me
        self._perform = perform
        self._pause = pause
        self._renewing = asyncio.Lock()
        self._unsaved: tuple[Tokens, str | None] | None = None
        self._spent: str | None = None

    def address(self, state: str) -> str:
        """Return where the person says yes; `state` comes back with the code."""
        address: str = prepare_grant_uri(
            self._grant.authorize_url,
            client_id=self._grant.client_id,
            response_type="code",
            redirect_uri=self._redirect_uri,
            scope=list(self._grant.scopes),
            state=state,
        )
        return address

    async def exchange(self, code: str) -> None:
        """Trade the code for tokens and keep them."""
        async with self._renewing:
            reply = await self._ask("authorization_code", code=code, redirect_uri=self._redirect_uri)
            if not reply.refresh_token:
                raise SignInError("the sign-in gave no refresh token, so it would end within minutes; sign in again")
            await self._save(self._tokens_of(reply, reply.refresh_token), instead_of=None)
        log.info("signed_in", name=self._name)

    async def is_signed_in(self) -> bool:
        """Return whether there are tokens of this client that can be read."""
        async with self._renewing:
            try:
                return await self._tokens() is not None
            except VaultError:
                return False

    async def settle(self) -> None:
        """Store tokens that could not be stored when they came."""
        async with self._renewing:
            await self._save_rest()

    async def authorization(self) -> str:
        """Return the header for a request, with a token that lives long enough for it.

        Raises:
            SignInError: nobody has signed in yet, or the sign-in has ended.
        """
        async with self._renewing:
            tokens = await self._known()
            if tokens.until_us - EARLY_US <= self._clock_us():
                tokens = await self._renew(tokens)
            return _bearer(tokens)

    async def after_refusal(self, refused: str) -> str:
        """Return the header to try instead of a refused one; of many that were refused together, one renews for all."""
        async with self._renewing:
            tokens = await self._known()
            if _bearer(tokens) == refused:
                tokens = await self._renew(tokens)
            return _bearer(tokens)

    async def _known(self) -> Tokens:
        tokens = await self._tokens()
        if tokens is None:
            raise SignInError("nobody has signed in yet; open /auth of this service and say yes")
        return tokens

    async def _tokens(self) -> Tokens | None:
        """Return the tokens in force; what could not be stored is stored first."""
        await self._save_rest()
        tokens = await asyncio.to_thread(self._stored)
        return tokens if tokens is not None and tokens.client == self._client else None

    def _stored(self) -> Tokens | None:
        kept = self._vault.take(self._name)
        return None if kept is None else msgspec.json.decode(kept, type=Tokens)

    async def _renew(self, tokens: Tokens) -> Tokens:
        if tokens.refresh == self._spent:
            raise SignInError("the sign-in has ended; open /auth of this service and sign in again")
        found = await self._claim(tokens)
        if found is not None:
            return found
        try:
            reply = await self._ask("refresh_token", refresh_token=tokens.refresh)
        except RemoteError as problem:
            if isinstance(problem, SignInError):
                self._spent = tokens.refresh
            await self._perform(partial(self._replace, tokens.refresh, _by(tokens, "")))
            raise
        renewed = self._tokens_of(reply, reply.refresh_token or tokens.refresh)
        await self._save(renewed, instead_of=tokens.refresh)
        return renewed

    async def _claim(self, tokens: Tokens) -> Tokens | None:
        """Note that this process renews the tokens; return their successors instead if there are any meanwhile."""
        whose, waited = "", 0.0
        while True:
            stored = await self._known()
            if (stored.access, stored.refresh) != (tokens.access, tokens.refresh):
                return stored
            if stored.renewing != whose:
                whose, waited = stored.renewing, 0.0
            if whose not in {"", self._me} and waited < PATIENCE_SECONDS:
                waited += LOOK_SECONDS
                await self._pause(LOOK_SECONDS)
            elif await self._perform(partial(self._swap, stored, _by(stored, self._me))):
                return None

    def _tokens_of(self, reply: _TokenReply, refresh: str) -> Tokens:
        until_us = self._clock_us() + int(reply.expires_in * 1_000_000)
        return Tokens(client=self._client, access=reply.access_token, refresh=refresh, until_us=until_us)

    async def _save(self, tokens: Tokens, *, instead_of: str | None) -> None:
        """Keep tokens in place of those with a refresh token, of any if that is `None`."""
        self._unsaved = tokens, instead_of
        if instead_of is None:
            await self._perform(lambda: self._vault.put(self._name, msgspec.json.encode(tokens)))
        else:
            await self._perform(partial(self._replace, instead_of, tokens))
        self._unsaved = None

    async def _save_rest(self) -> None:
        if self._unsaved is not None:
            tokens, instead_of = self._unsaved
            await self._save(tokens, instead_of=instead_of)

    def _replace(self, refresh: str, tokens: Tokens) -> None:
        """Keep tokens in place of those with a refresh token, unless somebody has signed in anew meanwhile."""
        while True:
            stored = self._stored()
            if stored is None or stored.refresh != refresh or self._swap(stored, tokens):
                return

    def _swap(self, old: Tokens, new: Tokens) -> bool:
        return self._vault.swap(self._name, msgspec.json.encode(old), msgspec.json.encode(new))

    async def _ask(self, grant_type: str, **fields: str) -> _TokenReply:
        """Ask the token address; not repeated, because code and refresh token can be used once."""
        form = prepare_token_request(
            grant_type, client_id=self._grant.client_id, client_secret=self._grant.client_secret, **fields
        )
        try:
            async with asyncio.timeout(LONGEST_ASK_SECONDS):
                response = await self._http.post(self._grant.token_url, content=form, headers=_FORM)
        except (httpx2.TransportError, httpx2.InvalidURL, TimeoutError) as problem:
            raise RemoteError(
                f"{self._grant.token_url} cannot be reached ({type(problem).__name__}); check the way to the internet"
            ) from problem
        if response.is_success:
            reply = _read(response.content, _TokenReply)
            if reply is not None:
                return reply
        raise _refusal(response.status_code, response.content)


def _by(tokens: Tokens, me: str) -> Tokens:
    return msgspec.structs.replace(tokens, renewing=me)


def _bearer(tokens: Tokens) -> str:
    return f"Bearer {tokens.access}"


def _read(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _refusal(status: int, body: bytes) -> RemoteError:
    refusal = _read(body, _Refusal)
    match refusal.error if refusal else "":
        case "invalid_grant":
            return SignInError("the code or sign-in is used up or too old; open /auth of this service once more")
        case "invalid_client" | "unauthorized_client":
            return SignInError("the phone system does not know client_id and client_secret, or not in this realm")
    if status in (httpx2.codes.BAD_REQUEST, httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
        return SignInError(f"the phone system refused the sign-in ({status}); open /auth of this service once more")
    return RemoteError(f"the phone system's sign-in answered with something unexpected ({status}); try again later")
