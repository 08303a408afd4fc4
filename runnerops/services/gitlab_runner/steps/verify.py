"""How it is verified that the running process has loaded its file. Pure.

gitlab-runner sets the log level of a new file before it logs that it has loaded it, so only the new level counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from runnerops.frozen import frozen
from runnerops.model.inventory import Policy
from runnerops.model.steps import Step
from runnerops.services.gitlab_runner.format import read
from runnerops.services.scripts import script
from runnerops.services.steps import run, wait

UNIT = "gitlab-runner"
NO_PAGE = "-"
CONFIG = "runner-config.sh"

_SECONDS = 20
"""A file is loaded within 3 s. A start takes a little longer."""

_PORT = ":9252"
_QUIET_LEVELS = frozenset({"warn", "warning", "error", "fatal", "panic"})


@frozen
class Watch:
    """What shows the load. `level` is `info` if the log does, else `quiet`; `page` is the URL of the metrics page, or
    `-`.

    If there is no file, `, no file` follows the level.
    """

    level: str
    page: str

    def mark_log(self, *, same_process: bool) -> Step:
        """Records the end of the log before the action, and for a process that continues its count of loads."""
        argv = script(CONFIG, "--mark", UNIT, self.page if same_process else NO_PAGE)
        return run(10, *argv, title=f"mark where the log of {UNIT} ends")

    def verify_step(self, policy: Policy, pid: str = "any") -> Step:
        """Waits until the file is loaded, by the process `pid` if it is given."""
        return self._wait(policy, "--loaded", pid, f"wait until {UNIT} has loaded its config")

    def verify_back(self, policy: Policy) -> Step:
        """Waits in a rollback until the old file is loaded, or accepts that the process loads none any more."""
        return self._wait(policy, "--back", "any", f"wait until {UNIT} has loaded its old config")

    def returned(self, policy: Policy) -> Step:
        """Waits until the file is loaded, or accepts that it will be after the last job."""
        return self._wait(policy, "--returned", "any", f"wait until {UNIT} runs again, or will start by itself")

    def _wait(self, policy: Policy, mode: str, pid: str, title: str) -> Step:
        argv = script(CONFIG, mode, UNIT, pid, self.level, self.page)
        return wait(max(_SECONDS, policy.verify_s), "=loaded", *argv, title=title)


def heeds() -> Step:
    """Checks that the process still loads files."""
    return run(30, *script(CONFIG, "--heeds", UNIT), title=f"check that {UNIT} was not told to end")


def watch(content: bytes | None, argv: Sequence[str]) -> Watch:
    """Makes the watch for a process that was started as `argv` and reads `content`. Its flags override the file."""
    tree = read(content)
    level = _flag(argv, "--log-level", "-l") or str(tree.get("log_level") or "info")
    if "--debug" in argv:
        level = "debug"
    page = _flag(argv, "--listen-address") or str(tree.get("listen_address") or "")
    tells = "quiet" if level.lower() in _QUIET_LEVELS else "info"
    return Watch(tells if content is not None else f"{tells}, no file", _url(page))


def _flag(argv: Sequence[str], *names: str) -> str:
    value_found = ""
    for word, following in pairwise((*argv, "")):
        name, equals, value = word.partition("=")
        if name in names:
            value_found = value if equals else following
    return value_found


def _url(address: str) -> str:
    """The URL of the page at a `listen_address`, whose host and port may be left out."""
    if not re.fullmatch(r"[\w.:\[\]-]+", address):
        return NO_PAGE
    if address.startswith(":"):
        address = f"127.0.0.1{address}"
    elif ":" not in address:
        address += _PORT
    return f"http://{address}/metrics"
