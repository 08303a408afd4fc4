"""Words of the command line that stand for values: times and stop codes. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from runnerops.errors import UsageError

BLOCKER_CODES = frozenset(
    {
        "unmanaged-file",
        "modified-on-host",
        "drop-runner",
        "replace-token",
        "empty-token",
        "last-mirror",
        "data-root",
        "stop-containers",
        "undrainable-runner",
        "unproven-mirror",
        "upstream-down",
        "registry-major",
        "new-volume",
    }
)
"""Every code that `--allow` takes, whether it can arise yet or not."""

NOT_OVERRIDABLE = frozenset(
    {
        *("port-taken", "listen-not-here", "ambiguous-runner", "no-token", "set-as-flag", "not-a-file"),
        *("no-systemd", "missing-tools", "no-docker", "docker-stopped", "rootless", "snap", "podman"),
        *("self-deploy", "volume-options"),
        *("no-compose", "no-curl", "no-nsenter", "no-gitlab-runner"),
    }
)
"""Stops that no flag lifts: what they name has to be mended."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse_allow(words: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """`CODE` or `CODE@HOST`, each → the hosts it holds for (`""`: all). Raises UsageError for a code nobody knows."""
    allow: dict[str, frozenset[str]] = {}
    for word in words:
        code, _, host = word.partition("@")
        if code == "jobs-running":
            raise UsageError("--allow jobs-running: that stop has a flag of its own", "use --kill-jobs")
        if code in NOT_OVERRIDABLE:
            raise UsageError(f"--allow {word}: no flag lifts {code}", "mend what it names")
        if code not in BLOCKER_CODES:
            near = difflib.get_close_matches(code, BLOCKER_CODES, 1)
            hint = f"did you mean {near[0]}?" if near else f"the codes are {', '.join(sorted(BLOCKER_CODES))}"
            raise UsageError(f"--allow {word}: unknown code {code!r}", hint)
        allow[code] = allow.get(code, frozenset()) | {host}
    return allow


def parse_time(flag: str, text: str) -> int:
    """Seconds of `90`, `90s`, `5m` or `2h`. Raises UsageError."""
    match = re.fullmatch(r"(\d+)([smh]?)", text)
    if not match or int(match[1]) == 0:
        raise UsageError(f"{flag}: {text!r} is no time", "write a number with s, m or h: 90s, 5m, 2h")
    return int(match[1]) * _UNITS[match[2]]
