"""Rollouts of several hosts that stop and continue: verify, canaries, holds, single services, and what programs are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from tests.integration.played import AFTER, ALL, PHASES, Fleet, changed, plainly, waiting
from tests.lab.shell import until
from tests.lab.terminal import PATIENCE

NAMES = [*PHASES]


def runs(hosts: Fleet, name: str) -> int:
    return len(hosts[name].ends)


def test_a_batch_that_does_not_pass_verify_stops_the_rollout(hosts: Fleet) -> None:
    hosts.ask(AFTER, "rollout: {batch: 2, health: verify}")
    hosts[NAMES[2]].play("refuse config")
    output = hosts.run("deploy", "--yes", code=1)
    assert [name for name in NAMES if changed(hosts[name])] == NAMES[:4], "its batch ends; its files stay deployed"
    assert [name for name in NAMES if runs(hosts, name) == 1] == NAMES[4:]
    assert "its files are deployed, but verify does not pass (rollout.health)" in output
    assert "it refused the file, and still runs with the previous one" in output
    assert output.splitlines()[-1] == f"6 hosts: 3 applied, 1 failed ({NAMES[2]}), 2 skipped ({NAMES[4]}, {NAMES[5]})"
    output = hosts.run("deploy", "--yes")
    assert output.splitlines()[-1] == "6 hosts: 4 unchanged, 2 applied"


STOPS = {  # what is wrong with the canary: what is played there, the exit code of a deploy, and its result
    "its run fails": ("fail systemctl start gitlab-runner", 4, "rolled-back"),
    "it does not pass verify": ("refuse config", 1, "failed"),
    "it breaks off": ("break look", 1, "unreachable"),
    "it is held": ("", 1, "refused"),
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_rollout_that_stopped_at_its_canary_is_resumed_without_it(hosts: Fleet, stop: str) -> None:
    play, code, result = STOPS[stop]
    canary, *others = NAMES[:3]
    hosts.ask(AFTER, f"rollout: {{canary: {canary}, batch: 100%, health: verify}}")
    if play:
        hosts[canary].play(play)
    else:
        hosts.run("hold", canary, "--reason", "disk swap")
    output = hosts.run("deploy", *NAMES[:3], "--yes", code=code)
    assert [runs(hosts, name) for name in others] == [1, 1], "not touched"
    assert output.count(f"not touched: the canary {canary} did not end well") >= 1
    assert f"1 {result} ({canary})" in output.splitlines()[-1]
    output = hosts.run("deploy", *NAMES[:3], "--yes", "--resume", code=0 if "verify" in stop else code)
    assert all(changed(hosts[name]) for name in others)
    assert "2 applied" in output.splitlines()[-1]


def test_a_canary_in_maintenance_is_left_out_and_told_of(hosts: Fleet) -> None:
    hosts.ask(AFTER, f"rollout: {{canary: {NAMES[0]}, batch: 100%}}")
    path = hosts.folder / "inventory.yml"
    path.write_text(path.read_text().replace(f"  {NAMES[0]}:\n", f"  {NAMES[0]}:\n    maintenance: disk swap\n"))
    output = hosts.run("deploy", "--yes", *NAMES[:3])
    assert f"order: without the canary {NAMES[0]}, which is in maintenance; the rollout stops after" in output
    assert [changed(hosts[name]) for name in NAMES[:3]] == [False, True, True]
    assert output.splitlines()[-1] == f"3 hosts: 1 maintenance ({NAMES[0]}), 2 applied"
    output = hosts.run("rollback", "--yes", *NAMES[1:3])
    assert f"order: without the canary {NAMES[0]}, which is not among the targets;" in output


def test_a_dry_run_shows_the_plan_and_the_order_and_changes_nothing(hosts: Fleet) -> None:
    hosts.ask(AFTER)
    output = hosts.run("deploy", "--dry-run", *NAMES[:3], "--canary", NAMES[1], "--batch", "1")
    assert f"order: {NAMES[1]} first; then 2 hosts that restart something, 1 at a time" in output
    assert [runs(hosts, name) for name in NAMES[:3]] == [1, 1, 1]


def test_of_one_service_a_rollout_stops_as_of_all(hosts: Fleet) -> None:
    hosts.ask(AFTER, f"rollout: {{canary: {NAMES[1]}, batch: 1}}")
    output = hosts.run("deploy", "--yes", *NAMES[:3], "--only", "gitlab_runner")
    assert output.splitlines()[-1] == "3 hosts: 3 unchanged"
    hosts[NAMES[0]].play("fail systemctl restart docker")
    output = hosts.run("deploy", "--yes", *NAMES[:3], "--only", "docker", code=4)
    assert "note: left out by --only: gitlab_runner" in output
    assert [changed(hosts[name]) for name in NAMES[:3]] == [False, True, False]
    assert runs(hosts, NAMES[2]) == 1


def test_one_of_several_runs_is_rolled_back_and_the_rollout_continues(hosts: Fleet) -> None:
    hosts.ask(AFTER, "rollout: {batch: 2, max_failures: 2}")
    at = {name: PHASES[name] for name in ("drains-1", "starts-1")}
    terminal = waiting(hosts, "deploy", "--yes", "drains-1", "starts-1", "verifies-1", at=at)
    output = hosts.run("abort", "drains-1", "--yes")
    assert "drains-1: rolled-back" in output
    until("the next one has begun and ended", lambda: changed(hosts["verifies-1"]), seconds=PATIENCE)
    assert hosts["starts-1"].ends[-1] == "", "it was not asked to end"
    hosts["starts-1"].play()
    assert terminal.end() == 4
    assert [changed(hosts[name]) for name in ("drains-1", "starts-1", "verifies-1")] == [False, True, True]


def test_after_an_abort_the_other_hosts_are_not_told_to_repair_something(hosts: Fleet) -> None:
    hosts.ask(AFTER, "rollout: {batch: 1}")
    terminal = waiting(hosts, "deploy", "--yes", "drains-1", "starts-1", at={"drains-1": PHASES["drains-1"]})
    hosts.run("abort", "drains-1", "--yes")
    assert terminal.end() == 4
    output = plainly(terminal.said)
    assert "starts-1: skipped not touched: the deploy stopped at drains-1" in output
    assert "hint: find out who interrupted the run on drains-1, then deploy again" in output
    assert "repair" not in output


def begun(hosts: Fleet, *words: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        hosts.command(*words), cwd=hosts.folder, env=hosts.environ | environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", ["look", "run"])
def test_what_a_program_is_told_is_json_to_the_end_of_an_interrupt(
    hosts: Fleet, place: str, number: signal.Signals
) -> None:
    at = ("drains-1", "starts-1")
    for name in at:
        hosts[name].play(f"wait {PHASES[name]}" if place == "run" else "hang look")
    with begun(hosts, "deploy", *at, *ALL[1:], "-o", "json") as process:
        until("both wait", lambda: all(hosts[name].waits() for name in at), seconds=PATIENCE)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "interrupted" in err
    documents = [json.loads(line) for line in out.splitlines()]
    if place == "look":
        assert documents == [], "no host was begun"
    else:
        assert documents[-1]["exit"] == 130
        assert {document["host"]: document["result"] for document in documents[-1]["hosts"]} == dict.fromkeys(
            at, "in-progress"
        )


def test_two_who_hold_and_release_at_once_leave_one_whole_hold_and_then_none(hosts: Fleet) -> None:
    name, users = NAMES[0], ("anna", "bert")

    def both(*words: str) -> list[str]:
        at_once = [begun(hosts, words[0], name, *words[1:], LOGNAME=user) for user in users]
        outputs = [process.communicate(timeout=PATIENCE) for process in at_once]
        assert [process.returncode for process in at_once] == [0, 0], outputs
        return sorted(out + err for out, err in outputs)

    assert all(f"{name}: held" in text for text in both("hold", "--reason", "disk swap"))
    output = hosts.run("deploy", name, "--yes", code=1)
    assert [user for user in users if f"held: the host is held by {user}@" in output]
    assert ": disk swap" in output
    assert {text.strip() for text in both("release")} <= {f"{name}: released", f"{name}: was not held"}
    hosts.run("deploy", name, "--yes")
    assert changed(hosts[name])


def test_a_hold_of_several_hosts_is_one_line(hosts: Fleet) -> None:
    assert hosts.run("hold", *NAMES[:3], "--reason", "disk swap") == f"{', '.join(NAMES[:3])}: held: disk swap\n"
    assert hosts.run("release", *NAMES[:3]) == f"{', '.join(NAMES[:3])}: released\n"
