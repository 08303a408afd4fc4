"""Deploys in which each host waits in a phase of its run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.integration.played.fleet import Fleet
from tests.integration.played.host import Played
from tests.integration.played.recording import AFTER
from tests.lab.shell import until
from tests.lab.terminal import PATIENCE, Terminal

DAEMON = "etc/docker/daemon.json"
PHASES = {
    "validates-1": "--validate",
    "drains-1": "drain.sh",
    "stops-1": "systemctl stop gitlab-runner",
    "restarts-1": "systemctl restart docker",
    "verifies-1": "docker-lists.sh",
    "starts-1": "systemctl start gitlab-runner",
}
"""The phases in which a host waits, each with a part of the step's command."""
TERM = {"TERM": "xterm", "NO_COLOR": "1"}
ALL = ("deploy", "--yes", "--batch", "100%")


def changed(played: Played) -> bool:
    return AFTER in played.read(DAEMON)


def waiting(hosts: Fleet, *words: str, at: Mapping[str, str] = PHASES, then: str = "go on at") -> Terminal:
    """Begins a deploy in which each host waits in its phase. `then`: how the step ends once something else is played."""
    for name, part in at.items():
        hosts[name].play(f"wait {part}", f"{then} {part}")
    terminal = Terminal(hosts.command(*(words or ALL)), hosts.folder, {**hosts.environ, **TERM}, 120)
    until("all of them wait", lambda: all(hosts[name].waits() for name in at), seconds=PATIENCE)
    return terminal


def plainly(output: str) -> str:
    """A text without escape sequences, on one line."""
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output).split())
