"""compose.yaml: right by its schema, closed to the outside, complete in its variables, files and order of start."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from calltally import __version__
from calltally.settings import load, require_guard
from tests.deploy import compose
from tests.programs import ROOT

PASSWORDS = {name for name in compose.example() if name.endswith("_PASSWORD")}
NAMES = sorted(compose.services())


def test_the_file_is_right_by_the_schema_of_compose() -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.compose-spec", str(compose.FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_example_names_every_variable_and_no_other() -> None:
    assert set(compose.example()) == compose.variables() | {"COMPOSE_PROFILES"}


@pytest.mark.parametrize(
    ("profiles", "services"),
    [
        ("postgresql", {"postgresql", "calltally", "reader", "grafana"}),
        ("mariadb", {"mariadb", "calltally-mariadb", "reader-mariadb", "grafana-mariadb"}),
        ("metrics", {"prometheus", "alertmanager"}),
        ("demo", {"simulator"}),
    ],
)
def test_a_profile_starts_what_its_name_says(profiles: str, services: set[str]) -> None:
    assert compose.started({profiles}) == services


def test_without_being_asked_it_starts_calltally_with_postgresql_and_grafana() -> None:
    assert compose.example()["COMPOSE_PROFILES"] == "postgresql"
    assert set(NAMES) == compose.started({"postgresql", "mariadb", "metrics", "demo"})


@pytest.mark.parametrize("name", sorted(PASSWORDS))
def test_nothing_starts_without_a_password_of_its_own(name: str) -> None:
    assert compose.example()[name] == ""
    values = {**compose.with_passwords(), name: ""}
    with pytest.raises(compose.NotSetError, match=f"^{name} .*deploy/write-env"):
        compose.filled(values)


def test_a_password_is_known_only_where_it_is_used() -> None:
    known = {
        password: {name for name, service in compose.services().items() if password.lower() in str(service)}
        for password in PASSWORDS
    }
    readers, servers = {"reader", "reader-mariadb"}, {"postgresql", "mariadb"}
    calltally, grafana = {"calltally", "calltally-mariadb"}, {"grafana", "grafana-mariadb"}
    assert known == {
        "CALLTALLY_DATABASE_PASSWORD": servers | calltally,
        "CALLTALLY_DATABASE_ADMIN_PASSWORD": servers | readers,
        "CALLTALLY_READER_PASSWORD": readers | grafana,
        "GRAFANA_ADMIN_PASSWORD": grafana,
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_service_may_do_little(name: str) -> None:
    service = compose.services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_named_by_its_version(name: str) -> None:
    image, _, tag = compose.services()[name]["image"].partition(":")
    assert re.search(r"\d+\.\d+|^\d+-", tag)
    assert (image, tag) == ("calltally", __version__) or image != "calltally"


@pytest.mark.parametrize("name", NAMES)
def test_only_this_machine_reaches_a_port_unless_the_settings_say_otherwise(name: str) -> None:
    for port in compose.services()[name].get("ports", ()):
        assert port.startswith("127.0.0.1:")


def test_calltally_and_grafana_are_found_where_the_guide_says() -> None:
    for suffix in ("", "-mariadb"):
        assert compose.services()[f"calltally{suffix}"]["ports"] == ["127.0.0.1:8080:8080"]
        assert compose.services()[f"grafana{suffix}"]["ports"] == ["127.0.0.1:3009:3000"]


def test_the_databases_have_no_way_out_and_no_port() -> None:
    networks = compose.filled(compose.with_passwords())["networks"]
    assert networks["inside"]["internal"] is True
    for name in ("postgresql", "mariadb"):
        assert compose.services()[name]["networks"] == ["inside"]
        assert "ports" not in compose.services()[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_waits_for_others_of_its_profile_until_they_are_healthy_or_done(name: str) -> None:
    service = compose.services()[name]
    for other, how in service.get("depends_on", {}).items():
        needed = compose.services()[other]
        assert set(service["profiles"]) <= set(needed["profiles"])
        if how["condition"] == "service_completed_successfully":
            assert needed["restart"] == "no"
        if how["condition"] == "service_healthy":
            assert needed["image"].startswith("calltally:") or needed["healthcheck"]["test"]


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_is_mounted_is_there(name: str) -> None:
    for volume in compose.services()[name].get("volumes", ()):
        source, _, mode = volume.partition(":")
        if source.startswith("./"):
            assert mode.endswith(":ro")
            assert (ROOT / source).exists(), source
        else:
            assert source in compose.filled(compose.with_passwords())["volumes"]


def _settings(tmp_path: Path, name: str, **values: str) -> dict[str, str]:
    filled = compose.filled({**compose.with_passwords(), **values})["services"][name]["environment"]
    return {**filled, "CALLTALLY_DATA": str(tmp_path), "CALLTALLY_SERVER__LISTEN": "0.0.0.0:8080"}


@pytest.mark.parametrize("name", ["calltally", "calltally-mariadb"])
def test_calltally_understands_what_it_is_told(tmp_path: Path, name: str) -> None:
    environ = _settings(
        tmp_path,
        name,
        CALLTALLY_SITE__TIME_ZONE="Europe/Berlin",
        CALLTALLY_SERVER__TRUSTED_PROXIES='["172.16.0.0/12"]',
        CALLTALLY_SOURCES__SIPGATE__CHECK_SIGNATURE="false",
    )
    settings = load(environ=environ)
    assert settings.command == f"docker compose run --rm {name}"
    assert settings.site.time_zone == "Europe/Berlin"
    assert settings.database_url.partition("://")[2].startswith("calltally:calltally_database_password@")
    require_guard(settings.server)


def test_calltally_published_elsewhere_asks_for_a_password(tmp_path: Path) -> None:
    settings = load(environ=_settings(tmp_path, "calltally", CALLTALLY_ADDRESS="0.0.0.0"))  # noqa: S104  the case
    with pytest.raises(Exception, match=r"server\.published_at = '0\.0\.0\.0' can be reached"):
        require_guard(settings.server)


def test_prometheus_finds_what_its_file_names() -> None:
    scraped = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    assert "calltally:8080" in scraped
    assert "alertmanager:9093" in scraped
    for name in ("calltally", "calltally-mariadb"):
        assert compose.services()[name]["networks"]["outside"]["aliases"] == ["calltally"]
        assert compose.services()[name]["hostname"] == "calltally"
