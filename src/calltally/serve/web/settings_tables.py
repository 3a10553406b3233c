"""What the Settings page shows beside the teams: facts of the site, sources, groups, and messages set aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from calltally import __version__
from calltally.render.numbers import NONE, phone
from calltally.render.times import clock, local, short_day
from calltally.render.words import Words
from calltally.serve.site import Site
from calltally.serve.web.live_sources import title_of
from calltally.store.asked import JournalEntry

MOST_SET_ASIDE: Final = 50
LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of what is set."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One phone system.

    Attributes:
        address: where it sends to, or why there is no such address.
        sign_in: where to allow calltally to ask it, empty where that is not the way.
        word: whether it is set up; `sign` and `kind` are the mark before it.
        warning: what should be changed about it, empty where all is well.
    """

    name: str
    address: str
    sign_in: str
    word: str
    sign: str
    kind: str
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A group of the phone system."""

    name: str
    key: str
    numbers: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAsideRow:
    """A message that could not be understood."""

    href: str
    time: str
    source: str
    reason: str


def site_facts(site: Site, words: Words) -> list[Fact]:
    """Return what is set about the site, its database and how long things are kept."""
    settings = site.settings
    kept = [
        words.t("settings.site.journal", days=words.t("site.unit.days", count=settings.retention.journal_days)),
        words.t("settings.site.records", months=settings.retention.records_months),
        words.t("settings.site.rollups"),
    ]
    guard = "guarded" if settings.server.password else "unguarded" if settings.server.open else "here_only"
    pairs = [
        ("name", settings.site.name or NONE),
        ("zone", settings.site.time_zone),
        ("country", settings.site.country),
        ("retention", "; ".join(kept)),
        ("database", database_text(settings.database_url)),
        ("address", settings.public_url),
        ("guard", words.t(f"settings.site.{guard}")),
        ("file", str(settings.file)),
        ("version", __version__),
    ]
    return [Fact(name=words.t(f"settings.site.{name}"), value=value) for name, value in pairs]


def database_text(url: str) -> str:
    """Return where the database is, without user and password."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return "SQLite, " + (url.partition(":///")[2] or NONE)
    host = parts.hostname or ""
    return f"{parts.scheme.partition('+')[0]}, {host}{parts.path}"


def source_rows(site: Site, words: Words) -> list[SourceRow]:
    """Return every phone system that is known, set up or not."""
    return [_source_row(site, name, words) for name in sorted(site.sources)]


def _source_row(site: Site, name: str, words: Words) -> SourceRow:
    source, own, outside = site.sources[name], site.settings.sources.get(name), site.settings.outside_url
    address = words.t("settings.sources.imported", command=site.settings.command)
    is_pushed = source.webhook is not None
    if is_pushed:
        secret = "/..." if getattr(own, "secret", "") else ""
        address = f"{outside}/in/{name}{secret}" if outside else words.t("settings.sources.nowhere")
    sync = source.sync(own) if source.sync is not None and own is not None else None
    is_unsigned = own is not None and source.takes_unsigned(own)
    if own is None:
        word, sign, kind = "missing", "i-off", "off"
    elif is_pushed and outside is None:
        word, sign, kind = "incomplete", "i-warn", "warn"
    elif is_unsigned:
        word, sign, kind = "unchecked", "i-warn", "warn"
    else:
        word, sign, kind = "ready", "i-ok", "ok"
    return SourceRow(
        name=source.title,
        address=address,
        sign_in="/auth" if sync is not None and sync.remote.grant is not None else "",
        word=words.t(f"settings.sources.{word}"),
        sign=sign,
        kind=kind,
        warning=words.t("settings.sources.unsigned", setting=f"sources.{name}.check_signature") if is_unsigned else "",
    )


def group_rows(site: Site) -> list[GroupRow]:
    """Return the groups as they were imported last."""
    groups = site.store.directory().groups
    return [
        GroupRow(name=group.name, key=group.group_id, numbers=[phone(number) for number in group.numbers])
        for group in groups
    ]


def set_aside_rows(entries: Sequence[JournalEntry], site: Site, now_ms: int, words: Words) -> list[SetAsideRow]:
    """Return the messages that could not be understood, newest first."""
    return [
        SetAsideRow(
            href=f"/settings/set-aside/{message_key(entry)}",
            time=when_text(entry.message.received_at_us // 1000, now_ms, site.zone, words),
            source=title_of(entry.message.source, site.sources),
            reason=(entry.problem or "")[:LONGEST_REASON],
        )
        for entry in entries
    ]


def message_key(entry: JournalEntry) -> str:
    """Return what names a message in an address."""
    return f"{entry.message.received_at_us}-{entry.message.digest:x}"


def when_text(instant_ms: int, now_ms: int, zone: ZoneInfo, words: Words) -> str:
    """Return the time of an instant, with its day unless it is today."""
    time = clock(instant_ms, zone)
    is_today = local(instant_ms, zone).date() == local(now_ms, zone).date()
    return time if is_today else f"{short_day(instant_ms, zone, words.language)} {time}"
