"""An agent's interface names the agent by id."""

import pytest

from calltally.sources.asterisk.members import agent_id_of, member_name

MEMBERS = [
    # member as logged                        id of the agent
    ("Local/id-61@agentcallback", 61),
    ("Local/id-1@agentcallback/n", 1),
    ("Local/id-7@agentcallback-0000001f;1", 7),
    ("Local/id-@agentcallback", None),
    ("Local/id-7@agentcallbacks", None),
    ("Local/id-7@default", None),
    ("Local/id-" + "9" * 5000 + "@agentcallback", None),
    ("Agent/1001", None),
    ("PJSIP/abc", None),
    ("", None),
]


@pytest.mark.parametrize(("member", "agent_id"), MEMBERS)
def test_only_the_interface_of_an_agent_names_an_id(member: str, agent_id: int | None) -> None:
    assert agent_id_of(member) == agent_id


def test_an_agent_of_the_settings_is_a_member_by_number_or_whole_name() -> None:
    assert (member_name("1001"), member_name("Agent/1001"), member_name("SIP/7")) == (
        "Agent/1001",
        "Agent/1001",
        "SIP/7",
    )
