"""What makes a shipped dashboard good: twelve rules of a checklist, nothing twice, and the schema of Grafana itself."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from calltally.grafana.provisioning import KINDS, files
from calltally.metrics.catalog import METRICS
from tests.programs import ROOT, path_of

Json = dict[str, Any]

FOLDERS = {kind: ROOT / "deploy" / "grafana" / kind for kind in KINDS}
PATHS = sorted(path for folder in FOLDERS.values() for path in folder.glob("dashboards/**/*.json"))
UNITS = {"none", "short", "percent", "percentunit", "ms", "s", "m", "h", "dtdurations", "dthms", "dtdhms", "clocks"}
UNITS |= {"clockms", "cps", "cpm", "ops", "opm", "reqpm", "currencyEUR", "dateTimeAsIso", "locale", "bytes"}
TYPES = {"stat", "timeseries", "table", "piechart", "barchart", "row"}
LIVE_SECONDS, SLOW_SECONDS = 10, 60
UID = re.compile(r"[a-z0-9-]{8,40}")
SENTINEL = "'__all__'"


def _read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def _name(path: Path) -> str:
    return f"{path.parents[2].name}-{path.stem}"


@pytest.fixture(params=PATHS, ids=[_name(path) for path in PATHS])
def dashboard(request: pytest.FixtureRequest) -> Json:
    """Return one shipped dashboard."""
    path: Path = request.param
    return _read(path)


def _panels(dashboard: Json) -> Iterator[Json]:
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def _variables(dashboard: Json, kind: str) -> list[Json]:
    return [each for each in dashboard["templating"]["list"] if each["type"] == kind]


def _sql(dashboard: Json) -> Iterator[str]:
    for panel in _panels(dashboard):
        for target in panel["targets"]:
            yield target.get("rawSql") or target["expr"]
    for variable in _variables(dashboard, "query"):
        yield variable["query"]
    for annotation in dashboard["annotations"]["list"][1:]:
        yield annotation["target"]["rawSql"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_files_are_those_that_the_command_writes(kind: str) -> None:
    folder = FOLDERS[kind]
    committed = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    assert committed == files(kind)


def test_it_is_classic_json_of_a_schema_that_grafana_11_6_and_later_read(dashboard: Json) -> None:
    assert dashboard["schemaVersion"] == 41
    assert not {"elements", "layout", "apiVersion", "kind", "id", "__inputs"} & dashboard.keys()
    assert "${DS_" not in json.dumps(dashboard)


def test_every_panel_says_what_it_shows_and_in_which_unit(dashboard: Json) -> None:
    for panel in _panels(dashboard):
        assert panel["type"] in TYPES
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        overrides = [
            each
            for override in panel["fieldConfig"]["overrides"]
            for each in override["properties"]
            if each["id"] == "unit"
        ]
        assert {defaults["unit"], *(each["value"] for each in overrides)} <= UNITS, panel["title"]
        if defaults["unit"] in {"short", "none"}:
            assert defaults["decimals"] == 0, panel["title"]
        if defaults["unit"] == "percentunit":
            assert (defaults["min"], defaults["max"]) == (0, 1), panel["title"]


def test_one_variable_chooses_the_data_source_of_everything(dashboard: Json) -> None:
    (source,) = _variables(dashboard, "datasource")
    reference = {"type": source["query"], "uid": f"${{{source['name']}}}"}
    for panel in _panels(dashboard):
        assert panel["datasource"] == reference
        assert all(target["datasource"] == reference for target in panel["targets"])
    assert all(each["datasource"] == reference for each in _variables(dashboard, "query"))
    for annotation in dashboard["annotations"]["list"][1:]:
        assert annotation["datasource"] == annotation["target"]["datasource"] == reference


def test_filters_have_a_word_for_all_and_offer_keys_not_names(dashboard: Json) -> None:
    for variable in _variables(dashboard, "query"):
        assert variable["refresh"] in {1, 2}
        assert "sort" in variable
        assert variable["multi"]
        assert variable["includeAll"]
        assert set(variable["current"]) == {"text", "value"}
        if "SELECT" in variable["query"]:
            assert variable["allValue"] == SENTINEL
            assert re.search(r"_key AS __value|'other'", variable["query"])
    for text in _sql(dashboard):
        for name in re.findall(r"IN \(\$(\w+)\)", text):
            assert text.count(f"({SENTINEL} IN (${name}) OR ") * 2 == text.count(f"IN (${name})")


def test_no_text_of_a_reader_reaches_a_query_unquoted(dashboard: Json) -> None:
    single = {each["name"] for each in _variables(dashboard, "custom")}
    for text in _sql(dashboard):
        assert not re.search(r"\$\{\w+:", text), "formats go around the quoting"
        assert "[[" not in text
        for name in single:
            assert text.count(f"${name}") == text.count(f"'${name}'")
        if "SELECT" in text:
            assert "LIKE" not in text
            assert not re.search(r"(?<![<>!])~", text)
            assert "$$" not in text


def test_ranges_are_half_open_and_every_question_about_a_range_has_one(dashboard: Json) -> None:
    now = ("report_open_calls", "FROM report_queues", "FROM report_groups", "FROM report_teams")
    for text in _sql(dashboard):
        if "SELECT" not in text or any(word in text for word in now):
            continue
        # The table of 7, 30 and 365 days says itself where each begins.
        assert "$__from" in text or "'365 days'" in text
        assert "$__to" in text
        assert "BETWEEN" not in text
        assert "<= $__to" not in text.replace("day_ms <= $__to", "")


def test_calls_are_filtered_by_lists_and_never_joined_to_teams(dashboard: Json) -> None:
    for text in _sql(dashboard):
        assert not re.search(r"JOIN report_(line|team|group)", text)


def test_thresholds_begin_with_no_value_and_rise(dashboard: Json) -> None:
    for panel in _panels(dashboard):
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        if not steps:
            continue
        assert steps[0]["value"] is None
        values = [step["value"] for step in steps[1:]]
        assert values == sorted(values)


def test_what_is_missing_is_seen_as_missing(dashboard: Json) -> None:
    for panel in _panels(dashboard):
        assert panel["fieldConfig"]["defaults"]["noValue"]
        if panel["type"] == "timeseries":
            assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False
    for text in _sql(dashboard):
        divisions = re.findall(r"\* 1e0 / (\w+)\(", text)
        assert set(divisions) <= {"NULLIF", "MAX"}, "a share of nothing is nothing"


def test_series_have_a_least_interval_and_a_most_of_points(dashboard: Json) -> None:
    for panel in _panels(dashboard):
        if panel["type"] == "timeseries":
            assert re.fullmatch(r"\d+[smhd]", panel["interval"])
        if panel["type"] in {"timeseries", "barchart"}:
            assert panel["maxDataPoints"]


def test_only_dashboards_of_the_moment_ask_often(dashboard: Json) -> None:
    refresh, span = dashboard["refresh"], dashboard["time"]["from"]
    assert dashboard["timezone"] == "browser"
    assert "weekStart" not in dashboard
    assert dashboard["time"]["to"] == "now"
    if not refresh:
        return
    amount, unit = int(refresh[:-1]), refresh[-1]
    seconds = amount * {"s": 1, "m": 60}[unit]
    assert seconds >= (LIVE_SECONDS if span == "now-6h" else SLOW_SECONDS)


def test_single_numbers_come_from_tables(dashboard: Json) -> None:
    for panel in _panels(dashboard):
        if panel["type"] in {"stat", "piechart"}:
            assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
            assert all(target.get("format", "table") == "table" for target in panel["targets"])
            assert all(not target.get("range", False) for target in panel["targets"])


def test_dashboards_lead_to_each_other_and_rows_to_their_call(dashboard: Json) -> None:
    (link,) = dashboard["links"]
    assert (link["type"], link["keepTime"], link["includeVars"]) == ("dashboards", True, True)
    assert set(link["tags"]) <= set(dashboard["tags"])
    for panel in _panels(dashboard):
        if any("call_id" in target.get("rawSql", "").partition("FROM")[0] for target in panel["targets"]):
            addresses = json.dumps(panel["fieldConfig"]["overrides"])
            assert "/calls/${__data.fields.call_id:percentencode}" in addresses, panel["title"]


def test_times_that_were_not_heard_are_marked(dashboard: Json) -> None:
    built_in, *ours = dashboard["annotations"]["list"]
    assert built_in["builtIn"] == 1
    if _variables(dashboard, "datasource")[0]["query"] != "prometheus":
        assert "report_gaps" in ours[0]["target"]["rawSql"]


def test_a_dashboard_fits_on_some_screens_and_cannot_be_edited(dashboard: Json) -> None:
    assert len(list(_panels(dashboard))) <= 20
    assert dashboard["editable"] is False


def test_nothing_has_the_same_name_place_or_letter_twice(dashboard: Json) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    titles = [panel["title"] for panel in _panels(dashboard)]
    assert len(titles) == len(set(titles))
    for panel in _panels(dashboard):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters))
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y


@pytest.mark.parametrize("kind", KINDS)
def test_titles_and_uids_are_unique_and_lasting(kind: str) -> None:
    found = [_read(path) for path in PATHS if FOLDERS[kind] in path.parents]
    uids = [each["uid"] for each in found]
    assert all(UID.fullmatch(uid) for uid in uids)
    assert len(set(uids)) == len({each["title"] for each in found}) == len(found)
    assert {"calltally-calls", "calltally-trends", "calltally-queues", "calltally-numbers"} < set(uids)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_the_catalog_is_on_a_dashboard(kind: str) -> None:
    every = _read(FOLDERS[kind] / "dashboards" / "calltally" / "every-number.json")
    calls = _read(FOLDERS[kind] / "dashboards" / "calltally" / "call-statistics.json")
    texts = "\n".join(_sql(every))
    for metric in METRICS:
        if metric.kind == "range":
            assert f'"{metric.title}"' in texts or f"`{metric.title}`" in texts, metric.name
    assert {"Waiting in queue", "Active calls"} <= {panel["title"] for panel in _panels(calls)}


@pytest.mark.parametrize("kind", KINDS)
def test_provisioning_holds_no_secret_and_names_every_variable(kind: str) -> None:
    texts = files(kind)
    sources = yaml.safe_load(texts["datasources/calltally.yaml"])
    assert sources["apiVersion"] == 1
    database, prometheus = sources["datasources"]
    assert database["type"] == KINDS[kind][1].kind
    assert [each["uid"] for each in (database, prometheus)] == ["calltally", "calltally-prometheus"]
    assert database["jsonData"]["database"] == "$CALLTALLY_READER_DATABASE"
    assert database["secureJsonData"] == {"password": "$CALLTALLY_READER_PASSWORD"}
    assert kind != "mariadb" or database["jsonData"]["timezone"] == "+00:00"
    (provider,) = yaml.safe_load(texts["dashboards/calltally.yaml"])["providers"]
    assert provider["options"]["path"] == "/etc/grafana/provisioning/dashboards/calltally"
    assert not provider["allowUiUpdates"]


def test_without_a_database_server_there_is_the_dashboard_of_prometheus_alone() -> None:
    names = [name for name in files("sqlite") if name.endswith(".json")]
    assert names == ["dashboards/calltally/calltally-by-prometheus.json"]


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the schema of dashboards, made from Grafana's own types."""
    written = tmp_path_factory.mktemp("schema") / "dashboard.json"
    types = ROOT / "node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen.d.ts"
    options = ["--no-type-check", "--additional-properties", "--path", str(types), "--type", "Dashboard"]
    subprocess.run([path_of("grafana-schema"), *options, "--out", str(written)], check=True, timeout=120)
    return written


def _checked(schema: Path, *dashboards: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [program, "--schemafile", schema, *dashboards]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.needs("grafana-schema")
def test_grafana_itself_could_read_every_dashboard(schema: Path) -> None:
    done = _checked(schema, *PATHS)
    assert done.returncode == 0, done.stdout


@pytest.mark.needs("grafana-schema")
def test_the_schema_finds_a_width_that_is_a_text(schema: Path, tmp_path: Path) -> None:
    broken = _read(PATHS[0])
    broken["panels"][0]["gridPos"]["w"] = "12"
    (tmp_path / "broken.json").write_text(json.dumps(broken), encoding="utf-8")
    done = _checked(schema, tmp_path / "broken.json")
    assert done.returncode == 1
    assert "gridPos.w" in done.stdout
