"""The page that describes the API says what the API is, and its examples run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from calltally.serve.api.routes import api_description, api_routes
from tests.serve.page_world import Pages, pages_of
from tests.serve.reading import Node
from tests.serve.service_world import OPEN, Running, with_service
from tests.serve.told_calls import Told

CALL = Told(at="2026-11-20 13:00:00", caller="4915112345001", callee="493023125001", ends="talks 60")
LOCKED = OPEN.replace("[server]\n", '[server]\npassword = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA"\n')


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with pages_of(tmp_path / "data", [CALL]) as opened:
        yield opened


def _commands(page: Node) -> list[list[str]]:
    return [shlex.split(code.text()) for code in page.every("code") if code.attributes.get("id", "").startswith("exam")]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_operation_has_its_section_with_every_parameter(pages: Pages, language: str) -> None:
    page = pages.get("/docs", language=language)
    sections = {head.text(): section for section in page.every("section") for head in section.every("h2")}
    for path, methods in api_description(pages.site)["paths"].items():
        told = methods["get"]
        section = sections[f"GET {path}"]
        assert told["summary"] in section.text()
        assert [row[0] for row in section.rows()] == [each["name"] for each in told.get("parameters", ())]
        assert all(row[3] for row in section.rows()), "a parameter without a meaning"
        statuses = [each.text() for each in section.one("dl").every("dt")]
        assert statuses == sorted(status for status in told["responses"] if status != "200")


def test_a_row_says_what_a_parameter_may_be(pages: Pages) -> None:
    rows = [row for section in pages.get("/docs").every("section") for row in section.rows()]
    assert ["metrics", "string", "required", "Names from the catalog, with commas between"] in rows
    assert ["limit", "integer, 1 to 1000", "50", "How many at most"] in rows
    assert ["source", "string, repeatable", "-", "Phone systems, sipgate"] in rows


def test_every_example_can_be_run(pages: Pages) -> None:
    page = pages.get("/docs")
    app = FastAPI()
    app.include_router(api_routes(pages.site))
    links = [link.attributes["href"] for link in page.every("a", rel="nofollow")]
    asked = [link for link in links if not link.startswith("/api/v1/live")]
    assert len(asked) == len(api_description(pages.site)["paths"])
    with TestClient(app) as client:
        assert {link: client.get(link).status_code for link in asked} == dict.fromkeys(asked, 200)
    assert [command[-1].removeprefix("http://127.0.0.1:8080") for command in _commands(page)] == links


def test_without_a_call_there_is_none_to_show(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        page = pages.get("/docs")
        links = [link.attributes["href"] for link in page.every("a", rel="nofollow")]
        assert not [link for link in links if link.startswith("/api/v1/calls/")]
        assert "http://127.0.0.1:8080/api/v1/calls/CALL_ID" in [command[-1] for command in _commands(page)]


def test_every_page_leads_to_the_description_and_it_loads_nothing_from_elsewhere(pages: Pages) -> None:
    assert "/docs" in [link.attributes["href"] for link in pages.get("/").every("a")]
    assert "/docs" in [link.attributes["href"] for link in pages.get("/settings").one("main").every("a")]
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', pages.answer("/docs").text)


def test_the_frame_is_german_for_germans(pages: Pages) -> None:
    text = pages.get("/docs", language="de").text()
    assert "was die Seiten zeigen" in text
    assert "Pflicht" in text


def test_the_service_describes_itself_by_the_same_words(tmp_path: Path) -> None:
    async def ask(service: Running) -> tuple[object, str]:
        described = (await service.http.get("/api/v1/openapi.json")).json()
        return described["paths"], (await service.http.get("/docs")).text

    paths, page = with_service(tmp_path / "data", ask)
    assert isinstance(paths, dict)
    assert all(path in page for path in paths)


def test_with_a_password_the_commands_carry_a_token(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data", settings=LOCKED) as pages:
        commands = _commands(pages.get("/docs"))
        assert all("Authorization: Bearer ct_..." in command for command in commands)
