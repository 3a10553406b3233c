"""Connects to a phone system's own interface: by user and password, or signed in by OAuth2."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from calltally.engine.sign_in import SignIn
from calltally.engine.values import Perform
from calltally.inlets.oauth2 import OAuth2
from calltally.inlets.rest_poll import Basic, LetIn, RestClient
from calltally.inlets.vault import Vault
from calltally.sources.source import Remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to ask a phone system. `sign_in` is `None` where nobody has to sign in by a browser."""

    fetch: RestClient
    sign_in: SignIn | None


def connect(
    remote: Remote,
    *,
    name: str,
    public_url: str,
    vault: Vault,
    http: httpx2.AsyncClient,
    clock_us: Callable[[], int],
    perform: Perform,
    me: str,
) -> Connection:
    """Return the connection to a phone system; nothing is sent yet.

    Tokens are kept under the source's name; the browser comes back to the public address after signing in. `me` is a
    name that no other process has which works with the same database.
    """
    sign_in: OAuth2 | None = None
    let_in: LetIn = Basic(remote.user, remote.password)
    if remote.grant is not None:
        sign_in = OAuth2(
            name=name,
            grant=remote.grant,
            redirect_uri=f"{public_url}/auth-code",
            vault=vault,
            http=http,
            clock_us=clock_us,
            perform=perform,
            me=me,
        )
        let_in = sign_in
    return Connection(fetch=RestClient(remote=remote, let_in=let_in, http=http), sign_in=sign_in)
