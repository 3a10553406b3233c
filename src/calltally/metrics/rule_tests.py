"""Unit tests of the shipped alert rules, for `promtool test rules`: what is scraped, and what must be told of it."""

from typing import Final

RULE_TESTS: Final = """\
# Tests of the rules: `promtool test rules calltally-tests.yml`. Written by `calltally prometheus write`.
rule_files:
  - calltally-rules.yml
  - calltally-alerts.yml
evaluation_interval: 1m
tests:
  - name: nothing is told of a service in good order
    interval: 1m
    input_series:
      - series: calltally_build_info{instance="a",version="1"}
        values: 1x120
      - series: calltally_store_up{instance="a"}
        values: 1x120
      - series: calltally_source_last_event_timestamp_seconds{instance="a",source="sipgate"}
        values: 0+60x120
      - series: calltally_events_received_total{instance="a",source="sipgate",event="started"}
        values: 0+60x120
      - series: calltally_events_rejected_total{instance="a",source="sipgate",reason="bad_message"}
        values: 0+1x120
      - series: calltally_ingest_duration_seconds_bucket{instance="a",source="sipgate",le="0.05"}
        values: 0+60x120
      - series: calltally_ingest_duration_seconds_bucket{instance="a",source="sipgate",le="+Inf"}
        values: 0+60x120
      - series: calltally_metrics_dropped_label_values{instance="a"}
        values: 0x120
    alert_rule_test:
      - {eval_time: 2h, alertname: CalltallyAbsent, exp_alerts: []}
      - {eval_time: 2h, alertname: CalltallyStoreDegraded, exp_alerts: []}
      - {eval_time: 2h, alertname: CalltallySourceSilent, exp_alerts: []}
      - {eval_time: 2h, alertname: CalltallyEventsRejected, exp_alerts: []}
      - {eval_time: 2h, alertname: CalltallyIngestSlow, exp_alerts: []}
      - {eval_time: 2h, alertname: CalltallyLabelsFolded, exp_alerts: []}

  - name: a service that is gone
    interval: 1m
    input_series:
      - series: calltally_build_info{instance="a",version="1"}
        values: 1 1 _x20
    alert_rule_test:
      - {eval_time: 5m, alertname: CalltallyAbsent, exp_alerts: []}
      - eval_time: 15m
        alertname: CalltallyAbsent
        exp_alerts:
          - exp_labels: {severity: critical}
            exp_annotations:
              summary: calltally cannot be scraped
              description: No calltally has answered Prometheus for two minutes. Pushes may be lost while it is down.

  - name: a database that cannot be written, at one of two services
    interval: 1m
    input_series:
      - series: calltally_store_up{instance="a"}
        values: 1 1 0x10
      - series: calltally_store_up{instance="b"}
        values: 1x12
    alert_rule_test:
      - {eval_time: 1m, alertname: CalltallyStoreDegraded, exp_alerts: []}
      - eval_time: 5m
        alertname: CalltallyStoreDegraded
        exp_alerts:
          - exp_labels: {severity: critical, instance: a}
            exp_annotations:
              summary: calltally a cannot write to its database
              description: Deliveries are turned away with 503 until it can. Its log and /readyz say why.

  - name: a source is silent only if every service says so
    interval: 1m
    input_series:
      - series: calltally_source_last_event_timestamp_seconds{instance="a",source="sipgate"}
        values: 0x300
      - series: calltally_source_last_event_timestamp_seconds{instance="a",source="asterisk"}
        values: 0x300
      - series: calltally_source_last_event_timestamp_seconds{instance="b",source="asterisk"}
        values: 0+60x300
    alert_rule_test:
      - {eval_time: 3h, alertname: CalltallySourceSilent, exp_alerts: []}
      - eval_time: 5h
        alertname: CalltallySourceSilent
        exp_alerts:
          - exp_labels: {severity: warning, source: sipgate}
            exp_annotations:
              summary: Nothing is heard of sipgate
              description: The newest message came 5h 0m 0s ago.

  - name: a wrong secret, seen by two services together
    interval: 1m
    input_series:
      - series: calltally_events_received_total{instance="a",source="sipgate",event="started"}
        values: 0+1x30
      - series: calltally_events_rejected_total{instance="a",source="sipgate",reason="not_allowed"}
        values: 0+1x30
      - series: calltally_events_rejected_total{instance="b",source="sipgate",reason="not_allowed"}
        values: 0+1x30
    alert_rule_test:
      - eval_time: 20m
        alertname: CalltallyEventsRejected
        exp_alerts:
          - exp_labels: {severity: warning, source: sipgate}
            exp_annotations:
              summary: Messages of sipgate are rejected
              description: >-
                20 messages of the last ten minutes were turned away or not understood.
                The Live page and /settings say why.

  - name: a slow disk
    interval: 1m
    input_series:
      - series: calltally_ingest_duration_seconds_bucket{instance="a",source="sipgate",le="1.0"}
        values: 0+90x30
      - series: calltally_ingest_duration_seconds_bucket{instance="a",source="sipgate",le="2.5"}
        values: 0+100x30
      - series: calltally_ingest_duration_seconds_bucket{instance="a",source="sipgate",le="+Inf"}
        values: 0+100x30
    alert_rule_test:
      - eval_time: 20m
        alertname: CalltallyIngestSlow
        exp_alerts:
          - exp_labels: {severity: warning, source: sipgate}
            exp_annotations:
              summary: Messages of sipgate become durable late
              description: One in a hundred takes longer than 2.35s; usually it is milliseconds.

  - name: more queues than series
    interval: 1m
    input_series:
      - series: calltally_metrics_dropped_label_values{instance="a"}
        values: 3x30
    alert_rule_test:
      - eval_time: 30m
        alertname: CalltallyLabelsFolded
        exp_alerts:
          - exp_labels: {severity: info}
            exp_annotations:
              summary: Some queues have no series of their own
              description: 3 names are counted as other. Raise prometheus.max_label_values if they are real.

  - name: somebody waits long, and two services say the same
    interval: 1m
    input_series:
      - series: calltally_queue_longest_wait_seconds{instance="a",source="asterisk",queue="rule-test"}
        values: 0+60x10
      - series: calltally_queue_longest_wait_seconds{instance="b",source="asterisk",queue="rule-test"}
        values: 0+60x10
    alert_rule_test:
      - {eval_time: 2m, alertname: CalltallyQueueWait, exp_alerts: []}
      - eval_time: 5m
        alertname: CalltallyQueueWait
        exp_alerts:
          - exp_labels: {severity: warning, source: asterisk, queue: rule-test}
            exp_annotations:
              summary: Somebody waits too long in queue rule-test
              description: The longest wait is 5m 0s now.

  - name: of ten calls six are answered in time and two given up at once, so the service level is 6 of 8
    interval: 1m
    input_series:
      - series: calltally_queue_exits_total{source="asterisk",queue="rule-test",outcome="answered"}
        values: 0+8x60
      - series: calltally_queue_exits_total{source="asterisk",queue="rule-test",outcome="abandoned"}
        values: 0+2x60
      - series: calltally_queue_wait_seconds_bucket{source="asterisk",queue="rule-test",outcome="answered",le="20.0"}
        values: 0+6x60
      - series: calltally_queue_wait_seconds_bucket{source="asterisk",queue="rule-test",outcome="abandoned",le="5.0"}
        values: 0+2x60
    promql_expr_test:
      - expr: queue:calltally_service_level:ratio_rate30m
        eval_time: 1h
        exp_samples:
          - labels: queue:calltally_service_level:ratio_rate30m{source="asterisk",queue="rule-test"}
            value: 0.75
    alert_rule_test:
      - eval_time: 1h
        alertname: CalltallyServiceLevelLow
        exp_alerts:
          - exp_labels: {severity: warning, source: asterisk, queue: rule-test}
            exp_annotations:
              summary: Queue rule-test misses its service level
              description: >-
                Of the calls of the last 30 minutes 75% were answered in time, which is less than the target.

  - name: a service level of few calls is chance
    interval: 1m
    input_series:
      - series: calltally_queue_exits_total{source="asterisk",queue="rule-test",outcome="answered"}
        values: 0x30 1x30
      - series: calltally_queue_wait_seconds_bucket{source="asterisk",queue="rule-test",outcome="answered",le="20.0"}
        values: 0x60
      - series: calltally_queue_wait_seconds_bucket{source="asterisk",queue="rule-test",outcome="abandoned",le="5.0"}
        values: 0x60
    alert_rule_test:
      - {eval_time: 50m, alertname: CalltallyServiceLevelLow, exp_alerts: []}
"""
