"""`rollout`: what the inventory may say, how flags replace it, and how it is shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from runnerops.cli.deploy import RolloutOptions
from runnerops.commands.deploy import deploy
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.errors import InventoryError, UsageError
from runnerops.inventory import load
from runnerops.model.common import ServiceName
from runnerops.model.rollout import Rollout
from runnerops.report.rollout import pause_text, rollout_text
from runnerops.report.screen import Screen

STOPS = "the rollout stops after one failure"
HOSTS = "hosts: {a: {}, b: {}}\n"


def rollout_of(folder: Path, text: str) -> Rollout:
    path = folder / "inventory.yml"
    path.write_text(f"rollout: {text}\n{HOSTS}" if text else HOSTS)
    return load(path).rollout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Rollout()),
        ("{}", Rollout()),
        ("null", Rollout()),
        ("{canary: a}", Rollout(canary="a")),
        ("{canary: null, batch: null, pause: null, max_failures: null}", Rollout()),
        ("{batch: 5, max_failures: 3, pause: 10m}", Rollout("", "5", 3, 600)),
        ("{batch: 50%, pause: 90s}", Rollout("", "50%", 1, 90)),
        ("{pause: 0}", Rollout()),
        ("{health: verify}", Rollout(health=True)),
        ("{health: none}", Rollout()),
    ],
)
def test_the_rollout_of_the_inventory(text: str, expected: Rollout, tmp_path: Path) -> None:
    assert rollout_of(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{canary: c}", "inventory.yml:1:11: rollout.canary: no host 'c'"),
        ("{canray: a}", "rollout.canray: unknown key, did you mean 'canary'?"),
        ("{batch: 0}", "rollout.batch: must be a number of hosts, or a percentage"),
        ("{batch: 101%}", "rollout.batch: is more than all hosts"),
        ("{batch: true}", "rollout.batch: must be a number of hosts"),
        ("{batch: [1]}", "rollout.batch: must be a number of hosts"),
        ("{max_failures: 200%}", "rollout.max_failures: must be a whole number"),
        ("{pause: -1}", "rollout.pause: must be a time with its unit"),
        ("{max_failures: 0}", "rollout.max_failures: 0 is too few"),
        ("{pause: 10}", "rollout.pause: must be a time with its unit"),
        ("{pause: 10d}", "rollout.pause: must be a time with its unit"),
        ("{health: yes}", "rollout.health: must be verify or none"),
        ("{health: [verify]}", "rollout.health: must be verify or none"),
        ("[]", "rollout: must be a mapping"),
        ("{canary: '{{ vars.a }}'}", "rollout.canary: has a variable, but variables belong to a host"),
        ("{batch: '{{ vars.a }}'}", "rollout.batch: has a variable"),
        ("{pause: '{{ host.name }}'}", "rollout.pause: has a variable"),
    ],
)
def test_a_wrong_rollout_is_refused_with_its_place(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as refused:
        rollout_of(tmp_path, text)
    assert problem in refused.value.message


@pytest.mark.parametrize(
    ("rollout", "disturbed", "ready", "text"),
    [
        (Rollout(canary="a"), "", "a", ""),
        (Rollout(), "", "a b c", ""),
        (
            Rollout(),
            "a b",
            "a b c",
            "order: 2 hosts that restart something, 1 at a time; the rollout stops after one failure",
        ),
        (Rollout(canary="a"), "", "a b", "order: a first; the rollout stops after one failure"),
        (Rollout(canary="c"), "", "a b", ""),
        (Rollout(last="b"), "", "a b", "order: b last; the rollout stops after one failure"),
        (Rollout(last="c"), "", "a b", ""),
        (
            Rollout(batch="1", last="b"),
            "a b c",
            "a b c",
            "order: 2 hosts that restart something, 1 at a time; b last; the rollout stops after one failure",
        ),
        (
            Rollout("a", "2", 3, 600),
            "a b c d",
            "a b c d",
            "order: a first; then 3 hosts that restart something, 2 at a time; a pause of 10 min after each; "
            "the rollout stops after 3 failures",
        ),
        (
            Rollout(batch="1", health=True),
            "a b",
            "a b",
            "order: 2 hosts that restart something, 1 at a time; each changed host must pass verify before the next batch "
            "begins; the rollout stops after one failure",
        ),
    ],
)
def test_the_order_is_reported(rollout: Rollout, disturbed: str, ready: str, text: str) -> None:
    assert rollout_text(rollout, disturbed.split(), ready.split()) == text


def test_a_canary_that_is_in_sync_is_reported_where_it_must_pass_verify() -> None:
    text = rollout_text(Rollout("a", health=True), ["b"], ["b"], ["a", "c"])
    assert text.startswith("order: a first, which is in sync and must pass verify; each changed host must pass")
    assert rollout_text(Rollout("a"), ["b"], ["b"], ["a"]) == ""
    assert rollout_text(Rollout("a", health=True), [], [], ["a", "b"]) == ""


def test_a_canary_that_takes_no_part_is_reported() -> None:
    text = rollout_text(Rollout("c"), ["a", "b"], ["a", "b"], no_canary="in maintenance")
    assert text.startswith(
        "order: without the canary c, which is in maintenance; 2 hosts that restart something, 1 at a"
    )
    assert rollout_text(Rollout("c"), ["a"], ["a"], no_canary="in maintenance") == "", "nothing is to follow it"


@pytest.mark.parametrize(
    ("targets", "options", "problem", "hint"),
    [
        (["b", "c"], RolloutOptions("a"), "which are b, c", "name one of them, or add a to the targets"),
        (["b"], RolloutOptions("a", resume=True), "which are b", "name one of them, or add a to the targets"),
        (["*", "!a"], RolloutOptions("a"), "which are b, c", "name one of them, or add a to the targets"),
        ([], RolloutOptions("a"), "which are b, c", "--only leaves a out"),
        (["b"], RolloutOptions("d", resume=True), "no such host", "name one host of the inventory"),
    ],
)
def test_a_canary_of_the_command_line_must_be_a_target(
    targets: list[str], options: RolloutOptions, problem: str, hint: str, tmp_path: Path
) -> None:
    """Nobody is asked for a password before, and no host is contacted."""
    path = tmp_path / "inventory.yml"
    path.write_text("hosts: {a: {docker: {}}, b: {registry: {}}, c: {registry: {}}}\n")
    screen = Screen(out=io.StringIO(), err=io.StringIO(), asks_sudo_password=True)
    flags = Flags({}, only=frozenset({ServiceName.REGISTRY} if "--only" in hint else ()))
    ui = UiOptions(yes=True, as_json=False, verbose=0)
    with pytest.raises(UsageError) as refused:
        deploy(Invocation(path, targets, {}, screen), flags, ui, options.over)
    assert problem in refused.value.message
    assert hint in refused.value.hint


def test_a_pause_is_reported_with_its_end() -> None:
    text = "until 2027-01-15 08:10:00 UTC; "
    assert pause_text(600, 4, 1_800_000_000) == f"a pause of 10 min {text}4 hosts are to be changed after it"
    assert pause_text(600, 1, 1_800_000_000) == f"a pause of 10 min {text}1 host is to be changed after it"
