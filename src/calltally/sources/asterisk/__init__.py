"""Asterisk and Wazo: the queue_log, one line for each thing that happens to a call in a queue."""

from importlib.resources import files

from calltally.sources.asterisk.lines import raw_messages
from calltally.sources.asterisk.members import agent_id_of, member_name
from calltally.sources.asterisk.parse import parse
from calltally.sources.asterisk.settings import settings_from
from calltally.sources.source import Members, Source

SOURCE = Source(
    name="asterisk",
    title="Asterisk",
    parse=parse,
    settings=settings_from,
    sample=files(__package__).joinpath("sample.toml").read_text("utf-8"),
    log_messages=raw_messages,
    members=Members(agent_id_of=agent_id_of, name_of=member_name),
)
