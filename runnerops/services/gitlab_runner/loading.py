"""Which changes of config.toml a running gitlab-runner loads, and for which it must restart. Pure.

Source: `commands/multi.go` and `executors/internal/autoscaler/provider.go` of gitlab-runner, 15.11 to 19.3. The manager
of an autoscaler is created for the first job of its runner, and keeps the settings that it had then.
"""

from __future__ import annotations

from runnerops.model.plan import Change, KeyChange
from runnerops.services.gitlab_runner.diff.matching import match
from runnerops.services.gitlab_runner.format import read, runners_of
from runnerops.services.gitlab_runner.version import Version

RESTART = frozenset({"listen_address", "session_server"})
"""Keys at the top of the file that the process reads only when it starts. It loads all others while it runs."""

_AUTOSCALED = frozenset({"docker-autoscaler", "instance"})
"""Executors whose instances a manager in the process starts and ends."""

_EACH_JOB = frozenset({"instance_acquire_timeout", "log_external_ip", "log_internal_ip"})
"""Keys of `[runners.autoscaler]` that are read for each job."""

_POLICY_SINCE = (17, 5)
"""The first release that gives a changed `policy` to the manager."""


def needs_restart(change: Change, version: Version) -> bool:
    """Whether a running process would not load some of this change. An unknown version counts as an old one."""
    managed = _managed(change) if any(map(_autoscaler_key, change.key_changes)) else frozenset()
    return any(
        key_change.key[0] in RESTART
        or (key_change.key[1:2] and key_change.key[1] in managed and _is_kept(_autoscaler_key(key_change), version))
        for key_change in change.key_changes
    )


def _is_kept(name: str, version: Version) -> bool:
    """Whether the manager keeps its old value of this key of `[runners.autoscaler]`."""
    if name == "policy":
        return version < _POLICY_SINCE
    return bool(name) and name not in _EACH_JOB


def _autoscaler_key(key_change: KeyChange) -> str:
    """The key of `[runners.autoscaler]` that changes; empty for any other key."""
    key = key_change.key
    return str(key[3]) if len(key) > 3 and (key[0], key[2]) == ("runners", "autoscaler") else ""


def _managed(change: Change) -> frozenset[int]:
    """The runners of the new file, by index, that have such an executor before and after the change."""
    old, new = runners_of(read(change.old.content)), runners_of(read(change.new.content))
    return frozenset(
        index
        for index, before in match(old, new).items()
        if {old[before].get("executor"), new[index].get("executor")} <= _AUTOSCALED
    )
