"""Puts together how one phone system's own interface is asked: by user and password, or by a sign-in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from calltally.engine.values import Perform, Values
from calltally.inlets.oauth2 import OAuth2
from calltally.inlets.rest_poll import Basic, RestClient
from calltally.inlets.vault import Vault
from calltally.sources.source import Remote

CODE_PATH = "/auth-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """What asks, and what a person signs in with; `None` where user and password are used."""

    fetch: RestClient
    sign_in: OAuth2 | None


def way_in(
    name: str,
    remote: Remote,
    *,
    public_url: str,
    values: Values,
    folder: Path,
    http: httpx2.AsyncClient,
    clock_us: Callable[[], int],
    perform: Perform = asyncio.to_thread,
) -> WayIn:
    """Return the way into one phone system.

    Args:
        name: of the source; tokens are kept under it.
        remote: what its settings say.
        public_url: of this service; codes come back to `/auth-code` below it.
        values: where tokens are kept, encrypted.
        folder: the data folder, where the key file is.
        http: closed by whoever made it.
        clock_us: tells when a token must be renewed.
        perform: runs what writes to the values.
    """
    if remote.grant is None:
        let_in = Basic(remote.user, remote.password)
        return WayIn(fetch=RestClient(remote=remote, let_in=let_in, http=http), sign_in=None)
    oauth2 = OAuth2(
        name=name,
        grant=remote.grant,
        redirect_uri=public_url.rstrip("/") + CODE_PATH,
        vault=Vault(values=values, folder=folder),
        http=http,
        clock_us=clock_us,
        perform=perform,
    )
    return WayIn(fetch=RestClient(remote=remote, let_in=oauth2, http=http), sign_in=oauth2)
