"""The whole way of an alert: the service, a real Prometheus with the shipped rules, a real Alertmanager, a receiver."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from calltally.cli.main import run
from calltally.metrics.catalog import metric
from calltally.metrics.promql import promql
from tests.running import FORM, SETTINGS, Service, free_port, running_service
from tests.serve.service_world import answer, hangup, new_call
from tests.serve.watching import Receiver, Watcher, alertmanager, prometheus, receiver, until
from tests.servers import Server

QUICKLY = """
route:
  receiver: people
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
receivers:
  - name: people
    webhook_configs:
      - url: {url}
"""


def _write_files(folder: Path, service: Service, alerts_at: int, receiver_url: str) -> None:
    """Write the shipped files as an operator does, and make them impatient: a test has no quarter of an hour."""
    with pytest.raises(SystemExit) as ended:
        run(
            [
                *("prometheus", "write", str(folder), "--data", str(service.data)),
                *("--target", f"{service.host}:{service.port}", "--alertmanager", f"127.0.0.1:{alerts_at}"),
            ]
        )
    assert ended.value.code == 0
    scrape = folder / "prometheus.yml"
    scrape.write_text(re.sub(r"_interval: 15s", "_interval: 1s", scrape.read_text()))
    rules = folder / "calltally-alerts.yml"
    rules.write_text(re.sub(r"for: \w+", "for: 0s", rules.read_text()))
    (folder / "alertmanager.yml").write_text(QUICKLY.format(url=receiver_url))


def _push(service: Service, body: str) -> int:
    return httpx2.post(f"{service.url}/in/sipgate", content=body.encode(), headers={"content-type": FORM}).status_code


def _watch(service: Service, watcher: Watcher, heard: Receiver) -> None:
    until(lambda: watcher.ask("sum(calltally_calls_total)") == [0], "the first scrape")
    assert _push(service, new_call("A")) == _push(service, hangup("A", "cancel")) == 200
    for number in range(12):
        assert _push(service, f"event=ping&callId={number}") == 200
    until(lambda: watcher.ask('calltally_calls_total{outcome="abandoned",direction="inbound"}') == [1], "the call")
    assert watcher.ask('up{job="calltally"}') == [1]
    alert = heard.next_of("CalltallyEventsRejected", "firing")
    assert alert["labels"] == {"alertname": "CalltallyEventsRejected", "severity": "warning", "source": "sipgate"}
    assert alert["annotations"]["summary"] == "Messages of sipgate are rejected"  # type: ignore[index]  # JSON
    service.stop()
    assert heard.next_of("CalltallyAbsent", "firing")["labels"] == {
        "alertname": "CalltallyAbsent",
        "severity": "critical",
    }


@pytest.mark.needs("prometheus", "prometheus-alertmanager")
def test_a_shipped_alert_reaches_a_person_through_prometheus_and_alertmanager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLTALLY_CONFIG", "")
    folder = tmp_path / "prometheus"
    alerts_at = free_port()
    with running_service(tmp_path / "data") as service, receiver() as heard:
        _write_files(folder, service, alerts_at, heard.url)
        with alertmanager(folder, alerts_at), prometheus(folder) as watcher:
            _watch(service, watcher, heard)
        service.is_killed = True  # it was ended already, and well


@pytest.mark.needs("prometheus")
def test_prometheus_sees_two_processes_on_one_database_as_one_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_server: Server
) -> None:
    monkeypatch.setenv("CALLTALLY_CONFIG", "")
    folder = tmp_path / "prometheus"
    settings = f"{SETTINGS}[database]\nurl = {json.dumps(postgresql_server.fresh_database())}\n"
    with running_service(tmp_path / "one", settings) as one, running_service(tmp_path / "two", settings) as two:
        _write_files(folder, one, free_port(), "http://127.0.0.1:9/")
        scrape = folder / "prometheus.yml"
        both = f'targets: ["{one.host}:{one.port}", "{two.host}:{two.port}"]'
        scrape.write_text(scrape.read_text().replace(f'targets: ["{one.host}:{one.port}"]', both))
        with prometheus(folder) as watcher:
            until(lambda: watcher.ask('count(calltally_build_info{store="postgresql"})') == [2], "both are scraped")
            assert _push(one, new_call("A")) == _push(two, new_call("B")) == _push(one, answer("A")) == 200
            until(lambda: watcher.ask("max by (instance) (calltally_calls_active)") == [1, 1], "both boards show both")
            until(lambda: watcher.ask(promql(metric("open_calls").formula)) == [2], "no call is shown twice")
            # The end of a call reaches the other process than its begin did.
            assert _push(two, hangup("A")) == _push(one, hangup("B", "cancel")) == 200
            until(lambda: watcher.ask("sum(calltally_calls_total)") == [2], "both calls are counted")
            assert watcher.ask("sum by (outcome) (calltally_calls_total) > 0") == [1, 1]
            until(lambda: watcher.ask("sum(calltally_events_received_total)") == [5], "all messages are counted")
            until(lambda: watcher.ask(promql(metric("open_calls").formula)) == [0], "both boards are empty")
            assert watcher.ask("sum(calltally_calls_total)") == [2]
