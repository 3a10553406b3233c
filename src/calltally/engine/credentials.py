"""Tokens of scripts and sessions of browsers, kept as hashes only: whoever reads the database can use none of them.

A token lives until it is revoked, a session until nobody has used it for twelve hours, until it is ended, or until the
password that opened it changes.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from calltally.model.instants import HOUR_MS, MINUTE_MS
from calltally.store.store import Store

TOKEN_PREFIX = "ct_"  # noqa: S105  how a token begins, so that people and scanners know one when they see it
IDLE_MS = 12 * HOUR_MS
_NOTED_AGAIN_MS = 10 * MINUTE_MS
_MOST_SESSIONS = 1_000
_LONGEST_SECRET = 200

NewSecret = Callable[[], str]
"""Returns 32 random bytes or more as text for a URL, never the same twice (`secrets.token_urlsafe`)."""


class NameTakenError(ValueError):
    """A token of this name exists already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token."""

    name: str
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    seen_at_ms: int
    password: str


def _key(kind: str, secret: str) -> str:
    return f"{kind}:{hashlib.sha256(secret.encode()).hexdigest()}"


def csrf_token(session: str) -> str:
    """Return the text that a form of this session must carry; it tells nothing about the session."""
    return hmac.new(session.encode(), b"calltally form", hashlib.sha256).hexdigest()


class Tokens:
    """The tokens of scripts, by name."""

    def __init__(self, store: Store, new_secret: NewSecret) -> None:
        self._store = store
        self._new_secret = new_secret

    def create(self, name: str, now_ms: int) -> str:
        """Return a new token; this is the only time that it can be seen.

        Raises:
            NameTakenError: there is one of this name.
        """
        if any(token.name == name for token in self.listed()):
            raise NameTakenError(f"A token called {name!r} exists already; revoke it first or choose another name.")
        token = TOKEN_PREFIX + self._new_secret()
        with self._store.write() as transaction:
            value = msgspec.json.encode(Token(name=name, created_at_ms=now_ms))
            transaction.set_value(_key("token", token), value)
        return token

    def listed(self) -> list[Token]:
        """Return all tokens, oldest first."""
        kept = [msgspec.json.decode(value, type=Token) for value in self._store.values("token:").values()]
        return sorted(kept, key=lambda token: (token.created_at_ms, token.name))

    def revoke(self, name: str) -> bool:
        """Forget the token of a name; return whether there was one."""
        held = self._store.values("token:").items()
        keys = [key for key, value in held if msgspec.json.decode(value, type=Token).name == name]
        with self._store.write() as transaction:
            for key in keys:
                transaction.set_value(key, None)
        return bool(keys)

    def holder(self, token: str) -> str | None:
        """Return the name of a token, `None` if it opens nothing."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > _LONGEST_SECRET or not token.isascii():
            return None
        value = self._store.value(_key("token", token))
        return msgspec.json.decode(value, type=Token).name if value else None


class Sessions:
    """The sessions that the password has opened."""

    def __init__(self, store: Store, new_secret: NewSecret, password_hash: str) -> None:
        self._store = store
        self._new_secret = new_secret
        self._password = hashlib.sha256(password_hash.encode()).hexdigest()[:16]

    def begin(self, now_ms: int) -> str:
        """Return the id of a new session; forgets those that are over, and the oldest beyond a thousand."""
        held = {key: msgspec.json.decode(value, type=_Session) for key, value in self._store.values("session:").items()}
        newest = sorted((key for key in held if self._lives(held[key], now_ms)), key=lambda key: held[key].seen_at_ms)
        kept = set(newest[-(_MOST_SESSIONS - 1) :])
        session = self._new_secret()
        with self._store.write() as transaction:
            for key in held:
                if key not in kept:
                    transaction.set_value(key, None)
            transaction.set_value(_key("session", session), self._noted(now_ms))
        return session

    def is_open(self, session: str, now_ms: int) -> bool:
        """Return whether a session may still be used."""
        found = self._found(session)
        return found is not None and self._lives(found, now_ms)

    def wants_note(self, session: str, now_ms: int) -> bool:
        """Return whether its use should be noted, which is not done for every single request."""
        found = self._found(session)
        return found is not None and now_ms - found.seen_at_ms >= _NOTED_AGAIN_MS

    def note(self, session: str, now_ms: int) -> None:
        """Note that a session is in use, unless it has ended meanwhile."""
        if self.is_open(session, now_ms):
            with self._store.write() as transaction:
                transaction.set_value(_key("session", session), self._noted(now_ms))

    def end(self, session: str) -> None:
        """End a session."""
        with self._store.write() as transaction:
            transaction.set_value(_key("session", session), None)

    def _found(self, session: str) -> _Session | None:
        if not session or len(session) > _LONGEST_SECRET or not session.isascii():
            return None
        value = self._store.value(_key("session", session))
        return msgspec.json.decode(value, type=_Session) if value else None

    def _lives(self, session: _Session, now_ms: int) -> bool:
        return session.password == self._password and now_ms - session.seen_at_ms < IDLE_MS

    def _noted(self, now_ms: int) -> bytes:
        return msgspec.json.encode(_Session(seen_at_ms=now_ms, password=self._password))
