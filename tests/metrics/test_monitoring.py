"""The files for Prometheus and Alertmanager are right, whatever the queues are called, and their tests hold."""

import ast
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from calltally.metrics.exposed import label_value
from calltally.metrics.monitoring import QueueTarget, alerts, files, recordings, service_level
from calltally.settings import QueueSetting
from tests.programs import path_of

ROOT = Path(__file__).parents[2]
HOSTILE = (
    QueueTarget(name='he said "40" \\ or {a|b}', target_seconds=33, target_share=0.9),
    QueueTarget(name="Störung (Süd).*", target_seconds=33, target_share=0.9),
    QueueTarget(name="- a: b #\n", target_seconds=45),
    QueueTarget(name="quick", short_abandon_seconds=0),
    QueueTarget(name="Süd \u2013 „Gold“ ☎ 24/7 it's 5 €, №\u00a01", target_seconds=51),
    QueueTarget(name="a\u2028b\x85c\x7fd\x1fe\U000e0001f\x0b", target_seconds=52),
    QueueTarget(name="endless " * 20, target_seconds=53),
)


def _files(queues: Sequence[QueueTarget] = (), token_file: str = "") -> Mapping[str, str]:
    return files(target="calltally:8080", alertmanager="alertmanager:9093", token_file=token_file, queues=queues)


def _checked(folder: Path, program: str, *arguments: str) -> str:
    """Return what a program says of the files; it must find nothing wrong."""
    ended = subprocess.run(
        [path_of(program), *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(params=[(), HOSTILE], ids=["no targets", "hostile names"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for name, text in _files(request.param).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.needs("promtool")
def test_promtool_finds_nothing_wrong_with_the_rules(folder: Path) -> None:
    told = _checked(folder, "promtool", "check", "rules", "calltally-rules.yml", "calltally-alerts.yml")
    assert f"{len(alerts())} rules found" in told
    _checked(folder, "promtool", "check", "config", "prometheus.yml")


@pytest.mark.needs("promtool")
def test_each_alert_fires_when_it_should_and_is_silent_when_not(folder: Path) -> None:
    _checked(folder, "promtool", "test", "rules", "calltally-tests.yml")
    tests = (folder / "calltally-tests.yml").read_text(encoding="utf-8")
    for alert in alerts():
        assert f"alertname: {alert.name}\n        exp_alerts:\n          - exp_labels" in tests, alert.name


def _pattern_of(expression: str) -> str:
    """Return the regular expression in a selector, read as PromQL reads a string."""
    written = re.search(r'queue=~("(?:[^"\\]|\\.)*")', expression)
    assert written is not None
    text = ast.literal_eval(written[1])
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("queue", HOSTILE, ids=lambda queue: ascii(queue.name))
def test_a_rule_about_a_queue_matches_its_name_and_no_other(queue: QueueTarget) -> None:
    expression = service_level([queue], HOSTILE, "5m")
    assert len(expression.splitlines()) == expression.count("\n") + 1
    matching = [each.name for each in HOSTILE if re.fullmatch(_pattern_of(expression), label_value(each.name))]
    assert matching == [queue.name]


def test_queues_without_targets_of_their_own_have_those_of_the_settings() -> None:
    setting, target = QueueSetting(name="any"), QueueTarget(name="any")
    assert (setting.target_seconds, setting.short_abandon_seconds, setting.target_share) == target.terms


@pytest.mark.needs("amtool")
def test_alertmanager_starts_with_the_file_as_it_is(folder: Path) -> None:
    _checked(folder, "amtool", "check-config", "alertmanager.yml")


NAMED = (QueueTarget(name="sales", target_seconds=30), QueueTarget(name="care", target_seconds=30))


@pytest.mark.parametrize(
    ("group", "queues", "expected"),
    [
        ([QueueTarget()], (), '_bucket{le="20.0",outcome="answered"}[5m]'),
        ([QueueTarget()], NAMED, '_bucket{le="20.0",outcome="answered",queue!~"sales|care"}[5m]'),
        (NAMED, NAMED, '_bucket{le="30.0",outcome="answered",queue=~"sales|care"}[5m]'),
    ],
)
def test_a_service_level_is_of_the_queues_with_that_target(
    group: Sequence[QueueTarget], queues: Sequence[QueueTarget], expected: str
) -> None:
    assert expected in service_level(group, queues, "5m")


def test_short_abandons_are_left_out_only_where_there_are_any() -> None:
    assert 'outcome="abandoned"' in recordings()[0].expr
    assert 'outcome="abandoned"' not in service_level([QueueTarget(short_abandon_seconds=0)], (), "5m")


@pytest.mark.parametrize(
    ("token_file", "expected"),
    [
        ("", "    # authorization:\n    #   credentials_file: "),
        ("/run/token", '    authorization:\n      credentials_file: "/run/token"\n'),
    ],
)
def test_a_scrape_brings_a_token_where_one_is_given(token_file: str, expected: str) -> None:
    assert expected in _files(token_file=token_file)["prometheus.yml"]


def test_the_files_beside_the_compose_file_are_fresh() -> None:
    shipped = ROOT / "deploy" / "prometheus"
    assert {path.name: path.read_text(encoding="utf-8") for path in shipped.iterdir()} == dict(_files())
