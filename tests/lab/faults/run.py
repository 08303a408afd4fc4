"""One run with a fault in it, until it is over, as the client sees it or as the host's log tells."""

from __future__ import annotations

import pickle
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runnerops.model.common import ENDS, Result
from runnerops.model.plan import Plan
from runnerops.model.run import Event
from tests.lab.faults import client
from tests.lab.faults.commands import RUNS, Planning, let_go
from tests.lab.faults.strikes import CLIENT, POWER, POWER_OTHER, Fault
from tests.lab.forked import run_forked
from tests.lab.host import LabHost
from tests.lab.project import Project
from tests.lab.proxy import Proxy
from tests.lab.shell import until


class _PowerLostError(Exception):
    """Ends the client's following."""


@contextmanager
def line(project: Project, host: LabHost) -> Iterator[Proxy]:
    """A line to the host that can be cut."""
    with Proxy(host.address, host.port) as proxy:
        before = project.known_hosts.read_bytes()
        project.known_hosts.write_text(host.host_key("127.0.0.1", proxy.port) + "\n")
        try:
            yield proxy
        finally:
            project.known_hosts.write_bytes(before)


@dataclass(slots=True)
class Struck:
    """`plan` is the plan without the fault, which strikes before the step `index` of it."""

    lab_host: LabHost
    project: Project
    now: Planning
    fault: Fault
    index: int
    folder: str
    proxy: Proxy | None = None
    reached: bool = field(default=False, init=False)

    def run(self) -> Result | None:
        """The run's result; None where its host lost its power. Whether the fault struck, the host tells (STRUCK)."""
        plan = self.fault.into(self.now.plan, self.index, self.folder)
        try:
            result = self._without_client(plan) if self.fault is CLIENT else self._with_client(plan)
        except _PowerLostError:
            self.lab_host.boot()
            return None
        assert self.proxy is None or self.reached, "the connection was not cut"
        return result

    def _with_client(self, plan: Plan) -> Result:
        outcome = self.now.apply(plan, self._watch)
        assert not outcome.failed or outcome.diagnostics or outcome.hint == "free space there", (
            f"no word of why: {outcome}"
        )
        return outcome.result

    def _watch(self, event: Event) -> None:
        if (event.list, event.step, event.kind) != ("forward", self.index, "step"):
            return
        self.reached = True
        if self.fault in (POWER, POWER_OTHER):
            self.lab_host.kill()
            raise _PowerLostError
        if self.proxy:
            self.proxy.cut()
            let_go(self.lab_host, self.now.plan.run)
            self.proxy.restore()

    def _without_client(self, plan: Plan) -> Result:
        file = self.project.folder / "client.pickle"
        file.write_bytes(pickle.dumps((plan, self.now.host, self.project.folder, self.project.environ)))
        words, folder = [str(file), str(self.index)], self.project.folder
        completed = run_forked(words, folder, self.project.environ, seconds=120, apart=True, module=client.__name__)
        assert completed.returncode == -signal.SIGKILL, f"the client was not killed at its step:\n{completed.stderr}"
        let_go(self.lab_host, self.now.plan.run)
        until("the end of the run", lambda: self._end() != "", seconds=120, every=0.1)
        return ENDS[self._end()]

    def _end(self) -> str:
        fields = self.log(1).rstrip("\n").split("\t")
        return fields[4] if len(fields) == 5 and fields[3] == "end" else ""

    def log(self, lines: int = 30) -> str:
        """The last lines of the run's log."""
        return self.lab_host.run(f"tail -n {lines} {RUNS}/{self.now.plan.run}/log", check=False).stdout
