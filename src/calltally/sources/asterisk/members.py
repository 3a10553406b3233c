"""Members of a queue as Wazo writes them: by the name `Agent/1001`, or by the interface `Local/id-7@agentcallback`."""

import re

_BY_ID = re.compile(r"Local/id-([0-9]{1,18})@agentcallback(?![A-Za-z0-9_])")


def agent_id_of(member: str) -> int | None:
    """Return the id of the agent whose interface a member's name is; `None` if it is none.

    The interface may carry options, `/n`, and the mark of a channel, `-0000001f;1`.
    """
    found = _BY_ID.match(member)
    return int(found[1]) if found else None


def member_name(number: str) -> str:
    """Return the member's name of an agent from the settings, where a number or the whole name may stand."""
    return number if "/" in number else f"Agent/{number}"
