"""What the section of the settings may hold, and the address that sipgate is answered with."""

import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from calltally.sources.sipgate import SOURCE
from calltally.sources.sipgate.keys import OFFICIAL_KEY
from calltally.sources.sipgate.settings import SipgateSettings


def test_an_empty_section_checks_the_signature_with_the_official_key() -> None:
    settings = SOURCE.settings({})
    assert settings == SipgateSettings()
    assert isinstance(settings, SipgateSettings)
    assert settings.check_signature
    assert settings.public_key == OFFICIAL_KEY


def test_every_key_of_the_sample_is_a_key() -> None:
    lines = SOURCE.sample.splitlines()
    bare = "\n".join(
        line.removeprefix("# ") if " = " in line and not line.endswith((".", ",")) else line for line in lines
    )
    section = tomllib.loads(SOURCE.sample)["sources"]["sipgate"]
    assert section == {}
    full = tomllib.loads(bare)["sources"]["sipgate"]
    full.pop("public_key_file")
    settings = SOURCE.settings(full)
    assert isinstance(settings, SipgateSettings)
    assert settings.user == "sipgate"
    assert settings.realm == "sipgate-apps"
    assert len(settings.peers) == 2
    assert len(full) == 11


def test_values_from_the_environment_are_texts() -> None:
    settings = SOURCE.settings({"check_signature": "false", "max_call_hours": "8", "peers": "10.0.0.0/8,192.0.2.7"})
    assert isinstance(settings, SipgateSettings)
    assert (settings.check_signature, settings.max_call_hours) == (False, 8)
    assert [str(network) for network in settings.peers] == ["10.0.0.0/8", "192.0.2.7/32"]


def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(OFFICIAL_KEY)
    assert SOURCE.settings({"public_key_file": str(file)}) == SipgateSettings()


def test_secrets_are_not_shown() -> None:
    secrets = {"secret": "hush", "password": "hush", "user": "u", "token": "hush", "token_id": "t"}
    assert "hush" not in repr(SOURCE.settings(secrets))
    with pytest.raises(ValueError, match="secret: found a value"):
        SOURCE.settings({"secret": "hush hush/"})


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"colour": 1}, "colour"),
        ({"check_signature": "maybe"}, "check_signature"),
        ({"check_signature": 1}, "check_signature"),
        ({"secret": "a/b"}, "secret"),
        ({"secret": 7}, "secret"),
        ({"user": "sipgate"}, "password"),
        ({"password": "sipgate"}, "user"),
        ({"user": "a:b", "password": "c"}, "user"),
        ({"token": "x"}, "token_id"),
        ({"client_id": "x"}, "client_secret"),
        ({"peers": ["300.1.1.1"]}, "peers"),
        ({"peers": ["10.0.0.1/8"]}, "peers"),
        ({"peers": 7}, "peers"),
        ({"api_url": "api.sipgate.com"}, "api_url"),
        ({"api_url": "ftp://api.sipgate.com"}, "api_url"),
        ({"api_url": "http://["}, "api_url"),
        ({"login_url": 1}, "login_url"),
        ({"max_call_hours": 0}, "max_call_hours"),
        ({"max_call_hours": True}, "max_call_hours"),
        ({"max_call_hours": "soon"}, "max_call_hours"),
        ({"public_key": "nonsense"}, "public_key"),
        ({"public_key": b"nonsense"}, "public_key"),
        ({"public_key_file": "no/such/file.pem"}, "public_key_file"),
        ({"public_key_file": "x", "public_key": OFFICIAL_KEY}, "public_key_file"),
        ({"realm": " x"}, "realm"),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_was_expected(section: dict[str, object], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: ") as problem:
        SOURCE.settings(section)
    if "missing" not in str(problem.value):
        assert "expected" in str(problem.value)


@pytest.mark.parametrize(
    ("section", "public_url", "address"),
    [
        ({}, "https://calls.example.org", "https://calls.example.org/in/sipgate"),
        ({}, "https://calls.example.org/", "https://calls.example.org/in/sipgate"),
        ({}, "http://192.0.2.1:8080/tally/", "http://192.0.2.1:8080/tally/in/sipgate"),
        ({"secret": "q7Hc"}, "https://calls.example.org", "https://calls.example.org/in/sipgate/q7Hc"),
        (
            {"user": "a&b", "password": 'p@"<'},
            "https://calls.example.org",
            "https://a%26b:p%40%22%3C@calls.example.org/in/sipgate",
        ),
        ({"secret": "a=b@c"}, "https://x.example/a&b'\"<>", "https://x.example/a&b'\"<>/in/sipgate/a%3Db%40c"),
    ],
)
def test_the_answer_only_subscribes_at_an_absolute_address(
    section: dict[str, object], public_url: str, address: str
) -> None:
    assert SOURCE.webhook is not None
    reply = SOURCE.webhook(SOURCE.settings(section), public_url).reply
    assert reply.content_type == "application/xml"
    root = ET.fromstring(reply.body)  # noqa: S314  our own text
    assert (root.tag, root.attrib, list(root)) == ("Response", {"onAnswer": address, "onHangup": address}, [])


@pytest.mark.parametrize("public_url", ["", "calls.example.org", "/calls", "ftp://calls.example.org"])
def test_a_public_address_that_is_not_absolute_is_refused(public_url: str) -> None:
    assert SOURCE.webhook is not None
    with pytest.raises(ValueError, match=r"public_url: .* expected an absolute address"):
        SOURCE.webhook(SOURCE.settings({}), public_url)
