"""The commands as a person or script calls them: what they print, what they leave behind, and how they end."""

import csv
import io
import json
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from calltally.cli.output import counted
from calltally.engine.checks import source_findings
from calltally.engine.health import Health
from calltally.engine.refusals import keep_refusals, refused_so_far
from calltally.store.open import open_store
from tests.cli.conftest import Called

PUSHES = [
    # seconds, form body
    (0, "event=newCall&callId=A1&from=491713920001&to=493023125001&direction=in&user%5B%5D=Anna&userId%5B%5D=w0"),
    (4, "event=answer&callId=A1&from=491713920001&to=493023125001&direction=in&user=Anna&userId=w0"),
    (65, "event=hangup&callId=A1&from=491713920001&to=493023125001&direction=in&cause=normalClearing"),
    (70, "event=newCall&callId=B2&from=anonymous&to=493023125001&direction=in&user%5B%5D=Anna&userId%5B%5D=w0"),
    (82, "event=hangup&callId=B2&from=anonymous&to=493023125001&direction=in&cause=cancel"),
]


def journal() -> list[str]:
    """Return the pushes as journal lines."""
    return [
        json.dumps(
            {
                "source": "sipgate",
                "received_at": f"2026-11-20T13:{7 + second // 60:02}:{second % 60:02}.114250Z",
                "headers": {"content-type": "application/x-www-form-urlencoded"},
                "body": body,
            }
        )
        for second, body in PUSHES
    ]


@pytest.fixture
def filled(called: Called) -> Called:
    status, out, _ = called("messages", "import", "-", given="\n".join(journal()))
    assert (status, out) == (0, "read 5, understood 5, already known 0, set aside 0\n")
    return called


