from __future__ import annotations

from pathlib import Path

import pytest

from runnerops import inventory
from runnerops.errors import UsageError
from tests.unit import inventory_texts as texts

TEXT = """
groups: {web: , old: , none: }
hosts:
  web-1: {groups: [web]}
  web-2: {groups: [web, old]}
  db-1: {groups: [old]}
"""

CHOSEN = [
    ([], ["web-1", "web-2", "db-1"]),
    (["db-1", "web-1"], ["web-1", "db-1"]),
    (["web"], ["web-1", "web-2"]),
    (["web-*"], ["web-1", "web-2"]),
    (["*-1"], ["web-1", "db-1"]),
    (["o*"], ["web-2", "db-1"]),
    (["!old"], ["web-1"]),
    (["web", "!web-2"], ["web-1"]),
    (["!web-2", "web"], ["web-1"]),
    (["web-[12]", "db-1"], ["web-1", "web-2", "db-1"]),
    (["web-[1:2]"], ["web-1", "web-2"]),
    (["!web-[1:2]"], ["db-1"]),
]

STATES = {"@failed": ("web-2", "db-1"), "@changed": ()}
BY_STATE = [
    (["@failed"], ["web-2", "db-1"]),
    (["@failed", "!db-1"], ["web-2"]),
    (["web", "@failed"], ["web-1", "web-2", "db-1"]),
    (["!@failed"], ["web-1"]),
    (["@changed", "web-1"], ["web-1"]),
]

REFUSED = [
    (["@failed"], "@failed: this needs a login on the hosts", ""),
    (["web", "!@faild"], "@faild: this needs a login on the hosts", ""),
    (["web-3"], "web-3: no such host or group in ", "did you mean 'web-"),
    (["x*"], "x*: no host or group matches in ", ""),
    (["web-1,web-2"], "web-1,web-2: no such host or group in ", "separate targets by spaces"),
    (["web:!web-1"], "web:!web-1: no such host or group in ", "separate targets by spaces"),
    (["all"], "all: no such host or group in ", "if no target is given"),
    (["plan.json"], "plan.json: no such host or group in ", "`runnerops deploy --plan plan.json`"),
    (["./hosts.yml"], "./hosts.yml: no such host or group in ", "`-i ./hosts.yml`"),
    (["web", "!wbe"], "wbe: no such host or group in ", "did you mean 'web'?"),
    (["web", "!web-*"], "web !web-*: no host is left", ""),
    (["none"], "none: this group has no hosts", ""),
    (["web-[1:3]"], "web-3: no such host or group in ", "did you mean 'web-"),
    (["web-[2:1]"], "web-[2:1]: the range [2:1] ends before it begins", ""),
]


@pytest.mark.parametrize(("targets", "names"), CHOSEN)
def test_targets_are_names_groups_globs_and_excludes(tmp_path: Path, targets: list[str], names: list[str]) -> None:
    assert [host.name for host in inventory.select(texts.load(tmp_path, TEXT), targets)] == names


@pytest.mark.parametrize(("targets", "message", "near"), REFUSED)
def test_a_target_that_means_nothing_is_a_usage_error(
    tmp_path: Path, targets: list[str], message: str, near: str
) -> None:
    with pytest.raises(UsageError) as caught:
        inventory.select(texts.load(tmp_path, TEXT), targets)
    assert caught.value.message.startswith(message)
    assert near in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.hint


def test_hosts_are_meant_by_how_their_last_run_ended(tmp_path: Path) -> None:
    loaded = texts.load(tmp_path, TEXT)
    for targets, names in BY_STATE:
        assert [host.name for host in inventory.select(loaded, targets, STATES)] == names
    for targets in (["@changed"], ["!*", "@failed"]):
        assert inventory.select(loaded, targets, STATES) == (), "nothing to do is no mistake"
