"""What compose.yaml gives Grafana: the provisioning that `calltally grafana write` has written, and all it asks for."""

import re

from tests.deploy import compose
from tests.programs import ROOT


def test_grafana_is_told_every_variable_that_its_files_expand() -> None:
    for kind, name in (("postgresql", "grafana"), ("mariadb", "grafana-mariadb")):
        files = (ROOT / "deploy" / "grafana" / kind).rglob("*.yaml")
        asked = {found for file in files for found in re.findall(r"\$\{?(\w+)", file.read_text(encoding="utf-8"))}
        assert asked
        assert asked <= set(compose.services()[name]["environment"])


def test_the_home_dashboard_of_grafana_is_there() -> None:
    for kind, name in (("postgresql", "grafana"), ("mariadb", "grafana-mariadb")):
        home = compose.services()[name]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        assert (ROOT / "deploy" / "grafana" / kind / home.removeprefix("/etc/grafana/provisioning/")).exists()
