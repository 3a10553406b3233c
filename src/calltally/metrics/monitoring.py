"""Writes what Prometheus and Alertmanager need: a scrape, recording rules, alert rules with their tests, a receiver.

The targets of queues are those of the settings; the service level is printed here and nowhere else.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from calltally.metrics.exposed import (
    BUILD,
    DROPPED,
    EXITS,
    INGEST,
    LAST_EVENT,
    QUEUE_LONGEST,
    QUEUE_WAIT,
    RECEIVED,
    REJECTED,
    STORE_UP,
    label_value,
)
from calltally.metrics.rule_tests import RULE_TESTS

LEVEL: Final = "queue:calltally_service_level:ratio_rate"
WINDOWS: Final = ("5m", "30m")
FILLED_IN: Final = ("prometheus.yml", "alertmanager.yml")
"""The files that are a start, for people to go on from; the others are written anew when targets change."""

FEWEST_EXITS: Final = 10
"""A service level of fewer calls in half an hour is chance."""

_REGEX_SIGN: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""Prometheus refuses a backslash before most other characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTarget:
    """What is expected of one queue, or with an empty name of all that are not named."""

    name: str = ""
    target_seconds: int = 20
    short_abandon_seconds: int = 5
    target_share: float = 0.8

    @property
    def terms(self) -> tuple[int, int, float]:
        """What queues must have in common to share a rule."""
        return (self.target_seconds, self.short_abandon_seconds, self.target_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; an alert if it has a severity, else a recording."""

    name: str
    expr: str
    severity: str = ""
    patience: str = ""
    summary: str = ""
    description: str = ""
    note: str = ""


def files(
    *, target: str, alertmanager: str, token_file: str = "", queues: Sequence[QueueTarget] = ()
) -> Mapping[str, str]:
    """Return every file by its name.

    Args:
        target: where calltally listens, `calltally:8080`.
        alertmanager: where Alertmanager listens.
        token_file: where Prometheus finds the token of calltally; empty if none is asked for.
        queues: the queues with targets of their own.
    """
    return {
        "prometheus.yml": _scrape(target, alertmanager, token_file),
        "calltally-rules.yml": _rules_file("calltally-service-level", "Recording rules.", recordings(queues)),
        "calltally-alerts.yml": _rules_file(
            "calltally",
            "Alert rules. Change the numbers to what suits you; whoever writes the file again undoes that.",
            alerts(queues),
        ),
        "calltally-tests.yml": RULE_TESTS,
        "alertmanager.yml": _ALERTMANAGER,
    }


def recordings(queues: Sequence[QueueTarget] = ()) -> list[Rule]:
    """Return the service level of every queue, over each of `WINDOWS`."""
    return [
        Rule(
            name=f"{LEVEL}{window}",
            expr="\nor\n".join(service_level(group, queues, window) for group in _groups(queues)),
        )
        for window in WINDOWS
    ]


def service_level(group: Sequence[QueueTarget], queues: Collection[QueueTarget], window: str) -> str:
    """Return the share of exits that were answered within the target, short abandons left out, as PromQL.

    Args:
        group: queues with the same target; with one empty name all but the named ones.
        queues: all queues with targets of their own.
        window: a PromQL duration.
    """
    first = group[0]
    where = _selector(group, queues)
    within = _summed(
        f"{QUEUE_WAIT}_bucket", (f'le="{float(first.target_seconds)}"', 'outcome="answered"', *where), window
    )
    offered = _summed(EXITS, where, window)
    if first.short_abandon_seconds:
        short = (f'le="{float(first.short_abandon_seconds)}"', 'outcome="abandoned"', *where)
        offered = f"({offered}\n  - {_summed(f'{QUEUE_WAIT}_bucket', short, window)} > 0)"
    else:
        offered = f"({offered} > 0)"
    return f"{within}\n/ {offered}"


def alerts(queues: Sequence[QueueTarget] = ()) -> list[Rule]:
    """Return every alert."""
    return [*_SERVICE_ALERTS, *_QUEUE_ALERTS, _level_alert(queues)]


def _level_alert(queues: Sequence[QueueTarget]) -> Rule:
    missed = [f"{LEVEL}30m{_braces(_selector(group, queues))} < {group[0].target_share:g}" for group in _groups(queues)]
    enough = f"and on (source, queue) sum by (source, queue) (increase({EXITS}[30m])) >= {FEWEST_EXITS}"
    return Rule(
        name="CalltallyServiceLevelLow",
        expr="(" + "\n  or ".join(missed) + f")\n{enough}",
        severity="warning",
        patience="10m",
        summary="Queue {{ $labels.queue }} misses its service level",
        description=(
            "Of the calls of the last 30 minutes {{ $value | humanizePercentage }} were answered in time, "
            "which is less than the target."
        ),
    )


