"""Changes of configuration, one of every class of keys, from the tables that say what a change of each key takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from runnerops.services.docker.schema import KEYS as DAEMON
from runnerops.services.docker.schema import DaemonKey
from runnerops.services.gitlab_runner.loading import RESTART
from runnerops.services.gitlab_runner.schema import TABLES

DAEMON_VALUES: dict[str, Any] = {
    "debug": True,
    "labels": ["lab=1"],
    "shutdown-timeout": 20,
    "insecure-registries": ["192.0.2.1:5000"],
    "runtimes": {"other": {"path": "/usr/sbin/runc"}},
    "default-shm-size": "32M",
    "default-ipc-mode": "shareable",
    "max-concurrent-downloads": 4,
    "max-concurrent-uploads": 4,
    "max-download-attempts": 6,
    "features": {"buildkit": True},
    "dns": ["192.0.2.1"],
    "dns-opts": ["ndots:1"],
    "dns-search": ["lab.example"],
    "log-level": "warn",
    "log-opts": {"max-size": "10m"},
    "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 4096, "Soft": 4096}},
    "init": True,
    "mtu": 1400,
    "no-new-privileges": True,
    "raw-logs": True,
}
RUNNER_VALUES: dict[str, Any] = {
    "concurrent": 7,
    "check_interval": 2,
    "log_format": "text",
    "shutdown_timeout": 20,
    "listen_address": "127.0.0.1:9253",
    "session_server": {"session_timeout": 900},
    "limit": 5,
    "output_limit": 8192,
    "request_concurrency": 2,
    "environment": ["LAB=1"],
    "pre_build_script": "true",
    "post_build_script": "true",
    "debug_trace_disabled": True,
    "feature_flags": {"FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": True},
    "unhealthy_requests_limit": 3,
}
"""A value for some key of every class, which every release of the lab takes and no host is cut off by."""

TAKEN_OUT = ("insecure-registries", "default-ipc-mode", "max-concurrent-uploads", "max-download-attempts")
"""Keys of daemon.json that are there from the beginning."""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One change of a host's inventory: a place, its new value (None takes the key out), and the unit it restarts."""

    kind: str
    place: tuple[str | int, ...]
    value: Any
    restarts: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {'.'.join(map(str, self.place))} = {self.value!r}"


def daemon_edits(keys: Sequence[DaemonKey]) -> Iterator[tuple[str, KeyChange]]:
    """Class and change, of daemon.json."""
    for key in keys:
        place = ("docker", key.name)
        if key.name in TAKEN_OUT:
            kind = "sticky key out" if key.sticky else "key out"
            unsaid = key.sticky and key.neutral is None  # else the file says what means the same as no key
            yield kind, KeyChange(kind, place, None, "docker" if unsaid or not key.reload else "")
        elif key.name in DAEMON_VALUES:
            kind = "docker reload" if key.reload else "docker restart"
            yield kind, KeyChange(kind, place, DAEMON_VALUES[key.name], "" if key.reload else "docker")


def runner_edits() -> Iterator[tuple[str, KeyChange]]:
    """Class and change, of config.toml: at its top, and in its first `[[runners]]`."""
    for name in TABLES["config"]:
        if name in RUNNER_VALUES:
            kind = "runner restart" if name in RESTART else "runner reload"
            yield (
                kind,
                KeyChange(
                    kind, ("gitlab_runner", name), RUNNER_VALUES[name], "gitlab-runner" if name in RESTART else ""
                ),
            )
    for name in TABLES["runner"]:
        if name in RUNNER_VALUES:
            place = ("gitlab_runner", "runners", 0, name)
            yield "runner block", KeyChange("runner block", place, RUNNER_VALUES[name])


def registry_edits() -> Iterator[tuple[str, KeyChange]]:
    """Class and change, of the cache."""
    config, environment = ("registry", "caches", 0, "config"), ("registry", "caches", 0, "environment")
    yield "cache", KeyChange("cache", config, {"log": {"level": "warn"}})
    yield "cache", KeyChange("cache", environment, {"LAB": "1"})
    yield "cache", KeyChange("cache", config, {"log": {"level": "info"}})


def deal(number: int, hosts: int) -> list[list[KeyChange]]:
    """That many changes, of every class in turn, spread over the hosts; each host gets a key once."""
    classes: dict[str, list[KeyChange]] = {}
    for kind, edit in (*daemon_edits([*DAEMON.values()]), *runner_edits(), *registry_edits()):
        classes.setdefault(kind, []).append(edit)
    hands: list[list[KeyChange]] = [[] for _ in range(hosts)]
    turns = {(kind, hand): cycle(shifted(edits, 3 * hand)) for kind, edits in classes.items() for hand in range(hosts)}
    for turn in range(number):
        hand = turn % hosts
        kinds = [*classes]
        for step in range(len(kinds)):
            kind = kinds[(turn // hosts + step) % len(kinds)]
            edit = next(turns[kind, hand])
            if edit not in hands[hand]:
                hands[hand].append(edit)
                break
    return hands


def shifted(edits: list[KeyChange], by: int) -> list[KeyChange]:
    """The same, begun elsewhere."""
    start = by % len(edits)
    return edits[start:] + edits[:start]
