"""The dialog that connects calltally to a sipgate account: what it will change, before and after, and how.

It can be run again: what is as it should be is left alone. Answers, by name: `token_id`, `token`, `public_url`, and
optionally `api_url`, `realm`, `secret`, `user`, `password` as in the settings, and `access`, which is `oauth` (an
OAuth2 client is created or found) or `token` (the token itself is kept for daily use).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from calltally.sources.sipgate import rest
from calltally.sources.sipgate.settings import NEW_REALM, OFFICIAL_API, SipgateSettings, settings_from
from calltally.sources.sipgate.webhook import push_address
from calltally.sources.source import Change, Plan, Remote, RemoteError, Setup, Steps

CLIENT_NAME = "calltally"
OAUTH = "oauth"
CHECKED = ("api_url", "realm", "secret", "user", "password")
"""Answers that the settings would not take if they were wrong."""
ADDRESSES = ("incomingUrl", "outgoingUrl")
TITLES = {"incomingUrl": "address for incoming calls", "outgoingUrl": "address for outgoing calls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the account should look like. `redirect_uri` is `None` if no OAuth2 client is wanted."""

    push_url: str
    site: str
    redirect_uri: str | None


def remote(answers: Mapping[str, str]) -> Remote:
    """Return how to be let in with the personal access token of the answers.

    Raises:
        ValueError: an answer cannot be right.
    """
    for key, example in (("token_id", "token-ABC123"), ("token", "the long text shown once when it was made")):
        if not answers.get(key, "").strip():
            raise ValueError(f"{key} is missing; expected is {example}")
    _public_url(answers)
    settings_from({key: answers[key] for key in CHECKED if answers.get(key)})
    return Remote(
        base_url=answers.get("api_url") or OFFICIAL_API,
        user=answers["token_id"].strip(),
        password=answers["token"].strip(),
    )


def survey(answers: Mapping[str, str]) -> Steps[Plan]:
    """Look at the account and plan what is to be changed."""
    wanted = _wanted(answers)
    account = yield from rest.account()
    changes = list(_address_changes((yield from rest.webhooks()), wanted))
    if wanted.redirect_uri is not None:
        changes.extend(_client_changes((yield from rest.clients()), wanted.redirect_uri))

    def carry_out() -> Steps[Mapping[str, str]]:
        yield from _set_addresses(wanted)
        if wanted.redirect_uri is None:
            return {"token_id": answers["token_id"].strip(), "token": answers["token"].strip()}
        client = yield from _client_with_secret(wanted.redirect_uri, wanted.site)
        return {
            "client_id": client.client_id,
            "client_secret": client.client_secret or "",
            "realm": answers.get("realm") or NEW_REALM,
        }

    return Plan(account=account.master_sip_id, changes=tuple(changes), carry_out=carry_out)


def _public_url(answers: Mapping[str, str]) -> str:
    """Return the public address without a slash at its end."""
    text = answers.get("public_url", "").strip()
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        good = good and parts.port != 0 and not any(letter.isspace() for letter in text)
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"the public address {text!r} is none; expected is something like https://calls.example.org")
    return text.rstrip("/")


def _wanted(answers: Mapping[str, str]) -> _Wanted:
    site = _public_url(answers)
    settings = SipgateSettings(
        secret=answers.get("secret", ""), user=answers.get("user", ""), password=answers.get("password", "")
    )
    return _Wanted(
        push_url=push_address(settings, site),
        site=site,
        redirect_uri=f"{site}/auth-code" if answers.get("access", OAUTH) == OAUTH else None,
    )


def _address_changes(settings: Mapping[str, object], wanted: _Wanted) -> list[Change]:
    return [
        Change(what=TITLES[key], before=_shown(str(settings.get(key) or "")), after=_shown(wanted.push_url))
        for key in ADDRESSES
        if settings.get(key) != wanted.push_url
    ]


def _shown(address: str) -> str:
    """Return an address without the password in it."""
    return re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:***@", address)


def _set_addresses(wanted: _Wanted) -> Steps[None]:
    """Read the settings, change the two addresses, and write everything back."""
    settings = yield from rest.webhooks()
    changed = settings | dict.fromkeys(ADDRESSES, wanted.push_url)
    if changed != settings:
        yield from rest.set_webhooks(changed)


def _fitting(clients: list[rest.Client], redirect_uri: str) -> rest.Client | None:
    """Return the client that leads back to us, else the one with our name."""
    by_address = [client for client in clients if redirect_uri in client.redirect_uris]
    by_name = [client for client in clients if client.name == CLIENT_NAME]
    return next(iter(by_address + by_name), None)


def _client_changes(clients: list[rest.Client], redirect_uri: str) -> list[Change]:
    found = _fitting(clients, redirect_uri)
    if found is None:
        return [Change(what=f"OAuth2 client {CLIENT_NAME}", before="", after=f"leads back to {redirect_uri}")]
    if redirect_uri in found.redirect_uris:
        return []
    before = ", ".join(found.redirect_uris)
    after = ", ".join((*found.redirect_uris, redirect_uri))
    return [Change(what=f"addresses to which the OAuth2 client {found.name} leads back", before=before, after=after)]


def _client_with_secret(redirect_uri: str, site: str) -> Steps[rest.Client]:
    """Return the client that leads back to us; create it, or add the address to the one with our name."""
    found = _fitting((yield from rest.clients()), redirect_uri)
    if found is None:
        yield from rest.create_client(name=CLIENT_NAME, redirect_uri=redirect_uri, site=site)
        found = _fitting((yield from rest.clients()), redirect_uri)
    elif redirect_uri not in found.redirect_uris:
        fields = yield from rest.client_fields(found.client_id)
        yield from rest.set_client(found.client_id, fields | {"redirectUris": [*found.redirect_uris, redirect_uri]})
    if found is None:
        raise RemoteError("sipgate did not keep the new OAuth2 client; create one in its console and enter it by hand")
    client = yield from rest.client(found.client_id)
    if not client.client_secret:
        raise RemoteError(f"sipgate gave no secret for the OAuth2 client {client.client_id}; take it from its console")
    return client


SETUP = Setup(remote=remote, survey=survey)