def test_the_version_is_told_without_loading_what_only_commands_need() -> None:
    program = (
        "import sys, calltally.cli.main as c\n"
        "slow = {'sqlalchemy', 'pydantic', 'fastapi', 'argon2', 'structlog'} & set(sys.modules)\n"
        "assert not slow, slow\n"
        "c.run(['--version'])\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("calltally ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("calls", "export", "--since", "someday"),
        ("calls", "export", "--since", "2026-11-20", "--until", "2026-11-19"),
        ("legs", "export", "--format", "pdf"),
        ("messages", "import"),
        ("token", "create"),
        ("token", "create", "--name", " "),
        ("demo", "--days", "0"),
        ("demo", "--listen", "everywhere"),
        ("serve", "--listen", "everywhere"),
        ("--config", "missing.toml", "check"),
        ("verify", "--config", "missing.toml"),
    ],
)
def test_a_command_that_is_called_wrongly_ends_with_2(called: Called, arguments: tuple[str, ...]) -> None:
    status, out, err = called(*arguments)
    assert status == 2
    assert "Error" in err
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("messages", "import", "missing.jsonl"), "missing.jsonl: No such file or directory"),
        (("queue-log", "import", "missing.log"), "missing.log cannot be read"),
        (("serve", "--listen", "0.0.0.0:0"), "calltally password"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence_and_ends_with_1(
    called: Called, arguments: tuple[str, ...], sentence: str
) -> None:
    status, _, err = called(*arguments)
    assert status == 1
    assert sentence in err
    assert "Traceback" not in err


def test_imported_messages_become_records_with_the_names_of_the_contract(filled: Called) -> None:
    _, out, _ = filled("calls", "export")
    answered, abandoned = map(json.loads, out.splitlines())
    assert (answered["call_id"], answered["outcome"], answered["caller"]) == ("A1", "answered", "+491713920001")
    assert (answered["wait_seconds"], answered["talk_seconds"]) == (4, 61)
    assert answered["started_at"] == "2026-11-20T13:07:00.114Z"
    assert (abandoned["caller"], abandoned["caller_withheld"]) == (None, True)
    assert (abandoned["outcome"], abandoned["talk_seconds"]) == ("abandoned", 0)


def test_the_journal_comes_out_as_it_went_in_and_in_again_without_change(filled: Called, tmp_path: Path) -> None:
    _, exported, _ = filled("messages", "export")
    assert list(map(json.loads, exported.splitlines())) == list(map(json.loads, journal()))
    file = tmp_path / "journal.jsonl"
    assert filled("messages", "export", "--output", str(file))[0] == 0
    assert file.read_text() == exported
    status, out, _ = filled("messages", "import", str(file))
    assert (status, out) == (0, "read 5, understood 0, already known 5, set aside 0\n")


def test_order_and_repeats_change_no_export_and_neither_does_a_rebuild(filled: Called, tmp_path: Path) -> None:
    exports = [(kind, "export") for kind in ("calls", "legs", "visits", "messages")]
    expected = [filled(*export)[1] for export in exports]
    lines = [*journal()[::-1], *journal()[::2]]
    other = ("--data", str(tmp_path / "other"))
    assert filled("messages", "import", "-", *other, given="\n".join(lines))[0] == 0
    assert [filled(*export, *other)[1] for export in exports] == expected
    assert filled("rebuild")[0] == 0
    assert [filled(*export)[1] for export in exports] == expected
    assert filled("verify")[:2] == (0, "Everything agrees.\n")


def test_options_stand_before_or_after_the_command(filled: Called, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "elsewhere")
    assert filled("--data", elsewhere, "calls", "export")[1] == ""
    assert filled("calls", "export", "--data", str(tmp_path / "data"))[1].count("\n") == 2


@pytest.mark.parametrize(
    ("options", "call_ids"),
    [
        (("--since", "2026-11-20T13:08:00Z"), ["B2"]),
        (("--until", "2026-11-20T13:08:00Z"), ["A1"]),
        (("--since", "2026-11-20", "--until", "2026-11-21"), ["A1", "B2"]),
        (("--source", "asterisk"), []),
        (("--source", "sipgate"), ["A1", "B2"]),
    ],
)
def test_an_export_can_be_limited(filled: Called, options: tuple[str, ...], call_ids: list[str]) -> None:
    _, out, _ = filled("calls", "export", *options)
    assert [json.loads(line)["call_id"] for line in out.splitlines()] == call_ids


def test_csv_has_a_line_of_names_and_empty_cells_for_the_unknown(filled: Called) -> None:
    _, out, _ = filled("legs", "export", "--format", "csv")
    answered, abandoned = csv.DictReader(io.StringIO(out, newline=""))
    assert answered["hangup_cause_raw"] == "normalClearing"
    assert answered["caller"] == "+491713920001"
    assert abandoned["caller"] == ""
    assert abandoned["caller_withheld"] == "true"


def test_teams_of_the_file_stand_in_exports_at_once(filled: Called, tmp_path: Path) -> None:
    teams = [{"name": "Support", "numbers": ["+493023125001", "+493023125002"]}]
    (tmp_path / "data" / "teams.json").write_text(json.dumps(teams))
    assert [json.loads(line)["teams"] for line in filled("calls", "export")[1].splitlines()] == [["Support"]] * 2


def test_bad_lines_are_named_by_number_and_the_others_are_taken_in(called: Called) -> None:
    lines = [journal()[0], "nonsense", journal()[1].replace("sipgate", "carrier pigeon"), journal()[2]]
    status, out, err = called("messages", "import", "-", given="\n".join(lines))
    assert status == 0
    assert err.startswith("line 2: no journal line")
    assert "read 4, understood 2, already known 0, set aside 2" in out
    assert "carrier pigeon" in out
    assert called("messages", "import", "-", given="nonsense")[0] == 1


def test_messages_that_are_odd_each_in_its_own_way_take_one_line(called: Called) -> None:
    odd = [journal()[0].replace("newCall", f"odd{number}") for number in range(30)]
    status, out, _ = called("messages", "import", "-", given="\n".join(odd))
    assert status == 0
    assert out.splitlines() == [
        "read 30, understood 0, already known 0, set aside 30",
        "  30 set aside: unknown event 'odd0' (and others like it)",
    ]


def test_a_token_is_shown_once_and_opens_nothing_after_it_is_revoked(called: Called) -> None:
    status, token, _ = called("token", "create", "--name", "grafana")
    assert status == 0
    assert token.startswith("ct_")
    assert called("token", "create", "--name", "grafana")[0] == 1
    _, listed, _ = called("token", "list")
    assert listed.endswith("grafana\n")
    assert token.strip() not in listed
    assert called("token", "revoke", "grafana")[0] == 0
    assert called("token", "revoke", "grafana")[0] == 1
    assert called("token", "list")[1] == ""


def test_the_password_is_kept_as_a_hash_beside_what_stands_in_the_file(called: Called, tmp_path: Path) -> None:
    file = tmp_path / "data" / "calltally.toml"
    file.parent.mkdir()
    file.write_text('# our house\n[site]\ntime_zone = "Europe/Berlin"  # not UTC\n')
    assert called("password", given="short\n")[0] == 2
    assert called("password", given="correct horse battery\n")[0] == 0
    text = file.read_text()
    assert "# our house" in text
    assert "# not UTC" in text
    assert "correct horse" not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    _, hashed, _ = called("password", "--print", given="correct horse battery\n")
    assert PasswordHasher().verify(hashed.strip(), "correct horse battery")
    assert file.read_text() == text


def test_check_says_what_is_ready(filled: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLTALLY_SERVER__LISTEN", "127.0.0.1:0")
    status, out, _ = filled("check")
    assert status == 0
    assert "Everything is ready." in out
    assert "PROBLEM" not in out


def test_check_tells_of_signatures_that_are_not_checked_and_of_what_was_set_aside(
    filled: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLTALLY_SERVER__LISTEN", "127.0.0.1:0")
    file = tmp_path / "data" / "calltally.toml"
    file.write_text("[sources.sipgate]\n")
    assert "WARNING" not in filled("check")[1]
    file.write_text("[sources.sipgate]\ncheck_signature = false\n")
    odd = journal()[0].replace("event=newCall", "event=dance")
    filled("messages", "import", "-", given=odd)
    status, out, _ = filled("check")
    assert status == 0
    assert "WARNING  source sipgate: The signatures of pushes are not checked" in out
    assert "WARNING  source sipgate: 6 messages, 1 set aside" in out
    assert "2 warnings" in out


def test_check_says_that_the_newest_push_was_refused_and_why(tmp_path: Path) -> None:
    health = Health(())
    health.refused("sipgate", "The push has no signature.", 1_795_179_600_000_000)
    store = open_store(str(tmp_path / "calltally.db"), zone="Europe/Berlin")
    with closing(store):
        keep_refusals(store, refused_so_far(health))
        (refused, nothing) = source_findings(store, {"sipgate": False})
    assert refused.warning == "The newest push was refused, at 2026-11-20 13:00:00 UTC: The push has no signature."
    assert nothing.detail == "nothing taken in yet"


def test_check_says_what_is_wrong_and_what_to_do(called: Called, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "teams.json").write_text("[{")
    (data / "calltally.db").write_text("this is no database, but a text that somebody put here by mistake")
    (data / "calltally.toml").write_text('[server]\nlisten = "0.0.0.0:0"\n')
    status, out, _ = called("check")
    assert status == 1
    for subject in ("access", "database", "teams"):
        assert f"PROBLEM  {subject}" in out
    assert "3 problems found." in out


def test_prune_takes_what_is_older_than_the_retention_and_says_so_before(filled: Called) -> None:
    whole_call = [line for line in journal() if "callId=A1" in line]
    old = "\n".join(whole_call).replace("2026-11", "2021-01").replace("A1", "OLD")
    assert filled("messages", "import", "-", given=old)[0] == 0
    told = f"{len(whole_call)} messages, 1 call, 1 leg and 0 queue visits"
    assert filled("prune", "--dry-run")[1].startswith(told)
    assert filled("calls", "export")[1].count("\n") == 3
    assert filled("prune")[1].startswith(told)
    assert filled("verify")[0] == 0


BY_ID = """[[agents]]
number = "1001"
id = 7
"""


def test_an_agent_that_the_log_names_by_id_is_the_one_of_the_settings(called: Called, tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    member = "Local/id-7@agentcallback"
    log.write_text(
        f"1768381031|1.1|sales|NONE|ENTERQUEUE||0301|1\n1768381035|1.1|sales|{member}|CONNECT|4|1.2|3\n"
        f"1768381045|1.1|sales|{member}|COMPLETEAGENT|4|10|1\n"
    )
    assert called("queue-log", "import", str(log))[0] == 0
    assert json.loads(called("visits", "export")[1])["agent"] == member
    (tmp_path / "data" / "calltally.toml").write_text(BY_ID)
    assert called("rebuild")[0] == 0
    assert json.loads(called("visits", "export")[1])["agent"] == "Agent/1001"
    assert json.loads(called("calls", "export")[1])["agent"] == "Agent/1001"
    assert called("verify")[0] == 0


def test_an_export_that_cannot_be_written_says_so(filled: Called) -> None:
    status, _, err = filled("calls", "export", "--output", "missing/calls.jsonl")
    assert status == 1
    assert "No such file or directory" in err


def test_a_queue_log_is_imported_once_however_often(called: Called, tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text(
        "1795180052|1795180052.1|sales|NONE|ENTERQUEUE||+491713920001|1\n"
        "1795180060|1795180052.1|sales|Agent/1001|CONNECT|8|1795180055.2|3\n"
        "1795180090|1795180052.1|sales|Agent/1001|COMPLETECALLER|8|30|1\n"
        "no line of a log\n"
    )
    status, out, _ = called("queue-log", "import", str(log))
    assert status == 0
    assert "understood 3" in out
    assert "set aside 1" in out
    before = called("visits", "export")[1]
    assert "understood 0, already known 4" in called("queue-log", "import", str(log))[1]
    assert called("visits", "export")[1] == before
    [visit] = map(json.loads, before.splitlines())
    assert (visit["wait_seconds"], visit["talk_seconds"], visit["outcome"]) == (8, 30, "answered")


@pytest.mark.parametrize("name", ["letter.txt", "-"])
def test_a_file_that_is_no_queue_log_is_refused_with_a_sentence(called: Called, tmp_path: Path, name: str) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all,\nplease find\n")
    status, out, err = called("queue-log", "import", "-" if name == "-" else str(letter), given=letter.read_text())
    assert (status, out.splitlines()[0]) == (1, "read 2, understood 0, already known 0, set aside 2")
    file = "standard input" if name == "-" else str(letter)
    assert f"Nothing in {file} was understood. Is it the queue_log of an Asterisk?" in err


def test_the_database_is_brought_to_the_form_of_this_version(called: Called) -> None:
    assert called("database", "upgrade")[0] == 0


@pytest.mark.parametrize(("count", "text"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls")])
def test_one_call_is_no_calls(count: int, text: str) -> None:
    assert counted(count, "call") == text
