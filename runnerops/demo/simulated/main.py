"""Calls the simulated program that was started, and turns its RefusedError into a message and an exit status."""

from __future__ import annotations

import os
import sys

from runnerops.demo.simulated.world import RefusedError

ROOMS = {
    "docker": "docker",
    "dockerd": "dockerd",
    "systemctl": "systemctl",
    "systemd-run": "transient",
    "supervise": "transient",
    "journalctl": "journal",
    "gitlab-runner": "runner",
    "curl": "web",
    "wget": "web",
    "ip": "network",
    "ss": "network",
}
"""The module of each program, whose function has the program's name."""


def main() -> None:
    """Runs the program that the first argument names."""
    name, words = sys.argv[1], sys.argv[2:]
    room = __import__(f"runnerops.demo.simulated.{ROOMS[name]}", fromlist=["*"])
    try:
        status = getattr(room, name.replace("-", "_"))(words)
        sys.stdout.flush()
    except RefusedError as refusal:
        sys.stderr.write(f"{refusal}\n" if str(refusal) else "")
        status = refusal.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 141
    sys.exit(status)
