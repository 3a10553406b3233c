"""sipgate.io: pushes of calls that start, are answered and end."""

from pathlib import Path

from calltally.sources.sipgate.parse import parse
from calltally.sources.sipgate.settings import longest_call_hours, settings_from, takes_unsigned
from calltally.sources.sipgate.setup import SETUP
from calltally.sources.sipgate.sync import sync_from
from calltally.sources.sipgate.webhook import webhook_from
from calltally.sources.source import Source

SOURCE = Source(
    name="sipgate",
    title="sipgate",
    parse=parse,
    settings=settings_from,
    webhook=webhook_from,
    longest_call_hours=longest_call_hours,
    sample=(Path(__file__).parent / "sample.toml").read_text(encoding="utf-8"),
    sync=sync_from,
    takes_unsigned=takes_unsigned,
    setup=SETUP,
)
