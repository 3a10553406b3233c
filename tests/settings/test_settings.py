"""Settings: what is read, which saying wins, and that every mistake is told with file, key, finding and expectation."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from calltally.settings import Address, Settings, SettingsError, load, require_guard
from calltally.settings.given_sources import SourceCheck

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA"


def exchange(section: Mapping[str, object]) -> object:
    """Check a made-up source which knows a switch, a text and a whole number."""
    kinds = {"check": bool, "token": str, "name": str, "every": int}
    for key, value in section.items():
        if key not in kinds:
            raise ValueError(f"{key}: there is no such key; expected one of {', '.join(kinds)}")
        if type(value) is not kinds[key]:
            raise ValueError(f"{key}: must be a {kinds[key].__name__}, for example {key} = {kinds[key]()!r}")
    return dict(section)


def known(name: str) -> SourceCheck | None:
    return exchange if name == "exchange" else None


def settings_of(folder: Path, text: str = "", **environ: str) -> Settings:
    (folder / "calltally.toml").write_text(text)
    return load(data=folder, environ=environ, source_named=known)


def refusal_of(folder: Path, text: str = "", **environ: str) -> SettingsError:
    with pytest.raises(SettingsError) as refused:
        settings_of(folder, text, **environ)
    return refused.value


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    settings = load(data=tmp_path, environ={})
    assert settings.server.listen == Address("127.0.0.1", 8080)
    assert settings.site.time_zone == "UTC"
    assert settings.retention.journal_days == 30
    assert settings.retention.records_months == 13
    assert settings.database_url == f"sqlite:///{tmp_path / 'calltally.db'}"
    assert "UTC" in settings.notices[0]


def test_a_file_is_read_into_values(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        f"""
        [site]
        name = "Help desk"
        time_zone = "Europe/Berlin"
        opening_hours = ["mon-fri 08:00-18:00", "sat 09:00-12:00"]
        [server]
        listen = "[::1]:9000"
        public_url = "https://calls.example.org/"
        trusted_proxies = ["10.1.2.3/8"]
        password = "{HASH}"
        [[queues]]
        name = "sales"
        id = 3
        target_share = 0.9
        [[agents]]
        number = 1001
        name = "Anna"
        [[teams]]
        name = "Support"
        numbers = ["+4930123450", "+4930123451"]
        [alerts]
        [privacy]
        [sources.exchange]
        check = false
        """,
    )
    assert settings.server.listen == Address("::1", 9000)
    assert settings.public_url == "https://calls.example.org"
    assert settings.server.trusted_proxies == ("10.0.0.0/8",)
    assert settings.queues[0].target_share == 0.9
    assert settings.queues[0].target_seconds == 20
    assert settings.agents[0].number == "1001"
    assert settings.teams[0].numbers == ("+4930123450", "+4930123451")
    assert settings.sources == {"exchange": {"check": False}}
    assert settings.notices == ()


def test_a_variable_is_stronger_than_the_file_and_an_option_than_both(tmp_path: Path) -> None:
    (tmp_path / "calltally.toml").write_text('[site]\nname = "file"\n[server]\nlisten = "127.0.0.1:1"\n')
    environ = {"CALLTALLY_SITE__NAME": "variable", "CALLTALLY_SERVER__LISTEN": "127.0.0.1:2"}
    settings = load(data=tmp_path, listen="127.0.0.1:3", environ=environ)
    assert settings.site.name == "variable"
    assert settings.server.listen.port == 3


def test_the_folder_and_the_file_are_found_as_promised(tmp_path: Path) -> None:
    named, config = tmp_path / "named", tmp_path / "other.toml"
    config.write_text('[site]\nname = "other"\n')
    environ = {"CALLTALLY_DATA": str(tmp_path / "by-variable"), "CALLTALLY_CONFIG": str(config)}
    assert load(data=named, environ=environ).data == named
    assert load(environ=environ).data == tmp_path / "by-variable"
    assert load(environ=environ).site.name == "other"
    assert load(environ={"XDG_DATA_HOME": str(tmp_path)}).data == tmp_path / "calltally"


@pytest.mark.parametrize(
    ("variable", "text", "section"),
    [
        ("CALLTALLY_SOURCES__EXCHANGE__CHECK", "false", {"check": False}),
        ("CALLTALLY_SOURCES__EXCHANGE__TOKEN", "false", {"token": "false"}),
        ("CALLTALLY_SOURCES__EXCHANGE__TOKEN", "0123", {"token": "0123"}),
        ("CALLTALLY_SOURCES__EXCHANGE__EVERY", "15", {"every": 15}),
        ("CALLTALLY_SOURCES", '{"exchange": {"every": 5}}', {"every": 5}),
    ],
)
def test_a_variable_of_a_source_becomes_what_the_source_expects(
    tmp_path: Path, variable: str, text: str, section: object
) -> None:
    assert settings_of(tmp_path, **{variable: text}).sources == {"exchange": section}


def test_several_servers_of_one_kind_are_told_apart_by_name(tmp_path: Path) -> None:
    text = '[[sources.exchange]]\nname = "north"\n[[sources.exchange]]\nname = "south"\n'
    assert set(settings_of(tmp_path, text).sources) == {"exchange:north", "exchange:south"}
    twice = refusal_of(tmp_path, text.replace("south", "north"))
    assert twice.problems[0].key == "sources.exchange[2].name"


WRONG = [
    # written                                          key                            parts of the sentence
    ('[site]\ntime_zone = "Berlin"', "site.time_zone", ('"Berlin"', "IANA", 'time_zone = "Europe/Berlin"')),
    (
        "[site]\ntimezone = 'UTC'",
        "site.timezone",
        ("time_zone (did you mean that?)", 'time_zone = "Europe/Berlin"   (under [site])'),
    ),
    ("[site]\ncountry = 49", "site.country", ("49", "two letters")),
    ("[site]\nlanguage = 'fr'", "site.language", ('"fr"', 'either "en" or "de"')),
    ("[site]\nopening_hours = ['mon 18:00-08:00']", "site.opening_hours[1]", ("mon-fri 08:00-18:00",)),
    ("[site]\nxyz = 1", "site.xyz", ("one of name, ", 'name = "Help desk"   (under [site])')),
    ("[sight]\nname = 'x'", "sight", ("site (did you mean that?)", "example:  [site]")),
    ("site = 5", "site", ("5", "a table", "[site]")),
    ("[server]\nlisten = '8080'", "server.listen", ('"8080"', "HOST:PORT", '"127.0.0.1:8080"')),
    ("[server]\nlisten = '127.0.0.1:70000'", "server.listen", ("HOST:PORT",)),
    ("[server]\npublished_at = '127.0.0.1:8080'", "server.published_at", ('"127.0.0.1:8080"', "without a port")),
    ("[server]\nopen = 'perhaps'", "server.open", ('"perhaps"', "true or false")),
    ("[server]\npublic_url = 'calls.example.org'", "server.public_url", ("https://",)),
    ("[server]\ntrusted_proxies = ['all']", "server.trusted_proxies[1]", ('"all"', "addresses or networks")),
    ("[server]\npassword = 'hunter2'", "server.password", ("(hidden)", "never the password itself")),
    ("[database]\nurl = 'oracle://u:geheim@h/d'", "database.url", ("oracle://u:***@h/d", "sqlite://")),
    ("[database]\nurl = 'mysqlx://h/d'", "database.url", ("mysqlx://h/d", "postgresql://, mysql:// or sqlite://")),
    ("[retention]\njournal_days = 0", "retention.journal_days", ("0", "a whole number from 1")),
    ("[[queues]]\nid = 1", "queues[1].name", ("nothing", '"sales"', "[[queues]]")),
    ("[queues]\nname = 'sales'", "queues", ("[[queues]]",)),
    ("[[queues]]\nname = 'a'\ntarget_share = 80", "queues[1].target_share", ("80", "between 0 and 1")),
    ("[[teams]]\nname = 'a'\nnumbers = '+49'", "teams[1].numbers", ("a list of numbers",)),
    ("[privacy]\nmode = 1", "privacy.mode", ("none yet",)),
    ("[sources.exchang]\ncheck = true", "sources.exchang", ("unknown key", "example:  [sources.asterisk]")),
    ("[sources.exchange]\ncheck = 'no'", "sources.exchange.check", ('"no"', "must be a bool")),
    ("[sources.exchange]\ntoken = 77077", "sources.exchange.token", ("(hidden)", "must be a str")),
    ("[sources]\nexchange = 1", "sources.exchange", ("a table",)),
]


@pytest.mark.parametrize(("text", "key", "parts"), WRONG)
def test_a_wrong_setting_is_told_with_file_key_finding_and_expectation(
    tmp_path: Path, text: str, key: str, parts: tuple[str, ...]
) -> None:
    refused = refusal_of(tmp_path, text)
    assert [problem.key for problem in refused.problems] == [key]
    assert refused.problems[0].where == str(tmp_path / "calltally.toml")
    for part in (str(tmp_path / "calltally.toml"), key, *parts):
        assert part in str(refused)
    assert "hunter2" not in str(refused)
    assert "77077" not in str(refused)


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    text = "[site]\ncountry = 1\nname = ''\n[server]\nlisten = 1\n[sources.exchange]\nevery = 'x'"
    refused = refusal_of(tmp_path, text, CALLTALLY_RETENTION__RECORDS_MONTHS="many")
    assert {problem.key for problem in refused.problems} == {
        "site.country",
        "site.name",
        "server.listen",
        "sources.exchange.every",
        "retention.records_months",
    }
    assert str(refused).startswith("5 settings cannot be used.")


def test_a_wrong_variable_or_option_is_named_as_the_place(tmp_path: Path) -> None:
    refused = refusal_of(tmp_path, CALLTALLY_SITE__TIME_ZONE="Mars", CALLTALLY_SIGHT__NAME="x")
    assert {problem.where for problem in refused.problems} == {
        "variable CALLTALLY_SITE__TIME_ZONE",
        "variable CALLTALLY_SIGHT__NAME",
    }
    with pytest.raises(SettingsError, match=r"--listen: server\.listen"):
        load(data=tmp_path, listen="everywhere", environ={})


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"[site\nname = 1", "line 1"),
        (b'[site]\nname = "x"\nname = "y"', "line 3"),
        (b'[site]\nname = "\xff"', "byte 16 is no UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_told_with_the_place_of_the_fault(tmp_path: Path, content: bytes, part: str) -> None:
    (tmp_path / "calltally.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=part):
        load(data=tmp_path, environ={})


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--config"):
        load(data=tmp_path, config=tmp_path / "missing.toml", environ={})
    with pytest.raises(SettingsError, match="variable CALLTALLY_CONFIG"):
        load(data=tmp_path, environ={"CALLTALLY_CONFIG": str(tmp_path / "missing.toml")})


@pytest.mark.parametrize(
    ("listen", "extra", "may_start"),
    [
        ("127.0.0.1:8080", "", True),
        ("[::1]:8080", "", True),
        ("localhost:8080", "", True),
        ("0.0.0.0:8080", "", False),
        ("[::]:8080", "", False),
        ("192.168.1.5:80", "", False),
        ("pbx.lan:80", "", False),
        ("0.0.0.0:8080", f"password = '{HASH}'", True),
        ("0.0.0.0:8080", "open = true", True),
        ("0.0.0.0:8080", "published_at = '127.0.0.1'", True),
        ("0.0.0.0:8080", "published_at = '[::1]'", True),
        ("0.0.0.0:8080", "published_at = 'localhost'", True),
        ("0.0.0.0:8080", "published_at = '0.0.0.0'", False),
        ("127.0.0.1:8080", "published_at = '192.168.1.5'", False),
        ("0.0.0.0:8080", f"published_at = '0.0.0.0'\npassword = '{HASH}'", True),
    ],
)
def test_other_machines_are_served_only_with_a_password_or_on_purpose(
    tmp_path: Path, listen: str, extra: str, *, may_start: bool
) -> None:
    settings = settings_of(tmp_path, f"[server]\nlisten = '{listen}'\n{extra}")
    if may_start:
        require_guard(settings.server)
    else:
        with pytest.raises(SettingsError, match="calltally password"):
            require_guard(settings.server)


def test_an_open_service_warns_at_every_start(tmp_path: Path) -> None:
    notices = settings_of(tmp_path, "[site]\ntime_zone = 'UTC'\n[server]\nopen = true").notices
    assert len(notices) == 1
    assert "without a password" in notices[0]