_SERVICE_ALERTS: Final = (
    Rule(
        name="CalltallyAbsent",
        expr=f"absent({BUILD})",
        severity="critical",
        patience="2m",
        summary="calltally cannot be scraped",
        description="No calltally has answered Prometheus for two minutes. Pushes may be lost while it is down.",
    ),
    Rule(
        name="CalltallyStoreDegraded",
        expr=f"{STORE_UP} == 0",
        severity="critical",
        patience="1m",
        summary="calltally {{ $labels.instance }} cannot write to its database",
        description="Deliveries are turned away with 503 until it can. Its log and /readyz say why.",
    ),
    Rule(
        name="CalltallySourceSilent",
        expr=f"time() - max by (source) ({LAST_EVENT}) > 4 * 3600",
        severity="warning",
        patience="5m",
        summary="Nothing is heard of {{ $labels.source }}",
        description="The newest message came {{ $value | humanizeDuration }} ago.",
        note="Choose a time longer than your nights and weekends, or mute the alert then.",
    ),
    Rule(
        name="CalltallyEventsRejected",
        expr=(
            f"sum by (source) (increase({REJECTED}[10m])) > 5\n"
            f"and on (source) sum by (source) (increase({REJECTED}[10m]))\n"
            f"  > 0.05 * sum by (source) (increase({RECEIVED}[10m]))"
        ),
        severity="warning",
        patience="1m",
        summary="Messages of {{ $labels.source }} are rejected",
        description=(
            "{{ $value | humanize }} messages of the last ten minutes were turned away or not understood. "
            "The Live page and /settings say why."
        ),
    ),
    Rule(
        name="CalltallyIngestSlow",
        expr=f"histogram_quantile(0.99, sum by (source, le) (rate({INGEST}_bucket[5m]))) > 1",
        severity="warning",
        patience="5m",
        summary="Messages of {{ $labels.source }} become durable late",
        description="One in a hundred takes longer than {{ $value | humanizeDuration }}; usually it is milliseconds.",
    ),
    Rule(
        name="CalltallyLabelsFolded",
        expr=f"max({DROPPED}) > 0",
        severity="info",
        patience="15m",
        summary="Some queues have no series of their own",
        description="{{ $value }} names are counted as other. Raise prometheus.max_label_values if they are real.",
    ),
)

_QUEUE_ALERTS: Final = (
    Rule(
        name="CalltallyQueueWait",
        expr=f"max by (source, queue) ({QUEUE_LONGEST}) > 120",
        severity="warning",
        patience="1m",
        summary="Somebody waits too long in queue {{ $labels.queue }}",
        description="The longest wait is {{ $value | humanizeDuration }} now.",
    ),
)


# --- which queues a rule is about -------------------------------------------------------------------------------------


def _groups(queues: Sequence[QueueTarget]) -> list[list[QueueTarget]]:
    """Return the queues in groups of equal targets, and the rest first."""
    ordered = sorted(queues, key=lambda queue: (queue.terms, queue.name))
    return [[QueueTarget()], *(list(group) for _, group in groupby(ordered, key=lambda queue: queue.terms))]


def _selector(group: Sequence[QueueTarget], queues: Collection[QueueTarget]) -> tuple[str, ...]:
    if group[0].name:
        return (f"queue=~{_pattern(group)}",)
    return (f"queue!~{_pattern(queues)}",) if queues else ()


def _pattern(queues: Iterable[QueueTarget]) -> str:
    """Return a regular expression, as a PromQL string, of exactly these names; both languages' signs are escaped."""
    names = "|".join(_REGEX_SIGN.sub(r"\\\g<0>", label_value(queue.name)) for queue in queues)
    return "".join(each if each.isprintable() else _escape(each) for each in json.dumps(names, ensure_ascii=False))


def _escape(character: str) -> str:
    """Return a character as PromQL writes one that YAML or a reader would stumble over."""
    return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"


def _braces(where: Sequence[str]) -> str:
    return f"{{{','.join(where)}}}" if where else ""


def _summed(name: str, where: Sequence[str], window: str) -> str:
    return f"sum by (source, queue) (rate({name}{_braces(where)}[{window}]))"


# --- files ------------------------------------------------------------------------------------------------------------


def _rules_file(group: str, told: str, rules: Iterable[Rule]) -> str:
    head = f"# {told} Written by `calltally prometheus write`.\ngroups:\n  - name: {group}\n    rules:\n"
    return head + "".join(map(_rule, rules))


def _rule(rule: Rule) -> str:
    lines = [f"# {rule.note}"] if rule.note else []
    lines += [f"- {'alert' if rule.severity else 'record'}: {rule.name}", "  expr: |-"]
    lines += [f"    {line}" for line in rule.expr.splitlines()]
    if rule.severity:
        lines += [f"  for: {rule.patience}", "  labels:", f"    severity: {rule.severity}", "  annotations:"]
        lines += [f"    summary: {json.dumps(rule.summary)}", f"    description: {json.dumps(rule.description)}"]
    return "".join(f"      {line}\n" for line in lines)


def _scrape(target: str, alertmanager: str, token_file: str) -> str:
    comment = "" if token_file else "# "
    return f"""\
# A scrape of calltally, its rules, and where alerts go. Written by `calltally prometheus write`.
global:
  scrape_interval: 15s
  evaluation_interval: 15s

rule_files:
  - calltally-rules.yml
  - calltally-alerts.yml

alerting:
  alertmanagers:
    - static_configs:
        - targets: [{json.dumps(alertmanager)}]

scrape_configs:
  - job_name: calltally
    # Where calltally asks for a password: `calltally token create --name prometheus` prints a token for this file.
    {comment}authorization:
    {comment}  credentials_file: {json.dumps(token_file or "/etc/prometheus/calltally.token")}
    static_configs:
      - targets: [{json.dumps(target)}]
"""


_ALERTMANAGER: Final = """\
# Where alerts go: nowhere, until one of the samples is filled in. Written by `calltally prometheus write`.
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  # routes:
  #   - matchers: [severity="critical"]
  #     receiver: people

receivers:
  - name: nobody
  # - name: people
  #   webhook_configs:
  #     - url: https://chat.example.org/hooks/alerts
  #   email_configs:
  #     - to: phones@example.org
  #       from: alertmanager@example.org
  #       smarthost: mail.example.org:587
"""
