"""The dashboard of Prometheus: each of its questions can be read by Prometheus, and asks for series that there are."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from calltally.grafana.printing import printed
from calltally.grafana.prometheus import UID, prometheus
from calltally.metrics.exposed import FAMILIES
from tests.programs import path_of

DASHBOARD = printed(prometheus("http://127.0.0.1:8080"))
QUESTIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
VARIABLES = {"$__rate_interval": "5m", "$__interval": "5m", "$__range": "1h", "$source": ".*"}


def _filled(question: str) -> str:
    for name, value in VARIABLES.items():
        question = question.replace(name, value)
    return question


def test_it_asks_for_something_under_a_lasting_name() -> None:
    assert DASHBOARD["uid"] == UID == "calltally-prometheus"
    assert len(QUESTIONS) >= 15
    assert not any("$" in _filled(question) for question in QUESTIONS)


def test_every_series_that_it_asks_for_is_served() -> None:
    served = {family.name for family in FAMILIES}
    asked = {name for question in QUESTIONS for name in re.findall(r"calltally_\w+", question)}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} <= served


@pytest.mark.needs("promtool")
def test_prometheus_can_read_every_question(tmp_path: Path) -> None:
    rules = [{"record": f"question:{number}", "expr": _filled(each)} for number, each in enumerate(QUESTIONS)]
    file = tmp_path / "rules.json"  # JSON is YAML, too
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run([path_of("promtool"), "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
