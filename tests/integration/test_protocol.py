"""A run and an observation as one exec of a real shell: what is started, what is refused, and what is read back."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runnerops.model.answers import Answer
from runnerops.model.common import ServiceName, Verb
from runnerops.model.facts import Facts
from runnerops.model.gitlab import CreationRecord, PauseRecord, Place
from runnerops.model.host_state import Hold
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from runnerops.planning.blockers import hold_blocker
from runnerops.remote import observation, protocol, state, state_folder
from tests.shells import SH, SHELLS

# ------------------------------------------------------------------------------------------------------ starting a run

SYSTEMD_RUN = """#!/bin/sh
printf '%s\\n' "$@" >"$RUNNEROPS_ROOT/unit"
while :; do case $1 in -p) shift 2 ;; -*) shift ;; *) break ;; esac; done
"$@" </dev/null >/dev/null 2>&1 &
"""
SYSTEMCTL = "#!/bin/sh\necho active\n"


@pytest.fixture(name="host")
def fixture_host(tmp_path: Path) -> Path:
    """A disk whose systemd-run only starts the command, and whose units are all active."""
    for name, script in (("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)):
        tool = tmp_path / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(script)
        tool.chmod(0o755)
    return tmp_path


def call(root: Path, command: tuple[str, ...], stdin: bytes = b"") -> tuple[int, bytes]:
    environ = {"PATH": f"{root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "RUNNEROPS_ROOT": str(root)}
    completed = subprocess.run(command, input=stdin, capture_output=True, env=environ, timeout=120, check=False)
    return completed.returncode, completed.stdout


def plan_of(*forward: Step) -> Plan:
    return Plan("h", 7, Requester("me", "laptop"), forward=forward, rollback=(Step("run", ("5", "true")),))


def test_one_exec_unpacks_starts_and_follows_a_run(host: Path) -> None:
    plan = plan_of(Step("run", ("5", "sh", "-c", "echo seen; exit 1")))
    status, output = call(host, protocol.start(plan), protocol.payload(plan))
    decoder = protocol.Decoder("h")
    events = [event for line in output.decode().splitlines() if (event := decoder.event(line))]
    assert (status, events[-1].kind, events[-1].text) == (0, "end", "failed")
    assert [event.text for event in events if event.kind == "note"] == ["seen"]
    assert all(event.at > 1_700_000_000 for event in events)
    folder = host / "var/lib/runnerops/runs/7"
    assert {path.stat().st_mode & 0o077 for path in (folder.parent.parent, folder, *folder.iterdir())} == {0}
    unit = (host / "unit").read_text().splitlines()
    assert {"--unit=runnerops-7", "TimeoutStopSec=35", "--setenv=HOME=/root"} <= set(unit)
    assert f"ExecStopPost=/bin/sh {folder}/host.sh back {folder}" in unit
    half = len(output) // 2
    assert call(host, protocol.follow(7, half)) == (0, output[half:])


def test_a_run_that_came_in_between_is_left_alone(host: Path) -> None:
    folder = host / "var/lib/runnerops/runs/7"
    folder.mkdir(parents=True)
    plan = plan_of()
    assert call(host, protocol.start(plan), protocol.payload(plan)) == (protocol.RUN_EXISTS, b"")
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("hold", "heeds", "status"),
    [
        ("4000000000\tanna@laptop\tdisk swap", True, protocol.HELD),
        ("0\tanna@laptop\tdisk swap", True, protocol.HELD),
        ("1\tanna@laptop\tits time is over", True, 0),
        ("by hand, in words", True, protocol.HELD),
        ("17", True, protocol.HELD),
        ("1\t\t", True, protocol.HELD),
        ("4000000000000\tanna@laptop\tin milliseconds", True, protocol.HELD),
        (f"{'9' * 40}\tanna@laptop\tfor ever", True, protocol.HELD),
        ("4000000000\tanna@laptop\tdisk swap", False, 0),
        ("", True, 0),
    ],
)
def test_a_hold_is_heeded_before_anything_is_written(hold: str, heeds: bool, status: int, host: Path) -> None:
    kept = host / "var/lib/runnerops/hold"
    kept.parent.mkdir(parents=True)
    kept.write_text(f"{hold}\n" if hold else "")
    plan = replace(plan_of(Step("run", ("5", "true"))), heeds_hold=heeds)
    found, output = call(host, protocol.start(plan), protocol.payload(plan))
    assert found == status, output
    assert (output == f"{hold}\n".encode()) == (status == protocol.HELD)
    assert (kept.parent / "runs").exists() == (status == 0)
    assert Hold.read(hold).ended(2) == hold.endswith("is over")
    assert "the host is held" in hold_blocker(Hold.read(hold)).message


def test_records_of_pauses_are_kept_replaced_and_taken_away_alone(host: Path) -> None:
    record, two = PauseRecord(7, 41, "https://gitlab.example.com", "one"), PauseRecord(8, 41, "https://x", "a\tb\nc")
    assert call(host, state_folder.delete_pause_records([7])) == (0, b"")  # nothing was ever kept there
    for records in ([record, two], [replace(record, run=42)]):
        assert call(host, state_folder.write_pause_records(records)) == (0, b"")
    folder = host / "var/lib/runnerops/paused"
    assert {path.stat().st_mode & 0o077 for path in (folder.parent, folder, *folder.iterdir())} == {0}
    text = "".join(f"{path}:{path.read_text()}" for path in sorted(folder.iterdir()))
    observed = state.host_state({"kept": Answer(0, text.encode())}, {}, Facts())
    assert observed.paused == (replace(record, run=42), PauseRecord(8, 41, "https://x", "a b c"))
    assert observed.intents == ()
    assert call(host, state_folder.delete_pause_records([8, 9])) == (0, b"")
    assert [path.name for path in folder.iterdir()] == ["7"]


def test_of_two_deploys_one_has_what_was_created_for_its_run_and_the_other_leaves_it(host: Path) -> None:
    """One is about to begin its run, the other takes what was created for it for left over."""
    folder = host / "var/lib/runnerops"
    plan = replace(plan_of(), relies_on=("aa",))
    records = [CreationRecord(name, "https://g.example.com", Place("group", 42), "0123") for name in ("aa", "bb")]
    assert call(host, state_folder.claim_creation_records([], "ff", 7)) == (0, b"")  # nothing was ever kept there
    assert call(host, state_folder.write_creation_records(records))[0] == 0
    assert call(host, state_folder.claim_creation_records(["aa"], "ff", 7))[0] == state_folder.IN_USE, "bb is new"
    assert call(host, state_folder.claim_creation_records(["aa", "bb", "gone"], "ff", 7)) == (0, b"")
    assert sorted(path.name for path in (folder / "begun").iterdir()) == ["aaff", "bbff"]
    assert call(host, protocol.start(plan), protocol.payload(plan)) == (protocol.TAKEN_OVER, b"")
    assert not list((folder / "runs").iterdir())
    assert call(host, state_folder.write_creation_records(records[:1]))[0] == 0
    assert call(host, protocol.start(plan), protocol.payload(plan))[0] == 0
    assert call(host, state_folder.claim_creation_records(["aa", "aaff", "bbff"], "ee", 7))[0] == state_folder.IN_USE
    assert sorted(path.name for path in (folder / "begun").iterdir()) == ["aa", "aaff", "bbff"]


def test_what_cannot_be_written_whole_is_taken_away_again(host: Path) -> None:
    plan = plan_of()
    assert call(host, protocol.start(plan), protocol.payload(plan)[:700]) == (protocol.NO_ROOM, b"")
    assert not list((host / "var/lib/runnerops/runs").iterdir())


def test_a_disk_that_takes_nothing_is_no_other_run(host: Path) -> None:
    (host / "var").write_text("a file where a folder should be")
    assert call(host, protocol.start(plan_of())) == (protocol.NO_ROOM, b"")


def test_a_unit_that_does_not_start_is_reported(host: Path) -> None:
    (host / "bin/systemd-run").write_text("#!/bin/sh\nexit 1\n")
    plan = plan_of()
    assert call(host, protocol.start(plan), protocol.payload(plan)) == (protocol.NO_UNIT, b"")


def test_a_run_that_is_not_there_cannot_be_followed(host: Path) -> None:
    assert call(host, protocol.follow(9, 0)) == (protocol.NO_END, b"")


# ---------------------------------------------------------------------------------------------------------- observing


def observe(root: Path, shell: tuple[str, ...], calls: Sequence[tuple[str, ...]], functions: str = "") -> bytes:
    script = observation.build_script("w0rd", [*observation.FACTS, *calls], [functions])
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "RUNNEROPS_ROOT": str(root)}
    completed = subprocess.run([*shell, "-s"], input=script, capture_output=True, env=environ, timeout=120, check=False)
    assert (completed.returncode, completed.stderr) == (0, b"")
    return completed.stdout


SLOW = "slow() { sleep 0.3; ask slow printf 'one\\ntwo\\n'; }\nbig() { ask big head -c 300000 /dev/zero; }"


@pytest.mark.parametrize("shell", SHELLS)
def test_answers_and_files_may_have_any_content(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    tricky = b"\nw0rd end\nw0rd fact x\n\xff\x00\n\n"
    (folder / "a b").write_bytes(tricky)
    (folder / "a b").chmod(0o640)
    (folder / "link").symlink_to(folder / "a b")
    (folder / "away").symlink_to("/proc/self/status")
    calls = [
        ("slow",),
        ("big",),
        *(("file", f"/etc/{name}") for name in ("a b", "link", "away", "none")),
        ("file", "/etc"),
        ("ask", "no", "false"),
    ]
    answers, files = observation.decode_observation("w0rd", observe(tmp_path, shell, calls, SLOW))
    assert answers["slow"].output == b"one\ntwo\n"
    assert len(answers["big"].output) == 300000
    assert answers["no"].status == 1
    file = files["/etc/a b"]
    assert (file.kind, file.content, file.mode) == ("file", tricky, "0640")
    assert (files["/etc/link"].path, files["/etc/link"].content) == ("/etc/a b", tricky)
    assert [files[path].kind for path in ("/etc/away", "/etc/none", "/etc")] == ["link", "absent", "directory"]
    facts = state.facts(answers)
    assert facts.clock > 1_700_000_000
    assert "tar" in facts.tools


@pytest.mark.parametrize("shell", SHELLS)
def test_the_state_folder_of_a_host_is_read(shell: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "var/lib/runnerops"
    (home / "intents").mkdir(parents=True)
    (home / "intents/docker").write_text("restart 2 abc\n")
    (home / "intents/registry").write_text("nonsense\n")
    for number, end in ((2, "applied"), (10, "")):
        run = home / f"runs/{number}"
        run.mkdir(parents=True)
        meta = {
            "run": number,
            "requested_by": {"user": "me", "machine": "m", "commit": "", "pipeline": ""},
            "digest": "d",
            "files": {"/a": f"new{number}"},
            "command": "remove docker",
        }
        (run / "meta").write_text(json.dumps(meta) + "\n")
        (run / "forward").write_text(
            f"stage\told.1\t/a\t0644\troot:root\told{number}\nstage\tnew.1\t/a\t0644\troot:root\tnew{number}\n"
        )
        (run / "log").write_text("1.0\t\t-1\tnote\tclock 5\n" + (f"2.0\t\t-1\tend\t{end}\n" if end else ""))
    answers, files = observation.decode_observation("w0rd", observe(tmp_path, shell, []))
    observed = state.host_state(answers, files, state.facts(answers))
    assert {(intents.service, intents.verb, intents.run, intents.invocation) for intents in observed.intents} == {
        (ServiceName.DOCKER, Verb.RESTART, 2, "abc"),
        (ServiceName.REGISTRY, Verb.RESTART, 0, ""),
    }
    assert observed.last
    assert (observed.last.number, observed.last.result, observed.last.requester.user, observed.last.started_at) == (
        10,
        "",
        "me",
        5,
    )
    assert observed.applied == {"/a": "new2"}
    assert observed.staged == {"/a": {"new2", "new10"}}
    assert observed.restored_by_removal == {"/a"}


def test_a_program_that_hangs_only_loses_its_own_answer(tmp_path: Path) -> None:
    calls = [("ask", "hung", "limited", "sleep", "60"), ("ask", "told", "echo", "x")]
    short = "default_limit=0.2"
    answers, _ = observation.decode_observation("w0rd", observe(tmp_path, SH, calls, short))
    assert (answers["hung"].text, answers["told"].text) == ("", "x")


@pytest.mark.parametrize("shell", SHELLS)
def test_an_observation_ends_within_its_time_limit_even_if_all_programs_hang(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    """A question has what is left of the look's time; once that is over none is begun, and each is told of."""
    (tmp_path / "proc").mkdir()
    clock = tmp_path / "proc/uptime"
    clock.write_text("100.25 7.00\n")
    passing = (
        f'timeout() {{ echo "$3"; echo "$((clock += 25)).5 7" >{clock}; return 137; }}\nclock=100 default_limit=20'
    )
    calls = [
        ("limit_observation", "60"),
        *(("ask", f"of_{name}", "limited", "x") for name in "abcd"),
        ("ask", "told", "echo", "x"),
    ]
    script = observation.build_script("w0rd", [("observe_all",)], [passing, _in_order(calls)])
    status, output = call(tmp_path, (*shell, "-s"), script)
    answers, _ = observation.decode_observation("w0rd", output)
    assert status == 0
    assert [answer.output.strip() for answer in answers.values()] == [b"20", b"20", b"10", b"", b"x"]
    assert state.facts(answers).unseen == ("of a", "of b", "of c", "of d")


def _in_order(calls: list[tuple[str, ...]]) -> str:
    return "observe_all() {\n" + "\n".join(map(shlex.join, calls)) + "\n}"


def test_a_run_that_lost_its_record_in_a_power_cut_keeps_its_number(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/runnerops/runs/12"
    folder.mkdir(parents=True)
    (folder / "meta").touch()
    (folder.parent / "notes").mkdir()
    answers, files = observation.decode_observation("w0rd", observe(tmp_path, SH, []))
    last = state.host_state(answers, files, state.facts(answers)).last
    assert last
    assert (last.number, last.result, last.running) == (12, "", False)


def test_an_untouched_host_has_no_state(tmp_path: Path) -> None:
    answers, files = observation.decode_observation("w0rd", observe(tmp_path, SH, []))
    observed = state.host_state(answers, files, state.facts(answers))
    assert (observed.intents, observed.last, observed.applied, observed.staged) == ((), None, {}, {})
    assert not list(tmp_path.iterdir())
