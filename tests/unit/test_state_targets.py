"""`@failed`, `@changed` and `@running` as targets: hosts are asked about their last run and nothing else."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from runnerops.commands.abort import abort
from runnerops.commands.catalog import catalog
from runnerops.commands.deploy import deploy
from runnerops.commands.diff import DiffOptions, diff
from runnerops.commands.history import history
from runnerops.commands.hold import hold, release
from runnerops.commands.hosts import hosts
from runnerops.commands.render import render
from runnerops.commands.rollback import rollback
from runnerops.commands.status import status
from runnerops.commands.trust import trust
from runnerops.commands.verify import verify
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.targets import _IS, check_targets, select_hosts
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit
from runnerops.model.host_state import Run
from runnerops.model.inventory import Requester
from runnerops.model.run import Record
from runnerops.report.screen import Screen
from tests.unit import inventory_texts as texts

ENDS = [  # how a run ended, whether it acted, and which states its host has then
    ("applied", ("reload docker",), ["@changed"]),
    ("applied", (), []),
    ("failed", ("reload docker",), ["@failed"]),
    ("rolled-back", ("reload docker",), ["@failed"]),
    ("needs-attention", ("reload docker",), ["@failed"]),
    ("", ("reload docker",), ["@failed"]),
]


def record(end: str, actions: tuple[str, ...], *, running: bool = False) -> Record:
    return Record(Run(1, Requester("anna", "laptop"), "", end, running=running), actions=actions)


def test_a_state_is_how_the_last_run_ended() -> None:
    for end, actions, states in ENDS:
        assert [name for name, matches in sorted(_IS.items()) if matches(record(end, actions))] == states, end
    going_on = record("", ("reload docker",), running=True)
    assert [name for name, matches in _IS.items() if matches(going_on)] == ["@running"]


def test_hosts_are_asked_only_where_a_target_needs_it_and_one_that_is_silent_is_reported(tmp_path: Path) -> None:
    loaded = texts.load(tmp_path, "hosts: {a: {address: 127.0.0.1, ssh: {port: 1}}, m: {maintenance: swap}}")
    screen = Screen(out=io.StringIO(), err=(err := io.StringIO()))
    with ConnectionPool(loaded, {"HOME": str(tmp_path)}, screen) as pool:
        assert [host.name for host in select_hosts(loaded, ["a"], pool)] == ["a"]
        assert err.getvalue() == ""
        with pytest.raises(UsageError, match=r"did you mean '@failed'"):
            select_hosts(loaded, ["@faild"], pool)
        with pytest.raises(RunneropsError, match=r"no host could be asked"):
            select_hosts(loaded, ["@failed"], pool)
    assert "left out" in err.getvalue()
    assert "m:" not in err.getvalue()


@pytest.mark.parametrize(("target", "meaning"), [("@changed", "changed something"), ("!@running", "")])
def test_where_no_host_matches_a_line_says_so_and_nothing_is_listed(tmp_path: Path, target: str, meaning: str) -> None:
    path = texts.write(tmp_path, "hosts: {web-1: {maintenance: swap}}")

    def listed(command: Callable[..., Exit], **more: object) -> tuple[str, str]:
        screen = Screen(out=(out := io.StringIO()), err=(err := io.StringIO()))
        assert command(Invocation(path, [target], {"HOME": str(tmp_path)}, screen), **more) is Exit.OK
        return out.getvalue(), err.getvalue()

    out, err = listed(partial(hosts, explain=""), as_json=False)
    assert out.startswith("HOST") is not bool(meaning)
    text = f"{target}: no host matches, so there is nothing to do ({target} is a host whose last run {meaning})\n"
    assert err == (text if meaning else "")
    out, _ = listed(partial(hosts, explain=""), as_json=True)
    assert [host["name"] for host in json.loads(out)["hosts"]] == ([] if meaning else ["web-1"])
    out, err = listed(catalog, tags=False, as_json=False)
    assert (out, err) == (("", text) if meaning else (out, "")), "nothing is said of caches that no host was to have"


def test_a_misspelt_target_is_reported_before_anybody_is_asked(tmp_path: Path) -> None:
    loaded = texts.load(tmp_path, "hosts: {web-1: {}, web-2: {}}")
    for targets in ([], ["web-1"], ["@failed", "!web-1"], ["@failed", "!web-*"], ["!@changed"]):
        check_targets(loaded, targets)
    for targets in (["web-3"], ["@failed", "web-3"], ["@failed", "!web-3"], ["@faild"], ["web-1", "!web-1"]):
        with pytest.raises(UsageError, match=r"did you mean|no host is left"):
            check_targets(loaded, targets)


@pytest.mark.parametrize("target", ["@failed", "!@running"])
def test_trust_which_logs_in_nowhere_says_so_of_a_state(tmp_path: Path, target: str) -> None:
    path = texts.write(tmp_path, "hosts: {a: }")
    screen = Screen(out=io.StringIO(), err=io.StringIO())
    with pytest.raises(UsageError, match="this needs a login on the hosts"):
        trust(Invocation(path, [target], {}, screen), [])


def test_commands_that_take_states_ask_for_no_password_before_their_targets_are_known(tmp_path: Path) -> None:
    path = texts.write(tmp_path, "hosts: {web-1: {}}")

    class Asked(Screen):
        @property
        def interactive(self) -> bool:
            return True

        def ask_secret(self, question: str) -> str:
            raise AssertionError(question)

    screen = Asked(out=io.StringIO(), err=io.StringIO(), asks_sudo_password=True)
    environ = {"HOME": str(tmp_path)}
    for command in _commands(Invocation(path, ["web-2"], environ, screen)):
        with pytest.raises(UsageError, match=r"did you mean 'web-1'"):
            command()


def _commands(call: Invocation) -> list[Callable[[], Exit]]:
    ui, flags = UiOptions(yes=True, as_json=False, verbose=0), Flags({})
    return [
        partial(deploy, call, flags, ui),
        partial(diff, call, flags, DiffOptions()),
        partial(history, call, follow=False, as_json=False, verbose=0),
        partial(rollback, call, flags, ui, None),
        partial(abort, call, ui),
        partial(hold, call, "disk swap", ""),
        partial(release, call),
        partial(status, call, as_json=False, exit_code=False),
        partial(verify, call, "alpine:3", quick=True, as_json=False),
        partial(catalog, call, tags=False, as_json=False),
        partial(render, call, None, with_secrets=False),
        partial(hosts, call, "", as_json=False),
    ]


@pytest.mark.parametrize("target", ["@failed", "@changed", "@running", "!@failed"])
def test_every_command_that_takes_targets_takes_states(tmp_path: Path, target: str) -> None:
    """The host is asked, and does not answer: then nobody is in that state, and with an exclude all are left."""
    path = texts.write(tmp_path, "hosts: {web-1: {address: 127.0.0.1, ssh: {port: 1}}}")
    screen = Screen(out=io.StringIO(), err=io.StringIO())
    for command in _commands(Invocation(path, [target], {"HOME": str(tmp_path)}, screen)):
        if target.startswith("!"):
            assert isinstance(command(), Exit)
        else:
            with pytest.raises(RunneropsError, match=r"no host could be asked"):
                command()
