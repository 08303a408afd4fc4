"""Whole deploys of several hosts: rollouts, interrupts, aborts, and what is printed afterwards."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest

from runnerops.commands.deploy import deploy
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.model.common import Exit
from runnerops.report.screen import Screen
from tests.integration.odd_ports import closed_port, playing
from tests.integration.played import (
    AFTER,
    ALL,
    BEFORE,
    PHASES,
    TERM,
    Fleet,
    Recording,
    changed,
    end_played,
    fleet,
    plainly,
    played_processes,
    processes,
    waiting,
)  # fmt: skip
from tests.lab.shell import until
from tests.lab.terminal import INTERRUPT, PATIENCE, Terminal


def test_nothing_goes_on_once_a_test_has_ended_early(hosts: Fleet) -> None:
    waiting(hosts, "deploy", "drains-1", "--yes", at={"drains-1": PHASES["drains-1"]})
    assert len(played_processes()) > 2
    end_played()
    assert played_processes() == []
    named = b"\n".join(word for _, words in processes("cmdline") for word in words)
    assert bytes(hosts["drains-1"].root) not in named, "a run has its folder as an argument"


@pytest.mark.parametrize("bad", [0, 1, 4, 5])
def test_a_host_that_fails_stops_the_rollout_wherever_it_stands(hosts: Fleet, bad: int) -> None:
    """The canary, one of the first batch, one of the next, the last of all. With a pause a batch ends before the next."""
    names = [*PHASES]
    hosts.ask(AFTER, f"rollout: {{canary: {names[0]}, batch: 2, pause: 1s}}")
    hosts[names[bad]].play("fail systemctl start gitlab-runner")
    output = hosts.run("deploy", "--yes", code=4)
    batch = [at for at in range(6) if at == bad or (bad and (at - 1) // 2 == (bad - 1) // 2)]
    done = [names[at] for at in range(6) if at != bad and (at < min(batch) or at in batch)]
    left = [name for name in names if name not in done and name != names[bad]]
    assert [name for name in names if changed(hosts[name])] == done
    assert [name for name in names if len(hosts[name].ends) == 1] == left, "no run was begun there"
    assert hosts[names[bad]].ends[-1] == "rolled-back"
    assert f"{names[bad]}: failed step: start gitlab-runner" in output
    if left:
        reason = f"the canary {names[0]} did not end well" if bad == 0 else f"the deploy stopped at {names[bad]}"
        assert output.count(f"\n  not touched: {reason}\n") == (1 if len(left) > 2 else len(left))
    last = output.splitlines()[-1]
    assert last.startswith(f"6 hosts: {f'{len(done)} applied, ' if done else ''}1 rolled-back ({names[bad]})")
    if bad == 5:
        hosts[names[bad]].play()
        hosts.run("deploy", "@failed", "--yes")
        assert all(map(changed, hosts.hosts.values()))


def test_runs_are_rolled_back_from_elsewhere_in_whatever_phase_they_are(hosts: Fleet) -> None:
    terminal = waiting(hosts)
    output = hosts.run("abort", "*", code=2)
    assert "there is no terminal to ask on" in output
    output = hosts.run("abort", "*", "--yes")
    assert output.count("taking it back") == 3, (
        "one has changed nothing, four are at Docker, one has come to the runner"
    )
    assert "taking it back: nothing was changed yet, so it just ends" in output
    assert "  4 hosts: drains-1, restarts-1, stops-1, verifies-1\n" in output
    assert (
        output.splitlines()[-1]
        == "6 hosts: 1 failed (validates-1), 5 rolled-back (drains-1, stops-1, restarts-1, verifies-1, starts-1)"
    )
    assert "5 hosts rolled-back: drains-1, restarts-1, starts-1, stops-1, verifies-1" in output
    assert [played.ends[-1] for played in hosts.hosts.values()] == ["interrupted", *["rolled-back"] * 5]
    assert not any(map(changed, hosts.hosts.values()))
    assert terminal.end() == 4
    assert "interrupted, and the host is back as it was" in plainly(terminal.said)
    for played in hosts.hosts.values():
        played.play()
    assert "no run is going on" in hosts.run("abort", "*", "--yes")
    output = hosts.run("history", "*")
    assert "rolled-back" in output
    assert hosts.run("history", "drains-*").startswith("drains-1\nrun "), "a pattern does not tell which host it is"
    assert hosts.run("history", "drains-*", "--follow", code=4).startswith("drains-1\nrun ")
    for follow in ([], ["--follow"]):
        assert hosts.run("history", "drains-1", *follow, code=4 if follow else 0).startswith("run ")
    assert "6 hosts: 6 applied" in hosts.run(*ALL)


def test_the_question_of_an_interrupt_stands_alone_and_a_no_takes_all_runs_back(hosts: Fleet) -> None:
    terminal = waiting(hosts)
    terminal.press(INTERRUPT)
    terminal.wait_for("[Y/n]")
    hosts["validates-1"].play()
    until("one of them ends", lambda: hosts["validates-1"].ends[-1] == "applied", seconds=PATIENCE)
    asked = len(terminal.said)
    terminal.press("n\n")
    assert terminal.end() == 4
    shown = terminal.said[asked:]
    assert "verifies-1: rolling back" in plainly(shown)
    assert "validates-1: applied" in shown
    assert "validates-1: applied" not in terminal.said[:asked]
    assert "5 hosts rolled-back: drains-1, restarts-1, starts-1, stops-1, verifies-1" in plainly(shown)
    assert [name for name, played in hosts.hosts.items() if changed(played)] == ["validates-1"]


@pytest.mark.parametrize("again", [False, True], ids=["a yes", "another interrupt"])
def test_runs_that_are_left_alone_are_reported_once_and_picked_up_by_the_next_deploy(hosts: Fleet, again: bool) -> None:
    at = {name: PHASES[name] for name in ("drains-1", "restarts-1", "starts-1")}
    terminal = waiting(hosts, "deploy", *at, "--yes", "--batch", "100%", at=at)
    terminal.press(INTERRUPT)
    terminal.wait_for("[Y/n]")
    terminal.press(INTERRUPT if again else "\n")
    assert terminal.end() == 130
    output = plainly(terminal.said)
    assert ("continue by themselves, to their end or back" in output) is not again
    assert "3 hosts in-progress: drains-1, restarts-1, starts-1 it continues by itself on its host" in output
    follower = Terminal(hosts.command("deploy", *at, "--yes"), hosts.folder, {**hosts.environ, **TERM}, 120)
    for name in at:
        follower.wait_for(f"{name} ")  # each has its bar at once, though only one may be disturbed at a time
    for name in at:
        hosts[name].play()
    assert follower.end() == 0
    assert all(changed(hosts[name]) for name in at)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_client_that_is_ended_leaves_the_runs_to_their_hosts(hosts: Fleet, number: signal.Signals) -> None:
    at = {name: PHASES[name] for name in ("drains-1", "restarts-1", "starts-1")}
    terminal = waiting(hosts, "deploy", *at, "--yes", "--batch", "100%", at=at)
    os.kill(terminal.pid, number)
    if number is signal.SIGINT:
        terminal.wait_for("[Y/n]")
        os.kill(terminal.pid, number)
    code = terminal.end()
    assert code == (-signal.SIGHUP if number is signal.SIGHUP else 130)
    for name in at:
        hosts[name].play()
        until(f"{name} ends", lambda played=hosts[name]: played.ends[-1] == "applied", seconds=PATIENCE)  # type: ignore[misc]
    assert "3 unchanged" in hosts.run("deploy", *at, "--yes")


@pytest.mark.parametrize("place", ["look", "question", "pause"])
def test_an_interrupt_while_no_run_goes_on_changes_nothing_more(hosts: Fleet, place: str) -> None:
    hosts.ask(AFTER, "rollout: {batch: 1, pause: 10m}")
    if place == "look":
        hosts["drains-1"].play("hang look")
    words = ["deploy", "validates-1", "drains-1", *(["--yes"] if place == "pause" else [])]
    terminal = Terminal(hosts.command(*words), hosts.folder, {**hosts.environ, **TERM}, 120)
    terminal.wait_for({"look": "waiting for drains-1", "question": "[y/N]", "pause": "a pause of 10 min until"}[place])
    terminal.press(INTERRUPT)
    assert terminal.end() == 130
    assert "interrupted" in terminal.said.replace("0 jobs interrupted", "")
    assert [name for name, played in hosts.hosts.items() if changed(played)] == (
        ["validates-1"] if place == "pause" else []
    )
    if place == "pause":
        assert "2 hosts: 1 applied, 1 skipped (drains-1)" in terminal.said
        assert "not touched: interrupted before" in terminal.said


def test_several_runs_are_followed_to_their_ends(hosts: Fleet) -> None:
    at = {name: PHASES[name] for name in ("drains-1", "starts-1")}
    terminal = waiting(hosts, "deploy", *at, "--yes", "--batch", "2", at=at, then="fail")
    follower = Terminal(hosts.command("history", "*", "--follow"), hosts.folder, {**hosts.environ, **TERM}, 120)
    follower.wait_for("2 hosts: drains-1, starts-1")
    hosts["drains-1"].play()
    follower.wait_for("drains-1: applied")
    hosts["starts-1"].play()
    assert follower.end() == 4
    assert plainly(follower.said).endswith("2 hosts: 1 applied, 1 rolled-back (starts-1)")
    assert terminal.end() == 4


def test_runs_of_different_deploys_are_never_shown_as_one(hosts: Fleet) -> None:
    names = ("drains-1", "starts-1")
    for name in names:
        hosts.run("deploy", name, "--yes")
    for follow in ([], ["--follow"]):
        output = hosts.run("history", *names, *follow)
        assert [output.count(f"{name} (run ") for name in names] == [1, 1]


def test_a_rollback_of_several_hosts_goes_on_where_one_fails_before_its_run(hosts: Fleet) -> None:
    hosts.run(*ALL)
    hosts["drains-1"].play("break look")
    hosts["restarts-1"].play("fail systemctl restart docker")
    hosts.ask(BEFORE, "rollout: {max_failures: 2, batch: 1}")
    output = hosts.run("rollback", "*", "--yes", code=4)
    assert output.splitlines()[-1] == "6 hosts: 4 applied, 1 unreachable (drains-1), 1 rolled-back (restarts-1)"
    assert [name for name, played in hosts.hosts.items() if changed(played)] == ["drains-1", "restarts-1"]
    for played in hosts.hosts.values():
        played.play()
    assert "6 hosts: 4 unchanged, 2 applied" in hosts.run("deploy", "--yes")


def test_a_deploy_tells_what_is_wrong_with_each_of_many_hosts_once(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that hang, refuse or break off, at the way to them and when they are looked at; the others are deployed to.

    The limits of time follow from what a deploy of hosts that answer takes on this machine now.
    """
    monkeypatch.setattr("runnerops.ssh.connect._PAUSES", (0.1, 0.2))
    kinds = ("good", "hangs", "looses", "silent", "closed", "breaks")
    names = [f"{kind}-{number}" for kind in kinds for number in (1, 2, 3)]
    with ExitStack() as stack:
        hosts = stack.enter_context(fleet(tmp_path / "fleet", recording, names))
        ports = {
            "silent": stack.enter_context(playing(hangs=True)),
            "closed": closed_port(),
            "breaks": stack.enter_context(playing(hangs=False)),
        }
        hosts.ask(BEFORE, ssh={name: port for name in names if (port := ports.get(name.partition("-")[0]))})
        for name in names:
            what = {"hangs": "hang look", "looses": "break look"}.get(name.partition("-")[0])
            hosts[name].play(*([what] if what else []))
        began = time.monotonic()
        hosts.run("deploy", "good-*", "--yes")
        limit = 5 + 3 * int(time.monotonic() - began)
        monkeypatch.setattr("runnerops.ssh.route.CONNECT_SECONDS", limit)
        monkeypatch.setattr("runnerops.remote.links.OBSERVE_SECONDS", float(limit))
        screen = Screen(out=StringIO(), err=(err := StringIO()))
        invocation = Invocation(hosts.folder / "inventory.yml", [], hosts.environ, screen)
        began = time.monotonic()
        code = deploy(invocation, Flags({}), UiOptions(yes=True, as_json=False, verbose=0))
        took = time.monotonic() - began
    output = screen.out.getvalue()  # type: ignore[attr-defined]
    for kind, problem in {
        "hangs": "no answer in time",
        "looses": "the connection was lost",
        "silent": f"no answer within {limit} s",
        "closed": "connection refused",
        "breaks": "closes connections before the SSH protocol begins",
    }.items():
        title, _, rest = output.partition(f"3 hosts unreachable: {kind}-[1:3]\n")
        assert problem in rest.splitlines()[0], (kind, output)
        assert title.count(problem) + rest.count(problem) == 1
    assert "3 hosts alike: good-[1:3]" in output
    assert code is Exit.FAILED
    assert (
        err.getvalue().splitlines()[-1].startswith("18 hosts: 3 unchanged, 15 unreachable (hangs-[1:3], looses-[1:3]")
    )
    assert took < 10 * limit, "nobody waits for ever"
