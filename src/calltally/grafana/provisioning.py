"""The files that Grafana reads when it starts: data sources, where dashboards lie, and the dashboards themselves.

Grafana fills in the variables of the environment (`$NAME`) in the data sources only; nothing secret stands in a file.
"""

import json
from collections.abc import Mapping
from typing import Final

from calltally.grafana import prometheus
from calltally.grafana.calls import call_statistics
from calltally.grafana.numbers import every_number
from calltally.grafana.printing import Dashboard, DataSource, printed
from calltally.grafana.queues import queues
from calltally.grafana.trends import overview
from calltally.store.reports.dialects import MARIADB, POSTGRESQL, Dialect

DEFAULT_ADDRESS: Final = "http://127.0.0.1:8080"
FOLDER: Final = "dashboards/calltally"
KINDS: Final[Mapping[str, tuple[Dialect, DataSource]]] = {
    "postgresql": (POSTGRESQL, DataSource(kind="grafana-postgresql-datasource")),
    "mariadb": (MARIADB, DataSource(kind="mysql")),
}
"""Databases for which Grafana needs no plugin."""

_PROVIDER: Final = """\
# Written by `calltally grafana write`. The path is where this folder lies for Grafana.
apiVersion: 1
providers:
  - name: calltally
    type: file
    orgId: 1
    folder: calltally
    folderUid: calltally
    disableDeletion: true
    editable: false
    allowUiUpdates: false
    updateIntervalSeconds: 30
    options:
      path: {path}
"""
_HEAD: Final = """\
# Written by `calltally grafana write`. The variables come from Grafana's environment; see docs/grafana.md.
apiVersion: 1
datasources:
"""
_POSTGRESQL: Final = """\
  - name: calltally
    uid: calltally
    type: grafana-postgresql-datasource
    access: proxy
    orgId: 1
    isDefault: true
    editable: false
    url: $CALLTALLY_READER_ADDRESS
    user: $CALLTALLY_READER_NAME
    jsonData:
      database: $CALLTALLY_READER_DATABASE
      sslmode: $CALLTALLY_READER_SSLMODE
      postgresVersion: 1500
      maxOpenConns: 10
      maxIdleConns: 2
      connMaxLifetime: 14400
      timeInterval: 1m
    secureJsonData:
      password: $CALLTALLY_READER_PASSWORD
"""
_MARIADB: Final = """\
  - name: calltally
    uid: calltally
    type: mysql
    access: proxy
    orgId: 1
    isDefault: true
    editable: false
    url: $CALLTALLY_READER_ADDRESS
    user: $CALLTALLY_READER_NAME
    jsonData:
      database: $CALLTALLY_READER_DATABASE
      timezone: "+00:00"
      maxOpenConns: 10
      maxIdleConns: 2
      connMaxLifetime: 14400
      timeInterval: 1m
    secureJsonData:
      password: $CALLTALLY_READER_PASSWORD
"""
_PROMETHEUS: Final = """\
  - name: calltally-prometheus
    uid: calltally-prometheus
    type: prometheus
    access: proxy
    orgId: 1
    editable: false
    url: $CALLTALLY_PROMETHEUS_URL
    jsonData:
      httpMethod: POST
      timeInterval: 15s
"""
_SOURCES: Final = {"postgresql": _POSTGRESQL, "mariadb": _MARIADB}
PROVISIONED_AT: Final = "/etc/grafana/provisioning"


def files(kind: str, *, address: str = DEFAULT_ADDRESS, provisioned_at: str = PROVISIONED_AT) -> dict[str, str]:
    """Return the text of every file by its place in Grafana's folder of provisioning.

    Args:
        kind: one of `KINDS`; for any other database there is the dashboard of Prometheus alone.
        address: of calltally's own pages, for links.
        provisioned_at: where the folder lies for Grafana.
    """
    dashboards = [prometheus.prometheus(address)]
    if kind in KINDS:
        dialect, source = KINDS[kind]
        dashboards += [make(dialect, source, address) for make in (call_statistics, overview, queues, every_number)]
    return {
        "datasources/calltally.yaml": _HEAD + _SOURCES.get(kind, "") + _PROMETHEUS,
        "dashboards/calltally.yaml": _PROVIDER.format(path=f"{provisioned_at.rstrip('/')}/{FOLDER}"),
        **{f"{FOLDER}/{_name(each)}.json": _text(each) for each in dashboards},
    }


def _name(dashboard: Dashboard) -> str:
    return dashboard.title.lower().replace(" ", "-")


def _text(dashboard: Dashboard) -> str:
    return json.dumps(printed(dashboard), ensure_ascii=False, indent=2) + "\n"
