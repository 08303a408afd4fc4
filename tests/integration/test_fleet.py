"""A deploy to 500 hosts, some of which hang, refuse or break off. Each error is reported, and no host waits for them for
ever.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from tests.integration.odd_ports import closed_port, playing
from tests.integration.played import BEFORE, Recording, fleet

GREETING = b"SSH-2.0-OpenSSH_9.9\r\n"
KINDS = {"silent": 3, "greets": 3, "hangs": 4, "closed": 10, "breaks": 3, "hangs-up": 3, "looses": 4}
"""How many hosts there are of each kind. Ten hang, ten refuse and ten break off, each at several places on the way."""
TOLD = {
    "6 hosts unreachable: silent-[1:3], greets-[1:3]": "no answer within 15 s",
    "4 hosts unreachable: hangs-[1:4]": "no answer in time",
    "10 hosts unreachable: closed-[1:10]": "connection refused",
    "3 hosts unreachable: breaks-[1:3]": "closes connections before the SSH protocol begins",
    "3 hosts unreachable: hangs-up-[1:3]": "it closed the connection before a login",
    "4 hosts unreachable: looses-[1:4]": "the connection was lost",
}
GOOD, MEGABYTES = 470, 150
"""Hosts, and what may be used for all 500."""
LOOK_SECONDS = 30
MEASURED = f"""
import resource, subprocess, sys
limited = "import runnerops.remote.links as reading; reading.OBSERVE_SECONDS = {LOOK_SECONDS}.0; \
from runnerops.__main__ import main; main()"
code = subprocess.call([sys.executable, "-c", limited, *sys.argv[1:]], stdin=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""A command that waits for no look longer than this; at the end, its memory in KiB is printed. A process of its own, because
what starts a command counts as the command's memory, and a process that runs tests is large.
"""


def test_bad_hosts_among_500_are_told_right_and_hold_up_nobody(recording: Recording, tmp_path: Path) -> None:
    bad = {f"{kind}-{number}": kind for kind, count in KINDS.items() for number in range(1, count + 1)}
    good = [f"good-{number}" for number in range(1, GOOD + 1)]
    with ExitStack() as stack:
        hosts = stack.enter_context(fleet(tmp_path / "fleet", recording, [*bad, *good], idle=good))
        ports = {
            "silent": stack.enter_context(playing(hangs=True)),
            "greets": stack.enter_context(playing(GREETING, hangs=True)),
            "closed": closed_port(),
            "breaks": stack.enter_context(playing(hangs=False)),
            "hangs-up": stack.enter_context(playing(GREETING, hangs=False)),
        }
        hosts.ask(BEFORE, ssh={name: ports[kind] for name, kind in bad.items() if kind in ports})
        for name, kind in bad.items():
            hosts[name].play(*{"hangs": ["hang look"], "looses": ["break look"]}.get(kind, []))
        words = [sys.executable, "-I", "-c", MEASURED, "deploy", "--yes"]
        completed = subprocess.run(
            words, cwd=hosts.folder, env=hosts.environ, capture_output=True, text=True, check=False, timeout=300
        )
    *lines, kibibytes = completed.stdout.splitlines()
    problems = dict(pairwise(lines))
    for title, problem in TOLD.items():
        assert problem in problems.get(title, ""), completed.stdout
        assert completed.stdout.count(problem) == 1
    assert f"{GOOD} hosts alike: good-[1:{GOOD}]" in lines
    *_, unchanged, summary = completed.stderr.splitlines()
    assert unchanged == f"{GOOD} hosts unchanged: good-[1:{GOOD}]"
    assert summary.startswith("500 hosts: 30 unreachable (silent-[1:3], greets-[1:3], hangs-[1:4], closed-[1:10]")
    assert summary.endswith(f"), {GOOD} unchanged")
    assert completed.returncode == 1
    assert int(kibibytes) / 1024 < MEGABYTES
