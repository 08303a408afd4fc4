"""A client of its own process, which is killed at a step: `main` as a forked command's, with the words FILE STEP.

FILE holds a pickled plan and the way to its host. The process kills itself with SIGKILL when it sees the step begin.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path

from runnerops.engine.runs.apply import apply
from runnerops.model.run import Event
from runnerops.redact import Redactor
from runnerops.remote.links import HostLink
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.hostkeys import KnownHosts
from runnerops.ssh.keys import Credentials
from runnerops.ssh.link import Link


def main() -> None:
    path, step = sys.argv[1], int(sys.argv[2])
    plan, host, folder, environ = pickle.loads(Path(path).read_bytes())

    def link() -> Link:
        return open_link(host, Access(KnownHosts.find(folder, environ), Credentials.from_environ(environ), environ))

    def watch(event: Event) -> None:
        if (event.list, event.step, event.kind) == ("forward", step, "step"):
            os.kill(os.getpid(), signal.SIGKILL)

    apply(plan, HostLink(link, link), Redactor(), watch)
