"""What sipgate is answered: subscribe to what happens next to the call, and change nothing about it."""

from html import escape
from urllib.parse import quote, urlsplit

from calltally.sources.sipgate.settings import SipgateSettings
from calltally.sources.sipgate.verify import SIGNATURE_HEADER, admit_with
from calltally.sources.source import Reply, Webhook

PATH = "/in/sipgate"


def webhook_from(settings: object, public_url: str) -> Webhook:
    """Return the webhook under the public address of the service.

    Raises:
        ValueError: the public address is not absolute, so sipgate could not find the way back.
    """
    if not isinstance(settings, SipgateSettings):
        raise TypeError("the settings are not those of sipgate")
    return Webhook(
        kept_headers=(),
        read_headers=("authorization", "content-type", SIGNATURE_HEADER),
        admit=admit_with(settings),
        reply=Reply(content_type="application/xml", body=subscription(push_address(settings, public_url))),
    )


def push_address(settings: SipgateSettings, public_url: str) -> str:
    """Return the address that sipgate is to push to, with the user and the password that the settings ask for."""
    parts = urlsplit(public_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            f"public_url: found {public_url!r}, expected an absolute address that sipgate can reach, "
            'for example public_url = "https://calls.example.org"'
        )
    host = parts.netloc.rpartition("@")[2]
    access = f"{quote(settings.user, safe='')}:{quote(settings.password, safe='')}@" if settings.user else ""
    secret = f"/{quote(settings.secret, safe='')}" if settings.secret else ""
    return f"{parts.scheme}://{access}{host}{parts.path.rstrip('/')}{PATH}{secret}"


def subscription(address: str) -> bytes:
    """Return the XML that asks for the answer and the hangup of a call, and for nothing else."""
    target = escape(address, quote=True)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response onAnswer="{target}" onHangup="{target}"/>\n'
    return text.encode()
