"""What a log driver refuses only when a container is created or starts, and not at the start of dockerd. Pure.

Source: `New` of each driver in moby's `daemon/logger`, 20.10 to 29.7.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Tree
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.log_options import lacks, late_problems

_NONE_STARTS = "no container would start"
_REQUIRED: Mapping[str, Mapping[str, str]] = {
    "gelf": {"gelf-address": "udp://HOST:12201"},
    "awslogs": {"awslogs-group": "NAME"},
    "splunk": {"splunk-token": "TOKEN", "splunk-url": "https://HOST:8088"},
}
"""By driver: the options without which it does not work, each with an example."""

_CHECKED_AT_START = frozenset({"gelf", "awslogs"})
"""Drivers whose requirement dockerd checks at its start, but only if the file has `log-opts`."""


def log_use(driver: str, options: Tree) -> Found:
    """Checks the options of a built-in driver; none if the file has no `log-opts`."""
    if not (options and driver in _CHECKED_AT_START):
        for name, example in _REQUIRED.get(driver, {}).items():
            if lacks(options, name):
                key = ("log-opts",) if options else ("log-driver",)
                fix = f'add "{name}": "{example}"' if options else f'add "log-opts": {{"{name}": "{example}"}}'
                text = f"{driver} requires the option {name}: no container would start that does not give it itself"
                yield "D019", "warning", key, text, fix
    for name, problem, fix in late_problems(driver, options):
        yield "D019", "error", ("log-opts", name), f"{problem}: {_NONE_STARTS}", fix
